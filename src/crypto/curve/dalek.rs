// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519 by `curve25519-dalek`.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use zeroize::Zeroize;

use crate::crypto::secret::Secret;

/// The value kept beside a private key: none.
#[derive(Debug)]
pub(super) struct Handle;

impl Handle {
    pub(super) const fn new() -> Self {
        Self
    }

    /// The public key of a private one.
    #[expect(clippy::unused_self, reason = "as the other implementation has it")]
    pub(super) fn public_key(&self, private: &Secret<32>) -> [u8; 32] {
        MontgomeryPoint::mul_base_clamped(*private.as_bytes()).to_bytes()
    }

    /// X25519; all zero if the public key is of low order.
    #[expect(clippy::unused_self, reason = "as the other implementation has it")]
    pub(super) fn agree(&self, private: &Secret<32>, theirs: &Prepared) -> Secret<32> {
        match theirs.edwards {
            Some(point) => {
                let mut product = point.mul_clamped(*private.as_bytes());
                let shared = Secret::new(product.to_montgomery().to_bytes());
                product.zeroize();
                shared
            }
            None => Secret::new(theirs.point.mul_clamped(*private.as_bytes()).to_bytes()),
        }
    }
}

/// Whether a product on the Edwards curve, with the way there and back, is faster than the Montgomery ladder:
/// where `curve25519-dalek` computes four field operations at once.
const EDWARDS_IS_FASTER: bool = cfg!(target_arch = "x86_64");

/// A public key, prepared for X25519.
#[derive(Clone, Copy)]
pub(super) struct Prepared {
    point: MontgomeryPoint,
    /// One of the two points with the key's u-coordinate, if that is on the curve and not on its twist, and if
    /// this is the faster way here.
    edwards: Option<EdwardsPoint>,
}

impl Prepared {
    pub(super) fn new(u: [u8; 32]) -> Self {
        let point = MontgomeryPoint(u);
        Self { point, edwards: if EDWARDS_IS_FASTER { point.to_edwards(0) } else { None } }
    }

    /// The point with the key's u-coordinate whose sign bit is 0, if there is one.
    pub(super) fn edwards(&self) -> Option<EdwardsPoint> {
        self.edwards.or_else(|| self.point.to_edwards(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small numbers, of which half are on the twist and some of low order; and points derived from them.
    #[test]
    fn both_ways_to_agree_are_one() {
        let mut u = [0; 32];
        for number in 0..=255 {
            u[0] = number;
            for u in [u, Handle::new().public_key(&Secret::new(u)), [number; 32]] {
                let (point, private) = (MontgomeryPoint(u), Secret::new([number ^ 0x55; 32]));
                let ladder = Secret::new(point.mul_clamped(*private.as_bytes()).to_bytes());
                for edwards in [point.to_edwards(0), None] {
                    let shared = Handle::new().agree(&private, &Prepared { point, edwards });
                    assert_eq!(shared, ladder, "{u:02x?}");
                }
            }
        }
    }
}
