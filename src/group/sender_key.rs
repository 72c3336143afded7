// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our own sender key, for sending to a group.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Error, codec, read_format, write_format};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::crypto::xeddsa::Signer;
use crate::lease::Lease;
use crate::ratchet::chain::ChainKey;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::{Staged, State};
use crate::wire::ciphertext::Ciphertext;
use crate::wire::distribution_id::Format;
use crate::wire::message::MessageKind;
use crate::wire::sender_key_distribution::SenderKeyDistributionParts;
use crate::wire::sender_key_message::SenderKeyMessageParts;
use crate::writes::{Key, Writes};

/// Newest format of sender key records.
const RECORD_VERSION: u8 = 1;

/// Our own sender key: a chain that gives a key for each message to a group, and the key that signs them.
///
/// [`generate`](Self::generate) one for each group, send its [`distribution`](Self::distribution) to each member
/// through the sessions with their devices, then [`encrypt`](Self::encrypt). A member that joins later gets the
/// distribution as it is then, and reads nothing from before.
///
/// [`rotate`](Self::rotate) it whenever a member leaves or a device is unlinked, because they could read on; and from
/// time to time, because this is the only recovery from a stolen key.
pub struct SenderKey {
    pub(super) format: Format,
    pub(super) chain_id: u32,
    pub(super) chain: ChainKey,
    pub(super) signing: KeyPair,
    /// The point of the signing key, once it was needed.
    pub(super) signing_point: Option<[u8; 32]>,
    /// Number of committed changes.
    pub(super) generation: u64,
    pub(super) lease: Lease,
}

impl SenderKey {
    /// A fresh key for a distribution id; or, with [`Format::WithoutId`], for the older format. Draws
    /// 4 bytes for the chain id, which has 31 bits, then 32 for the chain key and 32 for the signing key.
    pub fn generate(format: impl Into<Format>, rng: &mut impl CryptoRng) -> Self {
        stack::wiped(stack::OPERATION, move || {
            let mut chain_id = [0; 4];
            rng.fill_bytes(&mut chain_id);
            let chain = ChainKey::new(Secret::random(rng), 0);
            let signing = KeyPair::generate(rng);
            Self {
                format: format.into(),
                chain_id: u32::from_le_bytes(chain_id) >> 1,
                chain,
                signing,
                signing_point: None,
                generation: 0,
                lease: Lease::new(),
            }
        })
    }

    /// Replaces chain id, chain key and signing key by fresh ones. A holder of the old distribution reads nothing that
    /// is sent from then on; send the new one to all remaining members. Draws as [`generate`](Self::generate) does.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub fn rotate(&mut self, rng: &mut impl CryptoRng) -> Result<Staged<'_, ()>, Error> {
        self.lease.free()?;
        let change = Change::Rotated(Box::new(Self::generate(self.format, rng)));
        Ok(Staged::of(self, change, ()))
    }

    /// The format, with the distribution id if it has one.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The id of the key's chain, which distinguishes it from others of the same distribution id.
    #[must_use]
    pub const fn chain_id(&self) -> u32 {
        self.chain_id
    }

    /// Number of messages sent, which is the index of the next one.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.chain.index()
    }

    /// The key that members verify messages with.
    #[must_use]
    pub const fn signing_key(&self) -> &PublicKey {
        self.signing.public()
    }

    /// Number of changes that were committed to this value and to the records that it was read from. A store that is
    /// shared between processes compares it before it replaces a record.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The `DistributionMessage` that lets a member read from the next message on. It is secret: send it
    /// inside messages of sessions only, such as in the application's own content.
    #[must_use]
    pub fn distribution(&self) -> Zeroizing<Vec<u8>> {
        SenderKeyDistributionParts {
            format: self.format,
            chain_id: self.chain_id,
            iteration: self.iteration(),
            chain_key: self.chain.as_bytes(),
            signing_key: self.signing_key(),
        }
        .encode()
    }

    /// Encrypts `plaintext`, of any length, for all members. Adds 1 to 16 bytes of padding and no other. Draws
    /// 64 bytes for the signature.
    ///
    /// Changes nothing until the stage is committed; a stage that is dropped uses up no key.
    ///
    /// # Errors
    /// [`Error`]: `Busy`, `Exhausted`.
    pub fn encrypt(
        &mut self,
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Ciphertext>, Error> {
        stack::wiped(stack::OPERATION, move || {
            self.lease.free()?;
            let (seed, next) = self.chain.step()?;
            let parts = SenderKeyMessageParts {
                format: self.format,
                chain_id: self.chain_id,
                iteration: self.iteration(),
                body: &codec::encrypt(&seed, plaintext),
            };
            let mut message = parts.encode();
            let signature = self.signer().sign(&[&message], rng);
            message.extend_from_slice(&signature);
            let ciphertext = Ciphertext::new(MessageKind::SenderKey, message);
            Ok(Staged::of(self, Change::Stepped(next), ciphertext))
        })
    }

    fn signer(&mut self) -> Signer<'_> {
        let key = self.signing.private();
        let point = *self.signing_point.get_or_insert_with(|| *Signer::new(key).public());
        Signer::from_parts(key, point)
    }

    /// The record of the key as it is.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, &self.chain)
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, a newer format, or damage.
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::SenderKey, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        let format = read_format(&mut reader)?;
        let chain_id = reader.u32()?;
        let chain = ChainKey::read(&mut reader)?;
        let public = PublicKey::from_bytes(reader.array()?);
        let signing = KeyPair::from_parts(PrivateKey::from_secret(&reader.secret()?), public);
        reader.finish()?;
        Ok(Self { format, chain_id, chain, signing, signing_point: None, generation, lease: Lease::new() })
    }

    fn write(&self, generation: u64, chain: &ChainKey) -> Record {
        let mut writer = RecordWriter::new(RecordKind::SenderKey, RECORD_VERSION, 129);
        writer.put_u64(generation);
        write_format(self.format, &mut writer);
        writer.put_u32(self.chain_id);
        chain.write(&mut writer);
        writer.put_array(self.signing_key().as_bytes());
        writer.put_array(self.signing.private().as_bytes());
        writer.finish()
    }
}

/// A change to a [`SenderKey`], prepared but not made.
pub(crate) enum Change {
    /// A message was sent.
    Stepped(ChainKey),
    /// Another key takes its place.
    Rotated(Box<SenderKey>),
}

impl State for SenderKey {
    type Change = Change;

    fn write_after(&self, change: &Change, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let record = match change {
            Change::Stepped(chain) => self.write(generation, chain),
            Change::Rotated(key) => key.write(generation, &key.chain),
        };
        writes.put_state(Key::SenderKey(self.format), record, generation);
    }

    fn apply(&mut self, change: Change) {
        self.generation = self.generation.wrapping_add(1);
        match change {
            Change::Stepped(chain) => self.chain = chain,
            Change::Rotated(mut key) => {
                key.generation = self.generation;
                // Swapped, so that the dropped value is wiped in place.
                core::mem::swap(self, &mut *key);
            }
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format: _, chain_id, chain, signing: _, signing_point: _, generation, lease: _ } = self;
        let iteration = chain.index();
        write!(f, "SenderKey(chain {chain_id}, iteration {iteration}, generation {generation})")
    }
}
