// SPDX-License-Identifier: MIT OR Apache-2.0

//! Texts at rest. The crate seals its own records; a messenger seals its texts, here by the same construction.
//!
//! ```text
//! sealed = salt (32) || ciphertext || tag (16)
//! key, nonce = HKDF(salt, record key, "example's text: key"), HKDF(salt, record key, "example's text: nonce")
//! ```

use subrosa::RecordKey;
use subrosa::hazmat::crypto::gcm;
use subrosa::hazmat::crypto::kdf::{Label, hkdf};
use subrosa::keys::Secret;
use subrosa::rand_core::CryptoRng;

const KEY: Label = Label::new("example's text: key");
const NONCE: Label = Label::new("example's text: nonce");

/// Seals a text for its row. None if it is longer than 64 GiB.
pub fn seal(key: &RecordKey, row: &[u8], text: &[u8], rng: &mut impl CryptoRng) -> Option<Vec<u8>> {
    let mut salt = [0; 32];
    rng.fill_bytes(&mut salt);
    let (key, nonce) = key_and_nonce(key, &salt);
    let mut ciphertext = text.to_vec();
    let tag = gcm::seal(key.as_bytes(), nonce.as_bytes(), row, &mut ciphertext).ok()?;
    Some([&salt[..], &ciphertext, &tag].concat())
}

/// Opens a text that [`seal`] made. None if it is not authentic in this row.
pub fn open(key: &RecordKey, row: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (salt, rest) = sealed.split_first_chunk()?;
    let (ciphertext, tag) = rest.split_last_chunk()?;
    let (key, nonce) = key_and_nonce(key, salt);
    let mut text = ciphertext.to_vec();
    gcm::open(key.as_bytes(), nonce.as_bytes(), row, &mut text, tag).ok()?;
    Some(text)
}

fn key_and_nonce(key: &RecordKey, salt: &[u8; 32]) -> (Secret<32>, Secret<{ gcm::NONCE_LEN }>) {
    (hkdf(Some(salt), key.as_bytes(), KEY), hkdf(Some(salt), key.as_bytes(), NONCE))
}
