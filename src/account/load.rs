// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reading an account back from its records.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::book::Book;
use super::effects::{AccountEffects, AccountRow};
use super::keys::{Keys, LastResort};
use super::limits::AccountLimits;
use super::uses::Uses;
use super::{Account, NewAccount};
use crate::identity::IdentityKeyPair;
use crate::prekey::{KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use crate::record::{Record, RecordError, RecordKind};

/// Why records are not those of one account at one time. Where each change was stored in one transaction this
/// can't happen, however often the app crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The account's own record.
    #[error(transparent)]
    Account(RecordError),
    /// A row, by its place among those that were given.
    #[error("row {at}: {error}")]
    Row {
        /// Its place, from 0.
        at: usize,
        /// What is wrong with it.
        error: RecordError,
    },
    /// A row came twice.
    #[error("{0:?} came twice")]
    Twice(AccountRow),
    /// A row with an id that was not given out yet: the account's record is older than the row.
    #[error("{0:?} is newer than the account")]
    Newer(AccountRow),
    /// A row that the account has deleted.
    #[error("{0:?} was deleted")]
    Deleted(AccountRow),
    /// A row is missing.
    #[error("{0:?} is missing")]
    Missing(AccountRow),
}

impl Account {
    /// Reads an account from its [record](Self::record) and all its [rows](Self::rows), in any order.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn from_records<R: AsRef<[u8]>>(
        account: &[u8],
        rows: impl IntoIterator<Item = R>,
        limits: AccountLimits,
    ) -> Result<Self, AccountError> {
        let mut loader = Loader::new(account)?;
        for (at, row) in rows.into_iter().enumerate() {
            loader.take(at, row.as_ref())?;
        }
        let missing = loader.missing().next();
        missing.map_or_else(|| Ok(loader.finish(limits)), |row| Err(AccountError::Missing(row)))
    }

    /// Reads what is left of an account whose records don't go together: identity, registration id, ids, and
    /// the keys that are sound. For an app whose store was damaged and that has nothing better. The stage that
    /// comes out drops all other rows; the errors say which, and why. [Recover](Self::recover) the account
    /// afterwards.
    ///
    /// # Errors
    /// [`RecordError`] if the account's own record does not read.
    pub fn salvage<R: AsRef<[u8]>>(
        account: &[u8],
        rows: impl IntoIterator<Item = R>,
        limits: AccountLimits,
    ) -> Result<(NewAccount, Vec<AccountError>), RecordError> {
        let mut loader = Loader::of(Book::from_record(account)?);
        let mut errors = Vec::new();
        for (at, row) in rows.into_iter().enumerate() {
            errors.extend(loader.take(at, row.as_ref()).err());
        }
        let missing: Vec<_> = loader.missing().collect();
        errors.extend(missing.iter().copied().map(AccountError::Missing));
        let mut delete: BTreeSet<_> = missing.into_iter().flat_map(AccountRow::with_companion).collect();
        for row in &delete {
            loader.drop(*row);
        }
        delete.extend(errors.iter().filter_map(AccountError::surplus));
        let account = loader.finish(limits);
        let effects = AccountEffects { put: Vec::new(), delete: delete.into_iter().collect() };
        Ok((NewAccount::with_effects(account, effects), errors))
    }
}

impl AccountError {
    /// The row that is too much.
    const fn surplus(&self) -> Option<AccountRow> {
        match self {
            Self::Newer(row) | Self::Deleted(row) => Some(*row),
            _ => None,
        }
    }
}

/// An account that is being read.
struct Loader {
    book: Book,
    identity: IdentityKeyPair,
    seen: BTreeSet<AccountRow>,
    keys: Keys,
    /// Last-resort KEM prekeys and their uses come in any order.
    last_resort: BTreeMap<KemPreKeyId, LastResortKemPreKey>,
    uses: BTreeMap<KemPreKeyId, Uses>,
}

impl Loader {
    fn new(account: &[u8]) -> Result<Self, AccountError> {
        Book::from_record(account).map(Self::of).map_err(AccountError::Account)
    }

    fn of((book, identity): (Book, IdentityKeyPair)) -> Self {
        Self {
            book,
            identity,
            seen: BTreeSet::new(),
            keys: Keys::default(),
            last_resort: BTreeMap::new(),
            uses: BTreeMap::new(),
        }
    }

    /// Reads a row and keeps what is in it, if it belongs to the account.
    fn take(&mut self, at: usize, bytes: &[u8]) -> Result<(), AccountError> {
        let row = Row::read(bytes).map_err(|error| AccountError::Row { at, error })?;
        let name = row.name();
        if self.book.is_unused(name) {
            return Err(AccountError::Newer(name));
        }
        if !self.book.has(name) {
            return Err(AccountError::Deleted(name));
        }
        if !self.seen.insert(name) {
            return Err(AccountError::Twice(name));
        }
        match row {
            Row::OneTime(key) => drop(self.keys.one_time.insert(key.id(), Box::new(key))),
            Row::Signed(key) => drop(self.keys.signed.insert(key.id(), Box::new(key))),
            Row::OneTimeKem(key) => drop(self.keys.one_time_kem.insert(key.id(), key)),
            Row::LastResort(key) => drop(self.last_resort.insert(key.id(), key)),
            Row::Uses(id, uses) => drop(self.uses.insert(id, uses)),
        }
        Ok(())
    }

    fn missing(&self) -> impl Iterator<Item = AccountRow> + '_ {
        self.book.rows().filter(|row| !self.seen.contains(row))
    }

    fn drop(&mut self, row: AccountRow) {
        self.book.remove(row);
        if let AccountRow::LastResortKemPreKey(id) = row {
            self.last_resort.remove(&id);
        }
    }

    /// Only keys whose uses are known are kept.
    fn finish(self, limits: AccountLimits) -> Account {
        let Self { book, identity, seen: _, mut keys, last_resort, mut uses } = self;
        for (id, key) in last_resort {
            if let Some(uses) = uses.remove(&id) {
                keys.last_resort.insert(id, LastResort { key, uses });
            }
        }
        Account::of(identity, book, keys, limits)
    }
}

/// What a row holds.
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

    fn name(&self) -> AccountRow {
        match self {
            Self::OneTime(key) => AccountRow::OneTimePreKey(key.id()),
            Self::Signed(key) => AccountRow::SignedPreKey(key.id()),
            Self::OneTimeKem(key) => AccountRow::OneTimeKemPreKey(key.id()),
            Self::LastResort(key) => AccountRow::LastResortKemPreKey(key.id()),
            Self::Uses(id, _) => AccountRow::LastResortUses(*id),
        }
    }
}
