// SPDX-License-Identifier: MIT OR Apache-2.0

//! L3: the writes that a store makes in one transaction, and the keys that they go under.

mod key;
#[cfg(feature = "omemo")]
mod omemo_key;
#[cfg(feature = "rose")]
mod rose_key;

use alloc::vec::{self, Vec};
use core::slice;

use zeroize::Zeroizing;

pub use key::Key;
#[cfg(feature = "omemo")]
pub use omemo_key::OmemoKey;
#[cfg(feature = "rose")]
pub use rose_key::{RoseKey, TagOwner};

use crate::record::{Record, RecordError, RecordReader};

/// Length in bytes of the shortest write: a tag, and a key of one byte.
const MIN_WRITE_LEN: usize = 1 + 4 + 1;

/// One change to a store.
#[derive(Debug)]
pub enum Write {
    /// Stores a record, in the place of an older one.
    Put {
        /// The key.
        key: Key,
        /// The record.
        record: Record,
        /// The generation of the state in `record`; prekeys, identities and uses have none.
        ///
        /// Every store keeps it beside the record, and refuses the whole transaction with [`StaleStage`] unless the
        /// stored record has the generation before. That is not for many writers alone: a future that is dropped, or a
        /// connection that is lost, leaves the one state in memory behind the store, and its next message would have
        /// the key of one that was stored. An absent record counts as generation 0, and generation 0 itself goes only
        /// where there is none.
        generation: Option<u64>,
    },
    /// Deletes a record, if there is one.
    Delete {
        /// The key.
        key: Key,
    },
}

impl Write {
    /// The key that is written or deleted.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }
}

/// A stage was made from an outdated state: its state was read again, or somebody else stored a change. Nothing was
/// changed. Read the state back from the store and repeat the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("made from an outdated state; read it back from the store")]
pub struct StaleStage;

impl StaleStage {
    /// Checks that a record of `generation` may take the place of one of generation `held`, or of none.
    ///
    /// # Errors
    /// [`StaleStage`].
    pub const fn check(generation: u64, held: Option<u64>) -> Result<(), Self> {
        let fits = match (generation.checked_sub(1), held) {
            (None, held) => held.is_none(),
            (Some(before), None) => before == 0,
            (Some(before), Some(held)) => before == held,
        };
        if fits { Ok(()) } else { Err(Self) }
    }
}

/// The changes to a store that belong together: all are made in one transaction, or none is.
///
/// Making them a second time leaves the store as after the first, apart from the check of generations.
/// Those of several stages go into one transaction by [`extend`](Extend::extend).
#[derive(Debug, Default)]
#[must_use = "nothing is stored until these are written"]
pub struct Writes(Vec<Write>);

impl Writes {
    pub(crate) fn put(&mut self, key: Key, record: Record) {
        self.0.push(Write::Put { key, record, generation: None });
    }

    pub(crate) fn put_state(&mut self, key: Key, record: Record, generation: u64) {
        self.0.push(Write::Put { key, record, generation: Some(generation) });
    }

    pub(crate) fn delete(&mut self, key: Key) {
        self.0.push(Write::Delete { key });
    }

    /// A copy. Records are secrets, so only a stage that is asked again makes one.
    pub(crate) fn duplicate(&self) -> Self {
        let duplicate = |write: &Write| match write {
            Write::Put { key, record, generation } => {
                Write::Put { key: key.clone(), record: record.duplicate(), generation: *generation }
            }
            Write::Delete { key } => Write::Delete { key: key.clone() },
        };
        Self(self.0.iter().map(duplicate).collect())
    }

    /// Number of writes. 0 if an operation had nothing to change.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The writes, in no particular order.
    pub fn iter(&self) -> slice::Iter<'_, Write> {
        self.0.iter()
    }

    /// Encodes the writes, for a store behind a border that takes bytes. The bytes hold secrets.
    ///
    /// ```text
    /// writes = count (4) || write …            numbers are little endian
    /// write  = 00 || len (4) || key || len (4) || record                       put
    ///        | 01 || len (4) || key || generation (8) || len (4) || record     put, of a generation
    ///        | 02 || len (4) || key                                            delete
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let keys: Vec<_> = self.0.iter().map(|write| write.key().to_bytes()).collect();
        let record_len = |write: &Write| match write {
            Write::Put { record, .. } => 8 + 4 + record.as_bytes().len(),
            Write::Delete { .. } => 0,
        };
        let len = |(write, key): (&Write, &Vec<u8>)| 1 + 4 + key.len() + record_len(write);
        // Growing would leave an old buffer unwiped.
        let mut out =
            Zeroizing::new(Vec::with_capacity(4 + self.0.iter().zip(&keys).map(len).sum::<usize>()));
        put_len(&mut out, self.0.len());
        for (write, key) in self.0.iter().zip(&keys) {
            let (tag, generation, record) = match write {
                Write::Put { record, generation: None, .. } => (0, None, Some(record)),
                Write::Put { record, generation, .. } => (1, *generation, Some(record)),
                Write::Delete { .. } => (2, None, None),
            };
            out.push(tag);
            put_bytes(&mut out, key);
            if let Some(generation) = generation {
                out.extend_from_slice(&generation.to_le_bytes());
            }
            if let Some(record) = record {
                put_bytes(&mut out, record.as_bytes());
            }
        }
        out
    }

    /// Reads the [byte form](Self::to_bytes).
    ///
    /// # Errors
    /// [`RecordError`]: `Damaged`, or what is wrong with a record.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut reader = RecordReader::of(bytes);
        let mut writes = Vec::new();
        for _ in 0..reader.count(MIN_WRITE_LEN)? {
            let tag = reader.u8()?;
            let key = Key::from_bytes(reader.bytes()?)?;
            let generation = if tag == 1 { Some(reader.u64()?) } else { None };
            writes.push(match tag {
                0 | 1 => Write::Put { record: Record::parse(key.kind(), reader.bytes()?)?, key, generation },
                2 => Write::Delete { key },
                _ => return Err(RecordError::Damaged),
            });
        }
        reader.finish()?;
        Ok(Self(writes))
    }
}

impl IntoIterator for Writes {
    type Item = Write;
    type IntoIter = vec::IntoIter<Write>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'w> IntoIterator for &'w Writes {
    type Item = &'w Write;
    type IntoIter = slice::Iter<'w, Write>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Extend<Write> for Writes {
    fn extend<I: IntoIterator<Item = Write>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

fn put_len(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}
