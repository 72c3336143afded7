// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bundles (OMEMO facts §4): what a device publishes.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::error::BundleError;
use super::identity::IdentityKey;
use crate::crypto::curve::PublicKey;
use crate::wire::omemo::{self as wire, Version};

/// A bundle, as it is in the XML once base64 is undone. Nothing is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The version.
    pub version: Version,
    /// The number of the device.
    pub device: u32,
    /// The identity: 32 bytes, legacy 33.
    pub identity: Vec<u8>,
    /// The number of the signed prekey.
    pub signed_pre_key_id: u32,
    /// The signed prekey: 32 bytes, legacy 33.
    pub signed_pre_key: Vec<u8>,
    /// Its signature, 64 bytes.
    pub signature: Vec<u8>,
    /// One-time prekeys with their numbers: around 100, at least 25 (legacy 20).
    pub pre_keys: Vec<(u32, Vec<u8>)>,
}

impl Bundle {
    /// Verifies the bundle. With a number, of its one-time prekeys only that one is used.
    ///
    /// # Errors
    /// [`BundleError`]: malformed keys, no one-time prekey, an invalid identity, a bad signature, in this order.
    pub fn verify(&self, pre_key_id: Option<u32>) -> Result<VerifiedBundle, BundleError> {
        let version = self.version;
        let identity = wire::decode_key(version, &self.identity)?;
        let signed = PublicKey::from_bytes(wire::decode_key(version, &self.signed_pre_key)?);
        let mut pre_keys = Vec::with_capacity(self.pre_keys.len());
        for (id, key) in &self.pre_keys {
            if pre_key_id.is_none_or(|wanted| wanted == *id) {
                pre_keys.push((*id, wire::decode_key(version, key)?));
            }
        }
        pre_keys.sort_by_key(|(_, key)| *key);
        pre_keys.dedup_by_key(|(_, key)| *key);
        if pre_keys.is_empty() {
            return Err(BundleError::NoOneTimePreKey);
        }
        let identity = IdentityKey::from_wire(version, identity)?;
        if !identity.verify_pre_key(&self.signed_pre_key, &self.signature) {
            return Err(BundleError::BadSignature);
        }
        let (device, signed_pre_key_id) = (self.device, self.signed_pre_key_id);
        Ok(VerifiedBundle { device, identity, signed_pre_key_id, signed_pre_key: signed, pre_keys })
    }
}

/// A bundle whose signature is its identity's.
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    pub(super) device: u32,
    pub(super) identity: IdentityKey,
    pub(super) signed_pre_key_id: u32,
    pub(super) signed_pre_key: PublicKey,
    /// By their bytes; never empty.
    pre_keys: Vec<(u32, [u8; 32])>,
}

impl VerifiedBundle {
    /// The identity, for a decision on trust.
    #[must_use]
    pub const fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// A one-time prekey at random; draws 4 bytes if there are several.
    pub(super) fn choose(&self, rng: &mut impl CryptoRng) -> Option<(u32, PublicKey)> {
        let at = match self.pre_keys.len() {
            1 => 0,
            len => {
                let mut drawn = [0; 4];
                rng.fill_bytes(&mut drawn);
                usize::try_from(u32::from_le_bytes(drawn)).ok()?.checked_rem(len)?
            }
        };
        self.pre_keys.get(at).map(|(id, key)| (*id, PublicKey::from_bytes(*key)))
    }
}
