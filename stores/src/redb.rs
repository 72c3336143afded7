// SPDX-License-Identifier: MIT OR Apache-2.0

//! A store in a file of redb: pure Rust, for one process.
//!
//! ```text
//! rows     key -> 00 || value, or 01 || generation (8) || value
//! entries  queue (1) || id (8) -> value
//! meta     "version", "next entry" -> number (8); "check" -> value      numbers are big endian
//! ```

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use subrosa::store::StaleStage;

use crate::cells::{Cells, Row, Sealing};
use crate::changes::Changes;
use crate::error::StoreError;
use crate::local::{Store, sealed};
use crate::transaction::Queue;

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// The newest version of the tables.
const VERSION: u64 = 1;

/// The tables, in a file.
pub struct Redb(Database);

/// A [`Store`] in a file of redb.
///
/// The file is locked while it is open: another process gets [`StoreError::Locked`].
pub type RedbStore = Store<Redb>;

impl RedbStore {
    /// Opens a store, or makes it.
    ///
    /// # Errors
    /// [`StoreError`]: `Locked`, `Damaged`, `WrongKey`, `NewerVersion`, `ReadOnly`, `Full`.
    pub fn open(path: &Path, sealing: impl Into<Sealing>) -> Result<Self, StoreError> {
        let (database, cells) = (Database::create(path)?, Cells::new(sealing.into(), Vec::new()));
        let transaction = database.begin_write()?;
        migrate(&transaction, &cells)?;
        transaction.commit()?;
        Ok(Self { tables: Redb(database), cells })
    }
}

/// Makes the tables of a new file, and those of an older version new. The key is looked at before anything changes.
fn migrate(transaction: &WriteTransaction, cells: &Cells) -> Result<(), StoreError> {
    transaction.open_table(ROWS)?;
    transaction.open_table(ENTRIES)?;
    let mut meta = transaction.open_table(META)?;
    let version = number(&meta, "version")?;
    match version {
        0 => {
            meta.insert("check", cells.check()?.as_slice())?;
            meta.insert("version", VERSION.to_be_bytes().as_slice())?;
        }
        VERSION => {
            let check = meta.get("check")?.map(|check| check.value().to_vec());
            cells.verify(&check.unwrap_or_default())?;
        }
        newer => return Err(StoreError::NewerVersion(u32::try_from(newer).unwrap_or(u32::MAX))),
    }
    Ok(())
}

/// A number of the table `meta`; 0 if it is not there.
fn number(meta: &impl ReadableTable<&'static str, &'static [u8]>, name: &str) -> Result<u64, StoreError> {
    let number = meta.get(name)?;
    Ok(number.and_then(|number| number.value().try_into().ok().map(u64::from_be_bytes)).unwrap_or_default())
}

fn decode(value: &[u8]) -> Result<Row, StoreError> {
    let row = match value {
        [0, value @ ..] => Some(Row { generation: None, value: value.to_vec() }),
        [1, rest @ ..] => rest.split_first_chunk().map(|(generation, value)| Row {
            generation: Some(u64::from_be_bytes(*generation)),
            value: value.to_vec(),
        }),
        _ => None,
    };
    row.ok_or_else(|| StoreError::Damaged("a row of unknown form".into()))
}

fn encode(row: &Row) -> Vec<u8> {
    match row.generation {
        None => [&[0], row.value.as_slice()].concat(),
        Some(generation) => [&[1], generation.to_be_bytes().as_slice(), &row.value].concat(),
    }
}

fn entry_key(queue: Queue, id: u64) -> [u8; 9] {
    let mut key = [queue.number(); 9];
    let [_, number @ ..] = &mut key;
    *number = id.to_be_bytes();
    key
}

impl sealed::Tables for Redb {
    fn row(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let table = self.0.begin_read()?.open_table(ROWS)?;
        table.get(key)?.map(|value| decode(value.value())).transpose()
    }

    fn rows(&self, kind: Option<u8>) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        let table = self.0.begin_read()?.open_table(ROWS)?;
        let (first, after) = (kind.map(|kind| [kind]), kind.map(|kind| [kind.saturating_add(1)]));
        let first = first.as_ref().map_or(&[][..], |first| first);
        let mut rows = Vec::new();
        for row in table.range(first..)? {
            let (key, value) = row?;
            if after.is_some_and(|after| key.value() >= after.as_slice()) {
                break;
            }
            rows.push((key.value().to_vec(), decode(value.value())?));
        }
        Ok(rows)
    }

    #[cfg(feature = "rose")]
    fn beginning(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        let table = self.0.begin_read()?.open_table(ROWS)?;
        let mut rows = Vec::new();
        for row in table.range(prefix..)? {
            let (key, value) = row?;
            if !key.value().starts_with(prefix) {
                break;
            }
            rows.push((key.value().to_vec(), decode(value.value())?));
        }
        Ok(rows)
    }

    fn entries(&self, queue: Queue) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let table = self.0.begin_read()?.open_table(ENTRIES)?;
        let (first, last) = (entry_key(queue, 0), entry_key(queue, u64::MAX));
        let mut entries = Vec::new();
        for entry in table.range(first.as_slice()..=last.as_slice())? {
            let (key, value) = entry?;
            let id = key.value().last_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
            entries.push((id, value.value().to_vec()));
        }
        Ok(entries)
    }

    fn apply(&mut self, changes: Changes, cells: &Cells) -> Result<(), StoreError> {
        let transaction = self.0.begin_write()?;
        write(&transaction, changes, cells)?; // Dropped, the transaction is rolled back.
        transaction.commit().map_err(|error| StoreError::InDoubt(Box::new(error)))
    }
}

fn write(transaction: &WriteTransaction, changes: Changes, cells: &Cells) -> Result<(), StoreError> {
    let Changes { checks, rows, entries, done } = changes;
    let mut table = transaction.open_table(ROWS)?;
    for (key, generation) in checks {
        let held = table.get(key.as_slice())?.map(|value| decode(value.value())).transpose()?;
        StaleStage::check(generation, held.map(|row| row.generation.unwrap_or_default()))?;
    }
    for (key, row) in rows {
        match row {
            Some(row) => drop(table.insert(key.as_slice(), encode(&row).as_slice())?),
            None => drop(table.remove(key.as_slice())?),
        }
    }
    let (mut queues, mut meta) = (transaction.open_table(ENTRIES)?, transaction.open_table(META)?);
    for (queue, id) in done {
        queues.remove(entry_key(queue, id).as_slice())?;
    }
    let mut id = number(&meta, "next entry")?;
    for entry in entries {
        id += 1;
        queues.insert(entry_key(entry.queue, id).as_slice(), cells.seal_entry(&entry, id)?.as_slice())?;
        meta.insert("next entry", id.to_be_bytes().as_slice())?;
    }
    Ok(())
}

impl fmt::Debug for Redb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redb(..)")
    }
}

/// What the operating system said, in our words.
fn of_io(kind: io::ErrorKind, error: Box<dyn Error + Send + Sync>) -> StoreError {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(error),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => StoreError::ReadOnly(error),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => StoreError::Damaged(error),
        _ => StoreError::Database(error),
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match &error {
            redb::Error::DatabaseAlreadyOpen => Self::Locked,
            redb::Error::Corrupted(_) | redb::Error::UpgradeRequired(_) | redb::Error::RepairAborted => {
                Self::Damaged(Box::new(error))
            }
            redb::Error::Io(cause) => of_io(cause.kind(), Box::new(error)),
            _ => Self::Database(Box::new(error)),
        }
    }
}

/// All errors of redb are one.
macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_redb!(CommitError, DatabaseError, StorageError, TableError, TransactionError);
