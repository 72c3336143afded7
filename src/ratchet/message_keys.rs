// SPDX-License-Identifier: MIT OR Apache-2.0

//! The keys of one message.

use super::chain::MessageKeySeed;
use crate::crypto::kdf::{Label, hkdf};
use crate::crypto::secret::Secret;

/// Cipher key, MAC key and initialisation vector of one message.
#[derive(Debug)]
pub struct MessageKeys {
    /// AES-256 key.
    pub cipher_key: Secret<32>,
    /// HMAC-SHA-256 key.
    pub mac_key: Secret<32>,
    /// Initialisation vector of CBC.
    pub iv: Secret<16>,
}

impl MessageKeys {
    /// Derives a message's keys. `post_quantum` is the post-quantum ratchet's key for it, if that gave one.
    ///
    /// ```text
    /// cipher key || mac key || iv = HKDF(post-quantum key or 0×32, seed, label, 80)
    /// ```
    #[must_use]
    pub fn derive(label: Label, seed: &MessageKeySeed, post_quantum: Option<&Secret<32>>) -> Self {
        let keys = hkdf::<80>(post_quantum.map(Secret::as_bytes), seed.as_bytes(), label);
        let (cipher_key, rest) = keys.split::<32, 48>();
        let (mac_key, iv) = rest.split();
        Self { cipher_key, mac_key, iv }
    }

    /// Another copy, for the one use of stored keys.
    pub(super) fn duplicate(&self) -> Self {
        let Self { cipher_key, mac_key, iv } = self;
        Self { cipher_key: cipher_key.duplicate(), mac_key: mac_key.duplicate(), iv: iv.duplicate() }
    }
}
