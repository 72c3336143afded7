// SPDX-License-Identifier: MIT OR Apache-2.0

//! Points of the Edwards curve, which are public: what verifies signatures, in the lanes of vector registers where there
//! are some for it. Not in constant time.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;

use super::x25519::Prepared;

/// A public point, as what is fastest here multiplies it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Point {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Lanes(x25519_batch::Point),
    Single(EdwardsPoint),
}

impl Point {
    /// The point with the key's u-coordinate whose sign bit is 0, if there is one.
    pub(super) fn of(key: &Prepared) -> Option<Self> {
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if cfg!(not(subrosa_curve = "portable")) && x25519_batch::Point::is_here() {
            return x25519_batch::Point::of_montgomery(key.as_bytes()).map(Self::Lanes);
        }
        key.edwards().map(Self::Single)
    }

    /// Its encoding (RFC 8032 §5.1.2).
    pub(crate) fn encode(&self) -> [u8; 32] {
        match self {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Lanes(point) => point.encode(),
            Self::Single(point) => point.compress().to_bytes(),
        }
    }

    /// The point with the other sign.
    pub(crate) fn negated(&self) -> Self {
        match self {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Lanes(point) => Self::Lanes(point.negated()),
            Self::Single(point) => Self::Single(-point),
        }
    }

    /// `s·B + h·P`, encoded.
    pub(crate) fn combined(&self, s: &Scalar, h: &Scalar) -> [u8; 32] {
        match self {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Lanes(point) => point.combined(s.as_bytes(), h.as_bytes()),
            Self::Single(point) => {
                EdwardsPoint::vartime_double_scalar_mul_basepoint(h, point, s).compress().to_bytes()
            }
        }
    }

    /// Returns whether the point lies in the prime-order subgroup.
    pub(crate) fn is_torsion_free(&self) -> bool {
        match self {
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Self::Lanes(point) => point.is_torsion_free(),
            Self::Single(point) => point.is_torsion_free(),
        }
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::montgomery::MontgomeryPoint;
    use hex_literal::hex;

    use super::*;
    use crate::crypto::curve::PublicKey;

    /// Small numbers, of which half are on the twist and some of low order; numbers above the prime; points derived from
    /// them; and two points of prime order whose x has 2^51 − 1 or nearly so in its lowest 51 bits.
    #[test]
    fn all_ways_to_compute_with_a_point_are_one() {
        let edges = [
            hex!("6c55d426fde95c5096ddb88714071a5ee628f0c80cc299737e31423f3a685803"),
            hex!("cbe3cca193f5680cbdf27e0df53f3264c291b0939e930b74767fb18cadba480c"),
        ];
        let mut u = [0; 32];
        for number in 0..=255 {
            u[0] = number;
            let mut high = [0xFF; 32];
            high[0] = number;
            let derived = MontgomeryPoint::mul_base_clamped(u).to_bytes();
            for u in [u, derived, [number; 32], high].into_iter().chain(edges) {
                let expected = MontgomeryPoint(u).to_edwards(0).map(Point::Single);
                let point = PublicKey::from_bytes(u).prepare().point();
                assert_eq!(point.is_some(), expected.is_some(), "{u:02x?}");
                let (Some(point), Some(expected)) = (point, expected) else { continue };
                let (s, h) =
                    (Scalar::from_bytes_mod_order(u), Scalar::from_bytes_mod_order([number ^ 0x3C; 32]));
                for (point, expected) in [(point, expected), (point.negated(), expected.negated())] {
                    assert_eq!(point.encode(), expected.encode(), "{u:02x?}");
                    assert_eq!(point.is_torsion_free(), expected.is_torsion_free(), "{u:02x?}");
                    for (s, h) in [(s, h), (h, s), (Scalar::ZERO, h), (s, Scalar::ONE), (-s, -h)] {
                        assert_eq!(point.combined(&s, &h), expected.combined(&s, &h), "{u:02x?}");
                    }
                }
            }
        }
    }
}
