// SPDX-License-Identifier: MIT OR Apache-2.0

//! The identity key pair as libsignal stores it: for moving over from it, and for going back.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::IdentityKeyPair;
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::wire::stored::StoredIdentityKeyPair;

/// Why a stored key of libsignal can't be used: an identity key pair, or a prekey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredKeyError {
    /// The record is not protobuf.
    #[error("failed to decode protobuf")]
    InvalidProtobuf,
    /// A key is missing or does not decode.
    #[error("a key is not sound")]
    Unsound,
    /// Public and private half don't belong together.
    #[error("the halves of the key don't belong together")]
    Mismatch,
    /// The signature is missing, or not 64 bytes long.
    #[error("the signature is not sound")]
    BadSignature,
}

/// A pair of stored halves that belong together.
pub(crate) fn stored_pair(public: &[u8], private: &[u8]) -> Result<KeyPair, StoredKeyError> {
    let public = PublicKey::decode(public).map_err(|_| StoredKeyError::Unsound)?;
    let private = PrivateKey::decode(private).map_err(|_| StoredKeyError::Unsound)?;
    if private.public_key() == public {
        Ok(KeyPair::from_parts(private, public))
    } else {
        Err(StoredKeyError::Mismatch)
    }
}

impl IdentityKeyPair {
    /// Reads an identity key pair as libsignal stores it.
    ///
    /// # Errors
    /// [`StoredKeyError`].
    pub fn from_libsignal_record(bytes: &[u8]) -> Result<Self, StoredKeyError> {
        let stored = StoredIdentityKeyPair::parse(bytes).map_err(|_| StoredKeyError::InvalidProtobuf)?;
        stored_pair(stored.public_key, stored.private_key).map(Self::from_key_pair)
    }

    /// The record that libsignal would store, 69 bytes.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        let public = self.public().encode();
        StoredIdentityKeyPair { public_key: &public, private_key: self.private().as_bytes() }.encode()
    }
}
