// SPDX-License-Identifier: MIT OR Apache-2.0

//! Four lanes of 64 bits in two registers of 128: NEON, which multiplies 32 bits by 32.

use core::arch::aarch64::{
    uint32x4_t, uint64x2_t, vaddq_u64, vandq_u64, vbslq_u64, vcltzq_s64, vdupq_n_s64, vdupq_n_u64,
    vget_low_u32, vgetq_lane_u64, vmull_high_u32, vmull_u32, vreinterpretq_s64_u64, vreinterpretq_u32_u64,
    vsetq_lane_u64, vshlq_n_u64, vshlq_u64, vshrq_n_u64, vsubq_u64, vuzp1q_u32,
};

use crate::ladder::ladder;
use crate::lane::Lane;
use crate::radix25::radix25;

pub(crate) const LANES: usize = 4;

type Vector = [uint64x2_t; 2];
/// All bits of a lane are alike.
type Mask = [uint64x2_t; 2];

radix25!(#[target_feature(enable = "neon")]);
ladder!(#[target_feature(enable = "neon")]);

#[inline]
#[target_feature(enable = "neon")]
fn splat(number: u64) -> Vector {
    [vdupq_n_u64(number); 2]
}

#[inline]
#[target_feature(enable = "neon")]
fn collect([n0, n1, n2, n3]: [u64; LANES]) -> Vector {
    [vsetq_lane_u64::<1>(n1, vdupq_n_u64(n0)), vsetq_lane_u64::<1>(n3, vdupq_n_u64(n2))]
}

#[inline]
#[target_feature(enable = "neon")]
fn spread([low, high]: Vector) -> [u64; LANES] {
    [vgetq_lane_u64::<0>(low), vgetq_lane_u64::<1>(low), vgetq_lane_u64::<0>(high), vgetq_lane_u64::<1>(high)]
}

#[inline]
#[target_feature(enable = "neon")]
fn add([a0, a1]: Vector, [b0, b1]: Vector) -> Vector {
    [vaddq_u64(a0, b0), vaddq_u64(a1, b1)]
}

#[inline]
#[target_feature(enable = "neon")]
fn subtract([a0, a1]: Vector, [b0, b1]: Vector) -> Vector {
    [vsubq_u64(a0, b0), vsubq_u64(a1, b1)]
}

#[inline]
#[target_feature(enable = "neon")]
fn and([a0, a1]: Vector, [b0, b1]: Vector) -> Vector {
    [vandq_u64(a0, b0), vandq_u64(a1, b1)]
}

#[inline]
#[target_feature(enable = "neon")]
fn shift_right<const BITS: i32>([a0, a1]: Vector) -> Vector {
    [vshrq_n_u64::<BITS>(a0), vshrq_n_u64::<BITS>(a1)]
}

#[inline]
#[target_feature(enable = "neon")]
fn shift_left<const BITS: i32>([a0, a1]: Vector) -> Vector {
    [vshlq_n_u64::<BITS>(a0), vshlq_n_u64::<BITS>(a1)]
}

/// The product of the low 32 bits.
#[inline]
#[target_feature(enable = "neon")]
fn multiply(a: Vector, b: Vector) -> Vector {
    let (a, b) = (low_halves(a), low_halves(b));
    [vmull_u32(vget_low_u32(a), vget_low_u32(b)), vmull_high_u32(a, b)]
}

/// The low 32 bits of each lane, in one register.
#[inline]
#[target_feature(enable = "neon")]
fn low_halves([a0, a1]: Vector) -> uint32x4_t {
    vuzp1q_u32(vreinterpretq_u32_u64(a0), vreinterpretq_u32_u64(a1))
}

/// Which numbers have a bit set.
#[inline]
#[target_feature(enable = "neon")]
fn mask([a0, a1]: Vector, bit: i32) -> Mask {
    let to_the_sign = vdupq_n_s64(i64::from(63 - bit));
    let (a0, a1) = (vshlq_u64(a0, to_the_sign), vshlq_u64(a1, to_the_sign));
    [vcltzq_s64(vreinterpretq_s64_u64(a0)), vcltzq_s64(vreinterpretq_s64_u64(a1))]
}

/// The two, swapped where the mask is set.
#[inline]
#[target_feature(enable = "neon")]
fn swap([a0, a1]: Vector, [b0, b1]: Vector, [mask0, mask1]: Mask) -> (Vector, Vector) {
    (
        [vbslq_u64(mask0, b0, a0), vbslq_u64(mask1, b1, a1)],
        [vbslq_u64(mask0, a0, b0), vbslq_u64(mask1, a1, b1)],
    )
}
