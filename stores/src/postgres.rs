// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stores on a PostgreSQL server: any number of accounts, and of processes for each.

use std::fmt;

use subrosa::account::Limits;
use subrosa::address::AccountName;
#[cfg(feature = "rose")]
use subrosa::rose::{self, DeviceName, TagOwner};
use subrosa::store::{Key, Memory, StaleStage};
use subrosa::{Account, Address, IdentityKey, Session};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row as Found, Transaction as Open};

use crate::account_kinds::OF_ACCOUNT;
use crate::cells::{Cells, Row, Sealing};
use crate::changes::Changes;
use crate::error::StoreError;
#[cfg(feature = "rose")]
use crate::rose_rows;
use crate::transaction::{Entry, NewEntry, Queue, Transaction};

/// What makes each version of the tables from the one before.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE subrosa_stores (
        store text PRIMARY KEY, check_value bytea NOT NULL, last_entry bigint NOT NULL DEFAULT 0);
    CREATE TABLE subrosa_rows (
        store text REFERENCES subrosa_stores ON DELETE CASCADE,
        key bytea, generation bigint, value bytea NOT NULL, PRIMARY KEY (store, key));
    CREATE TABLE subrosa_entries (
        store text REFERENCES subrosa_stores ON DELETE CASCADE,
        id bigint, queue smallint NOT NULL, value bytea NOT NULL, PRIMARY KEY (store, id));
"];

/// Held by whoever migrates.
const LOCK: i64 = 0x7375_6272_6f73_6131;

/// A row that takes the place of one with the generation before, or of none.
const PUT_FIRST: &str = "INSERT INTO subrosa_rows VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const PUT_SECOND: &str = "INSERT INTO subrosa_rows AS held VALUES ($1, $2, $3, $4) ON CONFLICT (store, key) \
     DO UPDATE SET generation = $3, value = $4 WHERE coalesce(held.generation, 0) = 0";
const PUT_NEXT: &str = "UPDATE subrosa_rows SET generation = $3, value = $4 WHERE store = $1 AND key = $2 AND generation = $3::bigint - 1";
const PUT: &str = "INSERT INTO subrosa_rows VALUES ($1, $2, $3, $4) ON CONFLICT (store, key) \
     DO UPDATE SET generation = $3, value = $4";
const HELD: &str = "SELECT generation FROM subrosa_rows WHERE store = $1 AND key = $2 FOR UPDATE";
const DELETE: &str = "DELETE FROM subrosa_rows WHERE store = $1 AND key = $2";

/// The store of one account on one device, among others on a server.
///
/// All is awaited. A future that is dropped leaves its transaction in doubt: read the states back.
pub struct PostgresStore {
    client: Client,
    name: String,
    cells: Cells,
}

impl PostgresStore {
    /// Opens the store `name`, or makes it. The connection is the caller's to make, with TLS or without, and to run.
    ///
    /// # Errors
    /// [`StoreError`]: `WrongKey`, `NewerVersion`, `ReadOnly`, `Database`.
    pub async fn open(
        mut client: Client,
        name: &str,
        sealing: impl Into<Sealing>,
    ) -> Result<Self, StoreError> {
        let cells = Cells::new(sealing.into(), [name.as_bytes(), &[0]].concat());
        let transaction = client.transaction().await?;
        migrate(&transaction).await?;
        let new = "INSERT INTO subrosa_stores (store, check_value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        transaction.execute(new, &[&name, &cells.check()?]).await?;
        let check = "SELECT check_value FROM subrosa_stores WHERE store = $1";
        let check: Vec<u8> = transaction.query_one(check, &[&name]).await?.try_get(0)?;
        cells.verify(&check)?;
        transaction.commit().await?;
        Ok(Self { client, name: name.to_owned(), cells })
    }

    /// The connection, for the messenger's own tables.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Makes a transaction, or writes alone: all of it, or nothing.
    ///
    /// # Errors
    /// [`StoreError`]: `Stale` if a state in the store is not the one before; `InDoubt` if the connection was lost at
    /// the end.
    pub async fn apply(&mut self, transaction: impl Into<Transaction>) -> Result<(), StoreError> {
        let Self { client, name, cells } = self;
        let changes = Changes::of(transaction.into(), cells)?;
        let open = client.transaction().await?;
        write(&open, name, changes, cells).await?;
        open.commit().await.map_err(|error| match StoreError::from(error) {
            known @ (StoreError::Full(_) | StoreError::ReadOnly(_) | StoreError::Stale(_)) => known,
            other => StoreError::InDoubt(Box::new(other)),
        })
    }

    /// All records, to read any state from: for start-up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn bulk(&self) -> Result<Memory, StoreError> {
        let select = "SELECT key, generation, value FROM subrosa_rows WHERE store = $1";
        self.memory(&self.client.query(select, &[&self.name]).await?)
    }

    /// The records under these keys, as far as there are any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> Result<Memory, StoreError> {
        let keys: Vec<Vec<u8>> = keys.into_iter().map(|key| self.cells.row_key(key)).collect();
        let select = "SELECT key, generation, value FROM subrosa_rows WHERE store = $1 AND key = ANY($2)";
        self.memory(&self.client.query(select, &[&self.name, &keys]).await?)
    }

    /// The account, if one is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account(&self, address: &Address, limits: Limits) -> Result<Option<Account>, StoreError> {
        let kinds: Vec<Vec<u8>> = OF_ACCOUNT.iter().map(|kind| vec![kind.to_u8()]).collect();
        let select = "SELECT key, generation, value FROM subrosa_rows \
             WHERE store = $1 AND substring(key FROM 1 FOR 1) = ANY($2)";
        Ok(self.memory(&self.client.query(select, &[&self.name, &kinds]).await?)?.account(address, limits)?)
    }

    /// The sessions with a device; empty if none are stored. With [`Session::with_policy`] they send on version 3, too.
    /// For other states [`read`](Self::read) their keys.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session(&self, local: &Address, remote: &Address) -> Result<Session, StoreError> {
        Ok(self.read([&Key::Session(remote.clone())]).await?.session(local, remote)?)
    }

    /// The identity key that is pinned for an account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn identity(&self, account: &AccountName) -> Result<Option<IdentityKey>, StoreError> {
        Ok(self.read([&Key::Identity(account.clone())]).await?.identity(account)?)
    }

    /// The entries of the outbox or inbox, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn entries(&self, queue: Queue) -> Result<Vec<Entry>, StoreError> {
        let select = "SELECT id, value FROM subrosa_entries WHERE store = $1 AND queue = $2 ORDER BY id";
        let found = self.client.query(select, &[&self.name, &i16::from(queue.number())]).await?;
        let mut entries = Vec::with_capacity(found.len());
        for entry in found {
            let (id, value): (i64, Vec<u8>) = (entry.try_get(0)?, entry.try_get(1)?);
            entries.push(self.cells.open_entry(queue, id.cast_unsigned(), &value)?);
        }
        Ok(entries)
    }

    fn memory(&self, found: &[Found]) -> Result<Memory, StoreError> {
        let row = |found: &Found| {
            let (key, generation): (Vec<u8>, Option<i64>) = (found.try_get(0)?, found.try_get(1)?);
            let row = Row { generation: generation.map(i64::cast_unsigned), value: found.try_get(2)? };
            Ok::<_, StoreError>(self.cells.open(&key, &row)?)
        };
        found.iter().map(row).collect()
    }
}

#[cfg(feature = "rose")]
impl PostgresStore {
    /// The states that expect a message of the rose profile, by its tag: one lookup, however many sessions there are.
    /// Usually one, none for a first contact; if several, try each.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn expecting(&self, message: &[u8]) -> Result<Vec<TagOwner>, StoreError> {
        let Some(tag) = message.first_chunk() else { return Ok(Vec::new()) };
        let first = self.cells.tag_prefix(tag);
        // No key of a tag is as long as this.
        let last = [&first[..], &[u8::MAX; 64]].concat();
        let select =
            "SELECT key, generation, value FROM subrosa_rows WHERE store = $1 AND key >= $2 AND key < $3";
        let found = self.client.query(select, &[&self.name, &&first[..], &last]).await?;
        Ok(rose_rows::expecting(message, &self.memory(&found)?))
    }

    /// The session with a device in the rose profile; empty if none is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rose_session(&self, remote: DeviceName) -> Result<rose::Session, StoreError> {
        Ok(rose_rows::session(remote, &self.read([&rose_rows::key(remote)]).await?)?)
    }
}

async fn migrate(transaction: &Open<'_>) -> Result<(), StoreError> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let there = transaction.query_one("SELECT to_regclass('subrosa_version') IS NOT NULL", &[]).await?;
    if !there.try_get(0)? {
        transaction.batch_execute("CREATE TABLE subrosa_version AS SELECT 0 AS version").await?;
    }
    let version: i32 = transaction.query_one("SELECT version FROM subrosa_version", &[]).await?.try_get(0)?;
    let done = usize::try_from(version).unwrap_or_default();
    let newer = StoreError::NewerVersion(version.cast_unsigned());
    let due = MIGRATIONS.get(done..).ok_or(newer)?;
    for migration in due {
        transaction.batch_execute(migration).await?;
    }
    if !due.is_empty() {
        let version = i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX);
        transaction.execute("UPDATE subrosa_version SET version = $1", &[&version]).await?;
    }
    Ok(())
}

async fn write(open: &Open<'_>, name: &str, changes: Changes, cells: &Cells) -> Result<(), StoreError> {
    let Changes { mut checks, rows, entries, done } = changes;
    for (key, row) in rows {
        let check = checks.remove(&key);
        match row {
            Some(Row { generation: None, value }) if check.is_none() => {
                open.execute(PUT, &[&name, &key, &None::<i64>, &value]).await?;
            }
            Some(Row { generation: Some(generation), value }) if check == Some(generation) => {
                put_next(open, name, (&key, generation, &value)).await?;
            }
            other => {
                check_held(open, name, (&key, check)).await?;
                match other {
                    None => open.execute(DELETE, &[&name, &key]).await?,
                    Some(Row { generation, value }) => {
                        open.execute(PUT, &[&name, &key, &generation.map(u64::cast_signed), &value]).await?
                    }
                };
            }
        }
    }
    for (queue, id) in done {
        let remove = "DELETE FROM subrosa_entries WHERE store = $1 AND queue = $2 AND id = $3";
        open.execute(remove, &[&name, &i16::from(queue.number()), &id.cast_signed()]).await?;
    }
    add(open, name, &entries, cells).await
}

/// Puts a state in the place of the one before, in one statement: nobody comes between check and change.
async fn put_next(open: &Open<'_>, name: &str, row: (&Vec<u8>, u64, &Vec<u8>)) -> Result<(), StoreError> {
    let (key, generation, value) = row;
    let put = match generation {
        0 => PUT_FIRST,
        1 => PUT_SECOND,
        _ => PUT_NEXT,
    };
    match open.execute(put, &[&name, key, &generation.cast_signed(), value]).await? {
        1 => Ok(()),
        _ => Err(StaleStage.into()),
    }
}

async fn check_held(open: &Open<'_>, name: &str, check: (&Vec<u8>, Option<u64>)) -> Result<(), StoreError> {
    let (key, Some(generation)) = check else { return Ok(()) };
    let held = open.query_opt(HELD, &[&name, key]).await?;
    let held = held.map(|row| row.try_get::<_, Option<i64>>(0)).transpose()?;
    Ok(StaleStage::check(generation, held.map(|held| held.unwrap_or_default().cast_unsigned()))?)
}

async fn add(open: &Open<'_>, name: &str, entries: &[NewEntry], cells: &Cells) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    // Locks the store's row: numbers are in the order of transactions.
    let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    let take = "UPDATE subrosa_stores SET last_entry = last_entry + $2 WHERE store = $1 RETURNING last_entry";
    let last: i64 = open.query_one(take, &[&name, &count]).await?.try_get(0)?;
    for (id, entry) in (last - count + 1..).zip(entries) {
        let (queue, value) = (i16::from(entry.queue.number()), cells.seal_entry(entry, id.cast_unsigned())?);
        let insert = "INSERT INTO subrosa_entries VALUES ($1, $2, $3, $4)";
        open.execute(insert, &[&name, &id, &queue, &value]).await?;
    }
    Ok(())
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client: _, name, cells: _ } = self;
        write!(f, "PostgresStore({name})")
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let code = error.code().cloned();
        let boxed = Box::new(error);
        match code {
            Some(SqlState::DISK_FULL | SqlState::INSUFFICIENT_RESOURCES) => Self::Full(boxed),
            Some(SqlState::READ_ONLY_SQL_TRANSACTION) => Self::ReadOnly(boxed),
            Some(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED) => {
                Self::Stale(StaleStage)
            }
            Some(SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED) => Self::Locked,
            Some(SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED) => Self::Damaged(boxed),
            _ => Self::Database(boxed),
        }
    }
}
