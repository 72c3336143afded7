// SPDX-License-Identifier: MIT OR Apache-2.0

//! The erasure code as a textbook has it: Lagrange interpolation over GF(2^16), one formula for each element,
//! without tables and without anything of the crate.

/// `x^16 + x^12 + x^3 + x + 1`, without its highest term.
const REDUCTION: u16 = 0x100B;

/// Shift and add.
pub fn times(mut a: u16, mut b: u16) -> u16 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        let carry = a & 0x8000 != 0;
        a <<= 1;
        if carry {
            a ^= REDUCTION;
        }
        b >>= 1;
    }
    product
}

/// `a^(2^16 − 2)`: square and multiply.
pub fn inverse(a: u16) -> u16 {
    let mut power = a;
    let mut inverse = 1;
    for _ in 1..16 {
        power = times(power, power);
        inverse = times(inverse, power);
    }
    inverse
}

/// The value at `x` of the polynomial of least degree that has the values `y_k` at `x_k`:
///
/// ```text
/// Σ_k y_k · Π_(l≠k) (x − x_l) / (x_k − x_l)
/// ```
pub fn value_at(x: u16, points: &[(u16, u16)]) -> u16 {
    let term = |&(x_k, y_k): &(u16, u16)| {
        let others = points.iter().filter(|(x_l, _)| *x_l != x_k);
        let (above, below) =
            others.fold((1, 1), |(above, below), (x_l, _)| (times(above, x ^ x_l), times(below, x_k ^ x_l)));
        times(y_k, times(above, inverse(below)))
    };
    points.iter().map(term).fold(0, |sum, term| sum ^ term)
}

/// The chunk at `x` that follows from others at different places: each of its 16 elements by itself.
pub fn chunk_at(x: u16, chunks: &[(u16, [u8; 32])]) -> [u8; 32] {
    let mut out = [0; 32];
    for (lane, pair) in out.chunks_exact_mut(2).enumerate() {
        let element = |data: &[u8; 32]| u16::from_be_bytes([data[2 * lane], data[2 * lane + 1]]);
        let points: Vec<_> = chunks.iter().map(|(x_k, data)| (*x_k, element(data))).collect();
        pair.copy_from_slice(&value_at(x, &points).to_be_bytes());
    }
    out
}
