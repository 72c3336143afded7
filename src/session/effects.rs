// SPDX-License-Identifier: MIT OR Apache-2.0

//! What must be stored in the same transaction as a session.

use crate::crypto::curve::PublicKey;
use crate::identity::IdentityKey;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};

/// What is to be stored beside a session's record, in the same transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionEffects {
    /// The remote account's identity key, to be kept and pinned from now on.
    pub save_identity: Option<IdentityKey>,
    /// The one-time prekey that began the session, to be deleted.
    pub delete_one_time_pre_key: Option<OneTimePreKeyId>,
    /// What is to be done about the KEM prekey that began the session.
    pub kem_pre_key: Option<KemPreKeyEffect>,
}

impl SessionEffects {
    /// That an identity key is to be saved, and nothing else.
    pub(super) fn of(identity: IdentityKey) -> Self {
        Self { save_identity: Some(identity), ..Self::default() }
    }
}

/// What is to be done about a KEM prekey after it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KemPreKeyEffect {
    /// It was a one-time prekey: delete it.
    Delete(KemPreKeyId),
    /// It was a last-resort prekey: keep this, and answer by it whether a later message is a replay.
    Remember(KemPreKeyUse),
}

/// One use of a last-resort KEM prekey. The same use must not come twice: it would be the same first
/// message, replayed as another sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KemPreKeyUse {
    /// The KEM prekey.
    pub kem: KemPreKeyId,
    /// The signed prekey that was used with it.
    pub signed: SignedPreKeyId,
    /// The initiator's base key.
    pub base_key: PublicKey,
}

impl KemPreKeyUse {
    /// The use as a key for a store: both ids, big endian, and the base key; 40 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 40] {
        let mut out = [0; 40];
        let (ids, key) = out.split_at_mut(8);
        let (kem, signed) = ids.split_at_mut(4);
        kem.copy_from_slice(&self.kem.0.to_be_bytes());
        signed.copy_from_slice(&self.signed.0.to_be_bytes());
        key.copy_from_slice(self.base_key.as_bytes());
        out
    }
}
