// SPDX-License-Identifier: MIT OR Apache-2.0

//! From a message key's seed and plaintext to ciphertext, and back.
//!
//! ```text
//! iv || cipher key = HKDF(0×32, seed, "WhisperGroup", 48), cut into 16 and 32
//! ciphertext       = AES-256-CBC(cipher key, iv, plaintext)
//! ```

use alloc::vec::Vec;

use crate::crypto::cbc::{self, BLOCK_LEN, BadPadding};
use crate::crypto::kdf::{Label, hkdf};
use crate::crypto::secret::Secret;
use crate::plaintext::Plaintext;
use crate::ratchet::chain::MessageKeySeed;

const LABEL: Label = Label::new("WhisperGroup");

fn keys(seed: &MessageKeySeed) -> (Secret<BLOCK_LEN>, Secret<32>) {
    hkdf::<48>(None, seed.as_bytes(), LABEL).split()
}

pub(super) fn encrypt(seed: &MessageKeySeed, plaintext: &[u8]) -> Vec<u8> {
    let (iv, cipher_key) = keys(seed);
    let mut body = Vec::with_capacity(cbc::encrypted_len(plaintext.len()));
    cbc::encrypt_into(cipher_key.as_bytes(), iv.as_bytes(), plaintext, &mut body);
    body
}

pub(super) fn decrypt(seed: &MessageKeySeed, body: &[u8]) -> Result<Plaintext, BadPadding> {
    let (iv, cipher_key) = keys(seed);
    cbc::decrypt(cipher_key.as_bytes(), iv.as_bytes(), body).map(Plaintext::new)
}
