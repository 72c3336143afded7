// SPDX-License-Identifier: MIT OR Apache-2.0

//! The published halves of prekeys.

use crate::crypto::curve::PublicKey;
use crate::crypto::kem::KemPublicKey;
use crate::crypto::xeddsa::Signature;
use crate::ids::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};

/// The published half of a one-time prekey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimePreKeyPublic {
    /// Its id.
    pub id: OneTimePreKeyId,
    /// Its key.
    pub key: PublicKey,
}

/// The published half of a signed prekey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPreKeyPublic {
    /// Its id.
    pub id: SignedPreKeyId,
    /// Its key.
    pub key: PublicKey,
    /// The identity key's signature over the encoded key.
    pub signature: Signature,
}

/// The published half of a KEM prekey, one-time or last-resort: the initiator can't tell and need not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KemPreKeyPublic {
    /// Its id.
    pub id: KemPreKeyId,
    /// Its key.
    pub key: KemPublicKey,
    /// The identity key's signature over the encoded key.
    pub signature: Signature,
}
