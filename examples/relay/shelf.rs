// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a device stores. In memory: the example `conversation` has stores that last, and that fail.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;

use subrosa::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::session::manual::{KemKey, NeededPreKeys, PreKeys};
use subrosa::{IdentityKey, IdentityKeyPair, KemPreKeyEffect, Record, SessionEffects, Timestamp};

use super::published::Published;
use super::world::Random;

/// How many one-time prekeys are published. A messenger publishes about a hundred.
const ONE_TIME: u32 = 4;

/// What a device stores. Each call that takes `&mut self` would be a transaction.
pub struct Shelf {
    signed: SignedPreKey,
    last_resort: LastResortKemPreKey,
    one_time: BTreeMap<OneTimePreKeyId, OneTimePreKey>,
    kem_uses: HashSet<KemPreKeyUse>,
    /// Identity keys of accounts, pinned when they were first seen.
    pinned: BTreeMap<String, IdentityKey>,
    /// The records of sessions and sender keys.
    records: BTreeMap<String, Vec<u8>>,
}

impl Shelf {
    /// Fresh prekeys.
    pub fn new(identity: &IdentityKeyPair, now: Timestamp, random: &mut Random) -> Self {
        let one_time = (1..=ONE_TIME).map(OneTimePreKeyId);
        let one_time = one_time.map(|id| (id, OneTimePreKey::generate(id, random))).collect();
        Self {
            signed: SignedPreKey::generate(SignedPreKeyId(1), identity, now, random),
            last_resort: LastResortKemPreKey::generate(KemPreKeyId(1), identity, now, random),
            one_time,
            kem_uses: HashSet::new(),
            pinned: BTreeMap::new(),
            records: BTreeMap::new(),
        }
    }

    /// What is to be published.
    pub fn published(&self, registration_id: u32, identity_key: IdentityKey) -> Published {
        Published {
            registration_id,
            identity_key,
            signed_pre_key: self.signed.public(),
            last_resort_kem_pre_key: Some(self.last_resort.public()),
            one_time_pre_keys: self.one_time.values().map(OneTimePreKey::public).collect(),
        }
    }

    /// The identity key that is pinned for an account.
    pub fn pinned(&self, account: &str) -> Option<IdentityKey> {
        self.pinned.get(account).copied()
    }

    /// Stores a record.
    #[expect(clippy::unnecessary_wraps, reason = "a store that lasts can fail")]
    pub fn put(&mut self, row: &str, record: &Record) -> Result<(), Infallible> {
        self.records.insert(row.to_owned(), record.as_bytes().to_vec());
        Ok(())
    }

    /// Stores what a staged change of a session with a device of `account` asks for.
    pub fn put_session(
        &mut self,
        row: &str,
        account: &str,
        record: &Record,
        effects: &SessionEffects,
    ) -> Result<(), Infallible> {
        if let Some(identity) = effects.save_identity {
            self.pinned.insert(account.to_owned(), identity);
        }
        if let Some(id) = effects.delete_one_time_pre_key {
            self.one_time.remove(&id);
        }
        if let Some(KemPreKeyEffect::Remember(used)) = effects.kem_pre_key {
            self.kem_uses.insert(used);
        }
        self.put(row, record)
    }

    /// Lends the prekeys that a first message needs. One that is not there is left out, and the message is
    /// refused.
    pub fn lend(&mut self, needed: &NeededPreKeys) -> PreKeys<'_> {
        let used_before = needed.kem.is_some_and(|used| self.kem_uses.contains(&used));
        PreKeys {
            signed: &self.signed,
            one_time: needed.one_time.and_then(|id| self.one_time.remove(&id)),
            kem: needed.kem.map(|_| KemKey::LastResort { key: &self.last_resort, used_before }),
        }
    }

    /// Takes back a one-time prekey of a message that was refused.
    pub fn take_back(&mut self, one_time: Option<OneTimePreKey>) {
        self.one_time.extend(one_time.map(|key| (key.id(), key)));
    }

    /// All records, to see whether something changes.
    pub fn records(&self) -> BTreeMap<String, Vec<u8>> {
        self.records.clone()
    }
}
