// SPDX-License-Identifier: MIT OR Apache-2.0

//! Changes to an account.

use alloc::boxed::Box;
use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::Account;
use super::ids::{IdSpace, UpkeepError};
use super::inventory::Inventory;
use super::keys::{Keys, LastResort};
use super::row::Row;
use super::states::Stage;
use super::uses::Uses;
use crate::identity::IdentityKeyPair;
use crate::lease::Lease;
use crate::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId,
    SignedPreKey,
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
    pub(super) fn generate_one_time(
        &mut self,
        count: u32,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), UpkeepError> {
        for id in self.inventory.ids.take(IdSpace::OneTime, count)?.map(OneTimePreKeyId) {
            self.inventory.one_time.add(id, Stage::Generated, now);
            self.new.one_time.insert(id, Box::new(OneTimePreKey::generate(id, rng)));
        }
        Ok(())
    }

    pub(super) fn generate_one_time_kem(
        &mut self,
        count: u32,
        identity: &IdentityKeyPair,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), UpkeepError> {
        for id in self.inventory.ids.take(IdSpace::Kem, count)?.map(KemPreKeyId) {
            self.inventory.one_time_kem.add(id, Stage::Generated, now);
            self.new.one_time_kem.insert(id, OneTimeKemPreKey::generate(id, identity, now, rng));
        }
        Ok(())
    }

    pub(super) fn generate_signed(
        &mut self,
        identity: &IdentityKeyPair,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), UpkeepError> {
        let id = self.inventory.next_signed(now)?;
        self.new.signed.insert(id, Box::new(SignedPreKey::generate(id, identity, now, rng)));
        Ok(())
    }

    pub(super) fn generate_last_resort(
        &mut self,
        identity: &IdentityKeyPair,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), UpkeepError> {
        let id = self.inventory.next_last_resort(now)?;
        let key = LastResortKemPreKey::generate(id, identity, now, rng);
        self.new.last_resort.insert(id, LastResort { key, uses: Uses::default() });
        Ok(())
    }

    pub(super) fn delete(&mut self, row: Row) {
        self.inventory.remove(row);
        self.delete.push(row);
    }
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
        writes.put_state(Key::Account, change.inventory.record(&self.identity, generation), generation);
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
