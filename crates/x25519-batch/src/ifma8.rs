// SPDX-License-Identifier: MIT OR Apache-2.0

//! Eight lanes of 64 bits in 512: AVX-512 with IFMA.

use core::arch::x86_64::{
    __m512i, __mmask8, _mm256_extract_epi64, _mm512_add_epi64, _mm512_and_si512, _mm512_castsi512_si256,
    _mm512_extracti64x4_epi64, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64,
    _mm512_permutex2var_epi64, _mm512_set_epi64, _mm512_set1_epi64, _mm512_slli_epi64, _mm512_srli_epi64,
    _mm512_srlv_epi64, _mm512_sub_epi64, _mm512_test_epi64_mask,
};

use crate::comb::comb;
use crate::ladder::ladder;
use crate::lane::Lane;
use crate::radix51::radix51;

pub(crate) const LANES: usize = 8;

type Vector = __m512i;
type Mask = __mmask8;

radix51!(#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]);
ladder!(#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]);
comb!(#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]);

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn splat(number: u64) -> Vector {
    _mm512_set1_epi64(number.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn collect(numbers: [u64; LANES]) -> Vector {
    let [n0, n1, n2, n3, n4, n5, n6, n7] = numbers.map(u64::cast_signed);
    _mm512_set_epi64(n7, n6, n5, n4, n3, n2, n1, n0)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn spread(numbers: Vector) -> [u64; LANES] {
    let (low, high) = (_mm512_castsi512_si256(numbers), _mm512_extracti64x4_epi64::<1>(numbers));
    [
        _mm256_extract_epi64::<0>(low),
        _mm256_extract_epi64::<1>(low),
        _mm256_extract_epi64::<2>(low),
        _mm256_extract_epi64::<3>(low),
        _mm256_extract_epi64::<0>(high),
        _mm256_extract_epi64::<1>(high),
        _mm256_extract_epi64::<2>(high),
        _mm256_extract_epi64::<3>(high),
    ]
    .map(i64::cast_unsigned)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn add(a: Vector, b: Vector) -> Vector {
    _mm512_add_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn subtract(a: Vector, b: Vector) -> Vector {
    _mm512_sub_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn and(a: Vector, b: Vector) -> Vector {
    _mm512_and_si512(a, b)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn shift_right<const BITS: u32>(a: Vector) -> Vector {
    _mm512_srli_epi64::<BITS>(a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn shift_left<const BITS: u32>(a: Vector) -> Vector {
    _mm512_slli_epi64::<BITS>(a)
}

/// The low 52 bits of `a · b`, added to `sum`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn multiply_low(sum: Vector, a: Vector, b: Vector) -> Vector {
    _mm512_madd52lo_epu64(sum, a, b)
}

/// The high 52 bits of `a · b`, added to `sum`.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn multiply_high(sum: Vector, a: Vector, b: Vector) -> Vector {
    _mm512_madd52hi_epu64(sum, a, b)
}

/// Which numbers have a bit set.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn mask(numbers: Vector, bit: u32) -> Mask {
    _mm512_test_epi64_mask(numbers, splat(1 << bit))
}

/// The two, swapped where the mask is set.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn swap(a: Vector, b: Vector, mask: Mask) -> (Vector, Vector) {
    (_mm512_mask_blend_epi64(mask, a, b), _mm512_mask_blend_epi64(mask, b, a))
}

/// The numbers shifted right.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn digit(numbers: Vector, below: u64) -> Vector {
    _mm512_srlv_epi64(numbers, splat(below))
}

/// One of sixteen numbers in each lane, by the lowest four bits of its index.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma")]
fn select(numbers: &[[u64; 8]; 2], index: Vector) -> Vector {
    let [low, high] = numbers.map(|numbers| collect(numbers));
    _mm512_permutex2var_epi64(low, index, high)
}
