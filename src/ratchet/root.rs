// SPDX-License-Identifier: MIT OR Apache-2.0

//! The root chain (Double Ratchet §3.5, `KDF_RK`).

use super::chain::ChainKey;
use crate::crypto::kdf::{Label, hkdf};
use crate::crypto::secret::Secret;

/// A root key, `RK`.
#[derive(Debug, PartialEq, Eq)]
pub struct RootKey(Secret<32>);

impl RootKey {
    /// A root key as agreed or stored.
    #[must_use]
    pub const fn new(key: Secret<32>) -> Self {
        Self(key)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The next root key, and a new chain.
    ///
    /// ```text
    /// root' || chain key = HKDF(root, dh, label, 64)
    /// ```
    #[must_use]
    pub fn step(&self, label: Label, dh: &Secret<32>) -> (Self, ChainKey) {
        let (root, chain) = hkdf::<64>(Some(self.as_bytes()), dh.as_bytes(), label).split();
        (Self(root), ChainKey::new(chain, 0))
    }
}
