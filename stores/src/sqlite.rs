// SPDX-License-Identifier: MIT OR Apache-2.0

//! A store in a file of SQLite, for one or more processes of a machine.
//!
//! Journal and synchronisation are set so that a transaction that was made survives a power failure, and deleted
//! records are overwritten.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params};
use subrosa::store::StaleStage;

use crate::cells::{Cells, Row, Sealing};
use crate::changes::Changes;
use crate::error::StoreError;
use crate::local::{Store, sealed};
use crate::transaction::Queue;

/// What makes each version of the tables from the one before.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE rows (key BLOB PRIMARY KEY, generation INTEGER, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE entries (id INTEGER PRIMARY KEY AUTOINCREMENT, queue INTEGER NOT NULL, value BLOB NOT NULL);
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"];

/// How long a transaction waits for that of another process.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tables, in a file.
pub struct Sqlite(Connection);

/// A [`Store`] in a file of SQLite.
pub type SqliteStore = Store<Sqlite>;

impl SqliteStore {
    /// Opens a store, or makes it.
    ///
    /// # Errors
    /// [`StoreError`]: `Damaged`, `WrongKey`, `NewerVersion`, `ReadOnly`, `Full`, `Locked`.
    pub fn open(path: &Path, sealing: impl Into<Sealing>) -> Result<Self, StoreError> {
        let (mut database, cells) = (Connection::open(path)?, Cells::new(sealing.into(), Vec::new()));
        database.busy_timeout(PATIENCE)?;
        database.pragma_update(None, "journal_mode", "wal")?;
        database.pragma_update(None, "synchronous", "full")?;
        database.pragma_update(None, "secure_delete", true)?;
        let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        migrate(&transaction, &cells)?;
        transaction.commit()?;
        Ok(Self { tables: Sqlite(database), cells })
    }
}

/// Makes the tables of a new file, and those of an older version new. The key is looked at before anything changes.
fn migrate(transaction: &Transaction<'_>, cells: &Cells) -> Result<(), StoreError> {
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(due) = MIGRATIONS.get(done..) else { return Err(StoreError::NewerVersion(version)) };
    if version > 0 {
        let check =
            transaction.query_row("SELECT value FROM meta WHERE name = 'check'", [], |row| row.get(0));
        cells.verify(&check.optional()?.unwrap_or_else(Vec::new))?;
    }
    for migration in due {
        transaction.execute_batch(migration)?;
    }
    if version == 0 {
        transaction.execute("INSERT INTO meta VALUES ('check', ?1)", [cells.check()?])?;
    }
    transaction.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))?;
    Ok(())
}

/// A generation as SQLite keeps it: the same 64 bits.
fn signed(generation: Option<u64>) -> Option<i64> {
    generation.map(u64::cast_signed)
}

fn row(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Row> {
    let generation = row.get::<_, Option<i64>>(at)?.map(i64::cast_unsigned);
    Ok(Row { generation, value: row.get(at + 1)? })
}

impl sealed::Tables for Sqlite {
    fn row(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let mut select = self.0.prepare_cached("SELECT generation, value FROM rows WHERE key = ?1")?;
        Ok(select.query_row([key], |found| row(found, 0)).optional()?)
    }

    fn rows(&self, kind: Option<u8>) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        let (first, after) =
            kind.map_or((vec![], vec![u8::MAX]), |kind| (vec![kind], vec![kind.saturating_add(1)]));
        let select = "SELECT key, generation, value FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key";
        let mut select = self.0.prepare_cached(select)?;
        let rows = select.query_map([first, after], |found| Ok((found.get(0)?, row(found, 1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    #[cfg(feature = "rose")]
    fn beginning(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Row)>, StoreError> {
        let select = "SELECT key, generation, value FROM rows WHERE key >= ?1 ORDER BY key";
        let mut select = self.0.prepare_cached(select)?;
        let mut found = select.query([prefix])?;
        let mut rows = Vec::new();
        while let Some(next) = found.next()? {
            let key: Vec<u8> = next.get(0)?;
            if !key.starts_with(prefix) {
                break;
            }
            rows.push((key, row(next, 1)?));
        }
        Ok(rows)
    }

    fn entries(&self, queue: Queue) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let mut select =
            self.0.prepare_cached("SELECT id, value FROM entries WHERE queue = ?1 ORDER BY id")?;
        let entries = select.query_map([queue.number()], |entry| {
            Ok((entry.get::<_, i64>(0)?.cast_unsigned(), entry.get(1)?))
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    fn apply(&mut self, changes: Changes, cells: &Cells) -> Result<(), StoreError> {
        // Takes the writer's lock at once: nobody changes a generation between the check and the commit.
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        write(&transaction, changes, cells)?;
        transaction.commit().map_err(|error| match StoreError::from(error) {
            // SQLite has rolled these back.
            known @ (StoreError::Full(_) | StoreError::ReadOnly(_) | StoreError::Locked) => known,
            other => StoreError::InDoubt(Box::new(other)),
        })
    }
}

fn write(transaction: &Transaction<'_>, changes: Changes, cells: &Cells) -> Result<(), StoreError> {
    let Changes { checks, rows, entries, done } = changes;
    let mut held = transaction.prepare_cached("SELECT generation FROM rows WHERE key = ?1")?;
    for (key, generation) in checks {
        let held: Option<Option<i64>> = held.query_row([key], |row| row.get(0)).optional()?;
        StaleStage::check(generation, held.map(|held| held.unwrap_or_default().cast_unsigned()))?;
    }
    let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3)")?;
    let mut delete = transaction.prepare_cached("DELETE FROM rows WHERE key = ?1")?;
    for (key, row) in rows {
        match row {
            Some(row) => put.execute(params![key, signed(row.generation), row.value])?,
            None => delete.execute([key])?,
        };
    }
    let mut remove = transaction.prepare_cached("DELETE FROM entries WHERE queue = ?1 AND id = ?2")?;
    for (queue, id) in done {
        remove.execute(params![queue.number(), id.cast_signed()])?;
    }
    let mut add = transaction.prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3)")?;
    for entry in entries {
        let last = "SELECT seq FROM sqlite_sequence WHERE name = 'entries'";
        let last: Option<i64> = transaction.query_row(last, [], |row| row.get(0)).optional()?;
        let id = last.unwrap_or_default() + 1;
        let value = cells.seal_entry(&entry, id.cast_unsigned())?;
        add.execute(params![id, entry.queue.number(), value])?;
    }
    Ok(())
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite(..)")
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let boxed = Box::new(error);
        match boxed.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(boxed),
            Some(ErrorCode::DiskFull) => Self::Full(boxed),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::ReadOnly(boxed)
            }
            _ => Self::Database(boxed),
        }
    }
}
