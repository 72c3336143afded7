// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records sealed for a store that others may read or write.
//!
//! ```text
//! sealed     = 01 || salt (32) || ciphertext || tag (16)
//! salt       = HMAC(record key, "subrosa record salt" || 32 random bytes || 01 || kind || length of the owner (8) || owner || record)
//! key, nonce = HKDF(salt, record key, "subrosa sealed record", 44), cut into 32 and 12
//! ciphertext, tag = AES-256-GCM(key, nonce, record, associated data = 01 || kind || owner)
//! ```
//!
//! Bytes of the caller's own are sealed alike, with 0 for the kind. The salt is of what is sealed, too: where a generator
//! repeats itself, as in a machine that was cloned, only equal records are sealed alike.

use alloc::vec::Vec;

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::crypto::gcm::{self, NONCE_LEN, TAG_LEN};
use crate::crypto::kdf::{self, Label, MacKey};
use crate::crypto::secret::Secret;

use super::{Record, RecordError, RecordKind};

const LABEL: Label = Label::new("subrosa sealed record");
const SALT_LABEL: &[u8] = b"subrosa record salt";
const VERSION: u8 = 1;
const SALT_LEN: usize = 32;
/// The number in place of the kind, where bytes are no record.
const NO_RECORD: u8 = 0;

/// Number of bytes by which a sealed record is longer than the record.
pub const SEALED_OVERHEAD: usize = 1 + SALT_LEN + TAG_LEN;

/// A key that seals records: 32 secret bytes that the messenger keeps apart from its store, such as in the
/// operating system's key store. One key may seal any number of records.
#[derive(Debug)]
pub struct RecordKey(Secret<32>);

impl RecordKey {
    /// A key from 32 bytes that nobody can guess; not a password.
    #[must_use]
    pub const fn new(key: Secret<32>) -> Self {
        Self(key)
    }

    /// A copy of 32 bytes that nobody can guess. The original stays the caller's to wipe.
    #[must_use]
    pub const fn from_bytes(key: &[u8; 32]) -> Self {
        Self(Secret::new(*key))
    }

    /// A fresh key; draws 32 bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The key, for the place where it is kept.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Seals `record`. `owner` says what it belongs to, such as the [bytes of its key](crate::store::Key::to_bytes): a
    /// record that was moved to another row does not open there. An older record put back into its own row does, so the
    /// store must not allow that. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RecordError::TooLong`].
    pub fn seal(
        &self,
        record: &Record,
        owner: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, RecordError> {
        self.seal_kind(record.kind().to_u8(), record.as_bytes(), owner, rng)
    }

    /// Seals bytes of the caller's own, such as a text, in the same form. They don't open as a record, nor does a
    /// record as bytes. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RecordError::TooLong`].
    pub fn seal_bytes(
        &self,
        bytes: &[u8],
        owner: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, RecordError> {
        self.seal_kind(NO_RECORD, bytes, owner, rng)
    }

    fn seal_kind(
        &self,
        kind: u8,
        bytes: &[u8],
        owner: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, RecordError> {
        let salt = self.salt(&Secret::random(rng), kind, owner, bytes);
        let mut sealed = Vec::with_capacity(bytes.len() + SEALED_OVERHEAD);
        sealed.push(VERSION);
        sealed.extend_from_slice(&salt);
        sealed.extend_from_slice(bytes);
        let (_, buffer) = sealed.split_at_mut(1 + SALT_LEN);
        let (key, nonce) = self.key_and_nonce(&salt);
        let data = associated_data(kind, owner);
        if let Ok(tag) = gcm::seal(key.as_bytes(), nonce.as_bytes(), &data, buffer) {
            sealed.extend_from_slice(&tag);
            Ok(sealed)
        } else {
            sealed.zeroize();
            Err(RecordError::TooLong)
        }
    }

    /// Opens a [sealed](Self::seal) record, for the same owner and of the same kind.
    ///
    /// # Errors
    /// [`RecordError`]: `NotARecord` if the bytes are empty or begin with 0; `NewerVersion` if they begin
    /// with more than 1; `NotAuthentic`.
    pub fn open(&self, kind: RecordKind, owner: &[u8], sealed: &[u8]) -> Result<Record, RecordError> {
        Record::from_bytes(kind, self.open_kind(kind.to_u8(), owner, sealed)?)
    }

    /// Opens [sealed](Self::seal_bytes) bytes, for the same owner.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_bytes(&self, owner: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, RecordError> {
        self.open_kind(NO_RECORD, owner, sealed)
    }

    fn open_kind(&self, kind: u8, owner: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, RecordError> {
        let rest = match sealed.split_first() {
            None | Some((0, _)) => return Err(RecordError::NotARecord),
            Some((&VERSION, rest)) => rest,
            Some((&newer, _)) => return Err(RecordError::NewerVersion(newer)),
        };
        let (salt, rest) = rest.split_first_chunk::<SALT_LEN>().ok_or(RecordError::NotAuthentic)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(RecordError::NotAuthentic)?;
        let (key, nonce) = self.key_and_nonce(salt);
        let mut bytes = Zeroizing::new(Vec::from(ciphertext));
        let data = associated_data(kind, owner);
        gcm::open(key.as_bytes(), nonce.as_bytes(), &data, &mut bytes, tag)
            .map_err(|gcm::NotAuthentic| RecordError::NotAuthentic)?;
        Ok(bytes)
    }

    /// The salt of one sealing.
    fn salt(&self, random: &Secret<32>, kind: u8, owner: &[u8], bytes: &[u8]) -> [u8; SALT_LEN] {
        let owner_len = u64::try_from(owner.len()).unwrap_or(u64::MAX).to_be_bytes();
        let parts = [SALT_LABEL, random.as_bytes(), &[VERSION, kind], &owner_len, owner, bytes];
        *MacKey::new(self.0.as_bytes()).mac(&parts).as_bytes()
    }

    /// Key and nonce of one sealing. Both are fresh with the salt, so that the number of records that one
    /// key may seal is not limited by the 96 bits of a random nonce.
    fn key_and_nonce(&self, salt: &[u8; SALT_LEN]) -> (Secret<32>, Secret<NONCE_LEN>) {
        kdf::hkdf::<44>(Some(salt), self.0.as_bytes(), LABEL).split()
    }
}

/// The associated data of a sealed record.
fn associated_data(kind: u8, owner: &[u8]) -> Vec<u8> {
    [&[VERSION, kind], owner].concat()
}
