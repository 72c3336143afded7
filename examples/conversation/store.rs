// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device's durable store: records, sealed at rest, and what is kept beside them.
//!
//! A sealed record says whom it belongs to, not how old it is: whoever can put back a copy of the whole file
//! puts the device back in time. A messenger keeps its store where only it can write.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageError,
    TableDefinition, TableError,
};
use subrosa::prekey::{KemPreKeyUse, OneTimePreKeyId};
use subrosa::{Address, IdentityKey, KemPreKeyEffect, Record, RecordError, RecordKey, SessionEffects};
use zeroize::Zeroizing;

use super::key_file;
use super::row::Row;
use super::side::Side;
use super::text;
use super::world::Random;

/// The sealed records, by the names of their rows.
const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");
/// The identity keys that are pinned, by address.
const IDENTITIES: TableDefinition<'_, &str, &[u8; IdentityKey::ENCODED_LEN]> =
    TableDefinition::new("identities");
/// The uses of last-resort KEM prekeys that are remembered.
const KEM_USES: TableDefinition<'_, &[u8; 40], ()> = TableDefinition::new("KEM uses");
/// The texts that were received, sealed, in the order in which they came.
const TEXTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("texts");
/// Counters and other numbers.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");

const FORMAT: u64 = 1;

/// Why the store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{} is missing, but {} is there; the conversation can't go on", .missing.display(), .there.display())]
    Missing { missing: PathBuf, there: PathBuf },
    #[error("{}: {error}", .path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{} does not hold a key of 64 hexadecimal digits", .0.display())]
    NotAKey(PathBuf),
    #[error("{} is not a store of this program", .0.display())]
    Foreign(PathBuf),
    #[error("{} is in format {found}; this program knows format {FORMAT} only", .path.display())]
    Format { path: PathBuf, found: u64 },
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    #[error("{} is sealed under another key than the one in {}, or for another device", .store.display(), .key.display())]
    OtherKey { store: PathBuf, key: PathBuf },
    #[error("the record `{row}` can't be read: {error}")]
    Record { row: String, error: RecordError },
    #[error("the text no. {0} can't be read")]
    Text(u64),
    #[error("the number `{0}` is out of range")]
    BadNumber(&'static str),
    #[error("the record `{0}` is gone")]
    NoRecord(String),
    #[error(transparent)]
    Database(#[from] redb::Error),
    /// Not an error at all: the example lets the store fail on purpose.
    #[error("disk full")]
    OnPurpose,
}

/// A device's durable store.
pub struct Store {
    database: Database,
    key: RecordKey,
    /// Whose records these are. They open in no other device's store.
    owner: Address,
    paths: Paths,
    fails_next: Cell<bool>,
}

struct Paths {
    store: PathBuf,
    key: PathBuf,
}

/// What [`Store::save_session`] wrote, in one transaction.
#[derive(Debug, Default)]
pub struct Saved {
    /// The session's record, in bytes: plain and sealed.
    pub session: (usize, usize),
    /// A text that was received, in bytes: plain and sealed.
    pub text: Option<(usize, usize)>,
    /// The peer's identity key, if it was not pinned before.
    pub pinned: Option<IdentityKey>,
    pub deleted: Option<OneTimePreKeyId>,
    pub remembered: Option<KemPreKeyUse>,
}

impl Store {
    /// Opens the store of one side's device in `dir`, or makes it with a fresh key. A store that was made is
    /// not usable the next time until a [`Batch`] was committed to it.
    pub fn open(dir: &Path, side: Side, random: &mut Random) -> Result<Self, StoreError> {
        let paths = Paths { store: dir.join(format!("{side}.redb")), key: dir.join(format!("{side}.key")) };
        let owner = side.address();
        let (database, key) = match (fs::exists(&paths.store), fs::exists(&paths.key)) {
            (Ok(false), Ok(false)) => {
                let key = RecordKey::generate(random);
                key_file::write(&paths.key, &key).map_err(io_error(&paths.key))?;
                (Database::create(&paths.store), key)
            }
            (Ok(true), Ok(true)) => {
                let key = key_file::read(&paths.key).map_err(io_error(&paths.key))?;
                let key = key.ok_or_else(|| StoreError::NotAKey(paths.key.clone()))?;
                (Database::open(&paths.store), key)
            }
            (Ok(true), Ok(false)) => {
                return Err(StoreError::Missing { missing: paths.key, there: paths.store });
            }
            (Ok(false), Ok(true)) => {
                return Err(StoreError::Missing { missing: paths.store, there: paths.key });
            }
            (Err(error), _) => return Err(io_error(&paths.store)(error)),
            (_, Err(error)) => return Err(io_error(&paths.key)(error)),
        };
        let database = database.map_err(|error| database_error(error, &paths.store))?;
        Ok(Self { database, key, owner, paths, fails_next: Cell::new(false) })
    }

    /// Checks that the store is in our format. None if it was just made.
    pub fn format(&self) -> Result<Option<()>, StoreError> {
        match self.number("format") {
            Ok(Some(FORMAT)) => Ok(Some(())),
            Ok(Some(found)) => Err(StoreError::Format { path: self.paths.store.clone(), found }),
            Ok(None) if self.tables()? == 0 => Ok(None),
            _ => Err(StoreError::Foreign(self.paths.store.clone())),
        }
    }

    /// What the record in `row` holds, read by `read`.
    pub fn load<T>(
        &self,
        row: &Row,
        read: impl FnOnce(&[u8]) -> Result<T, RecordError>,
    ) -> Result<Option<T>, StoreError> {
        let Some(sealed) = self.sealed(row)? else { return Ok(None) };
        let record = self.unseal(row, &sealed)?;
        let unreadable = |error| StoreError::Record { row: row.name().to_owned(), error };
        read(record.as_bytes()).map(Some).map_err(unreadable)
    }

    /// As [`load`](Self::load), of a record that must be there.
    pub fn require<T>(
        &self,
        row: &Row,
        read: impl FnOnce(&[u8]) -> Result<T, RecordError>,
    ) -> Result<T, StoreError> {
        self.load(row, read)?.ok_or_else(|| StoreError::NoRecord(row.name().to_owned()))
    }

    /// What `row` holds as it lies there.
    pub fn sealed(&self, row: &Row) -> Result<Option<Vec<u8>>, StoreError> {
        let found =
            self.read(RECORDS, |table| Ok(table.get(row.name())?.map(|sealed| sealed.value().to_vec())))?;
        Ok(found.flatten())
    }

    /// Opens the bytes of `row`, wherever they come from.
    pub fn unseal(&self, row: &Row, sealed: &[u8]) -> Result<Record, StoreError> {
        self.key.open(row.kind(), &row.owner(&self.owner), sealed).map_err(|error| match error {
            RecordError::NotAuthentic if *row == Row::identity() => {
                StoreError::OtherKey { store: self.paths.store.clone(), key: self.paths.key.clone() }
            }
            error => StoreError::Record { row: row.name().to_owned(), error },
        })
    }

    /// The identity key that is pinned for the device at `address`. It is public, but whoever could change
    /// it here could make us trust another.
    pub fn pinned(&self, address: &Address) -> Result<Option<IdentityKey>, StoreError> {
        let name = address.to_string();
        let found = self.read(IDENTITIES, |table| Ok(table.get(name.as_str())?.map(|key| *key.value())))?;
        let Some(encoded) = found.flatten() else { return Ok(None) };
        let damaged =
            || StoreError::Record { row: format!("identity of {name}"), error: RecordError::Damaged };
        IdentityKey::decode(&encoded).map(Some).map_err(|_| damaged())
    }

    /// Whether this use of a last-resort KEM prekey is remembered.
    pub fn remembers(&self, used: &KemPreKeyUse) -> Result<bool, StoreError> {
        let found = self.read(KEM_USES, |table| Ok(table.get(&used.to_bytes())?.is_some()))?;
        Ok(found == Some(true))
    }

    pub fn number(&self, name: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.read(NUMBERS, |table| Ok(table.get(name)?.map(|number| number.value())))?.flatten())
    }

    /// The names of all rows that hold records, and what they hold as it lies there.
    pub fn all_sealed(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let found = self.read(RECORDS, |table| {
            table
                .iter()?
                .map(|row| row.map(|(name, sealed)| (name.value().to_owned(), sealed.value().to_vec())))
                .collect()
        })?;
        Ok(found.unwrap_or_default())
    }

    /// The text that was received last.
    pub fn last_text(&self) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let found = self.read(TEXTS, |table| {
            Ok(table.last()?.map(|(at, sealed)| (at.value(), sealed.value().to_vec())))
        })?;
        let Some((at, sealed)) = found.flatten() else { return Ok(None) };
        text::open(&self.key, &self.text_owner(at), &sealed).map(Some).ok_or(StoreError::Text(at))
    }

    /// How many texts were received.
    pub fn text_count(&self) -> Result<u64, StoreError> {
        Ok(self.read(TEXTS, |table| table.len())?.unwrap_or_default())
    }

    /// What the text at this place is sealed for.
    fn text_owner(&self, at: u64) -> Vec<u8> {
        format!("{}: text {at}", self.owner).into_bytes()
    }

    /// Begins a transaction.
    pub fn batch<'a>(&'a self, random: &'a mut Random) -> Result<Batch<'a>, StoreError> {
        let transaction = self.database.begin_write().map_err(redb::Error::from)?;
        Ok(Batch { store: self, transaction, random })
    }

    /// Stores what a staged change of the session with `remote` asks for, and the text that was received with it:
    /// all of it or nothing.
    pub fn save_session(
        &self,
        remote: &Address,
        record: &Record,
        effects: &SessionEffects,
        text: Option<&[u8]>,
        random: &mut Random,
    ) -> Result<Saved, StoreError> {
        let known = self.pinned(remote)?;
        let pinned = effects.save_identity.filter(|identity| known != Some(*identity));
        let mut batch = self.batch(random)?;
        let sealed = batch.put(&Row::session(remote), record)?;
        if let Some(identity) = &pinned {
            batch.pin(remote, identity)?;
        }
        if let Some(id) = effects.delete_one_time_pre_key {
            batch.delete(&Row::one_time_pre_key(id))?;
        }
        let mut remembered = None;
        match &effects.kem_pre_key {
            Some(KemPreKeyEffect::Delete(id)) => batch.delete(&Row::one_time_kem_pre_key(*id))?,
            Some(KemPreKeyEffect::Remember(used)) => {
                batch.remember(used)?;
                remembered = Some(*used);
            }
            _ => {}
        }
        let text = text.map(|text| batch.add_text(text).map(|sealed| (text.len(), sealed))).transpose()?;
        batch.commit()?;
        let session = (record.as_bytes().len(), sealed);
        Ok(Saved { session, text, pinned, deleted: effects.delete_one_time_pre_key, remembered })
    }

    /// Lets the next transaction fail at its very end.
    pub fn fail_next(&self) {
        self.fails_next.set(true);
    }

    fn tables(&self) -> Result<usize, StoreError> {
        let count =
            || -> Result<usize, redb::Error> { Ok(self.database.begin_read()?.list_tables()?.count()) };
        Ok(count()?)
    }

    /// Reads from a table. None if nothing was ever written to it.
    fn read<K: redb::Key + 'static, V: redb::Value + 'static, T>(
        &self,
        table: TableDefinition<'_, K, V>,
        look: impl FnOnce(redb::ReadOnlyTable<K, V>) -> Result<T, StorageError>,
    ) -> Result<Option<T>, StoreError> {
        let transaction = self.database.begin_read().map_err(redb::Error::from)?;
        match transaction.open_table(table) {
            Ok(table) => Ok(Some(look(table).map_err(redb::Error::from)?)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(redb::Error::from(error).into()),
        }
    }
}

/// A transaction: everything in it is stored by [`commit`](Self::commit), or nothing.
pub struct Batch<'a> {
    store: &'a Store,
    transaction: redb::WriteTransaction,
    random: &'a mut Random,
}

impl Batch<'_> {
    /// Seals `record` into `row`. Gives the length of the sealed record in bytes.
    pub fn put(&mut self, row: &Row, record: &Record) -> Result<usize, StoreError> {
        let owner = row.owner(&self.store.owner);
        let sealed = self.store.key.seal(record, &owner, self.random);
        let sealed = sealed.map_err(|error| StoreError::Record { row: row.name().to_owned(), error })?;
        self.insert(RECORDS, &row.name(), &sealed.as_slice())?;
        Ok(sealed.len())
    }

    /// Seals a text that was received, after those before. Gives the length of the sealed text in bytes.
    fn add_text(&mut self, text: &[u8]) -> Result<usize, StoreError> {
        let count = || -> Result<u64, redb::Error> { Ok(self.transaction.open_table(TEXTS)?.len()?) };
        let at = count()?;
        let owner = self.store.text_owner(at);
        let sealed = text::seal(&self.store.key, &owner, text, self.random).ok_or(StoreError::Text(at))?;
        self.insert(TEXTS, &at, &sealed.as_slice())?;
        Ok(sealed.len())
    }

    pub fn delete(&mut self, row: &Row) -> Result<(), StoreError> {
        let delete = || -> Result<(), redb::Error> {
            self.transaction.open_table(RECORDS)?.remove(row.name())?;
            Ok(())
        };
        Ok(delete()?)
    }

    pub fn set_number(&mut self, name: &str, number: u64) -> Result<(), StoreError> {
        self.insert(NUMBERS, &name, &number)
    }

    /// Marks a store that was just made as one of ours.
    pub fn set_format(&mut self) -> Result<(), StoreError> {
        self.set_number("format", FORMAT)
    }

    /// Stores durably.
    pub fn commit(self) -> Result<(), StoreError> {
        if self.store.fails_next.take() {
            return Err(StoreError::OnPurpose);
        }
        Ok(self.transaction.commit().map_err(redb::Error::from)?)
    }

    fn pin(&mut self, address: &Address, identity: &IdentityKey) -> Result<(), StoreError> {
        self.insert(IDENTITIES, &address.to_string().as_str(), &&identity.encode())
    }

    fn remember(&mut self, used: &KemPreKeyUse) -> Result<(), StoreError> {
        self.insert(KEM_USES, &&used.to_bytes(), &())
    }

    fn insert<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
        key: &K::SelfType<'_>,
        value: &V::SelfType<'_>,
    ) -> Result<(), StoreError> {
        let insert = || -> Result<(), redb::Error> {
            self.transaction.open_table(table)?.insert(key, value)?;
            Ok(())
        };
        Ok(insert()?)
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| StoreError::Io { path, error }
}

fn database_error(error: DatabaseError, path: &Path) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.to_owned()),
        DatabaseError::Storage(StorageError::Corrupted(_)) => StoreError::Foreign(path.to_owned()),
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            StoreError::Foreign(path.to_owned())
        }
        error => redb::Error::from(error).into(),
    }
}
