// SPDX-License-Identifier: MIT OR Apache-2.0

//! The key of an attachment.

use core::fmt;

use rand_core::CryptoRng;

use crate::crypto::secret::Secret;

/// The key of one attachment, 64 bytes: an AES-256 key, then an HMAC-SHA-256 key. It travels in the message that
/// the attachment belongs to. Each attachment has its own.
pub struct AttachmentKey {
    cipher: Secret<32>,
    mac: Secret<32>,
}

impl AttachmentKey {
    /// A fresh key; draws 64 bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::new(&Secret::random(rng))
    }

    /// The key that a message brought.
    #[must_use]
    pub fn new(bytes: &Secret<64>) -> Self {
        let (cipher, mac) = bytes.split();
        Self { cipher, mac }
    }

    /// The 64 bytes for the message.
    #[must_use]
    pub fn to_secret(&self) -> Secret<64> {
        let mut bytes = Secret::zero();
        let (cipher, mac) = bytes.as_bytes_mut().split_at_mut(32);
        cipher.copy_from_slice(self.cipher.as_bytes());
        mac.copy_from_slice(self.mac.as_bytes());
        bytes
    }

    pub(super) const fn cipher(&self) -> &Secret<32> {
        &self.cipher
    }

    pub(super) const fn mac(&self) -> &Secret<32> {
        &self.mac
    }
}

impl fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cipher: _, mac: _ } = self;
        f.write_str("AttachmentKey(..)")
    }
}
