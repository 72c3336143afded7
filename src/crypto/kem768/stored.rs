// SPDX-License-Identifier: MIT OR Apache-2.0

//! The state between the halves of an encapsulation, as libsignal stores it.
//!
//! ```text
//! state = ŷ (3 · 512) || e2 (512) || random (32)
//! ```
//!
//! A polynomial is 256 coefficients of 16 bits, little endian, in two's complement and not reduced to
//! `0, …, q − 1`.

use alloc::boxed::Box;

use super::{CT2_LEN, EK_VECTOR_LEN, ENCAPSULATION_STATE_LEN, POLYNOMIAL_LEN, provider};
use crate::crypto::secret::Secret;
use crate::crypto::stack;

/// The modulus of the coefficients.
const Q: u16 = 3329;

/// The second half of the ciphertext from a stored state. None if the state or the `ek_vector` has
/// a coefficient out of range.
///
/// Some releases of libsignal wrote the coefficients big endian; that is recognised by the small
/// coefficients of `e2` and undone.
#[must_use]
pub fn finish_encapsulation(
    state: &[u8; ENCAPSULATION_STATE_LEN],
    ek_vector: &[u8; EK_VECTOR_LEN],
) -> Option<[u8; CT2_LEN]> {
    let mut own = Box::new(Secret::zero());
    own.as_bytes_mut().copy_from_slice(state);
    if is_big_endian(&own) {
        for coefficient in polynomials_mut(&mut own) {
            coefficient.reverse();
        }
    }
    let in_range = polynomials(&own).fold(true, |all, coefficient| all & (coefficient.unsigned_abs() < Q));
    (in_range && is_reduced(ek_vector))
        .then(|| stack::wiped(stack::KEM, || provider::encapsulate2(&own, ek_vector)))
}

/// A state that gives a second half of a ciphertext with any `ek_vector`: `ŷ = 0`, `random = 0`, and
/// `e2 = Decompress4(ct2)`. It is not secret, because `ct2` is not.
#[must_use]
pub fn encapsulation_that_gives(ct2: &[u8; CT2_LEN]) -> Box<[u8; ENCAPSULATION_STATE_LEN]> {
    let mut state = Box::new([0; ENCAPSULATION_STATE_LEN]);
    let e2 = state.as_chunks_mut::<2>().0.iter_mut().skip(3 * POLYNOMIAL_LEN / 2);
    let compressed = ct2.iter().flat_map(|byte| [byte & 0x0F, byte >> 4]);
    for (coefficient, compressed) in e2.zip(compressed) {
        *coefficient = ((u16::from(compressed) * Q + 8) >> 4).to_le_bytes();
    }
    state
}

fn polynomials(state: &Secret<ENCAPSULATION_STATE_LEN>) -> impl Iterator<Item = i16> {
    let coefficients = state.as_bytes().as_chunks::<2>().0.iter().take(4 * POLYNOMIAL_LEN / 2);
    coefficients.map(|coefficient| i16::from_le_bytes(*coefficient))
}

/// The coefficients of all polynomials.
fn polynomials_mut(state: &mut Secret<ENCAPSULATION_STATE_LEN>) -> &mut [[u8; 2]] {
    state.as_bytes_mut().as_chunks_mut::<2>().0.split_at_mut(4 * POLYNOMIAL_LEN / 2).0
}

/// The coefficients of `e2` are from −2 to 2. The first that is neither 0 nor −1, which look the same both
/// ways, tells the order of the bytes.
fn is_big_endian(state: &Secret<ENCAPSULATION_STATE_LEN>) -> bool {
    let mut e2 = polynomials(state).skip(3 * POLYNOMIAL_LEN / 2);
    let telling = e2.find(|coefficient| !matches!(coefficient, -1 | 0));
    telling.is_some_and(|coefficient| [1, 2, -2].map(i16::swap_bytes).contains(&coefficient))
}

/// Returns whether all coefficients, 12 bits each, are below the modulus.
fn is_reduced(ek_vector: &[u8; EK_VECTOR_LEN]) -> bool {
    ek_vector.as_chunks().0.iter().all(|&[low, middle, high]| {
        let first = u16::from_le_bytes([low, middle & 0x0F]);
        let second = u16::from_le_bytes([middle, high]) >> 4;
        first < Q && second < Q
    })
}

#[cfg(test)]
mod tests {
    use super::super::{KeySeed, encapsulate2, encapsulation_state};
    use super::*;

    #[test]
    fn a_stored_state_gives_the_second_half_in_either_byte_order() {
        for byte in 0..50 {
            let key = KeySeed::from_seed(Secret::new([byte; 64])).expand();
            let random = Secret::new([byte ^ 0x33; 32]);
            let ct2 = encapsulate2(&key.header(), &key.ek_vector(), &random).unwrap();
            let mut state = encapsulation_state(&key.header(), &random);
            assert_eq!(finish_encapsulation(state.as_bytes(), &key.ek_vector()), Some(ct2));
            state.as_bytes_mut()[..4 * POLYNOMIAL_LEN].chunks_mut(2).for_each(<[u8]>::reverse);
            assert_eq!(finish_encapsulation(state.as_bytes(), &key.ek_vector()), Some(ct2));
        }
    }

    #[test]
    fn an_encapsulation_gives_the_second_half_that_it_was_made_for() {
        let ct2 = core::array::from_fn(|k| u8::try_from(k * 37 % 256).unwrap());
        for ek_vector in [[0; EK_VECTOR_LEN], KeySeed::from_seed(Secret::new([1; 64])).expand().ek_vector()] {
            assert_eq!(finish_encapsulation(&encapsulation_that_gives(&ct2), &ek_vector), Some(ct2));
        }
    }

    #[test]
    fn coefficients_out_of_range_are_refused() {
        let mut ek_vector = [0; EK_VECTOR_LEN];
        let mut state = [0; ENCAPSULATION_STATE_LEN];
        assert!(finish_encapsulation(&state, &ek_vector).is_some());
        state[1] = 0x7F;
        assert!(finish_encapsulation(&state, &ek_vector).is_none());
        state[3] = 0x7F;
        assert!(finish_encapsulation(&state, &ek_vector).is_none(), "two of them");
        for (coefficient, is_taken) in [(3_328_i16, true), (3_329, false), (-3_328, true), (-3_329, false)] {
            state[..2].copy_from_slice(&coefficient.to_le_bytes());
            state[2..4].fill(0);
            assert_eq!(finish_encapsulation(&state, &ek_vector).is_some(), is_taken, "{coefficient}");
        }
        state[..2].fill(0);
        ek_vector[..3].copy_from_slice(&[0x01, 0x0D, 0x00]);
        assert!(finish_encapsulation(&state, &ek_vector).is_none(), "3,329 in the lower bits");
        ek_vector[..3].copy_from_slice(&[0x00, 0x0D, 0x00]);
        assert!(finish_encapsulation(&state, &ek_vector).is_some(), "3,328 in the lower bits");
        ek_vector[..3].fill(0);
        ek_vector[1] = 0xD0;
        ek_vector[2] = 0x00;
        assert!(finish_encapsulation(&state, &ek_vector).is_some());
        ek_vector[1] = 0x10;
        ek_vector[2] = 0xD0;
        assert!(finish_encapsulation(&state, &ek_vector).is_none(), "3,329");
    }
}
