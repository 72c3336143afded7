// SPDX-License-Identifier: MIT OR Apache-2.0

//! Secret bytes of a fixed length.

use core::fmt;

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, optimization_barrier};

/// `N` secret bytes.
///
/// They are wiped when dropped, are not `Clone`, never show in `Debug`, and compare in constant time.
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Zeroize for Secret<N> {
    fn zeroize(&mut self) {
        // Compares as many bytes at a time as the machine can, not one by one.
        self.0 = [0; N];
        optimization_barrier(&self.0);
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> Secret<N> {
    /// Takes over `bytes`. The caller's own copy, if it keeps one, stays the caller's to wipe.
    #[must_use]
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// `N` zero bytes, to be filled in place.
    pub(crate) const fn zero() -> Self {
        Self([0; N])
    }

    /// `N` bytes from `rng`, drawn in one call.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut secret = Self::zero();
        rng.fill_bytes(&mut secret.0);
        secret
    }

    /// The bytes themselves.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes themselves, to be filled in place.
    pub(crate) const fn as_bytes_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// A second owner of the same secret, for the few places where the protocol uses a key twice.
    pub(crate) const fn duplicate(&self) -> Self {
        Self(self.0)
    }
}

impl<const N: usize> Secret<N> {
    /// Cuts the first `A` and the last `B` bytes off as secrets of their own; `A + B` must be `N`.
    pub(crate) fn split<const A: usize, const B: usize>(&self) -> (Secret<A>, Secret<B>) {
        const { assert!(A + B == N, "the two parts make up the whole") };
        let (mut a, mut b) = (Secret::zero(), Secret::zero());
        let (left, right) = self.0.split_at(A);
        a.0.copy_from_slice(left);
        b.0.copy_from_slice(right);
        (a, b)
    }
}

impl<const N: usize> TryFrom<&[u8]> for Secret<N> {
    type Error = core::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl<const N: usize> ConstantTimeEq for Secret<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_only() {
        extern crate std;
        assert_eq!(std::format!("{:?}", Secret::new([0xAB; 32])), "Secret<32>(..)");
    }

    #[test]
    fn zeroize_wipes() {
        let mut secret = Secret::new([0xAB; 32]);
        secret.zeroize();
        assert_eq!(secret.as_bytes(), &[0; 32]);
    }

    #[test]
    fn split_gives_both_parts() {
        let mut whole = [1; 64];
        whole[32..].fill(2);
        let (a, b) = Secret::new(whole).split::<32, 32>();
        assert_eq!((a.as_bytes(), b.as_bytes()), (&[1; 32], &[2; 32]));
    }
}
