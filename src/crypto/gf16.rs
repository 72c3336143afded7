// SPDX-License-Identifier: MIT OR Apache-2.0

//! The field GF(2^16) with the reduction polynomial `x^16 + x^12 + x^3 + x + 1`.
//!
//! Bit `k` of an element is the coefficient of `x^k`. Addition is XOR. There is no table and no branch on
//! an operand.

use core::ops::{Add, Mul, MulAssign};

/// The reduction polynomial without its highest term.
const REDUCTION: u16 = 0x100B;

/// An element of the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gf16(u16);

impl Gf16 {
    /// The neutral element of addition.
    #[cfg(any(test, feature = "hazmat", feature = "libsignal"))]
    pub const ZERO: Self = Self(0);
    /// The neutral element of multiplication.
    pub const ONE: Self = Self(1);

    /// The element whose coefficients are the bits of `bits`.
    #[must_use]
    pub const fn new(bits: u16) -> Self {
        Self(bits)
    }

    /// The coefficients as bits.
    #[cfg(any(test, feature = "hazmat", feature = "libsignal"))]
    #[must_use]
    pub const fn to_u16(self) -> u16 {
        self.0
    }

    /// The sum; also the difference.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    /// The product.
    #[must_use]
    pub const fn times(self, other: Self) -> Self {
        Self(reduce(carryless_product(self.0, other.0)))
    }

    /// The multiplicative inverse, `self^(2^16 − 2)`. That of zero is zero.
    #[must_use]
    pub const fn inverse(self) -> Self {
        // 2^16 − 2 is the sum of 2^1 to 2^15.
        let mut power = self.times(self);
        let mut product = power;
        let mut k = 2;
        while k < 16 {
            power = power.times(power);
            product = product.times(power);
            k += 1;
        }
        product
    }
}

/// The product of two polynomials over GF(2), of degree up to 30.
const fn carryless_product(a: u16, b: u16) -> u32 {
    let wide = a as u32;
    let mut product = 0;
    let mut k = 0;
    while k < 16 {
        product ^= (wide << k) & ((b as u32 >> k) & 1).wrapping_neg();
        k += 1;
    }
    product
}

/// The remainder of a polynomial of degree up to 30. Each round replaces `x^16` by
/// `x^12 + x^3 + x + 1`, which takes four degrees off the excess.
const fn reduce(mut polynomial: u32) -> u16 {
    let mut round = 0;
    while round < 4 {
        let excess = polynomial >> 16;
        polynomial = (polynomial & 0xFFFF) ^ excess ^ (excess << 1) ^ (excess << 3) ^ (excess << 12);
        round += 1;
    }
    let [low, high, ..] = polynomial.to_le_bytes();
    u16::from_le_bytes([low, high])
}

impl Add for Gf16 {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
}

impl Mul for Gf16 {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        count_multiplications(1);
        self.times(other)
    }
}

impl MulAssign for Gf16 {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

/// A row of 16 elements: a chunk of the erasure code.
pub(crate) type Row = [u16; 16];

/// `Σ coefficient · row`, element by element: `16·N` multiplications.
///
/// By Horner's rule over the bits of the coefficients, so that the whole sum is doubled once a bit instead
/// of each product; the compiler makes vector instructions of it.
pub(crate) fn combine<const N: usize>(coefficients: &[Gf16; N], rows: &[Row; N]) -> Row {
    let mut sum: Row = [0; 16];
    for bit in (0..16).rev() {
        for element in &mut sum {
            *element = (*element << 1) ^ ((*element >> 15).wrapping_neg() & REDUCTION);
        }
        for (coefficient, row) in coefficients.iter().zip(rows) {
            let mask = ((coefficient.0 >> bit) & 1).wrapping_neg();
            for (element, term) in sum.iter_mut().zip(row) {
                *element ^= term & mask;
            }
        }
    }
    count_multiplications(16 * N);
    sum
}

#[cfg(not(test))]
const fn count_multiplications(_: usize) {}

#[cfg(test)]
pub(crate) use counter::{count_multiplications, multiplications_in};

/// Counts the multiplications of a thread.
#[cfg(test)]
mod counter {
    extern crate std;
    use core::cell::Cell;

    std::thread_local!(static COUNT: Cell<usize> = const { Cell::new(0) });

    pub(crate) fn count_multiplications(by: usize) {
        COUNT.set(COUNT.get() + by);
    }

    pub(crate) fn multiplications_in<T>(work: impl FnOnce() -> T) -> (usize, T) {
        let before = COUNT.get();
        let done = work();
        (COUNT.get() - before, done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiplies bit by bit, reducing by the whole polynomial.
    fn slow_product(a: u16, b: u16) -> u16 {
        let mut wide = (0..16).filter(|k| b >> k & 1 == 1).fold(0, |sum, k| sum ^ (u32::from(a) << k));
        for k in (16..31).rev() {
            if wide >> k & 1 == 1 {
                wide ^= 0x1_100B << (k - 16);
            }
        }
        u16::try_from(wide).unwrap()
    }

    fn samples() -> impl Iterator<Item = u16> + Clone {
        [0, 1, 2, 3, 0x8000, 0xFFFF, 0x100B].into_iter().chain((0..200u16).map(|k| k.wrapping_mul(40_503)))
    }

    #[test]
    fn known_answers() {
        assert_eq!(Gf16(0x1234) * Gf16(0x5678), Gf16(0x6324));
        assert_eq!(Gf16(2).inverse(), Gf16(0x8805));
        assert_eq!(Gf16(0x1234).inverse(), Gf16(0x2CE9));
    }

    #[test]
    fn multiplication_is_that_of_a_slow_reference() {
        for a in samples() {
            for b in samples() {
                assert_eq!((Gf16(a) * Gf16(b)).0, slow_product(a, b), "{a:#x} × {b:#x}");
            }
        }
    }

    #[test]
    fn every_element_times_its_inverse_is_one() {
        assert_eq!(Gf16::ZERO.inverse(), Gf16::ZERO);
        assert!((1..=u16::MAX).all(|a| Gf16(a) * Gf16(a).inverse() == Gf16::ONE));
    }

    #[test]
    fn combine_is_the_sum_of_products() {
        let rows: [Row; 3] = core::array::from_fn(|k| {
            core::array::from_fn(|lane| u16::try_from(k * 16 + lane).unwrap().wrapping_mul(52_711))
        });
        let coefficients = [Gf16(0x1234), Gf16(0xFFFF), Gf16(7)];
        let sum = combine(&coefficients, &rows);
        for (lane, element) in sum.into_iter().enumerate() {
            let expected =
                coefficients.iter().zip(&rows).fold(Gf16::ZERO, |sum, (c, row)| sum + *c * Gf16(row[lane]));
            assert_eq!(Gf16(element), expected);
        }
    }
}
