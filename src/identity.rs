// SPDX-License-Identifier: MIT OR Apache-2.0

//! Identity keys: the long-term keys of accounts.

mod contact;
#[cfg(feature = "libsignal")]
mod stored;

use rand_core::CryptoRng;

pub use contact::ContactSecret;
#[cfg(feature = "libsignal")]
pub(crate) use stored::stored_pair;

use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::key_error::KeyError;
use crate::crypto::secret::Secret;
use crate::crypto::xeddsa::{self, Signature};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};

/// Newest format of [`IdentityKeyPair`] records.
const RECORD_VERSION: u8 = 1;

/// The prefix of the other key in an alternate-identity signature's message.
const ALTERNATE_IDENTITY_PREFIX: [&[u8]; 2] = [&[0xFF; 32], b"Signal_PNI_Signature"];

/// The public identity key of an account, 33 bytes encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdentityKey(PublicKey);

impl IdentityKey {
    /// Length of the encoded form in bytes.
    pub const ENCODED_LEN: usize = PublicKey::ENCODED_LEN;

    /// An identity key from its Curve25519 key.
    #[must_use]
    pub const fn new(key: PublicKey) -> Self {
        Self(key)
    }

    /// Reads the encoded form; bytes after the 33rd are ignored, as deployed.
    ///
    /// # Errors
    /// [`KeyError`], as for [`PublicKey::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        PublicKey::decode(bytes).map(Self)
    }

    /// The encoded form, 33 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::ENCODED_LEN] {
        self.0.encode()
    }

    /// The Curve25519 key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.0
    }

    /// The record that a store keeps of a peer's identity, under [`Key::Identity`](crate::store::Key::Identity).
    #[must_use]
    pub fn record(&self) -> Record {
        let mut writer = RecordWriter::new(RecordKind::Identity, RECORD_VERSION, 32);
        writer.put_array(self.0.as_bytes());
        writer.finish()
    }

    /// Reads the [record](Self::record).
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, a newer format, or damage.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::Identity, RECORD_VERSION, bytes)?;
        let key = reader.array()?;
        reader.finish()?;
        Ok(Self(PublicKey::from_bytes(key)))
    }

    /// Returns whether `signature` is this identity's over the concatenation of `message`'s parts. A signature that is
    /// not 64 bytes long is just false.
    #[must_use]
    pub fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        xeddsa::verify(&self.0, message, signature)
    }

    /// Returns whether the holder of this identity declared `other` to be an identity of the same user.
    #[must_use]
    pub fn verify_alternate_identity(&self, other: &Self, signature: &[u8]) -> bool {
        let [prefix, context] = ALTERNATE_IDENTITY_PREFIX;
        self.verify(&[prefix, context, &other.encode()], signature)
    }
}

/// The caller's decision about the identity key of a peer. Each operation that would use one asks for it, at the moment
/// that the protocol sets.
///
/// The caller looks up the key that is pinned for the peer's account before the call. A session's identity that was
/// accepted and is not pinned is among the writes of the operation, under
/// [`Key::Identity`](crate::store::Key::Identity). Group messages pin nothing.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// This key and no other: the pinned one.
    Pinned(&'a IdentityKey),
    /// Any key: nothing is pinned for the peer yet, or the caller accepts a change. The key takes the place of a pinned
    /// one, if there is one.
    Anyone,
    /// No key at all: the peer is blocked.
    Nobody,
}

impl<'a> Trust<'a> {
    /// Trust on first use: the pinned key if there is one, any key otherwise.
    #[must_use]
    pub const fn on_first_use(kept: Option<&'a IdentityKey>) -> Self {
        match kept {
            Some(key) => Self::Pinned(key),
            None => Self::Anyone,
        }
    }

    /// Returns whether it is a pinned key.
    pub(crate) const fn is_pinned(self) -> bool {
        matches!(self, Self::Pinned(_))
    }

    pub(crate) fn accepts(self, key: &IdentityKey) -> bool {
        match self {
            Self::Pinned(kept) => kept == key,
            Self::Anyone => true,
            Self::Nobody => false,
        }
    }
}

/// An identity key with its private half.
#[derive(Debug)]
pub struct IdentityKeyPair {
    pair: KeyPair,
    public: IdentityKey,
}

impl IdentityKeyPair {
    /// A fresh identity; draws 32 bytes.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_private(PrivateKey::generate(rng))
    }

    /// The identity of a private key.
    #[must_use]
    pub fn from_private(private: PrivateKey) -> Self {
        Self::from_key_pair(KeyPair::from_private(private))
    }

    const fn from_key_pair(pair: KeyPair) -> Self {
        let public = IdentityKey(*pair.public());
        Self { pair, public }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &IdentityKey {
        &self.public
    }

    /// The private half.
    #[must_use]
    pub const fn private(&self) -> &PrivateKey {
        self.pair.private()
    }

    /// Signs the concatenation of `message`'s parts. Draws 64 bytes.
    pub fn sign(&self, message: &[&[u8]], rng: &mut impl CryptoRng) -> Signature {
        xeddsa::sign(self.private(), message, rng)
    }

    /// Declares `other` to be an identity of the same user. Draws 64 bytes.
    pub fn sign_alternate_identity(&self, other: &IdentityKey, rng: &mut impl CryptoRng) -> Signature {
        let [prefix, context] = ALTERNATE_IDENTITY_PREFIX;
        self.sign(&[prefix, context, &other.encode()], rng)
    }

    /// The record to store.
    #[must_use]
    pub fn record(&self) -> Record {
        let mut writer = RecordWriter::new(RecordKind::IdentityKeyPair, RECORD_VERSION, 64);
        writer.put_array(self.public.public_key().as_bytes());
        writer.put_array(self.private().as_bytes());
        writer.finish()
    }

    /// Reads the [record](Self::record).
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, a newer format, or damage.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::IdentityKeyPair, RECORD_VERSION, bytes)?;
        let (public, private) = (reader.array()?, reader.secret()?);
        reader.finish()?;
        Ok(Self::from_halves(public, &private))
    }

    /// The identity of two stored halves, bare and without a check that they belong together.
    pub(crate) fn from_halves(public: [u8; 32], private: &Secret<32>) -> Self {
        let pair = KeyPair::from_parts(PrivateKey::from_secret(private), PublicKey::from_bytes(public));
        Self::from_key_pair(pair)
    }
}
