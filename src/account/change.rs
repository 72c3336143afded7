// SPDX-License-Identifier: MIT OR Apache-2.0

//! A change to an account, while it is made up and until it is made.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::Account;
use super::book::Book;
use super::effects::{AccountEffects, AccountRow};
use super::ids::{IdSpace, IdsExhausted};
use super::keys::{Keys, LastResort};
use super::shelf::Stage;
use super::uses::Uses;
use crate::identity::IdentityKeyPair;
use crate::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
};
use crate::record::Record;
use crate::session::KemPreKeyUse;
use crate::staged::{Staged, State, sealed};
use crate::timestamp::Timestamp;

/// A change to an [`Account`], prepared but not made.
pub struct AccountChange {
    /// As it will be.
    pub(super) book: Book,
    /// Keys that come in.
    pub(super) new: Keys,
    /// Rows that go.
    pub(super) delete: Vec<AccountRow>,
    /// A use of a last-resort KEM prekey, to be remembered.
    pub(super) used: Option<KemPreKeyUse>,
}

impl AccountChange {
    pub(super) fn generate_one_time(
        &mut self,
        count: u32,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), IdsExhausted> {
        for id in self.book.ids.take(IdSpace::OneTime, count)?.map(OneTimePreKeyId) {
            self.book.one_time.add(id, Stage::Generated, now);
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
    ) -> Result<(), IdsExhausted> {
        for id in self.book.ids.take(IdSpace::Kem, count)?.map(KemPreKeyId) {
            self.book.one_time_kem.add(id, Stage::Generated, now);
            self.new.one_time_kem.insert(id, OneTimeKemPreKey::generate(id, identity, now, rng));
        }
        Ok(())
    }

    pub(super) fn generate_signed(
        &mut self,
        identity: &IdentityKeyPair,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), IdsExhausted> {
        let id = self.book.next_signed(now)?;
        self.new.signed.insert(id, Box::new(SignedPreKey::generate(id, identity, now, rng)));
        Ok(())
    }

    pub(super) fn generate_last_resort(
        &mut self,
        identity: &IdentityKeyPair,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), IdsExhausted> {
        let id = self.book.next_last_resort(now)?;
        let key = LastResortKemPreKey::generate(id, identity, now, rng);
        self.new.last_resort.insert(id, LastResort { key, uses: Uses::default() });
        Ok(())
    }

    pub(super) fn delete(&mut self, row: AccountRow) {
        self.book.remove(row);
        self.delete.push(row);
    }
}

impl Account {
    /// A change of nothing.
    pub(super) fn draft(&self) -> AccountChange {
        AccountChange { book: self.book.clone(), new: Keys::default(), delete: Vec::new(), used: None }
    }

    pub(super) fn stage<T>(&mut self, change: AccountChange, output: T) -> Staged<'_, Self, T> {
        let mut put = change.new.rows();
        if let Some(used) = &change.used
            && let Some(last_resort) = self.keys.last_resort.get(&used.kem)
        {
            put.push((AccountRow::LastResortUses(used.kem), last_resort.uses.record(used.kem, Some(used))));
        }
        let effects = AccountEffects { put, delete: change.delete.clone() };
        Staged::new(self, change, effects, output)
    }
}

impl State for Account {
    type Effects = AccountEffects;
}

impl sealed::Sealed for Account {
    type Change = AccountChange;

    fn record_after(&self, change: &AccountChange) -> Record {
        change.book.record(&self.identity, self.book.generation.wrapping_add(1))
    }

    fn apply(&mut self, change: AccountChange) {
        let AccountChange { book, new, delete, used } = change;
        let generation = self.book.generation.wrapping_add(1);
        self.book = Book { generation, ..book };
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
}

impl fmt::Debug for AccountChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { book: _, new: _, delete: _, used: _ } = self;
        f.write_str("AccountChange(..)")
    }
}
