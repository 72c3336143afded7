// SPDX-License-Identifier: MIT OR Apache-2.0

//! Four lanes of 64 bits in 256: AVX-512 with IFMA and VL.

use core::arch::x86_64::{
    __m256i, __mmask8, _mm256_add_epi64, _mm256_and_si256, _mm256_extract_epi64, _mm256_madd52hi_epu64,
    _mm256_madd52lo_epu64, _mm256_mask_blend_epi64, _mm256_mask_sub_epi64, _mm256_maskz_permutex_epi64,
    _mm256_set_epi64x, _mm256_set1_epi64x, _mm256_slli_epi64, _mm256_sllv_epi64, _mm256_srli_epi64,
    _mm256_sub_epi64, _mm256_test_epi64_mask,
};

use crate::edwards::edwards;
use crate::ladder::ladder;
use crate::lane::Lane;
use crate::radix51::radix51;
use crate::single::single;

pub(crate) const LANES: usize = 4;

type Vector = __m256i;
type Mask = __mmask8;

radix51!(#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]);
ladder!(#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]);
edwards!(#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]);
single!(#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]);

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn splat(number: u64) -> Vector {
    _mm256_set1_epi64x(number.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn collect(numbers: [u64; LANES]) -> Vector {
    let [n0, n1, n2, n3] = numbers.map(u64::cast_signed);
    _mm256_set_epi64x(n3, n2, n1, n0)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn spread(numbers: Vector) -> [u64; LANES] {
    [
        _mm256_extract_epi64::<0>(numbers),
        _mm256_extract_epi64::<1>(numbers),
        _mm256_extract_epi64::<2>(numbers),
        _mm256_extract_epi64::<3>(numbers),
    ]
    .map(i64::cast_unsigned)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn add(a: Vector, b: Vector) -> Vector {
    _mm256_add_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn subtract(a: Vector, b: Vector) -> Vector {
    _mm256_sub_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn and(a: Vector, b: Vector) -> Vector {
    _mm256_and_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn shift_right<const BITS: i32>(a: Vector) -> Vector {
    _mm256_srli_epi64::<BITS>(a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn shift_left<const BITS: i32>(a: Vector) -> Vector {
    _mm256_slli_epi64::<BITS>(a)
}

/// The low 52 bits of `a · b`, added to `sum`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn multiply_low(sum: Vector, a: Vector, b: Vector) -> Vector {
    _mm256_madd52lo_epu64(sum, a, b)
}

/// The high 52 bits of `a · b`, added to `sum`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn multiply_high(sum: Vector, a: Vector, b: Vector) -> Vector {
    _mm256_madd52hi_epu64(sum, a, b)
}

/// Which numbers have a bit set.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn mask(numbers: Vector, bit: u32) -> Mask {
    _mm256_test_epi64_mask(numbers, splat(1 << bit))
}

/// The two, swapped where the mask is set.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn swap(a: Vector, b: Vector, mask: Mask) -> (Vector, Vector) {
    (_mm256_mask_blend_epi64(mask, a, b), _mm256_mask_blend_epi64(mask, b, a))
}

/// The lanes in the order of `ORDER`, and zero where a bit of the mask is 0.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn arrange<const ORDER: i32>(numbers: Vector, kept: Mask) -> Vector {
    _mm256_maskz_permutex_epi64::<ORDER>(kept, numbers)
}

/// `from - numbers` where a bit of the mask is 1, and the numbers elsewhere.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn negate(from: Vector, numbers: Vector, negated: Mask) -> Vector {
    _mm256_mask_sub_epi64(numbers, negated, from, numbers)
}

/// Each number shifted to the left.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn scale(numbers: Vector, bits: [u64; LANES]) -> Vector {
    _mm256_sllv_epi64(numbers, collect(bits))
}
