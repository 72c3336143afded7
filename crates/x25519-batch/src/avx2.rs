// SPDX-License-Identifier: MIT OR Apache-2.0

//! Four lanes of 64 bits in 256: AVX2.

use core::arch::x86_64::{
    __m256i, _mm_cvtsi32_si128, _mm256_add_epi64, _mm256_and_si256, _mm256_cmpgt_epi64, _mm256_extract_epi64,
    _mm256_mul_epu32, _mm256_set_epi64x, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_sll_epi64,
    _mm256_slli_epi64, _mm256_srli_epi64, _mm256_sub_epi64, _mm256_xor_si256,
};

use crate::ladder::ladder;
use crate::lane::Lane;
use crate::radix25::radix25;

pub(crate) const LANES: usize = 4;

type Vector = __m256i;
/// All bits of a lane are alike.
type Mask = __m256i;

radix25!(#[target_feature(enable = "avx2")]);
ladder!(#[target_feature(enable = "avx2")]);

#[inline]
#[target_feature(enable = "avx2")]
fn splat(number: u64) -> Vector {
    _mm256_set1_epi64x(number.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn collect(numbers: [u64; LANES]) -> Vector {
    let [n0, n1, n2, n3] = numbers.map(u64::cast_signed);
    _mm256_set_epi64x(n3, n2, n1, n0)
}

#[inline]
#[target_feature(enable = "avx2")]
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
#[target_feature(enable = "avx2")]
fn add(a: Vector, b: Vector) -> Vector {
    _mm256_add_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn subtract(a: Vector, b: Vector) -> Vector {
    _mm256_sub_epi64(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn and(a: Vector, b: Vector) -> Vector {
    _mm256_and_si256(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn shift_right<const BITS: i32>(a: Vector) -> Vector {
    _mm256_srli_epi64::<BITS>(a)
}

#[inline]
#[target_feature(enable = "avx2")]
fn shift_left<const BITS: i32>(a: Vector) -> Vector {
    _mm256_slli_epi64::<BITS>(a)
}

/// The product of the low 32 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply(a: Vector, b: Vector) -> Vector {
    _mm256_mul_epu32(a, b)
}

/// Which numbers have a bit set.
#[inline]
#[target_feature(enable = "avx2")]
fn mask(numbers: Vector, bit: i32) -> Mask {
    let at_the_sign = _mm256_sll_epi64(numbers, _mm_cvtsi32_si128(63 - bit));
    _mm256_cmpgt_epi64(_mm256_setzero_si256(), at_the_sign)
}

/// The two, swapped where the mask is set.
#[inline]
#[target_feature(enable = "avx2")]
fn swap(a: Vector, b: Vector, mask: Mask) -> (Vector, Vector) {
    let difference = _mm256_and_si256(_mm256_xor_si256(a, b), mask);
    (_mm256_xor_si256(a, difference), _mm256_xor_si256(b, difference))
}
