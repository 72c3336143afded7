// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rows that a device's records are stored in.

use subrosa::Address;
use subrosa::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use subrosa::store::RecordKind;

/// One row: what kind of record it holds, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    kind: RecordKind,
    name: String,
}

impl Row {
    pub fn identity() -> Self {
        Self { kind: RecordKind::IdentityKeyPair, name: "identity".to_owned() }
    }

    pub fn signed_pre_key(id: SignedPreKeyId) -> Self {
        Self { kind: RecordKind::SignedPreKey, name: format!("signed prekey {}", id.0) }
    }

    pub fn one_time_pre_key(id: OneTimePreKeyId) -> Self {
        Self { kind: RecordKind::OneTimePreKey, name: format!("one-time prekey {}", id.0) }
    }

    pub fn one_time_kem_pre_key(id: KemPreKeyId) -> Self {
        Self { kind: RecordKind::OneTimeKemPreKey, name: format!("one-time KEM prekey {}", id.0) }
    }

    pub fn last_resort_kem_pre_key(id: KemPreKeyId) -> Self {
        Self { kind: RecordKind::LastResortKemPreKey, name: format!("KEM prekey {}", id.0) }
    }

    pub fn session(remote: &Address) -> Self {
        Self { kind: RecordKind::Session, name: format!("session with {remote}") }
    }

    pub const fn kind(&self) -> RecordKind {
        self.kind
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a record in this row is sealed for: it opens in this device's store and in this row only.
    pub fn owner(&self, device: &Address) -> Vec<u8> {
        format!("{device}: {}", self.name).into_bytes()
    }
}
