// SPDX-License-Identifier: MIT OR Apache-2.0

//! Values as they lie in a database, sealed or plain.
//!
//! ```text
//! row   = record, sealed for store || key          the owner of a plain store is empty
//! tag   = as subrosa::rose::SealedTags has it, which hides the row's key as well
//! entry = len (4) || name || content, sealed for 80 || queue (1) || id (8) || store
//! check = "subrosa store", sealed for 81 || store
//! ```

use std::fmt;

#[cfg(feature = "rose")]
use subrosa::rose::{RoseKey, SealedTags, Tag};
#[cfg(feature = "rose")]
use subrosa::store::RoseKind;
use subrosa::store::{Key, RecordKind, Write};
use subrosa::{Record, RecordError, RecordKey, os_rng};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::transaction::{Entry, NewEntry, Queue};

const CHECK: &[u8] = b"subrosa store";
const ENTRY: u8 = 0x80;
const CHECK_OWNER: u8 = 0x81;
/// The first byte of the rows of tags.
#[cfg(feature = "rose")]
const TAG: &u8 = &RecordKind::Rose(RoseKind::Tag).to_u8();

/// Whether records and entries are sealed.
#[derive(Debug)]
pub enum Sealing {
    /// With this key, which is kept apart from the store.
    Sealed(RecordKey),
    /// Not at all: for stores that are encrypted as a whole, and for tests.
    Plain,
}

impl From<RecordKey> for Sealing {
    fn from(key: RecordKey) -> Self {
        Self::Sealed(key)
    }
}

/// A row of a database: a value, and the generation of its state.
pub struct Row {
    pub(crate) generation: Option<u64>,
    pub(crate) value: Vec<u8>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { generation, value } = self;
        write!(f, "Row({generation:?}, {} bytes)", value.len())
    }
}

/// Seals and opens the cells of one store.
#[derive(Debug)]
pub struct Cells {
    sealing: Sealing,
    /// The name of the store among others in the same database.
    store: Vec<u8>,
    /// How the tags of a sealed store are hidden.
    #[cfg(feature = "rose")]
    tags: Option<SealedTags>,
}

impl Cells {
    pub(crate) fn new(sealing: Sealing, store: Vec<u8>) -> Self {
        #[cfg(feature = "rose")]
        let tags = match &sealing {
            Sealing::Sealed(with) => Some(SealedTags::new(with, &store)),
            Sealing::Plain => None,
        };
        Self {
            sealing,
            store,
            #[cfg(feature = "rose")]
            tags,
        }
    }

    /// The key of a record's row.
    #[cfg_attr(not(feature = "rose"), expect(clippy::unused_self, reason = "only tags are hidden"))]
    pub(crate) fn row_key(&self, key: &Key) -> Vec<u8> {
        #[cfg(feature = "rose")]
        if let (Some(tags), Key::Rose(RoseKey::Tag(tag, owner))) = (&self.tags, key) {
            return tags.row_key(tag, owner);
        }
        key.to_bytes()
    }

    /// The beginning of the keys of all rows of a tag.
    #[cfg(feature = "rose")]
    pub(crate) fn tag_prefix(&self, tag: &Tag) -> [u8; 17] {
        self.tags.as_ref().map_or_else(|| RoseKey::tag_prefix(tag), |tags| tags.prefix(tag))
    }

    fn owner(&self, key: &[u8]) -> Vec<u8> {
        [&self.store, key].concat()
    }

    fn entry_owner(&self, queue: Queue, id: u64) -> Vec<u8> {
        [&[ENTRY, queue.number()], id.to_be_bytes().as_slice(), &self.store].concat()
    }

    pub(crate) fn seal(&self, key: &Key, record: &Record) -> Result<Vec<u8>, RecordError> {
        #[cfg(feature = "rose")]
        if let (Some(tags), Key::Rose(RoseKey::Tag(tag, owner))) = (&self.tags, key) {
            return tags.seal(tag, owner);
        }
        match &self.sealing {
            Sealing::Sealed(with) => with.seal(record, &self.owner(&key.to_bytes()), &mut os_rng()),
            Sealing::Plain => Ok(record.as_bytes().to_vec()),
        }
    }

    /// A row as the write that puts it.
    pub(crate) fn open(&self, key: &[u8], row: &Row) -> Result<Write, RecordError> {
        let Row { generation, value } = row;
        #[cfg(feature = "rose")]
        if let (Some(tags), Some(TAG)) = (&self.tags, key.first()) {
            return tags.open(key, value);
        }
        let (owner, key) = (self.owner(key), Key::from_bytes(key)?);
        let kind: RecordKind = key.kind();
        let record = match &self.sealing {
            Sealing::Sealed(with) => with.open(kind, &owner, value)?,
            Sealing::Plain => Record::parse(kind, value)?,
        };
        Ok(Write::Put { key, record, generation: *generation })
    }

    fn seal_bytes(&self, bytes: &[u8], owner: &[u8]) -> Result<Vec<u8>, RecordError> {
        match &self.sealing {
            Sealing::Sealed(with) => with.seal_bytes(bytes, owner, &mut os_rng()),
            Sealing::Plain => Ok(bytes.to_vec()),
        }
    }

    fn open_bytes(&self, bytes: &[u8], owner: &[u8]) -> Result<Zeroizing<Vec<u8>>, RecordError> {
        match &self.sealing {
            Sealing::Sealed(with) => with.open_bytes(owner, bytes),
            Sealing::Plain => Ok(Zeroizing::new(bytes.to_vec())),
        }
    }

    pub(crate) fn seal_entry(&self, entry: &NewEntry, id: u64) -> Result<Vec<u8>, RecordError> {
        let NewEntry { queue, name, content } = entry;
        let len = u32::try_from(name.len()).map_err(|_| RecordError::TooLong)?;
        let plain = Zeroizing::new([&len.to_be_bytes(), name.as_bytes(), content].concat());
        self.seal_bytes(&plain, &self.entry_owner(*queue, id))
    }

    pub(crate) fn open_entry(&self, queue: Queue, id: u64, value: &[u8]) -> Result<Entry, RecordError> {
        let plain = self.open_bytes(value, &self.entry_owner(queue, id))?;
        let (len, rest) = plain.split_first_chunk().ok_or(RecordError::Damaged)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| RecordError::Damaged)?;
        let (name, content) = rest.split_at_checked(len).ok_or(RecordError::Damaged)?;
        let name = str::from_utf8(name).map_err(|_| RecordError::Damaged)?.to_owned();
        Ok(Entry { id, name, content: Zeroizing::new(content.to_vec()) })
    }

    /// What a new store keeps to know its key again.
    pub(crate) fn check(&self) -> Result<Vec<u8>, RecordError> {
        self.seal_bytes(CHECK, &[&[CHECK_OWNER], self.store.as_slice()].concat())
    }

    /// Fails unless `check` is of this key.
    pub(crate) fn verify(&self, check: &[u8]) -> Result<(), StoreError> {
        let opened = self.open_bytes(check, &[&[CHECK_OWNER], self.store.as_slice()].concat());
        match opened {
            Ok(plain) if *plain == CHECK => Ok(()),
            _ => Err(StoreError::WrongKey),
        }
    }
}
