// SPDX-License-Identifier: MIT OR Apache-2.0

//! Multiples of the base point, which the compiler computes: on the curve −x² + y² = 1 + dx²y², which is birationally
//! equivalent to X25519's (RFC 7748 §4.1), and where an addition holds for any two points.

#![expect(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    reason = "all of it is computed while compiling: what is out of bounds does not compile, and there is no stack"
)]

use crate::lane::{MASK, limbs, reduced};

/// A number modulo 2^255 − 19.
pub(crate) type Number = [u64; 5];

/// What is added of nothing, of a point, of twice that point, and so on up to fifteen times: y + x, y − x and 2dxy, each in
/// five limbs of 51 bits.
#[repr(align(64))]
pub(crate) struct Multiples {
    pub(crate) sum: [[[u64; 8]; 2]; 5],
    pub(crate) difference: [[[u64; 8]; 2]; 5],
    pub(crate) t: [[[u64; 8]; 2]; 5],
}

/// Multiples of the base point, of 2^16 times the base point, and so on up to 2^240 times.
pub(crate) static TABLE: [Multiples; 16] = table();

/// x = X / Z, y = Y / Z, T = XY / Z.
#[derive(Clone, Copy)]
struct Point {
    x: Number,
    y: Number,
    z: Number,
    t: Number,
}

/// The curve's constant, −121665 / 121666.
pub(crate) const D: Number =
    limbs([0x75eb_4dca_1359_78a3, 0x0070_0a4d_4141_d8ab, 0x8cc7_4079_7779_e898, 0x5203_6cee_2b6f_fe73]);
pub(crate) const TWICE_D: Number = sum(D, D);
/// Its square is −1.
pub(crate) const MINUS_ONE_ROOT: Number =
    limbs([0xc4ee_1b27_4a0e_a0b0, 0x2f43_1806_ad2f_e478, 0x2b4d_0099_3dfb_d7a7, 0x2b83_2480_4fc1_df0b]);
const ONE: Number = [1, 0, 0, 0, 0];
const NOTHING: Point = Point { x: [0; 5], y: ONE, z: ONE, t: [0; 5] };
/// The base point of RFC 8032 §5.1.
const BASE: Point = {
    let x =
        limbs([0xc956_2d60_8f25_d51a, 0x692c_c760_9525_a7b2, 0xc0a4_e231_fdd6_dc5c, 0x2169_36d3_cd6e_53fe]);
    let y =
        limbs([0x6666_6666_6666_6658, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666]);
    Point { x, y, z: ONE, t: product(x, y) }
};

const NONE: Multiples =
    Multiples { sum: [[[0; 8]; 2]; 5], difference: [[[0; 8]; 2]; 5], t: [[[0; 8]; 2]; 5] };

const fn table() -> [Multiples; 16] {
    let (multiples, inverses) = multiples();
    let mut table = [NONE; 16];
    let mut at = 0;
    while at < 256 {
        let Point { x, y, .. } = multiples[at];
        let (x, y) = (product(x, inverses[at]), product(y, inverses[at]));
        let (sum, difference, t) = (sum(y, x), difference(y, x), product(product(x, y), TWICE_D));
        let Multiples { sum: sums, difference: differences, t: ts } = &mut table[at / 16];
        let mut limb = 0;
        while limb < 5 {
            let (half, lane) = (at / 8 % 2, at % 8);
            sums[limb][half][lane] = sum[limb];
            differences[limb][half][lane] = difference[limb];
            ts[limb][half][lane] = t[limb];
            limb += 1;
        }
        at += 1;
    }
    table
}

/// All that the table has, and the inverse of each Z.
const fn multiples() -> ([Point; 256], [Number; 256]) {
    let mut multiples = [NOTHING; 256];
    // Products of all Zs up to each.
    let mut products = [ONE; 256];
    let (mut point, mut at) = (BASE, 1);
    while at < 256 {
        if at % 16 == 0 {
            let mut doublings = 0;
            while doublings < 16 {
                point = added(point, point);
                doublings += 1;
            }
        } else {
            multiples[at] = added(multiples[at - 1], point);
        }
        products[at] = product(products[at - 1], multiples[at].z);
        at += 1;
    }
    let mut inverses = [ONE; 256];
    let mut inverse = inverse(products[255]);
    while at > 1 {
        at -= 1;
        inverses[at] = product(inverse, products[at - 1]);
        inverse = product(inverse, multiples[at].z);
    }
    (multiples, inverses)
}

const fn added(one: Point, other: Point) -> Point {
    let less = product(difference(one.y, one.x), difference(other.y, other.x));
    let more = product(sum(one.y, one.x), sum(other.y, other.x));
    let scaled_t = product(product(one.t, other.t), TWICE_D);
    let twice_z = product(one.z, sum(other.z, other.z));
    let (e, f, g, h) =
        (difference(more, less), difference(twice_z, scaled_t), sum(twice_z, scaled_t), sum(more, less));
    Point { x: product(e, f), y: product(g, h), z: product(f, g), t: product(e, h) }
}

pub(crate) const fn sum(a: Number, b: Number) -> Number {
    reduced([a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]])
}

/// `a` and twice the prime, less `b`.
pub(crate) const fn difference(a: Number, b: Number) -> Number {
    const LIMB: u64 = (1 << 52) - 2;
    let [b0, b1, b2, b3, b4] = b;
    sum(a, [LIMB - 36 - b0, LIMB - b1, LIMB - b2, LIMB - b3, LIMB - b4])
}

pub(crate) const fn product(a: Number, b: Number) -> Number {
    let mut columns = [0_u128; 5];
    let mut at = 0;
    while at < 25 {
        let (i, j) = (at / 5, at % 5);
        let weight = if i + j < 5 { 1 } else { 19 };
        columns[(i + j) % 5] += a[i] as u128 * b[j] as u128 * weight;
        at += 1;
    }
    // Each column is below 2^109, and has what is above 51 bits carried to the next one.
    let mut limbs = [0; 5];
    let (mut carry, mut at) = (0, 0);
    while at < 5 {
        let column = columns[at] + carry;
        limbs[at] = column as u64 & MASK;
        carry = column >> 51;
        at += 1;
    }
    let folded = limbs[0] as u128 + 19 * carry;
    limbs[0] = folded as u64 & MASK;
    limbs[1] += (folded >> 51) as u64;
    reduced(limbs)
}

/// To the power of 2^255 − 21.
const fn inverse(number: Number) -> Number {
    let (mut power, mut bit) = (ONE, 255);
    while bit > 0 {
        bit -= 1;
        power = product(power, power);
        if bit != 2 && bit != 4 {
            power = product(power, number);
        }
    }
    power
}
