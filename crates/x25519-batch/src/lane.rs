// SPDX-License-Identifier: MIT OR Apache-2.0

//! One lane's numbers: bytes to words and limbs of 51 bits, and back.

use zeroize::Zeroize;

/// Bits of a limb.
const BITS: u32 = 51;
pub(crate) const MASK: u64 = (1 << BITS) - 1;

/// What one lane computes with: a scalar, and a u-coordinate that the result takes the place of.
/// Wiped when it is dropped.
#[derive(Default)]
pub(crate) struct Lane {
    /// The scalar, clamped. Lowest word first.
    pub(crate) scalar: [u64; 4],
    /// Limbs of 51 bits, lowest first.
    pub(crate) u: [u64; 5],
}

impl Lane {
    /// Clamps the scalar, and ignores the point's highest bit (RFC 7748 §5).
    pub(crate) fn read(&mut self, scalar: &[u8; 32], point: &[u8; 32]) {
        let [k0, k1, k2, k3] = words(scalar);
        self.scalar = [k0 & !7, k1, k2, k3 & !(1 << 63) | (1 << 62)];
        self.u = limbs(words(point));
    }

    /// Where the scalar's bits differ from the next higher one: when the ladder swaps. Lowest word first.
    pub(crate) fn swaps(&self) -> [u64; 4] {
        let [k0, k1, k2, k3] = self.scalar;
        let halves = [k0 >> 1 | k1 << 63, k1 >> 1 | k2 << 63, k2 >> 1 | k3 << 63, k3 >> 1];
        [k0 ^ halves[0], k1 ^ halves[1], k2 ^ halves[2], k3 ^ halves[3]]
    }

    /// Writes the u-coordinate as RFC 7748 does: reduced, little endian.
    pub(crate) fn write_u(&self, out: &mut [u8; 32]) {
        write(reduced(self.u), out);
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Self { scalar, u } = self;
        scalar.zeroize();
        u.zeroize();
    }
}

/// Writes limbs of 51 bits, little endian.
pub(crate) fn write([u0, u1, u2, u3, u4]: [u64; 5], out: &mut [u8; 32]) {
    let words = [u0 | u1 << 51, u1 >> 13 | u2 << 38, u2 >> 26 | u3 << 25, u3 >> 39 | u4 << 12];
    for (bytes, word) in out.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
}

/// Words of 64 bits, the lowest first.
pub(crate) fn words(bytes: &[u8; 32]) -> [u64; 4] {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
    }
    words
}

/// The low 255 bits in limbs.
pub(crate) const fn limbs([w0, w1, w2, w3]: [u64; 4]) -> [u64; 5] {
    [
        w0 & MASK,
        (w0 >> 51 | w1 << 13) & MASK,
        (w1 >> 38 | w2 << 26) & MASK,
        (w2 >> 25 | w3 << 39) & MASK,
        (w3 >> 12) & MASK,
    ]
}

/// The number below 2^255 − 19 that limbs below 2^63 are congruent to.
pub(crate) const fn reduced(u: [u64; 5]) -> [u64; 5] {
    // First what is above 2^255, which leaves less than 2^255 + 2^18; then 2^255 − 19 once more, if it is contained.
    let (u, above) = carried(u);
    let [u0, u1, u2, u3, u4] = u;
    let u = [u0 + 19 * above, u1, u2, u3, u4];
    let (_, contained) = carried([u[0] + 19, u1, u2, u3, u4]);
    carried([u[0] + 19 * contained, u1, u2, u3, u4]).0
}

/// The same number with 51 bits in each limb, and what is left at 2^255.
const fn carried([u0, u1, u2, u3, u4]: [u64; 5]) -> ([u64; 5], u64) {
    let u1 = u1 + (u0 >> BITS);
    let u2 = u2 + (u1 >> BITS);
    let u3 = u3 + (u2 >> BITS);
    let u4 = u4 + (u3 >> BITS);
    ([u0 & MASK, u1 & MASK, u2 & MASK, u3 & MASK, u4 & MASK], u4 >> BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [u64; 5] = [MASK - 18, MASK, MASK, MASK, MASK];

    fn bytes(u: [u64; 5]) -> [u8; 32] {
        let mut out = [0; 32];
        Lane { scalar: [0; 4], u }.write_u(&mut out);
        out
    }

    fn lane(scalar: [u8; 32], point: [u8; 32]) -> Lane {
        let mut lane = Lane::default();
        lane.read(&scalar, &point);
        lane
    }

    fn number(low: u8) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = low;
        bytes
    }

    #[test]
    fn numbers_around_multiples_of_the_prime_are_reduced() {
        for factor in [1, 2, 3, 100, 1 << 11] {
            for more in 0..50_u8 {
                let mut u = P.map(|limb| limb * factor);
                u[0] += u64::from(more);
                assert_eq!(bytes(u), number(more), "{factor} times the prime and {more}");
            }
        }
        let mut below = [0xFF; 32];
        below[0] = 0xEC;
        below[31] = 0x7F;
        assert_eq!(bytes([P[0] - 1, P[1], P[2], P[3], P[4]]), below);
    }

    #[test]
    fn bytes_come_back_without_the_highest_bit() {
        let mut point = [0xC3; 32];
        point[7..].fill(0x96);
        point[20..].fill(0xF1);
        let mut out = [0; 32];
        lane([0; 32], point).write_u(&mut out);
        let mut expected = point;
        expected[31] &= 0x7F;
        assert_eq!(out, expected);
    }

    #[test]
    fn the_largest_limbs_overflow_nothing() {
        // 2^63 − 1 in each limb: (2^63 − 1)(1 + 2^51 + … + 2^204), which is reduced in two ways.
        let largest = [u64::MAX >> 1; 5];
        let (once, above) = carried(largest);
        let mut again = once;
        again[0] += 19 * above;
        assert_eq!(bytes(largest), bytes(again));
    }

    #[test]
    fn swaps_are_where_bits_of_the_clamped_scalar_change() {
        // Clamped, 0xFF… is 0x7F…F8.
        assert_eq!(lane([0xFF; 32], [0; 32]).swaps(), [4, 0, 0, 1 << 62]);
        // Clamped, 0 is 2^254.
        assert_eq!(lane([0; 32], [0; 32]).swaps(), [0, 0, 0, 1 << 62 | 1 << 61]);
    }
}
