// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bundles and uploads.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use subrosa::keys::{KemPublicKey, PublicKey};
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyPublic, OneTimePreKeyId, OneTimePreKeyPublic, SignedPreKeyId, SignedPreKeyPublic,
};
use subrosa::{DeviceId, PreKeyBundle, account};

use crate::error::Error;
use crate::plain::{array, exact, identity};

/// A public prekey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedKey {
    /// Its id.
    pub id: u32,
    /// The encoded key: 33 bytes, or 1,569 of a KEM key.
    pub key: Vec<u8>,
    /// The identity key's signature over it, 64 bytes; empty for a one-time prekey, which has none.
    pub signature: Vec<u8>,
}

impl From<&SignedPreKeyPublic> for SignedKey {
    fn from(key: &SignedPreKeyPublic) -> Self {
        Self { id: key.id.0, key: key.key.encode().into(), signature: key.signature.into() }
    }
}

impl From<&KemPreKeyPublic> for SignedKey {
    fn from(key: &KemPreKeyPublic) -> Self {
        Self { id: key.id.0, key: key.key.encode().into(), signature: key.signature.into() }
    }
}

impl From<&OneTimePreKeyPublic> for SignedKey {
    fn from(key: &OneTimePreKeyPublic) -> Self {
        Self { id: key.id.0, key: key.key.encode().into(), signature: Vec::new() }
    }
}

impl SignedKey {
    fn public(&self) -> Result<PublicKey, Error> {
        exact(&self.key, PublicKey::ENCODED_LEN, "a key")?;
        Ok(PublicKey::decode(&self.key)?)
    }

    fn signature(&self) -> Result<[u8; 64], Error> {
        array(&self.signature, "a signature")
    }
}

/// The public keys of a device, from which a session is begun. Not verified yet.
#[derive(Clone, Debug)]
pub struct Bundle(pub(crate) PreKeyBundle);

/// The parts of a bundle, to put it together from what some service gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleParts {
    /// The device's registration id.
    pub registration_id: u32,
    /// The device.
    pub device: u32,
    /// The account's identity key, 33 bytes.
    pub identity_key: Vec<u8>,
    /// The signed prekey.
    pub signed_pre_key: SignedKey,
    /// A one-time prekey, if there was one left.
    pub one_time_pre_key: Option<SignedKey>,
    /// The KEM prekey. Without it the session is one of version 3.
    pub kem_pre_key: Option<SignedKey>,
}

impl Bundle {
    /// A bundle from its parts.
    pub fn from_parts(parts: &BundleParts) -> Result<Self, Error> {
        let kem = |kem: &SignedKey| {
            exact(&kem.key, KemPublicKey::ENCODED_LEN, "a KEM key")?;
            let key = KemPublicKey::decode(&kem.key)?;
            Ok::<_, Error>(KemPreKeyPublic { id: KemPreKeyId(kem.id), key, signature: kem.signature()? })
        };
        let one_time = |one_time: &SignedKey| {
            Ok::<_, Error>(OneTimePreKeyPublic { id: OneTimePreKeyId(one_time.id), key: one_time.public()? })
        };
        let signed = &parts.signed_pre_key;
        Ok(Self(PreKeyBundle {
            registration_id: parts.registration_id,
            device_id: DeviceId::new(parts.device),
            identity_key: identity(&parts.identity_key)?,
            signed_pre_key: SignedPreKeyPublic {
                id: SignedPreKeyId(signed.id),
                key: signed.public()?,
                signature: signed.signature()?,
            },
            one_time_pre_key: parts.one_time_pre_key.as_ref().map(one_time).transpose()?,
            kem_pre_key: parts.kem_pre_key.as_ref().map(kem).transpose()?,
        }))
    }

    /// The parts.
    pub fn parts(&self) -> BundleParts {
        let Self(bundle) = self;
        BundleParts {
            registration_id: bundle.registration_id,
            device: bundle.device_id.get(),
            identity_key: bundle.identity_key.encode().into(),
            signed_pre_key: (&bundle.signed_pre_key).into(),
            one_time_pre_key: bundle.one_time_pre_key.as_ref().map(Into::into),
            kem_pre_key: bundle.kem_pre_key.as_ref().map(Into::into),
        }
    }

    /// Reads the crate's byte form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self(PreKeyBundle::from_bytes(bytes)?))
    }

    /// The crate's byte form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The account's identity key, 33 bytes.
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.identity_key.encode().into()
    }

    /// The device.
    pub fn device(&self) -> u32 {
        self.0.device_id.get()
    }
}

/// The public halves of all keys that the service has not confirmed yet.
pub struct Upload(Mutex<account::Upload>);

impl Upload {
    pub(crate) fn of(upload: &account::Upload) -> Self {
        Self(Mutex::new(upload.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, account::Upload> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn with<R>(&self, then: impl FnOnce(&account::Upload) -> R) -> R {
        then(&self.lock())
    }

    /// Reads the crate's byte form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self(Mutex::new(account::Upload::from_bytes(bytes)?)))
    }

    /// The crate's byte form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.lock().to_bytes()
    }

    /// Returns whether there is no key in it.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Takes out a bundle as the service would; none without a signed prekey. For tests and small services.
    pub fn next_bundle(&self) -> Option<Bundle> {
        self.lock().next_bundle().map(Bundle)
    }

    /// Whether the service must drop all one-time prekeys that it has.
    pub fn replace_one_time(&self) -> bool {
        self.lock().replace_one_time
    }

    /// A new signed prekey.
    pub fn signed_pre_key(&self) -> Option<SignedKey> {
        self.lock().signed_pre_key.as_ref().map(Into::into)
    }

    /// A new last-resort KEM prekey.
    pub fn last_resort_kem_pre_key(&self) -> Option<SignedKey> {
        self.lock().last_resort_kem_pre_key.as_ref().map(Into::into)
    }

    /// One-time prekeys.
    pub fn one_time_pre_keys(&self) -> Vec<SignedKey> {
        self.lock().one_time_pre_keys.iter().map(Into::into).collect()
    }

    /// One-time KEM prekeys.
    pub fn one_time_kem_pre_keys(&self) -> Vec<SignedKey> {
        self.lock().one_time_kem_pre_keys.iter().map(Into::into).collect()
    }

    /// The token to keep at the service.
    pub fn backup_token(&self) -> Vec<u8> {
        self.lock().token.to_bytes().into()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upload(..)")
    }
}
