// SPDX-License-Identifier: MIT OR Apache-2.0

//! Prekeys in libsignal's form: for moving over from it, and back.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::kem::{KemPreKey, LastResortKemPreKey, OneTimeKemPreKey};
use super::one_time::OneTimePreKey;
use super::signed::SignedPreKey;
use crate::crypto::kem::{KemKeyPair, KemPublicKey, KemSecretKey};
use crate::identity::stored_pair;
use crate::ids::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::libsignal::LibsignalError;
use crate::timestamp::Timestamp;
use crate::wire::stored::{StoredPreKey, StoredSignedPreKey};

/// Place of the public key in the encoded secret key of a KEM: after the type byte and the secret key of the underlying
/// scheme, which has 1,536 bytes.
const PUBLIC_IN_SECRET: core::ops::Range<usize> = 1537..3105;

impl OneTimePreKey {
    /// Reads a one-time prekey in libsignal's form.
    ///
    /// # Errors
    /// [`LibsignalError`].
    pub fn from_libsignal_record(bytes: &[u8]) -> Result<Self, LibsignalError> {
        let stored = StoredPreKey::parse(bytes).map_err(|_| LibsignalError::Malformed)?;
        let pair = stored_pair(stored.public_key, stored.private_key)?;
        Ok(Self::from_key_pair(OneTimePreKeyId(stored.id), pair))
    }

    /// The record that libsignal would store.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        let public = self.key_pair().public().encode();
        let private_key = self.key_pair().private().as_bytes();
        StoredPreKey { id: self.id().0, public_key: &public, private_key }.encode()
    }
}

impl SignedPreKey {
    /// Reads a signed prekey in libsignal's form. The signature is not verified.
    ///
    /// # Errors
    /// [`LibsignalError`].
    pub fn from_libsignal_record(bytes: &[u8]) -> Result<Self, LibsignalError> {
        let stored = StoredSignedPreKey::parse(bytes).map_err(|_| LibsignalError::Malformed)?;
        let pair = stored_pair(stored.public_key, stored.private_key)?;
        let signature = stored.signature.try_into().map_err(|_| LibsignalError::BadSignature)?;
        let created = Timestamp::from_millis(stored.timestamp);
        Ok(Self::from_parts(SignedPreKeyId(stored.id), pair, signature, created))
    }

    /// The record that libsignal would store.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        let public = self.public();
        let stored = StoredSignedPreKey {
            id: self.id().0,
            public_key: &public.key.encode(),
            private_key: self.key_pair().private().as_bytes(),
            signature: &public.signature,
            timestamp: self.created().as_millis(),
        };
        stored.encode()
    }
}

impl KemPreKey {
    fn from_libsignal_record(bytes: &[u8]) -> Result<Self, LibsignalError> {
        let stored = StoredSignedPreKey::parse(bytes).map_err(|_| LibsignalError::Malformed)?;
        let public = KemPublicKey::decode(stored.public_key).map_err(|_| LibsignalError::Unsound)?;
        let secret = KemSecretKey::decode(stored.private_key).map_err(|_| LibsignalError::Unsound)?;
        if stored.private_key.get(PUBLIC_IN_SECRET) != stored.public_key.get(1..) {
            return Err(LibsignalError::Mismatch);
        }
        let pair = KemKeyPair::from_parts(secret, public).map_err(|_| LibsignalError::Mismatch)?;
        let signature = stored.signature.try_into().map_err(|_| LibsignalError::BadSignature)?;
        let created = Timestamp::from_millis(stored.timestamp);
        Ok(Self::from_parts(KemPreKeyId(stored.id), pair, signature, created))
    }

    fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        let (public, secret) = (self.public(), self.pair.secret().encode());
        let stored = StoredSignedPreKey {
            id: self.id.0,
            public_key: &public.key.encode(),
            private_key: secret.as_bytes(),
            signature: &public.signature,
            timestamp: self.created.as_millis(),
        };
        stored.encode()
    }
}

impl OneTimeKemPreKey {
    /// Reads a Kyber prekey in libsignal's form as a one-time one; the record does not say which it is. The signature
    /// is not verified.
    ///
    /// # Errors
    /// [`LibsignalError`].
    pub fn from_libsignal_record(bytes: &[u8]) -> Result<Self, LibsignalError> {
        KemPreKey::from_libsignal_record(bytes).map(Self)
    }

    /// The record that libsignal would store.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        self.0.to_libsignal_record()
    }
}

impl LastResortKemPreKey {
    /// Reads a Kyber prekey in libsignal's form as one of last resort; the record does not say which it is. The
    /// signature is not verified.
    ///
    /// # Errors
    /// [`LibsignalError`].
    pub fn from_libsignal_record(bytes: &[u8]) -> Result<Self, LibsignalError> {
        KemPreKey::from_libsignal_record(bytes).map(Self)
    }

    /// The record that libsignal would store.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        self.0.to_libsignal_record()
    }
}
