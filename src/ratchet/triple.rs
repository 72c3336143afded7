// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Triple Ratchet: the Double Ratchet beside the post-quantum one. The only place that knows both.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::chain::ChainExhausted;
use super::double::{DoubleChange, DoubleRatchet, DoubleRatchetError, DoubleReceived, DoubleSent, Header};
use super::message_keys::MessageKeys;
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::wire::stored::StoredSession;

/// The state of both ratchets.
#[derive(Debug)]
pub struct TripleRatchet {
    double: DoubleRatchet,
}

/// Why no message can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The sending chain is used up.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
}

/// Why a message can't be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The Double Ratchet has no key for it.
    #[error(transparent)]
    Double(#[from] DoubleRatchetError),
}

/// Everything for one message to be sent, and the change that sending it makes.
#[derive(Debug)]
pub struct Sending {
    /// Its place in the Double Ratchet.
    pub header: Header,
    /// What the post-quantum ratchet has to say; empty if nothing.
    pub post_quantum: Vec<u8>,
    /// Its keys.
    pub keys: MessageKeys,
    /// What changes once it is stored.
    pub change: Change,
}

/// The change that sending or receiving a message makes.
#[derive(Debug)]
pub struct Change(Which);

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one lives for the time of one message")]
enum Which {
    Sent(DoubleSent),
    Received(DoubleReceived),
}

impl TripleRatchet {
    /// Both ratchets as they come out of the agreement.
    #[must_use]
    pub const fn new(double: DoubleRatchet) -> Self {
        Self { double }
    }

    /// Reads the ratchets of a session that libsignal stored. None if they are not sound.
    pub(crate) fn from_stored(session: &StoredSession<'_>) -> Option<Self> {
        Some(Self { double: DoubleRatchet::from_stored(session)? })
    }

    /// The Double Ratchet.
    #[must_use]
    pub const fn double(&self) -> &DoubleRatchet {
        &self.double
    }

    /// Prepares the next message.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, _rng: &mut impl CryptoRng) -> Result<Sending, SendError> {
        let (header, seed, sent) = self.double.send()?;
        let keys = MessageKeys::derive(&seed, None);
        Ok(Sending { header, post_quantum: Vec::new(), keys, change: Change(Which::Sent(sent)) })
    }

    /// The keys of a received message, which is not authenticated yet, and the change to make once it is.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub fn receive(
        &self,
        header: &Header,
        _post_quantum: &[u8],
        max_jump: impl FnOnce() -> u32,
        rng: &mut impl CryptoRng,
    ) -> Result<(MessageKeys, Change), ReceiveError> {
        let (seed, received) = self.double.receive(header, max_jump, rng)?;
        Ok((MessageKeys::derive(&seed, None), Change(Which::Received(received))))
    }

    /// Makes the change of a message.
    pub fn apply(&mut self, change: Change) {
        match change.0 {
            Which::Sent(sent) => self.double.apply_sent(sent),
            Which::Received(received) => self.double.apply_received(received),
        }
    }

    /// About how many bytes [`Self::write`] writes.
    pub(crate) fn usual_len(&self) -> usize {
        self.double.usual_len()
    }

    /// Writes the state as it will be after `change`.
    pub(crate) fn write(&self, change: Option<&Change>, writer: &mut RecordWriter) {
        let double = match change {
            None => DoubleChange::None,
            Some(Change(Which::Sent(sent))) => DoubleChange::Sent(sent),
            Some(Change(Which::Received(received))) => DoubleChange::Received(received),
        };
        self.double.write(double, writer);
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self { double: DoubleRatchet::read(reader)? })
    }
}
