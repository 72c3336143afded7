// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reading an account back from its records.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::Account;
use super::inventory::Inventory;
use super::keys::{Keys, LastResort, mark_of};
use super::limits::{Limits, LimitsError};
use super::row::Row as Name;
use super::uses::Uses;
use crate::address::Address;
use crate::identity::IdentityKeyPair;
use crate::prekey::{KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use crate::record::{Record, RecordError, RecordKind};
use crate::staged::Staged;
use crate::writes::{Key, Writes};

/// The reason that records are not those of one account at one time. Where each change was stored in one transaction
/// this can't happen, however often the app crashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The account's own record.
    #[error(transparent)]
    Account(RecordError),
    /// A row, by its place among those that were given.
    #[error("row {at}: {error}")]
    Row {
        /// Its place, from 0.
        at: usize,
        /// Its error.
        error: RecordError,
    },
    /// A row that belongs to another account, or is of another time: the account's record knows another one.
    #[error("{0:?} is of another account, or of another time")]
    Foreign(Key),
    /// The limits cannot work together.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// A row came twice.
    #[error("{0:?} was given twice")]
    Twice(Key),
    /// A row with an id that was not given out yet: the account's record is older than the row.
    #[error("{0:?} is newer than the account")]
    Newer(Key),
    /// A row that the account has deleted.
    #[error("{0:?} was deleted")]
    Deleted(Key),
    /// A row is missing.
    #[error("{0:?} is missing")]
    Missing(Key),
}

impl Account {
    /// Reads an account from its [record](Self::record) and all its [rows](Self::rows), in any order.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn from_records<R: AsRef<[u8]>>(
        address: Address,
        account: &[u8],
        rows: impl IntoIterator<Item = R>,
        limits: Limits,
    ) -> Result<Self, LoadError> {
        limits.check()?;
        let account = Inventory::from_record(account, &address).map_err(LoadError::Account)?;
        let mut loader = Loader::of(account);
        for (at, row) in rows.into_iter().enumerate() {
            loader.take(at, row.as_ref())?;
        }
        if let Some(id) = loader.foreign_last_resort().first() {
            return Err(LoadError::Foreign(Key::LastResortUses(*id)));
        }
        let missing = loader.missing().next();
        missing.map_or_else(|| Ok(loader.finish(address, limits)), |row| Err(LoadError::Missing(row.key())))
    }

    /// Salvages an account whose records don't go together: identity, registration id, ids, and the sound keys. For an
    /// app whose store was damaged and that has nothing better. The stage deletes all other rows; the errors say which,
    /// and why. [Recover](Self::recover) the account afterwards.
    ///
    /// # Errors
    /// [`LoadError`]: `Account` if the account's own record does not read; `Limits`.
    pub fn salvage<R: AsRef<[u8]>>(
        address: Address,
        account: &[u8],
        rows: impl IntoIterator<Item = R>,
        limits: Limits,
    ) -> Result<(Staged<'static, Self>, Vec<LoadError>), LoadError> {
        limits.check()?;
        let account = Inventory::from_record(account, &address).map_err(LoadError::Account)?;
        let mut loader = Loader::of(account);
        let mut errors = Vec::new();
        for (at, row) in rows.into_iter().enumerate() {
            errors.extend(loader.take(at, row.as_ref()).err());
        }
        for id in loader.foreign_last_resort() {
            errors.push(LoadError::Foreign(Key::LastResortUses(id)));
            loader.seen.remove(&Name::LastResortUses(id));
            loader.seen.remove(&Name::LastResortKemPreKey(id));
        }
        let missing: Vec<_> = loader.missing().collect();
        errors.extend(missing.iter().map(|row| LoadError::Missing(row.key())));
        let dropped: BTreeSet<_> = missing.into_iter().flat_map(Name::with_companion).collect();
        for row in &dropped {
            loader.drop(*row);
        }
        let kept: BTreeSet<_> =
            loader.seen.iter().filter(|row| !dropped.contains(row)).map(|row| row.key()).collect();
        let mut delete: BTreeSet<_> = dropped.into_iter().map(Name::key).collect();
        delete.extend(errors.iter().filter_map(LoadError::surplus).filter(|key| !kept.contains(key)));
        let mut account = loader.finish(address, limits);
        account.inventory.generation = account.inventory.generation.wrapping_add(1);
        let mut writes = Writes::default();
        writes.put_state(Key::Account, account.record(), account.generation());
        for key in delete {
            writes.delete(key);
        }
        Ok((Staged::new_state(writes, account), errors))
    }
}

impl LoadError {
    /// The row that is too much.
    fn surplus(&self) -> Option<Key> {
        match self {
            Self::Newer(key) | Self::Deleted(key) | Self::Foreign(key) => Some(key.clone()),
            _ => None,
        }
    }
}

/// An account that is being read.
struct Loader {
    inventory: Inventory,
    identity: IdentityKeyPair,
    /// Whether the account's record has the marks of its keys. If not, they are taken from the rows.
    marked: bool,
    seen: BTreeSet<Name>,
    keys: Keys,
    /// Last-resort KEM prekeys and their uses come in any order.
    last_resort: BTreeMap<KemPreKeyId, LastResortKemPreKey>,
    uses: BTreeMap<KemPreKeyId, Uses>,
}

impl Loader {
    fn of((inventory, identity, marked): (Inventory, IdentityKeyPair, bool)) -> Self {
        Self {
            inventory,
            identity,
            marked,
            seen: BTreeSet::new(),
            keys: Keys::default(),
            last_resort: BTreeMap::new(),
            uses: BTreeMap::new(),
        }
    }

    /// Reads a row and keeps its content, if it belongs to the account.
    fn take(&mut self, at: usize, bytes: &[u8]) -> Result<(), LoadError> {
        let row = Row::read(bytes).map_err(|error| LoadError::Row { at, error })?;
        let name = row.name();
        if self.inventory.is_unused(name) {
            return Err(LoadError::Newer(name.key()));
        }
        if !self.inventory.has(name) {
            return Err(LoadError::Deleted(name.key()));
        }
        if self.seen.contains(&name) {
            return Err(LoadError::Twice(name.key()));
        }
        if !self.inventory.knows(name, row.mark(), self.marked) {
            return Err(LoadError::Foreign(name.key()));
        }
        self.seen.insert(name);
        match row {
            Row::OneTime(key) => drop(self.keys.one_time.insert(key.id(), Box::new(key))),
            Row::Signed(key) => drop(self.keys.signed.insert(key.id(), Box::new(key))),
            Row::OneTimeKem(key) => drop(self.keys.one_time_kem.insert(key.id(), key)),
            Row::LastResort(key) => drop(self.last_resort.insert(key.id(), key)),
            Row::Uses(id, uses) => drop(self.uses.insert(id, uses)),
        }
        Ok(())
    }

    /// The last-resort KEM prekeys that are not, with their uses, those that the account knows.
    fn foreign_last_resort(&mut self) -> Vec<KemPreKeyId> {
        let Self { inventory, last_resort, uses, marked, .. } = self;
        let mut foreign = Vec::new();
        for (id, key) in last_resort {
            let Some(uses) = uses.get(id) else { continue };
            let mark = mark_of(&key.public().signature) ^ uses.mark();
            match inventory.last_resort.0.get_mut(id) {
                Some(state) if !*marked => state.mark = mark,
                Some(state) if state.mark == mark => {}
                _ => foreign.push(*id),
            }
        }
        foreign
    }

    fn missing(&self) -> impl Iterator<Item = Name> + '_ {
        self.inventory.rows().filter(|row| !self.seen.contains(row))
    }

    fn drop(&mut self, row: Name) {
        self.inventory.remove(row);
        if let Name::LastResortKemPreKey(id) = row {
            self.last_resort.remove(&id);
        }
    }

    /// Only keys whose uses are known are kept.
    fn finish(self, address: Address, limits: Limits) -> Account {
        let Self { inventory, identity, marked: _, seen: _, mut keys, last_resort, mut uses } = self;
        for (id, key) in last_resort {
            if let Some(uses) = uses.remove(&id) {
                keys.last_resort.insert(id, LastResort { key, uses });
            }
        }
        Account::of(address, identity, inventory, keys, limits)
    }
}

/// The content of a row.
#[derive(Debug)]
enum Row {
    OneTime(OneTimePreKey),
    Signed(SignedPreKey),
    OneTimeKem(OneTimeKemPreKey),
    LastResort(LastResortKemPreKey),
    Uses(KemPreKeyId, Uses),
}

impl Row {
    fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        match Record::kind_of(bytes)? {
            RecordKind::OneTimePreKey => OneTimePreKey::from_record(bytes).map(Self::OneTime),
            RecordKind::SignedPreKey => SignedPreKey::from_record(bytes).map(Self::Signed),
            RecordKind::OneTimeKemPreKey => OneTimeKemPreKey::from_record(bytes).map(Self::OneTimeKem),
            RecordKind::LastResortKemPreKey => LastResortKemPreKey::from_record(bytes).map(Self::LastResort),
            RecordKind::LastResortUses => Uses::from_record(bytes).map(|(id, uses)| Self::Uses(id, uses)),
            _ => Err(RecordError::WrongKind),
        }
    }

    /// The mark of its key. None of a last-resort KEM prekey, whose mark is that of its uses, too.
    fn mark(&self) -> Option<u32> {
        match self {
            Self::OneTime(key) => Some(mark_of(key.public().key.as_bytes())),
            Self::Signed(key) => Some(mark_of(&key.public().signature)),
            Self::OneTimeKem(key) => Some(mark_of(&key.public().signature)),
            Self::LastResort(_) | Self::Uses(..) => None,
        }
    }

    fn name(&self) -> Name {
        match self {
            Self::OneTime(key) => Name::OneTimePreKey(key.id()),
            Self::Signed(key) => Name::SignedPreKey(key.id()),
            Self::OneTimeKem(key) => Name::OneTimeKemPreKey(key.id()),
            Self::LastResort(key) => Name::LastResortKemPreKey(key.id()),
            Self::Uses(id, _) => Name::LastResortUses(*id),
        }
    }
}
