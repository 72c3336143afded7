// SPDX-License-Identifier: MIT OR Apache-2.0

//! Uses of a last-resort KEM prekey, so that no first message is accepted twice.

use alloc::vec::Vec;

use crate::crypto::curve::PublicKey;
use crate::prekey::{KemPreKeyId, KemPreKeyUse, SignedPreKeyId};
use crate::record::{Mark, Record, RecordError, RecordKind, RecordReader, RecordWriter};

/// Newest format of the records.
const RECORD_VERSION: u8 = 1;
/// Length of one use in a record, in bytes.
const USE_LEN: usize = 4 + 32;

/// The mark of one use.
pub(super) fn mark_of_use(signed: SignedPreKeyId, base_key: &[u8; 32]) -> u32 {
    Mark::new().with(&signed.0.to_le_bytes()).with(base_key).to_u32()
}

/// The uses of one last-resort KEM prekey, sorted. An empty set of the standard library would have a gap, which holds what
/// lay on the stack when it was moved; a vector has none.
#[derive(Debug, Default)]
pub(super) struct Uses(Vec<(SignedPreKeyId, [u8; 32])>);

impl Uses {
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The mark of all of them, in any order.
    pub(super) fn mark(&self) -> u32 {
        self.0.iter().fold(0, |mark, (signed, base_key)| mark ^ mark_of_use(*signed, base_key))
    }

    pub(super) fn contains(&self, used: &KemPreKeyUse) -> bool {
        self.0.binary_search(&(used.signed, *used.base_key.as_bytes())).is_ok()
    }

    pub(super) fn insert(&mut self, used: &KemPreKeyUse) -> bool {
        let used = (used.signed, *used.base_key.as_bytes());
        match self.0.binary_search(&used) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, used);
                true
            }
        }
    }

    /// All of them, the last-resort KEM prekey being `kem`.
    pub(super) fn iter(&self, kem: KemPreKeyId) -> impl Iterator<Item = KemPreKeyUse> + '_ {
        self.0.iter().map(move |(signed, key)| {
            let (signed, base_key) = (*signed, PublicKey::from_bytes(*key));
            KemPreKeyUse { kem, signed, base_key }
        })
    }

    /// The record of `kem`'s uses and of another one.
    pub(super) fn record(&self, kem: KemPreKeyId, another: Option<&KemPreKeyUse>) -> Record {
        let another = another.map(|used| (used.signed, *used.base_key.as_bytes()));
        let another = another.as_ref().filter(|used| self.0.binary_search(used).is_err());
        let count = self.0.len() + usize::from(another.is_some());
        let mut writer = RecordWriter::new(RecordKind::LastResortUses, RECORD_VERSION, 8 + count * USE_LEN);
        writer.put_u32(kem.0);
        writer.put_count(count);
        let before = self.0.iter().filter(|used| another.is_none_or(|another| *used < another));
        let after = self.0.iter().filter(|used| another.is_some_and(|another| *used > another));
        for (signed, base_key) in before.chain(another).chain(after) {
            writer.put_u32(signed.0);
            writer.put_array(base_key);
        }
        writer.finish()
    }

    pub(super) fn from_record(bytes: &[u8]) -> Result<(KemPreKeyId, Self), RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::LastResortUses, RECORD_VERSION, bytes)?;
        let kem = KemPreKeyId(reader.u32()?);
        let mut all = Vec::new();
        for _ in 0..reader.count(USE_LEN)? {
            let used = (SignedPreKeyId(reader.u32()?), reader.array()?);
            if all.last().is_some_and(|last| *last >= used) {
                return Err(RecordError::Damaged);
            }
            all.push(used);
        }
        reader.finish()?;
        Ok((kem, Self(all)))
    }
}
