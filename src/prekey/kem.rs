// SPDX-License-Identifier: MIT OR Apache-2.0

//! KEM prekeys: one-time and last-resort.

use rand_core::CryptoRng;

use super::public::KemPreKeyPublic;
use crate::crypto::kem::{KemKeyPair, KemPublicKey, KemSecretKey, KemType};
use crate::crypto::xeddsa::Signature;
use crate::identity::IdentityKeyPair;
use crate::ids::KemPreKeyId;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;

/// Newest format of KEM prekey records.
const RECORD_VERSION: u8 = 1;
/// Length of a record's content in bytes.
const RECORD_LEN: usize = 4 + 8 + KemPublicKey::ENCODED_LEN + KemSecretKey::ENCODED_LEN + 64;

/// The common part of both kinds of KEM prekeys: a key pair signed by the identity key.
#[derive(Debug)]
pub(super) struct KemPreKey {
    pub(super) id: KemPreKeyId,
    pub(super) pair: KemKeyPair,
    signature: Signature,
    pub(super) created: Timestamp,
}

impl KemPreKey {
    /// A fresh Kyber-1024 prekey, signed over its 1,569 encoded bytes. Draws 64 bytes for the key, then
    /// 64 for the signature.
    fn generate(
        id: KemPreKeyId,
        identity: &IdentityKeyPair,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let pair = KemKeyPair::generate(KemType::Kyber1024, rng);
        let signature = identity.sign(&[&pair.public().encode()], rng);
        Self::from_parts(id, pair, signature, now)
    }

    /// A prekey made elsewhere. The signature is not verified here: peers do that.
    pub(super) const fn from_parts(
        id: KemPreKeyId,
        pair: KemKeyPair,
        signature: Signature,
        created: Timestamp,
    ) -> Self {
        Self { id, pair, signature, created }
    }

    /// The public half, to be published.
    pub(super) fn public(&self) -> KemPreKeyPublic {
        KemPreKeyPublic { id: self.id, key: self.pair.public().clone(), signature: self.signature }
    }

    fn record(&self, kind: RecordKind) -> Record {
        let mut writer = RecordWriter::new(kind, RECORD_VERSION, RECORD_LEN);
        writer.put_u32(self.id.0);
        writer.put_u64(self.created.as_millis());
        writer.put_array(&self.pair.public().encode());
        writer.put_array(self.pair.secret().encode().as_bytes());
        writer.put_array(&self.signature);
        writer.finish()
    }

    fn from_record(kind: RecordKind, bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
        let id = KemPreKeyId(reader.u32()?);
        let created = Timestamp::from_millis(reader.u64()?);
        let public = KemPublicKey::decode(&reader.array::<{ KemPublicKey::ENCODED_LEN }>()?);
        let secret = KemSecretKey::decode(reader.secret::<{ KemSecretKey::ENCODED_LEN }>()?.as_bytes());
        let signature = reader.array()?;
        reader.finish()?;
        let (Ok(public), Ok(secret)) = (public, secret) else { return Err(RecordError::Damaged) };
        let pair = KemKeyPair::from_parts(secret, public).map_err(|_| RecordError::Damaged)?;
        Ok(Self::from_parts(id, pair, signature, created))
    }
}

/// The two kinds differ in their names and record kinds.
macro_rules! kem_pre_key {
    ($(#[$doc:meta])* $name:ident, $kind:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(pub(super) KemPreKey);

        impl $name {
            /// A fresh Kyber-1024 prekey, signed over its 1,569 encoded bytes. Draws 64 bytes for the key, then 64 for
            /// the signature.
            pub fn generate(
                id: KemPreKeyId,
                identity: &IdentityKeyPair,
                now: Timestamp,
                rng: &mut impl CryptoRng,
            ) -> Self {
                Self(KemPreKey::generate(id, identity, now, rng))
            }

            /// A prekey made elsewhere. The signature is not verified here: peers do that.
            #[must_use]
            pub const fn from_parts(
                id: KemPreKeyId,
                pair: KemKeyPair,
                signature: Signature,
                created: Timestamp,
            ) -> Self {
                Self(KemPreKey::from_parts(id, pair, signature, created))
            }

            /// Its id.
            #[must_use]
            pub const fn id(&self) -> KemPreKeyId {
                self.0.id
            }

            /// Its keys.
            #[must_use]
            pub const fn key_pair(&self) -> &KemKeyPair {
                &self.0.pair
            }

            /// When it was made.
            #[must_use]
            pub const fn created(&self) -> Timestamp {
                self.0.created
            }

            /// The half to publish.
            #[must_use]
            pub fn public(&self) -> KemPreKeyPublic {
                self.0.public()
            }

            /// The record to store.
            #[must_use]
            pub fn record(&self) -> Record {
                self.0.record($kind)
            }

            /// Reads the [record](Self::record).
            ///
            /// # Errors
            /// [`RecordError`] for another kind of record, a newer format, or damage.
            pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
                KemPreKey::from_record($kind, bytes).map(Self)
            }
        }
    };
}

kem_pre_key!(
    /// A KEM prekey that starts one session and is deleted with it.
    ///
    /// It is neither `Clone` nor `Copy`.
    OneTimeKemPreKey,
    RecordKind::OneTimeKemPreKey
);

kem_pre_key!(
    /// A KEM prekey handed out when the one-time ones are used up, for any number of sessions. Its owner must also keep
    /// the base keys that were used with it, so that a first message can't be replayed.
    LastResortKemPreKey,
    RecordKind::LastResortKemPreKey
);
