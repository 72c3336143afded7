// SPDX-License-Identifier: MIT OR Apache-2.0

//! Texts at rest. The crate seals its own records; the texts are the messenger's, and are sealed the same way.
//!
//! ```text
//! sealed     = salt (32) || ciphertext || tag (16)
//! key        = HKDF(salt, record key, "conversation's text: key", 32)
//! nonce      = HKDF(salt, record key, "conversation's text: nonce", 12)
//! ```

use subrosa::RecordKey;
use subrosa::hazmat::crypto::gcm;
use subrosa::hazmat::crypto::kdf::{Label, hkdf};
use subrosa::keys::Secret;
use subrosa::rand_core::Rng;
use zeroize::Zeroizing;

use super::world::Random;

const KEY: Label = Label::new("conversation's text: key");
const NONCE: Label = Label::new("conversation's text: nonce");
const SALT_LEN: usize = 32;

/// Seals a text for a device's store. None if it is too long.
pub fn seal(key: &RecordKey, owner: &[u8], text: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut salt = [0; SALT_LEN];
    random.fill_bytes(&mut salt);
    let (key, nonce) = keys(key, &salt);
    let mut ciphertext = text.to_vec();
    let tag = gcm::seal(key.as_bytes(), nonce.as_bytes(), owner, &mut ciphertext).ok()?;
    Some([&salt[..], &ciphertext, &tag].concat())
}

/// Opens what [`seal`] made. None if it is not authentic.
pub fn open(key: &RecordKey, owner: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (salt, rest) = sealed.split_first_chunk::<SALT_LEN>()?;
    let (ciphertext, tag) = rest.split_last_chunk()?;
    let (key, nonce) = keys(key, salt);
    let mut text = Zeroizing::new(ciphertext.to_vec());
    gcm::open(key.as_bytes(), nonce.as_bytes(), owner, &mut text, tag).ok()?;
    Some(text)
}

fn keys(key: &RecordKey, salt: &[u8; SALT_LEN]) -> (Secret<32>, Secret<{ gcm::NONCE_LEN }>) {
    (hkdf(Some(salt), key.as_bytes(), KEY), hkdf(Some(salt), key.as_bytes(), NONCE))
}
