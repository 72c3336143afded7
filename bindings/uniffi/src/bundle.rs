// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bundles and uploads.

use std::sync::Arc;

use subrosa_binding as core;

use crate::error::SubrosaError;

/// A public prekey.
#[derive(uniffi::Record)]
pub struct PublicPreKey {
    /// Its id.
    pub id: u32,
    /// The encoded key: 33 bytes, or 1,569 of a KEM key.
    pub key: Vec<u8>,
    /// The identity key's signature over it, 64 bytes; empty for a one-time prekey, which has none.
    pub signature: Vec<u8>,
}

impl From<core::SignedKey> for PublicPreKey {
    fn from(core::SignedKey { id, key, signature }: core::SignedKey) -> Self {
        Self { id, key, signature }
    }
}

impl From<PublicPreKey> for core::SignedKey {
    fn from(PublicPreKey { id, key, signature }: PublicPreKey) -> Self {
        Self { id, key, signature }
    }
}

/// The parts of a bundle, to put it together from what some service gives.
#[derive(uniffi::Record)]
pub struct BundleParts {
    /// The device's registration id.
    pub registration_id: u32,
    /// The device.
    pub device: u32,
    /// The account's identity key, 33 bytes.
    pub identity_key: Vec<u8>,
    /// The signed prekey.
    pub signed_pre_key: PublicPreKey,
    /// A one-time prekey, if there was one left.
    pub one_time_pre_key: Option<PublicPreKey>,
    /// The KEM prekey. Without it the session is one of version 3.
    pub kem_pre_key: Option<PublicPreKey>,
}

/// The public keys of a device, from which a session is begun. Not verified yet.
#[derive(uniffi::Object)]
pub struct Bundle(pub(crate) core::Bundle);

#[uniffi::export]
impl Bundle {
    /// A bundle from its parts.
    #[uniffi::constructor]
    pub fn from_parts(parts: BundleParts) -> Result<Arc<Self>, SubrosaError> {
        let parts = core::BundleParts {
            registration_id: parts.registration_id,
            device: parts.device,
            identity_key: parts.identity_key,
            signed_pre_key: parts.signed_pre_key.into(),
            one_time_pre_key: parts.one_time_pre_key.map(Into::into),
            kem_pre_key: parts.kem_pre_key.map(Into::into),
        };
        Ok(Arc::new(Self(core::Bundle::from_parts(&parts)?)))
    }

    /// The parts.
    pub fn parts(&self) -> BundleParts {
        let parts = self.0.parts();
        BundleParts {
            registration_id: parts.registration_id,
            device: parts.device,
            identity_key: parts.identity_key,
            signed_pre_key: parts.signed_pre_key.into(),
            one_time_pre_key: parts.one_time_pre_key.map(Into::into),
            kem_pre_key: parts.kem_pre_key.map(Into::into),
        }
    }

    /// Reads the byte form.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::Bundle::from_bytes(&bytes)?)))
    }

    /// The byte form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }
}

/// The public halves of all keys that the service has not confirmed yet.
#[derive(uniffi::Object)]
pub struct Upload(pub(crate) core::Upload);

#[uniffi::export]
impl Upload {
    /// Reads the byte form.
    #[uniffi::constructor]
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::Upload::from_bytes(&bytes)?)))
    }

    /// The byte form. Nothing in it is secret.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// Whether there is no key in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out a bundle as the service would. For tests and small services.
    pub fn next_bundle(&self) -> Option<Arc<Bundle>> {
        self.0.next_bundle().map(|bundle| Arc::new(Bundle(bundle)))
    }

    /// Whether the service must drop all one-time prekeys that it has.
    pub fn replace_one_time(&self) -> bool {
        self.0.replace_one_time()
    }

    /// The token to keep at the service; 36 bytes.
    pub fn backup_token(&self) -> Vec<u8> {
        self.0.backup_token()
    }

    /// A new signed prekey.
    pub fn signed_pre_key(&self) -> Option<PublicPreKey> {
        self.0.signed_pre_key().map(Into::into)
    }

    /// A new last-resort KEM prekey.
    pub fn last_resort_kem_pre_key(&self) -> Option<PublicPreKey> {
        self.0.last_resort_kem_pre_key().map(Into::into)
    }

    /// One-time prekeys.
    pub fn one_time_pre_keys(&self) -> Vec<PublicPreKey> {
        self.0.one_time_pre_keys().into_iter().map(Into::into).collect()
    }

    /// One-time KEM prekeys.
    pub fn one_time_kem_pre_keys(&self) -> Vec<PublicPreKey> {
        self.0.one_time_kem_pre_keys().into_iter().map(Into::into).collect()
    }
}
