// SPDX-License-Identifier: MIT OR Apache-2.0

//! A store in one file: a table `key -> (generation, sealed value)`, replaced as a whole by each transaction.
//!
//! ```text
//! row = key length (4) || key || generation (8, all ones for none) || value length (4) || value
//! ```
//!
//! The rows of the crate have the bytes of their [`Key`]. The messenger's own begin with `text:`, which no key does.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use subrosa::account::LoadError;
use subrosa::rand_core::CryptoRng;
use subrosa::store::{Key, Memory, StaleStage, Write, Writes};
use subrosa::{RecordError, RecordKey};

/// Why nothing was read or stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the file can't be read or written: {0}")]
    Io(#[from] io::Error),
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

/// The table.
pub type Rows = BTreeMap<Vec<u8>, Row>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    generation: Option<u64>,
    pub sealed: Vec<u8>,
}

/// A store in one file.
pub struct Store {
    path: PathBuf,
    /// A messenger keeps it in the operating system's key store.
    key: RecordKey,
    /// The records of the file, opened.
    memory: Memory,
    /// Whether the next transaction fails at its very end.
    pub is_full: bool,
}

impl Store {
    /// Opens the file, if there is one.
    pub fn open(path: &Path, key: &[u8; 32]) -> Result<Self, StoreError> {
        let (key, mut writes) = (RecordKey::from_bytes(key), Writes::default());
        for (row, Row { sealed, .. }) in read(path)?.iter().filter(|(row, _)| !row.starts_with(TEXT)) {
            let row = Key::from_bytes(row)?;
            let record = key.open(row.kind(), &row.to_bytes(), sealed)?;
            writes.extend([Write::Put { key: row, record, generation: None }]);
        }
        let mut memory = Memory::new();
        memory.apply(writes)?;
        Ok(Self { path: path.to_owned(), key, memory, is_full: false })
    }

    /// The records, to read states from.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Makes the writes and puts these texts under their names, in one transaction: all of it, or nothing.
    pub fn write(
        &mut self,
        writes: Writes,
        texts: &[(String, Vec<u8>)],
        rng: &mut impl CryptoRng,
    ) -> Result<(), StoreError> {
        // Held to the end of the transaction, against other processes.
        let lock = File::create(self.path.with_extension("lock"))?;
        lock.lock()?;
        let mut rows = read(&self.path)?;
        for write in &writes {
            let row = write.key().to_bytes();
            match write {
                Write::Put { record, generation, .. } => {
                    if let Some(generation) = generation {
                        StaleStage::check(*generation, rows.get(&row).and_then(|row| row.generation))?;
                    }
                    let sealed = self.key.seal(record, &row, rng)?;
                    rows.insert(row, Row { generation: *generation, sealed });
                }
                Write::Delete { .. } => drop(rows.remove(&row)),
            }
        }
        for (name, content) in texts {
            let row = text_row(name);
            let sealed = self.key.seal_bytes(content, &row, rng)?;
            rows.insert(row, Row { generation: None, sealed });
        }
        if std::mem::take(&mut self.is_full) {
            return Err(StoreError::DiskFull);
        }
        replace(&self.path, &rows)?;
        // The file has compared generations.
        let unconditional = writes.into_iter().map(|write| match write {
            Write::Put { key, record, .. } => Write::Put { key, record, generation: None },
            delete @ Write::Delete { .. } => delete,
        });
        let mut stored = Writes::default();
        stored.extend(unconditional);
        Ok(self.memory.apply(stored)?)
    }

    /// The texts whose names begin like this, in the order of their names.
    pub fn texts(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut texts = Vec::new();
        for (row, Row { sealed, .. }) in read(&self.path)?.range(text_row(prefix)..) {
            let Some(name) = row.strip_prefix(TEXT).filter(|name| name.starts_with(prefix.as_bytes())) else {
                break;
            };
            let text = self.key.open_bytes(row, sealed)?.to_vec();
            texts.push((String::from_utf8_lossy(name).into_owned(), text));
        }
        Ok(texts)
    }

    /// The whole table as it is in the file. A row that is written again has other bytes, since it is sealed anew.
    pub fn rows(&self) -> Result<Rows, StoreError> {
        read(&self.path)
    }

    /// Whether a value opens in this row.
    pub fn opens(&self, row: &Key, value: &[u8]) -> Result<(), RecordError> {
        self.key.open(row.kind(), &row.to_bytes(), value).map(drop)
    }
}

const TEXT: &[u8] = b"\x80text:";

fn text_row(name: &str) -> Vec<u8> {
    [TEXT, name.as_bytes()].concat()
}

/// Writes another file and puts it in the place of the first: a crash leaves one of the two.
fn replace(path: &Path, rows: &Rows) -> Result<(), StoreError> {
    let mut bytes = Vec::new();
    let put = |bytes: &mut Vec<u8>, part: &[u8]| {
        let len = u32::try_from(part.len()).map_err(|_| RecordError::TooLong)?;
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(part);
        Ok::<(), StoreError>(())
    };
    for (row, Row { generation, sealed }) in rows {
        put(&mut bytes, row)?;
        bytes.extend_from_slice(&generation.unwrap_or(u64::MAX).to_be_bytes());
        put(&mut bytes, sealed)?;
    }
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    Ok(fs::rename(&new, path)?)
}

fn read(path: &Path) -> Result<Rows, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let (mut rest, mut rows) = (bytes.as_slice(), Rows::new());
    while !rest.is_empty() {
        let row = part(&mut rest).ok_or(StoreError::Damaged)?.to_vec();
        let (generation, after) = rest.split_first_chunk().ok_or(StoreError::Damaged)?;
        rest = after;
        let generation = Some(u64::from_be_bytes(*generation)).filter(|generation| *generation != u64::MAX);
        let sealed = part(&mut rest).ok_or(StoreError::Damaged)?.to_vec();
        rows.insert(row, Row { generation, sealed });
    }
    Ok(rows)
}

/// A length in four bytes, and as many bytes.
pub fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk()?;
    let (part, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    *rest = after;
    Some(part)
}
