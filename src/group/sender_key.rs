// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our own sender key: what we send to a group with.

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{codec, read_format, write_format};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::crypto::xeddsa::Signer;
use crate::ratchet::chain::{ChainExhausted, ChainKey};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::{Staged, State, sealed};
use crate::wire::ciphertext::Ciphertext;
use crate::wire::distribution_id::SenderKeyFormat;
use crate::wire::message::MessageKind;
use crate::wire::sender_key_distribution::SenderKeyDistributionParts;
use crate::wire::sender_key_message::SenderKeyMessageParts;

/// Newest format of sender key records.
const RECORD_VERSION: u8 = 1;

/// Why a message can't be sent to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupEncryptError {
    /// The chain is used up: [generate](SenderKey::generate) another key.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
}

/// Our own sender key: a chain that gives a key for each message to a group, and the key that signs them.
///
/// Store its [`record`](Self::record), send its [`distribution`](Self::distribution) to each member through
/// the sessions with their devices, then [`encrypt`](Self::encrypt). Who joins later gets the distribution as it
/// is then, and reads nothing from before.
///
/// To rotate is to [`generate`](Self::generate) another key in its place. Do so whenever a member leaves or a
/// device is unlinked: they could read on with the old one. And from time to time, because this is the only
/// recovery from a stolen key.
///
/// ```
/// # use subrosa::{DistributionId, ReceiverKeys, SenderKey, SenderKeyDistributionMessage, SenderKeyMessage};
/// # fn group(rng: &mut impl subrosa::rand_core::CryptoRng) -> Result<(), Box<dyn std::error::Error>> {
/// # fn store(_: &subrosa::Record) -> Result<(), std::io::Error> { Ok(()) }
/// let id: DistributionId = "d1d1d1d1-7000-11eb-b32a-33b8a8a487a6".parse()?;
/// let mut ours = SenderKey::generate(id, rng);
/// store(&ours.record())?;
/// let distribution = ours.distribution(); // to each member, inside a message of a session
/// let sent = ours.encrypt(b"hello group", rng)?.commit_with(|record, ()| store(record))?;
///
/// // A member keeps this under our address and the distribution id.
/// let mut theirs = ReceiverKeys::new(id);
/// let distribution = SenderKeyDistributionMessage::parse(&distribution)?;
/// theirs.learn(&distribution)?.commit_with(|record, ()| store(record))?;
/// let message = SenderKeyMessage::parse(sent.as_bytes())?;
/// let plaintext = theirs.decrypt(&message)?.commit_with_received(|record, (), _| store(record))?;
/// assert_eq!(&*plaintext, b"hello group");
/// # Ok(())
/// # }
/// # use rand_chacha::rand_core::SeedableRng;
/// # group(&mut rand_chacha::ChaCha20Rng::seed_from_u64(1)).unwrap();
/// ```
pub struct SenderKey {
    pub(super) format: SenderKeyFormat,
    pub(super) chain_id: u32,
    pub(super) chain: ChainKey,
    pub(super) signing: KeyPair,
    /// The point of the signing key, once it was needed.
    pub(super) signing_point: Option<[u8; 32]>,
    /// How many changes were committed.
    pub(super) generation: u64,
}

impl SenderKey {
    /// A fresh key for a distribution id; or, with [`SenderKeyFormat::WithoutId`], for the older format. Draws
    /// 4 bytes for the chain id, which has 31 bits, then 32 for the chain key and 32 for the signing key.
    pub fn generate(format: impl Into<SenderKeyFormat>, rng: &mut impl CryptoRng) -> Self {
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
            }
        })
    }

    /// The format, with the distribution id if it has one.
    #[must_use]
    pub const fn format(&self) -> SenderKeyFormat {
        self.format
    }

    /// What tells this key from others of the same distribution id.
    #[must_use]
    pub const fn chain_id(&self) -> u32 {
        self.chain_id
    }

    /// How many messages were sent, which is the index of the next one.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.chain.index()
    }

    /// The key that members verify messages with.
    #[must_use]
    pub const fn signing_key(&self) -> &PublicKey {
        self.signing.public()
    }

    /// How many changes were committed to this value and to the records that it was read from. A store
    /// that is shared between processes compares it before it replaces a record.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The `SenderKeyDistributionMessage` that lets a member read from the next message on. It is secret: send it
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
    /// [`GroupEncryptError`].
    pub fn encrypt(
        &mut self,
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Self, Ciphertext>, GroupEncryptError> {
        stack::wiped(stack::OPERATION, move || {
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
            Ok(Staged::new(self, SenderKeyChange(next), (), ciphertext))
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

    /// Reads what [`Self::record`] or [`Staged::record`] gave.
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
        Ok(Self { format, chain_id, chain, signing, signing_point: None, generation })
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

impl State for SenderKey {
    type Effects = ();
}

/// A change to a [`SenderKey`], prepared but not made.
pub struct SenderKeyChange(ChainKey);

impl sealed::Sealed for SenderKey {
    type Change = SenderKeyChange;

    fn record_after(&self, change: &SenderKeyChange) -> Record {
        self.write(self.generation.wrapping_add(1), &change.0)
    }

    fn apply(&mut self, change: SenderKeyChange) {
        self.generation = self.generation.wrapping_add(1);
        self.chain = change.0;
    }
}

impl fmt::Debug for SenderKeyChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SenderKeyChange(..)")
    }
}

impl fmt::Debug for SenderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format: _, chain_id, chain, signing: _, signing_point: _, generation } = self;
        let iteration = chain.index();
        write!(f, "SenderKey(chain {chain_id}, iteration {iteration}, generation {generation})")
    }
}
