// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where a party keeps its prekeys, in the deployed client's stored form. They are read when they are asked
//! for, so a damaged one does no harm before.

use subrosa::Timestamp;
use subrosa::keys::{KemKeyPair, KeyPair, PrivateKey, PublicKey, SIGNATURE_LEN};
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};

use super::Failure;
use super::primitives::{kem_public, kem_secret};
use super::stored::StoredPreKey;

/// The prekeys of one kind, in the order in which they came.
#[derive(Clone)]
pub(crate) struct Shelf {
    what: &'static str,
    keys: Vec<StoredPreKey>,
}

impl Shelf {
    const fn new(what: &'static str) -> Self {
        Self { what, keys: Vec::new() }
    }

    /// Keeps `key`, in the place of one with the same id if there is one.
    pub(crate) fn put(&mut self, key: StoredPreKey) {
        match self.keys.iter_mut().find(|kept| kept.id == key.id) {
            Some(kept) => *kept = key,
            None => self.keys.push(key),
        }
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.keys.retain(|kept| kept.id != id);
    }

    pub(crate) fn ids(&self) -> Vec<u32> {
        self.keys.iter().map(|kept| kept.id).collect()
    }

    fn get(&self, id: u32) -> Result<&StoredPreKey, Failure> {
        let found = self.keys.iter().find(|kept| kept.id == id);
        found.ok_or_else(|| Failure::generic(format!("{} {id} not found", self.what)))
    }
}

/// All prekeys of a party.
#[derive(Clone)]
pub(crate) struct Shelves {
    pub(crate) one_time: Shelf,
    pub(crate) signed: Shelf,
    pub(crate) kyber: Shelf,
    /// All Kyber prekeys are kept as those of last resort are: no base key may come twice.
    pub(crate) kyber_used: Vec<KemPreKeyUse>,
    /// The id of the next bundle's prekeys.
    pub(crate) next_id: u32,
}

impl Default for Shelves {
    fn default() -> Self {
        Self {
            one_time: Shelf::new("pre-key"),
            signed: Shelf::new("signed pre-key"),
            kyber: Shelf::new("kyber pre-key"),
            kyber_used: Vec::new(),
            next_id: 1,
        }
    }
}

impl Shelves {
    pub(crate) fn one_time_pre_key(&self, id: OneTimePreKeyId) -> Result<OneTimePreKey, Failure> {
        Ok(OneTimePreKey::from_key_pair(id, pair(self.one_time.get(id.0)?)?))
    }

    pub(crate) fn signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKey, Failure> {
        let kept = self.signed.get(id.0)?;
        let created = Timestamp::from_millis(kept.created);
        Ok(SignedPreKey::from_parts(id, pair(kept)?, signature(kept), created))
    }

    pub(crate) fn kyber_pre_key(&self, id: KemPreKeyId) -> Result<LastResortKemPreKey, Failure> {
        let kept = self.kyber.get(id.0)?;
        let pair = KemKeyPair::from_parts(kem_secret(&kept.private)?, kem_public(&kept.public)?)?;
        let created = Timestamp::from_millis(kept.created);
        Ok(LastResortKemPreKey::from_parts(id, pair, signature(kept), created))
    }
}

fn pair(kept: &StoredPreKey) -> Result<KeyPair, Failure> {
    Ok(KeyPair::from_parts(PrivateKey::decode(&kept.private)?, PublicKey::decode(&kept.public)?))
}

/// Who keeps a prekey does not need its signature, so one of another length is as good as none.
fn signature(kept: &StoredPreKey) -> [u8; SIGNATURE_LEN] {
    kept.signature.as_slice().try_into().unwrap_or([0; SIGNATURE_LEN])
}
