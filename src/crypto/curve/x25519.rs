// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519: with `std` in lanes or in assembly, where the processor has what that needs, else by `curve25519-dalek`.

#[cfg(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod assembly;
#[cfg(not(all(feature = "std", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "x25519/no_assembly.rs"]
mod assembly;
#[cfg(all(feature = "std", target_arch = "x86_64"))]
mod lanes;
#[cfg(not(all(feature = "std", target_arch = "x86_64")))]
#[path = "x25519/no_lanes.rs"]
mod lanes;

use curve25519_dalek::constants::X25519_BASEPOINT;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use zeroize::Zeroize;

use super::Pair;
use crate::crypto::secret::Secret;

/// The public key of a private one.
pub(super) fn public_key(private: &Secret<32>) -> [u8; 32] {
    assembly::public_key(private)
        .unwrap_or_else(|| MontgomeryPoint::mul_base_clamped(*private.as_bytes()).to_bytes())
}

/// X25519; all zero if the public key is of low order.
pub(super) fn agree(private: &Secret<32>, theirs: &Prepared) -> Secret<32> {
    let point = theirs.point.as_bytes();
    let fast = lanes::agree(private, point).or_else(|| assembly::agree(private, point));
    fast.unwrap_or_else(|| theirs.agree(private))
}

/// Agreements that do not depend on each other: at once where that is faster.
pub(super) fn agree_each(pairs: &[Pair<'_>], shared: &mut [Secret<32>]) {
    let done = lanes::agree_each(pairs, shared);
    for ((private, theirs), shared) in pairs.iter().zip(shared).skip(done) {
        *shared = if theirs.prepared.is_base() {
            Secret::new(public_key(&private.0))
        } else {
            agree(&private.0, &theirs.prepared)
        };
    }
}

/// Whether a product on the Edwards curve, with the way there and back, is faster than the Montgomery ladder of
/// `curve25519-dalek`: where it computes four field operations at once.
const EDWARDS_IS_FASTER: bool = cfg!(target_arch = "x86_64");

/// A public key, prepared for X25519.
#[derive(Clone, Copy)]
pub(super) struct Prepared {
    point: MontgomeryPoint,
    /// One of the two points with the key's u-coordinate, if that is on the curve and not on its twist, and if
    /// this is the fastest way here.
    edwards: Option<EdwardsPoint>,
}

impl Prepared {
    /// The base point, with which an agreement gives a public key.
    pub(super) const BASE: Self = Self { point: X25519_BASEPOINT, edwards: None };

    fn is_base(&self) -> bool {
        self.point.as_bytes() == X25519_BASEPOINT.as_bytes()
    }

    pub(super) fn new(u: [u8; 32]) -> Self {
        let point = MontgomeryPoint(u);
        let worth_it = EDWARDS_IS_FASTER && !assembly::is_there();
        Self { point, edwards: if worth_it { point.to_edwards(0) } else { None } }
    }

    /// The u-coordinate.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        self.point.as_bytes()
    }

    /// The point with the key's u-coordinate whose sign bit is 0, if there is one.
    pub(super) fn edwards(&self) -> Option<EdwardsPoint> {
        self.edwards.or_else(|| self.point.to_edwards(0))
    }

    /// X25519 by `curve25519-dalek`.
    fn agree(&self, private: &Secret<32>) -> Secret<32> {
        match self.edwards {
            Some(point) => {
                let mut product = point.mul_clamped(*private.as_bytes());
                let shared = Secret::new(product.to_montgomery().to_bytes());
                product.zeroize();
                shared
            }
            None => Secret::new(self.point.mul_clamped(*private.as_bytes()).to_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::crypto::curve::{Agreed, PreparedKey, PrivateKey, PublicKey};

    /// Says which of the two was tested: `ci/processors.sh` looks for that.
    #[expect(clippy::print_stdout, reason = "a note of a test")]
    fn note(assembly: bool) {
        std::println!("assembly: {assembly}");
    }

    /// Agreements at once and one by one; the last one gives a public key.
    fn each_is_as_alone(private: &Secret<32>, keys: &[[u8; 32]]) {
        let private = PrivateKey::from_secret(private);
        let prepared: Vec<_> = keys.iter().map(|u| PublicKey::from_bytes(*u).prepare()).collect();
        let pairs = prepared.iter().chain([&PreparedKey::BASE]).map(|theirs| (&private, theirs));
        let pairs: Vec<_> = pairs.collect();
        let together = Agreed::of(&pairs);
        for (together, theirs) in together.iter().zip(&prepared) {
            assert_eq!(together, private.diffie_hellman_with(theirs).as_ref().map_err(|error| *error));
        }
        let public = together.iter().last().unwrap().unwrap();
        assert_eq!(public.as_bytes(), private.public_key().as_bytes());
    }

    /// Small numbers, of which half are on the twist and some of low order; numbers above the prime; and points derived
    /// from them.
    #[test]
    fn all_ways_to_agree_are_one() {
        let mut u = [0; 32];
        for number in 0..=255 {
            u[0] = number;
            let mut high = [0xFF; 32];
            high[0] = number;
            let private = Secret::new([number ^ 0x55; 32]);
            let derived = MontgomeryPoint::mul_base_clamped(u).to_bytes();
            assert_eq!(public_key(&Secret::new(u)), derived);
            let keys = [u, derived, [number; 32], high];
            for u in keys {
                let point = MontgomeryPoint(u);
                let ladder = Secret::new(point.mul_clamped(*private.as_bytes()).to_bytes());
                for edwards in [point.to_edwards(0), None] {
                    assert_eq!(Prepared { point, edwards }.agree(&private), ladder, "{u:02x?}");
                }
                assert_eq!(agree(&private, &Prepared::new(u)), ladder, "{u:02x?}");
                for shared in
                    [lanes::agree(&private, &u), assembly::agree(&private, &u)].into_iter().flatten()
                {
                    assert_eq!(shared, ladder, "{u:02x?}");
                }
            }
            each_is_as_alone(&private, &keys);
        }
        note(assembly::is_there());
    }
}
