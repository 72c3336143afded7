// SPDX-License-Identifier: MIT OR Apache-2.0

//! Signed prekeys.

use rand_core::CryptoRng;

use super::public::SignedPreKeyPublic;
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::xeddsa::Signature;
use crate::identity::IdentityKeyPair;
use crate::ids::SignedPreKeyId;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;

/// Newest format of [`SignedPreKey`] records.
const RECORD_VERSION: u8 = 1;

/// A prekey of medium life, signed by the identity key, used for many sessions. It is also the
/// responder's first ratchet key.
#[derive(Debug)]
pub struct SignedPreKey {
    id: SignedPreKeyId,
    pair: KeyPair,
    signature: Signature,
    created: Timestamp,
}

impl SignedPreKey {
    /// A fresh prekey, signed over its 33 encoded bytes. Draws 32 bytes for the key, then 64 for the
    /// signature.
    pub fn generate(
        id: SignedPreKeyId,
        identity: &IdentityKeyPair,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let pair = KeyPair::generate(rng);
        let signature = identity.sign(&[&pair.public().encode()], rng);
        Self::from_parts(id, pair, signature, now)
    }

    /// A prekey made elsewhere. The signature is not verified here: peers do that.
    #[must_use]
    pub const fn from_parts(
        id: SignedPreKeyId,
        pair: KeyPair,
        signature: Signature,
        created: Timestamp,
    ) -> Self {
        Self { id, pair, signature, created }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> SignedPreKeyId {
        self.id
    }

    /// Its keys.
    #[must_use]
    pub const fn key_pair(&self) -> &KeyPair {
        &self.pair
    }

    /// When it was made.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// The public half, to be published.
    #[must_use]
    pub const fn public(&self) -> SignedPreKeyPublic {
        SignedPreKeyPublic { id: self.id, key: *self.pair.public(), signature: self.signature }
    }

    /// The record to store.
    #[must_use]
    pub fn record(&self) -> Record {
        let mut writer = RecordWriter::new(RecordKind::SignedPreKey, RECORD_VERSION, 140);
        writer.put_u32(self.id.0);
        writer.put_u64(self.created.as_millis());
        writer.put_array(self.pair.public().as_bytes());
        writer.put_array(self.pair.private().as_bytes());
        writer.put_array(&self.signature);
        writer.finish()
    }

    /// Reads the [record](Self::record).
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, a newer format, or damage.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::SignedPreKey, RECORD_VERSION, bytes)?;
        let id = SignedPreKeyId(reader.u32()?);
        let created = Timestamp::from_millis(reader.u64()?);
        let public = PublicKey::from_bytes(reader.array()?);
        let private = PrivateKey::from_secret(&reader.secret()?);
        let signature = reader.array()?;
        reader.finish()?;
        Ok(Self::from_parts(id, KeyPair::from_parts(private, public), signature, created))
    }
}
