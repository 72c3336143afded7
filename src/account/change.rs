// SPDX-License-Identifier: MIT OR Apache-2.0

//! Changes to an account.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use rand_core::CryptoRng;

use super::Account;
use super::ids::{IdSpace, UpkeepError};
use super::inventory::Inventory;
use super::keys::{Keys, LastResort, mark_of};
use super::limits::Limits;
use super::row::Row;
use super::states::{KeyState, Stage};
use super::uses::{Uses, mark_of_use};
use crate::crypto::curve::{KeyPair, PrivateKey, public_keys};
use crate::identity::IdentityKeyPair;
use crate::lease::Lease;
use crate::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId,
    SignedPreKey, SignedPreKeyId,
};
use crate::staged::State;
use crate::timestamp::Timestamp;
use crate::writes::{Key, Writes};

/// A change to an [`Account`], prepared but not made.
pub(crate) struct AccountChange {
    /// As it will be.
    pub(super) inventory: Inventory,
    /// Keys that come in.
    pub(super) new: Keys,
    /// Rows that go.
    pub(super) delete: Vec<Row>,
    /// A use of a last-resort KEM prekey, to be remembered.
    pub(super) used: Option<KemPreKeyUse>,
}

impl AccountChange {
    /// Takes free ids of a space: `count`, or as many as there are together.
    fn take_ids(&mut self, space: IdSpace, count: u32, limits: &Limits) -> Range<u32> {
        let Self { inventory, delete, .. } = self;
        inventory.take_ids(space, count, limits.max_id, delete.iter().copied())
    }

    fn take_id(&mut self, space: IdSpace, limits: &Limits) -> Result<u32, UpkeepError> {
        self.take_ids(space, 1, limits).next().ok_or(UpkeepError::NoFreeId(space))
    }

    pub(super) fn generate_one_time(
        &mut self,
        count: u32,
        (limits, now): (&Limits, Timestamp),
        rng: &mut impl CryptoRng,
    ) {
        let ids = self.take_ids(IdSpace::OneTime, count, limits).map(OneTimePreKeyId);
        let private: Vec<_> = ids.clone().map(|_| PrivateKey::generate(rng)).collect();
        let pairs = private.iter().zip(public_keys(&private));
        for (id, (private, public)) in ids.zip(pairs) {
            // Copied: what is moved out of a vector is not wiped there.
            let pair = KeyPair::from_parts(private.duplicate(), public);
            let key = Box::new(OneTimePreKey::from_key_pair(id, pair));
            self.inventory.one_time.add(id, generated(now, mark_of(key.public().key.as_bytes())));
            self.new.one_time.insert(id, key);
        }
    }

    pub(super) fn generate_one_time_kem(
        &mut self,
        count: u32,
        identity: &IdentityKeyPair,
        (limits, now): (&Limits, Timestamp),
        rng: &mut impl CryptoRng,
    ) {
        for id in self.take_ids(IdSpace::Kem, count, limits).map(KemPreKeyId) {
            let key = OneTimeKemPreKey::generate(id, identity, now, rng);
            self.inventory.one_time_kem.add(id, generated(now, mark_of(&key.public().signature)));
            self.new.one_time_kem.insert(id, key);
        }
    }

    pub(super) fn generate_signed(
        &mut self,
        identity: &IdentityKeyPair,
        (limits, now): (&Limits, Timestamp),
        rng: &mut impl CryptoRng,
    ) -> Result<(), UpkeepError> {
        let id = SignedPreKeyId(self.take_id(IdSpace::Signed, limits)?);
        let key = Box::new(SignedPreKey::generate(id, identity, now, rng));
        self.inventory.signed.add(id, generated(now, mark_of(&key.public().signature)));
        self.new.signed.insert(id, key);
        Ok(())
    }

    pub(super) fn generate_last_resort(
        &mut self,
        identity: &IdentityKeyPair,
        (limits, now): (&Limits, Timestamp),
        rng: &mut impl CryptoRng,
    ) -> Result<(), UpkeepError> {
        let id = KemPreKeyId(self.take_id(IdSpace::Kem, limits)?);
        let key = LastResortKemPreKey::generate(id, identity, now, rng);
        let last_resort = LastResort { key, uses: Uses::default() };
        self.inventory.last_resort.add(id, generated(now, last_resort.mark()));
        self.new.last_resort.insert(id, last_resort);
        Ok(())
    }

    /// Notes a use of a last-resort KEM prekey, one of `keys`.
    pub(super) fn note_use(&mut self, keys: &Keys, used: KemPreKeyUse) {
        let known = keys.last_resort.get(&used.kem).is_some_and(|kept| kept.uses.contains(&used));
        if let Some(state) = self.inventory.last_resort.0.get_mut(&used.kem).filter(|_| !known) {
            state.mark ^= mark_of_use(used.signed, used.base_key.as_bytes());
        }
        self.used = Some(used);
    }

    pub(super) fn delete(&mut self, row: Row) {
        self.inventory.remove(row);
        self.delete.push(row);
    }
}

/// The state of a fresh key.
const fn generated(now: Timestamp, mark: u32) -> KeyState {
    KeyState { stage: Stage::Generated, since: now, mark }
}

impl Account {
    /// A change of nothing.
    pub(super) fn draft(&self) -> AccountChange {
        AccountChange {
            inventory: self.inventory.clone(),
            new: Keys::default(),
            delete: Vec::new(),
            used: None,
        }
    }
}

impl State for Account {
    type Change = AccountChange;

    fn write_after(&self, change: &AccountChange, writes: &mut Writes) {
        let generation = self.inventory.generation.wrapping_add(1);
        writes.put_state(
            Key::Account,
            change.inventory.record(&self.address, &self.identity, generation),
            generation,
        );
        for (row, record) in change.new.rows() {
            writes.put(row.key(), record);
        }
        if let Some(used) = &change.used
            && let Some(last_resort) = self.keys.last_resort.get(&used.kem)
        {
            writes.put(Key::LastResortUses(used.kem), last_resort.uses.record(used.kem, Some(used)));
        }
        for row in &change.delete {
            writes.delete(row.key());
        }
    }

    fn apply(&mut self, change: AccountChange) {
        let AccountChange { inventory, new, delete, used } = change;
        let generation = self.inventory.generation.wrapping_add(1);
        self.inventory = Inventory { generation, ..inventory };
        for row in delete {
            self.keys.delete(row);
        }
        self.keys.add(new);
        if let Some(used) = used
            && let Some(last_resort) = self.keys.last_resort.get_mut(&used.kem)
        {
            last_resort.uses.insert(&used);
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}
