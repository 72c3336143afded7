// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Triple Ratchet (Double Ratchet §6): the Double Ratchet beside the sparse post-quantum one. The only
//! place that knows both.

use rand_core::CryptoRng;

use super::chain::{ChainExhausted, MessageKeySeed};
use super::double::{
    DoubleChange, DoubleRatchet, DoubleRatchetError, DoubleReceived, DoubleSent, Header, Reach,
};
use super::message_keys::MessageKeys;
use super::spqr::{Spqr, SpqrChange, SpqrError};
use super::turns::Turns;
use crate::profile::SIGNAL_4;
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::wire::braid_message::EncodedBraidMessage;
#[cfg(feature = "libsignal")]
use crate::wire::stored::StoredSession;

/// The state of both ratchets.
#[derive(Debug)]
pub struct TripleRatchet {
    double: DoubleRatchet,
    braid: Spqr,
}

/// The reason that no message can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The sending chain is used up.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
    /// The post-quantum ratchet has no key.
    #[error("post-quantum ratchet: {0}")]
    PostQuantum(#[from] SpqrError),
}

/// The reason that a message can't be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The Double Ratchet has no key for it.
    #[error(transparent)]
    Double(#[from] DoubleRatchetError),
    /// The post-quantum ratchet has no key for it, or refuses it.
    #[error("post-quantum ratchet: {0}")]
    PostQuantum(#[from] SpqrError),
    /// Its keys were stored ready-made, and can't be mixed with one of the post-quantum ratchet.
    #[error("ready-made keys don't mix with a post-quantum one")]
    ReadyKeys,
}

/// The keys of one message to send, and the change of sending it.
#[derive(Debug)]
pub struct Sending {
    /// Its place in the Double Ratchet.
    pub header: Header,
    /// The message of the post-quantum ratchet, up to 52 bytes; empty if that is off.
    pub post_quantum: EncodedBraidMessage,
    /// Its keys.
    pub keys: MessageKeys,
    /// The change, to be made once it is stored.
    pub change: Change,
}

/// The change that sending or receiving a message makes.
#[derive(Debug)]
pub struct Change {
    double: DoubleStep,
    braid: SpqrChange,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one is held at a time, and not for long")]
enum DoubleStep {
    Sent(DoubleSent),
    Received(DoubleReceived),
}

impl TripleRatchet {
    /// Both ratchets after the agreement. Without a post-quantum one, that is off.
    #[must_use]
    pub const fn new(double: DoubleRatchet, braid: Spqr) -> Self {
        Self { double, braid }
    }

    /// Reads the ratchets of a session that libsignal stored. None if they are not sound.
    #[cfg(feature = "libsignal")]
    pub(crate) fn from_stored(session: &StoredSession<'_>) -> Option<Self> {
        Some(Self {
            double: DoubleRatchet::from_stored(session)?,
            braid: Spqr::from_stored(session.pq_ratchet)?,
        })
    }

    /// The Double Ratchet.
    #[must_use]
    pub const fn double(&self) -> &DoubleRatchet {
        &self.double
    }

    /// The post-quantum ratchet.
    #[must_use]
    pub const fn braid(&self) -> &Spqr {
        &self.braid
    }

    /// Prepares the next message. The post-quantum ratchet draws first, and only where it begins a round: 64
    /// or 32 bytes.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn send(&self, rng: &mut impl CryptoRng) -> Result<Sending, SendError> {
        let braid = self.braid.send(rng)?;
        let (header, seed, sent) = self.double.send()?;
        let keys = MessageKeys::derive(SIGNAL_4.message, &seed, braid.key.as_ref());
        let change = Change { double: DoubleStep::Sent(sent), braid: braid.change };
        Ok(Sending { header, post_quantum: braid.message, keys, change })
    }

    /// The keys of a received message, which is not authenticated yet, and the change to make once it is. All that is
    /// cheap is checked before anything that is not. Draws 32 bytes if its ratchet key is new, even if it is refused.
    ///
    /// # Errors
    /// [`ReceiveError`]; what the Double Ratchet refuses the post-quantum one is not asked about.
    pub fn receive(
        &self,
        header: &Header,
        post_quantum: &[u8],
        reach: Reach,
        turns: &mut impl Turns,
    ) -> Result<(MessageKeys, Change), ReceiveError> {
        if let Err(refused) = self.check(header, post_quantum, reach) {
            if !self.double.knows(&header.ratchet_key) {
                turns.pass_over();
            }
            return Err(refused);
        }
        let mut seed = MessageKeySeed::to_be_filled();
        let received = self.double.receive(header, reach, turns, &mut seed)?;
        let braid = self.braid.receive(post_quantum)?;
        let keys = match (self.double.ready_keys(header), &braid.key) {
            (None, key) => MessageKeys::derive(SIGNAL_4.message, &seed, key.as_ref()),
            (Some(ready), None) => ready.duplicate(),
            (Some(_), Some(_)) => return Err(ReceiveError::ReadyKeys),
        };
        Ok((keys, Change { double: DoubleStep::Received(received), braid: braid.change }))
    }

    /// Refuses a message as far as that costs nothing.
    pub(crate) fn check(
        &self,
        header: &Header,
        post_quantum: &[u8],
        reach: Reach,
    ) -> Result<(), ReceiveError> {
        self.double.check(header, reach)?;
        let new = if self.double.knows(&header.ratchet_key) { None } else { reach.new };
        self.braid.check(post_quantum, new.unwrap_or(reach.known))?;
        Ok(())
    }

    /// Makes the change of a message.
    pub fn apply(&mut self, change: Change) {
        match change.double {
            DoubleStep::Sent(sent) => self.double.apply_sent(sent),
            DoubleStep::Received(received) => self.double.apply_received(received),
        }
        self.braid.apply(change.braid);
    }

    /// About how many bytes [`Self::write`] writes.
    pub(crate) fn usual_len(&self) -> usize {
        let braid = if self.braid.is_off() { 0 } else { 3 * 1024 };
        braid + self.double.usual_len()
    }

    /// Writes the state as it will be after `change`.
    pub(crate) fn write(&self, change: Option<&Change>, writer: &mut RecordWriter) {
        let double = match change.map(|change| &change.double) {
            None => DoubleChange::None,
            Some(DoubleStep::Sent(sent)) => DoubleChange::Sent(sent),
            Some(DoubleStep::Received(received)) => DoubleChange::Received(received),
        };
        self.double.write(double, writer);
        self.braid.write(change.map(|change| &change.braid), writer);
    }

    /// Reads what [`Self::write`] wrote; chains without a past from formats that have none.
    pub(crate) fn read(reader: &mut RecordReader<'_>, has_past: bool) -> Result<Self, RecordError> {
        Ok(Self { double: DoubleRatchet::read(reader, has_past)?, braid: Spqr::read(reader)? })
    }

    /// Reads records from before there was a post-quantum ratchet.
    pub(crate) fn read_double_only(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self { double: DoubleRatchet::read(reader, false)?, braid: Spqr::off() })
    }
}
