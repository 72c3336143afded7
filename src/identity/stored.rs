// SPDX-License-Identifier: MIT OR Apache-2.0

//! The identity key pair in libsignal's form: for moving over from it, and back.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::IdentityKeyPair;
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::libsignal::LibsignalError;
use crate::wire::stored::StoredIdentityKeyPair;

/// A pair of stored halves that belong together.
pub(crate) fn stored_pair(public: &[u8], private: &[u8]) -> Result<KeyPair, LibsignalError> {
    let public = PublicKey::decode(public).map_err(|_| LibsignalError::Unsound)?;
    let private = PrivateKey::decode(private).map_err(|_| LibsignalError::Unsound)?;
    if private.public_key() == public {
        Ok(KeyPair::from_parts(private, public))
    } else {
        Err(LibsignalError::Mismatch)
    }
}

impl IdentityKeyPair {
    /// Reads an identity key pair in libsignal's form.
    ///
    /// # Errors
    /// [`LibsignalError`].
    pub fn from_libsignal_record(bytes: &[u8]) -> Result<Self, LibsignalError> {
        let stored = StoredIdentityKeyPair::parse(bytes).map_err(|_| LibsignalError::Malformed)?;
        stored_pair(stored.public_key, stored.private_key).map(Self::from_key_pair)
    }

    /// The record that libsignal would store, 69 bytes.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        let public = self.public().encode();
        StoredIdentityKeyPair { public_key: &public, private_key: self.private().as_bytes() }.encode()
    }
}
