// SPDX-License-Identifier: MIT OR Apache-2.0

//! The store of a device: a file of `subrosa-stores`, with states, outbox and inbox.
//!
//! It is opened for each transaction, so that the scenes can copy, restore and share it. A messenger keeps it open.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use subrosa::account::LoadError;
use subrosa::store::{Key, Memory, StaleStage, Writes};
use subrosa::{RecordError, RecordKey, os_rng};
use subrosa_stores::redb::RedbStore;
use subrosa_stores::{Entry, Queue, Transaction};

use super::outbox::{INBOX, OUTBOX};

/// Why nothing was read or stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the file can't be read or written: {0}")]
    Store(#[source] subrosa_stores::StoreError),
    #[error("the file is damaged")]
    Damaged,
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Account(#[from] LoadError),
    #[error("no account in the file")]
    NoAccount,
    /// Another process has stored something since.
    #[error(transparent)]
    Stale(#[from] StaleStage),
    #[error("disk full")]
    DiskFull,
}

impl From<subrosa_stores::StoreError> for StoreError {
    fn from(error: subrosa_stores::StoreError) -> Self {
        match error {
            subrosa_stores::StoreError::Stale(stale) => Self::Stale(stale),
            other => Self::Store(other),
        }
    }
}

/// All that is stored: records by their keys, entries by their names.
pub type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store in one file.
pub struct Store {
    path: PathBuf,
    /// A messenger keeps it in the operating system's key store.
    key: [u8; 32],
    /// The records of the file, opened.
    memory: Memory,
    /// Whether the next transaction fails.
    pub is_full: bool,
}

impl Store {
    /// Opens the file, or makes it.
    pub fn open(path: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        let mut store = Self { path: path.to_owned(), key: *key, memory: Memory::new(), is_full: false };
        store.memory = store.file()?.bulk()?;
        Ok(store)
    }

    fn file(&self) -> Result<RedbStore, StoreError> {
        Ok(RedbStore::open(&self.path, RecordKey::from_bytes(&self.key))?)
    }

    /// The records, to read states from.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Makes the writes and puts these texts under their names, in one transaction: all of it, or nothing.
    pub fn write(&mut self, writes: Writes, texts: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        if std::mem::take(&mut self.is_full) {
            return Err(StoreError::DiskFull);
        }
        let mut file = self.file()?;
        let mut transaction = Transaction::of(writes);
        for (name, content) in texts {
            let queue = if name.starts_with(OUTBOX) { Queue::Outbox } else { Queue::Inbox };
            // One that is there under this name is replaced.
            for old in file.entries(queue)?.into_iter().filter(|entry| entry.name == *name) {
                transaction = transaction.done(queue, old.id);
            }
            transaction = match queue {
                Queue::Outbox => transaction.send(name, content),
                Queue::Inbox => transaction.received(name, content),
            };
        }
        file.apply(transaction)?;
        self.memory = file.bulk()?;
        Ok(())
    }

    /// The texts whose names begin like this, in the order of their names.
    pub fn texts(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let entries = self.file()?.entries(if prefix == INBOX { Queue::Inbox } else { Queue::Outbox })?;
        let mut texts: Vec<_> =
            entries.iter().map(|entry| (entry.name.clone(), entry.content.to_vec())).collect();
        texts.sort();
        Ok(texts)
    }

    /// All that is stored, to compare it.
    pub fn rows(&self) -> Result<Rows, StoreError> {
        let (file, mut rows) = (self.file()?, Rows::new());
        let memory = file.bulk()?;
        for key in memory.keys() {
            rows.extend(memory.get(key).map(|record| (key.to_bytes(), record.as_bytes().to_vec())));
        }
        for queue in [Queue::Outbox, Queue::Inbox] {
            for Entry { name, content, .. } in file.entries(queue)? {
                rows.insert(name.into_bytes(), content.to_vec());
            }
        }
        Ok(rows)
    }

    /// Whether the record of one row opens in another one, if somebody moves it there in the file.
    pub fn opens_in(&self, row: &Key, other: &Key) -> Result<(), RecordError> {
        let (key, owner) = (RecordKey::from_bytes(&self.key), row.to_bytes());
        let record = self.memory.get(row).ok_or(RecordError::NotARecord)?;
        let sealed = key.seal(record, &owner, &mut os_rng())?;
        key.open(other.kind(), &other.to_bytes(), &sealed).map(drop)
    }
}

/// A length in four bytes, and as many bytes.
pub fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk()?;
    let (part, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    *rest = after;
    Some(part)
}
