// SPDX-License-Identifier: MIT OR Apache-2.0

//! The point and the product that verify a signature, on machines with lanes for them.

use crate::backend::{Backend, Kind};
use crate::edwards::Affine;
use crate::ifma4;
use crate::lane::{limbs, words};

/// The order of the base point, 2^252 + 27742317777372353535851937790883648493.
const ORDER: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A public point of the curve of Ed25519, on a machine that multiplies it in lanes.
///
/// Not in constant time: signatures, their keys and what they sign are public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point(Affine);

impl Point {
    /// Returns whether this machine has the lanes. Without them there is no point.
    #[must_use]
    pub fn is_here() -> bool {
        Backend::of(Kind::Ifma).is_some()
    }

    /// The point with this u-coordinate whose x is even. The highest bit is ignored, and any number is taken, reduced or
    /// not. None if there is no such point, as on the twist, and without the lanes.
    #[must_use]
    #[expect(unsafe_code, reason = "the machine has what the function needs")]
    pub fn of_montgomery(u: &[u8; 32]) -> Option<Self> {
        // SAFETY: this machine has AVX-512 F, VL and IFMA.
        Self::is_here().then(|| unsafe { ifma4::of_montgomery(limbs(words(u))) }).flatten().map(Self)
    }

    /// The encoding of RFC 8032 §5.1.2.
    #[must_use]
    pub fn encode(&self) -> [u8; 32] {
        self.0.encode()
    }

    /// The point with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        Self(self.0.negated())
    }

    /// Returns whether the point lies in the prime-order subgroup.
    #[must_use]
    pub fn is_torsion_free(&self) -> bool {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        self.combined(&[0; 32], &ORDER) == neutral
    }

    /// `s` times the base point plus `h` times this one, encoded. Both are any numbers, little endian, and not clamped.
    #[must_use]
    #[expect(unsafe_code, reason = "the machine has what the function needs")]
    pub fn combined(&self, s: &[u8; 32], h: &[u8; 32]) -> [u8; 32] {
        // SAFETY: there is a point, so this machine has AVX-512 F, VL and IFMA.
        unsafe { ifma4::combine(words(s), words(h), &self.0) }.encode()
    }
}
