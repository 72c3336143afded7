// SPDX-License-Identifier: MIT OR Apache-2.0

//! ML-KEM-768 as `libcrux-ml-kem` computes it. It wipes nothing, so it writes into our own types.

use alloc::boxed::Box;

use libcrux_ml_kem::mlkem768::incremental::{self, Ciphertext1, Ciphertext2};

use super::{CT1_LEN, CT2_LEN, EK_VECTOR_LEN, ENCAPSULATION_STATE_LEN, EXPANDED_LEN, HEADER_LEN};
use crate::crypto::kdf::MacKey;
use crate::crypto::secret::Secret;

pub(super) fn expand(seed: &Secret<64>) -> Box<Secret<EXPANDED_LEN>> {
    let mut expanded = Box::new(Secret::zero());
    incremental::generate_key_pair_compressed(*seed.as_bytes(), expanded.as_bytes_mut());
    expanded
}

pub(super) fn encapsulate1(
    header: &[u8; HEADER_LEN],
    random: &Secret<32>,
) -> ([u8; CT1_LEN], Secret<32>, Box<Secret<ENCAPSULATION_STATE_LEN>>) {
    let mut state = Box::new(Secret::zero());
    let mut secret = Secret::zero();
    let ct1 =
        incremental::encapsulate1(header, *random.as_bytes(), state.as_bytes_mut(), secret.as_bytes_mut());
    debug_assert!(ct1.is_ok(), "all lengths are right");
    match ct1 {
        Ok(ct1) => (ct1.value, secret, state),
        Err(_) => ([0; CT1_LEN], shared_with_nobody(random), state),
    }
}

/// The secret of an encapsulation that failed, which no wrong length of ours can make happen. The peer finds another
/// one, and nobody finds this one.
fn shared_with_nobody(random: &Secret<32>) -> Secret<32> {
    MacKey::new(random.as_bytes()).mac(&[b"subrosa encapsulation failed"])
}

pub(super) fn encapsulate2(
    state: &Secret<ENCAPSULATION_STATE_LEN>,
    ek_vector: &[u8; EK_VECTOR_LEN],
) -> [u8; CT2_LEN] {
    incremental::encapsulate2(state.as_bytes(), ek_vector).value
}

/// Returns whether hash and modulus check (FIPS 203 §7.2) say that the two halves of a key belong together.
pub(super) fn fits(header: &[u8; HEADER_LEN], ek_vector: &[u8; EK_VECTOR_LEN]) -> bool {
    incremental::validate_pk_bytes(header, ek_vector).is_ok()
}

pub(super) fn decapsulate(key: &[u8; EXPANDED_LEN], ct1: &[u8; CT1_LEN], ct2: &[u8; CT2_LEN]) -> Secret<32> {
    let (ct1, ct2) = (Ciphertext1 { value: *ct1 }, Ciphertext2 { value: *ct2 });
    Secret::new(incremental::decapsulate_compressed_key(key, &ct1, &ct2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_encapsulation_gives_no_secret_that_others_know() {
        let [one, other] = [1, 2].map(|byte| shared_with_nobody(&Secret::new([byte; 32])));
        assert_ne!(one.as_bytes(), other.as_bytes());
        assert!(one.as_bytes() != &[0; 32] && one.as_bytes() != &[1; 32]);
    }
}
