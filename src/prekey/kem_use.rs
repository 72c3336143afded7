// SPDX-License-Identifier: MIT OR Apache-2.0

//! The uses of a last-resort KEM prekey.

use core::cmp::Ordering;

use crate::crypto::curve::PublicKey;
use crate::ids::{KemPreKeyId, SignedPreKeyId};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};

/// Newest format of the records.
const RECORD_VERSION: u8 = 1;

/// One use of a last-resort KEM prekey. A repeated use is a replay of the same first message, perhaps in another
/// sender's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KemPreKeyUse {
    /// The KEM prekey.
    pub kem: KemPreKeyId,
    /// The signed prekey that was used with it.
    pub signed: SignedPreKeyId,
    /// The initiator's base key, `EK_A`.
    pub base_key: PublicKey,
}

impl Ord for KemPreKeyUse {
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_bytes().cmp(&other.to_bytes())
    }
}

impl PartialOrd for KemPreKeyUse {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl KemPreKeyUse {
    /// Length of the byte form.
    pub const LEN: usize = 40;

    /// The byte form: both ids, big endian, and the base key.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut out = [0; Self::LEN];
        let (ids, key) = out.split_at_mut(8);
        let (kem, signed) = ids.split_at_mut(4);
        kem.copy_from_slice(&self.kem.0.to_be_bytes());
        signed.copy_from_slice(&self.signed.0.to_be_bytes());
        key.copy_from_slice(self.base_key.as_bytes());
        out
    }

    /// Reads the byte form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let (mut kem, mut signed, mut key) = ([0; 4], [0; 4], [0; 32]);
        let to = kem.iter_mut().chain(&mut signed).chain(&mut key);
        for (to, from) in to.zip(bytes) {
            *to = *from;
        }
        Self {
            kem: KemPreKeyId(u32::from_be_bytes(kem)),
            signed: SignedPreKeyId(u32::from_be_bytes(signed)),
            base_key: PublicKey::from_bytes(key),
        }
    }

    /// The record that marks the use as seen.
    pub(crate) fn record(&self) -> Record {
        let mut writer = RecordWriter::new(RecordKind::KemPreKeyUse, RECORD_VERSION, Self::LEN);
        writer.put_array(&self.to_bytes());
        writer.finish()
    }

    /// Reads a record that marks a use as seen.
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, a newer format, or damage.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::KemPreKeyUse, RECORD_VERSION, bytes)?;
        let used = Self::from_bytes(&reader.array()?);
        reader.finish()?;
        Ok(used)
    }
}
