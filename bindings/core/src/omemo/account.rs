// SPDX-License-Identifier: MIT OR Apache-2.0

//! Devices, and what they publish.

use std::fmt;

use subrosa::omemo::{self, IdentityKeyPair, Version};
use subrosa::os_rng;
use zeroize::Zeroizing;

use super::OmemoVersion;
use crate::error::Error;
use crate::plain::array;
use crate::stage::Stage;
use crate::state::Shared;

/// A public prekey of OMEMO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OmemoPreKey {
    /// Its number.
    pub id: u32,
    /// The key: 32 bytes, legacy 33.
    pub key: Vec<u8>,
}

/// What a device publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OmemoBundle {
    /// The number of the device.
    pub device: u32,
    /// The identity key: 32 bytes, legacy 33.
    pub identity_key: Vec<u8>,
    /// The signed prekey.
    pub signed_pre_key: OmemoPreKey,
    /// Its signature, 64 bytes.
    pub signature: Vec<u8>,
    /// One-time prekeys: about 100, at least 25 (legacy 20).
    pub pre_keys: Vec<OmemoPreKey>,
}

impl OmemoBundle {
    fn of(bundle: omemo::Bundle) -> Self {
        let signed_pre_key = OmemoPreKey { id: bundle.signed_pre_key_id, key: bundle.signed_pre_key };
        let pre_keys = bundle.pre_keys.into_iter().map(|(id, key)| OmemoPreKey { id, key }).collect();
        let (device, identity_key, signature) = (bundle.device, bundle.identity, bundle.signature);
        Self { device, identity_key, signed_pre_key, signature, pre_keys }
    }

    pub(super) fn to_subrosa(&self, version: Version) -> omemo::Bundle {
        omemo::Bundle {
            version,
            device: self.device,
            identity: self.identity_key.clone(),
            signed_pre_key_id: self.signed_pre_key.id,
            signed_pre_key: self.signed_pre_key.key.clone(),
            signature: self.signature.clone(),
            pre_keys: self.pre_keys.iter().map(|pre_key| (pre_key.id, pre_key.key.clone())).collect(),
        }
    }
}

/// Our device in one version: its identity and prekeys.
#[derive(Clone)]
pub struct OmemoAccount(pub(super) Shared<omemo::Account>);

impl OmemoAccount {
    fn of(account: omemo::Account) -> Self {
        Self(Shared::new(account))
    }

    /// A device with a fresh identity, without prekeys. Its number is random, 1 to 2^31 - 1, and unique in the account.
    /// It is stored with its first prekeys.
    pub fn generate(version: OmemoVersion, device: u32) -> Self {
        let identity = IdentityKeyPair::generate(&mut os_rng());
        Self::of(omemo::Account::new(version.to_subrosa(), device, identity))
    }

    /// A device with the identity of another account, as the two versions share it: a `seed` of 32 bytes.
    pub fn from_seed(version: OmemoVersion, device: u32, seed: &[u8]) -> Result<Self, Error> {
        let seed = Zeroizing::new(array::<32>(seed, "a seed")?);
        Ok(Self::of(omemo::Account::new(version.to_subrosa(), device, IdentityKeyPair::from_seed(&seed))))
    }

    /// The seed of the identity, 32 bytes, for an account of the other version. Secret.
    pub fn seed(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.0.lock().identity().seed().map(|seed| Zeroizing::new(seed.to_vec()))
    }

    /// Reads a stored record.
    pub fn from_record(record: &[u8]) -> Result<Self, Error> {
        Ok(Self::of(omemo::Account::from_record(record)?))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.lock().record().as_bytes().to_vec())
    }

    /// The number of the device.
    pub fn device(&self) -> u32 {
        self.0.lock().device()
    }

    /// The public identity key: 32 bytes, legacy 33.
    pub fn identity_key(&self) -> Vec<u8> {
        self.0.lock().public_identity().encode()
    }

    /// Number of changes that were committed.
    pub fn generation(&self) -> u64 {
        self.0.lock().generation()
    }

    /// Makes prekeys: a signed one, at first and once a week to once a month, of which the one before stays; and as many
    /// one-time ones as there are less than `stock`, usually 100. Publish the bundle after the commit.
    pub fn renew(&self, signed: bool, stock: u32) -> Result<Stage<()>, Error> {
        let mut account = self.0.lock();
        let held = u32::try_from(account.pre_key_ids().len()).unwrap_or(u32::MAX);
        let ids = account.next_pre_key_ids(stock.saturating_sub(held));
        let next = account.signed_pre_key_ids().into_iter().max().unwrap_or_default() % 0x7FFF_FFFF + 1;
        let staged = account.renew(signed.then_some(next), &ids, &mut os_rng())?;
        Ok(Stage::of(staged, &self.0, |()| ()))
    }

    /// The numbers of the one-time prekeys that are here.
    pub fn pre_key_ids(&self) -> Vec<u32> {
        self.0.lock().pre_key_ids()
    }

    /// Removes one-time prekeys that were kept while the archive was read.
    pub fn remove_pre_keys(&self, ids: &[u32]) -> Result<Stage<()>, Error> {
        Ok(Stage::of(self.0.lock().remove_pre_keys(ids)?, &self.0, |()| ()))
    }

    /// What to publish; none before the first prekeys.
    pub fn bundle(&self) -> Option<OmemoBundle> {
        self.0.lock().bundle().map(OmemoBundle::of)
    }

    /// Signs the label of this device, for version 2; 64 bytes.
    pub fn sign_label(&self, label: &str) -> Vec<u8> {
        self.0.lock().identity().sign_label(label, &mut os_rng()).into()
    }
}

impl fmt::Debug for OmemoAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OmemoAccount(..)")
    }
}
