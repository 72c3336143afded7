// SPDX-License-Identifier: MIT OR Apache-2.0

//! One-time prekeys.

use rand_core::CryptoRng;

use super::public::OneTimePreKeyPublic;
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::ids::OneTimePreKeyId;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};

/// Newest format of [`OneTimePreKey`] records.
const RECORD_VERSION: u8 = 1;

/// A prekey that starts one session and is deleted with it. Unsigned.
///
/// It is neither `Clone` nor `Copy`. Accepting a session borrows it, and the writes of the stage delete its record.
#[derive(Debug)]
pub struct OneTimePreKey {
    id: OneTimePreKeyId,
    pair: KeyPair,
}

impl OneTimePreKey {
    /// A fresh prekey; draws 32 bytes.
    pub fn generate(id: OneTimePreKeyId, rng: &mut impl CryptoRng) -> Self {
        Self::from_key_pair(id, KeyPair::generate(rng))
    }

    /// A prekey made elsewhere.
    #[must_use]
    pub const fn from_key_pair(id: OneTimePreKeyId, pair: KeyPair) -> Self {
        Self { id, pair }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> OneTimePreKeyId {
        self.id
    }

    /// Its keys.
    #[must_use]
    pub const fn key_pair(&self) -> &KeyPair {
        &self.pair
    }

    /// The public half, to be published.
    #[must_use]
    pub const fn public(&self) -> OneTimePreKeyPublic {
        OneTimePreKeyPublic { id: self.id, key: *self.pair.public() }
    }

    /// The record to store.
    #[must_use]
    pub fn record(&self) -> Record {
        let mut writer = RecordWriter::new(RecordKind::OneTimePreKey, RECORD_VERSION, 68);
        writer.put_u32(self.id.0);
        writer.put_array(self.pair.public().as_bytes());
        writer.put_array(self.pair.private().as_bytes());
        writer.finish()
    }

    /// Reads the [record](Self::record).
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, a newer format, or damage.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::OneTimePreKey, RECORD_VERSION, bytes)?;
        let id = OneTimePreKeyId(reader.u32()?);
        let public = PublicKey::from_bytes(reader.array()?);
        let private = PrivateKey::from_secret(&reader.secret()?);
        reader.finish()?;
        Ok(Self::from_key_pair(id, KeyPair::from_parts(private, public)))
    }
}
