// SPDX-License-Identifier: MIT OR Apache-2.0

//! The sparse post-quantum ratchet (SPQR): the ML-KEM Braid and the chains of its epochs.
//!
//! An epoch of the [braid] ends with a secret on both sides. Secrets are folded into chains, one per epoch and
//! direction, and each message takes the next key of one. A message of braid epoch `e` is keyed by chain epoch
//! `e − 1`, since its receiver may not have the newest secret yet. (*The Double Ratchet Algorithm*, revision 4,
//! section 5.)
//!
//! Sending and receiving change nothing: each gives a [`SpqrChange`], to be applied once its message was stored or
//! authenticated.

pub mod braid;
mod chain;
mod direction;
mod error;
#[cfg(feature = "rose")]
mod fixed;
mod limits;
mod profile;
#[cfg(any(feature = "hazmat", feature = "libsignal"))]
mod stored;
#[cfg(test)]
mod tests;
mod version;

use alloc::boxed::Box;
use core::cmp::Ordering;
use core::fmt;
use core::mem::swap;

use rand_core::CryptoRng;

use crate::crypto::secret::Secret;
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::wire::braid_message::{BraidMessage, BraidPrefix, EncodedBraidMessage, VERSION};

use braid::{Received, Sent, State, Step};
use profile::Profile;

pub use chain::{AddedEpoch, Chain, ChainChange, ChainStep, ReceiveStep};
pub use direction::Direction;
pub use error::SpqrError;
pub use limits::Limits;
pub use version::MinimumVersion;

/// One party's side of the ratchet.
///
/// Boxed, as are all optional parts in it, so that `None` does not carry stale stack bytes into memory that lives as
/// long as the session.
pub struct Spqr(Option<Box<Ratchet>>);

/// A ratchet that is switched on.
struct Ratchet {
    direction: Direction,
    limits: Limits,
    minimum: MinimumVersion,
    /// The initial key of the chain, until the version is settled: the first message of version 1 is received.
    auth_key: Option<Box<Secret<32>>>,
    chain: Option<Box<Chain>>,
    state: State,
}

/// The change of a message, to be passed to [`Spqr::apply`] of the very ratchet that gave it, before it gives another
/// one.
#[derive(Debug, Default)]
pub struct SpqrChange(Change);

#[derive(Debug, Default)]
enum Change {
    #[default]
    Nothing,
    Off,
    On(RatchetChange),
}

#[derive(Debug, Default)]
struct RatchetChange {
    step: Step,
    /// The chain, if it begins with this message; `chain_change` applies to it.
    started: Option<Box<Chain>>,
    chain_change: ChainChange,
    /// The version is settled now.
    settled: bool,
}

impl SpqrChange {
    fn on(change: RatchetChange) -> Self {
        Self(Change::On(change))
    }
}

/// A message to send.
#[derive(Debug)]
pub struct SpqrSend {
    /// The change of sending it.
    pub change: SpqrChange,
    /// The message, up to 52 bytes; empty if the ratchet is off.
    pub message: EncodedBraidMessage,
    /// The message's key, if it has one.
    pub key: Option<Secret<32>>,
}

/// A received message.
#[derive(Debug)]
pub struct SpqrReceive {
    /// The change of receiving it. To be applied only after the message was authenticated under its key.
    pub change: SpqrChange,
    /// The message's key, if it has one.
    pub key: Option<Secret<32>>,
}

impl Spqr {
    /// The ratchet of a new session, which accepts no peer without it. `auth_key` is the secret that both
    /// sides share; the initiator's direction is A2B.
    #[must_use]
    pub fn new(direction: Direction, auth_key: &Secret<32>, limits: Limits) -> Self {
        Self::with_minimum(MinimumVersion::V1, direction, auth_key, limits)
    }

    /// The ratchet of a new session that the peer's first message may switch off, if `minimum` allows it. Then a
    /// party's messages have no key until it has received one.
    #[must_use]
    pub fn with_minimum(
        minimum: MinimumVersion,
        direction: Direction,
        auth_key: &Secret<32>,
        limits: Limits,
    ) -> Self {
        Self(Some(Box::new(Ratchet {
            direction,
            limits,
            minimum,
            auth_key: Some(Box::new(auth_key.duplicate())),
            chain: None,
            state: State::first(Profile::Signal, auth_key.as_bytes(), direction),
        })))
    }

    /// The limits on messages out of order. None if it is off.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        self.0.as_ref().map(|ratchet| ratchet.limits)
    }

    /// A ratchet that is switched off, for good: no messages, no keys.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Returns whether the ratchet is off.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// Returns whether no message of version 1 has been received yet. If the ratchet is off there is nothing to settle.
    #[cfg(any(test, feature = "hazmat"))]
    #[must_use]
    pub fn is_negotiating(&self) -> bool {
        self.0.as_ref().is_some_and(|ratchet| ratchet.auth_key.is_some())
    }

    /// The specification's name of the braid's state, and its epoch; none if the ratchet is off.
    #[must_use]
    pub fn state(&self) -> Option<(&'static str, u64)> {
        self.0.as_ref().map(|ratchet| (ratchet.state.name(), ratchet.state.epoch().number))
    }

    /// The next message and its key.
    ///
    /// Draws 64 bytes in the state `KeysUnsampled`, 32 in the state `HeaderReceived`, each in one request, and
    /// nothing in any other.
    ///
    /// # Errors
    /// [`SpqrError::ChainExhausted`] after 2^32 − 1 messages in one epoch.
    pub fn send(&self, rng: &mut impl CryptoRng) -> Result<SpqrSend, SpqrError> {
        match &self.0 {
            Some(ratchet) => {
                let (message, key, change) = ratchet.send(rng)?;
                Ok(SpqrSend { change: SpqrChange::on(change), message: message.encode(), key })
            }
            None => Ok(SpqrSend {
                change: SpqrChange::default(),
                message: EncodedBraidMessage::default(),
                key: None,
            }),
        }
    }

    /// Refuses a message that [`receive`](Self::receive) would refuse, or that skips more than `max_jump` keys, as far
    /// as that shows without any work: by its form, its epoch and its index.
    ///
    /// # Errors
    /// [`SpqrError`].
    pub fn check(&self, message: &[u8], max_jump: u32) -> Result<(), SpqrError> {
        if message.is_empty() {
            return Ok(());
        }
        let BraidPrefix { version, epoch, index } = BraidPrefix::parse(message)?;
        match (&self.0, version.cmp(&VERSION)) {
            (Some(ratchet), Ordering::Equal) => {
                BraidMessage::parse(message)?;
                ratchet.check(epoch, index, max_jump)
            }
            (Some(ratchet), Ordering::Greater) => ratchet.check_newer(version, index, max_jump),
            _ => Ok(()),
        }
    }

    /// The key of a received message.
    ///
    /// # Errors
    /// [`SpqrError`]. The message does not count as received: the same one, or a better one in its place, may
    /// be received later.
    pub fn receive(&self, message: &[u8]) -> Result<SpqrReceive, SpqrError> {
        let prefix = if message.is_empty() { None } else { Some(BraidPrefix::parse(message)?) };
        match (&self.0, prefix) {
            (None, _) => Ok(SpqrReceive { change: SpqrChange::default(), key: None }),
            (Some(ratchet), None) => ratchet.receive_off(),
            (Some(ratchet), Some(prefix)) => match prefix.version.cmp(&VERSION) {
                Ordering::Less => ratchet.receive_off(),
                Ordering::Equal => ratchet.receive(&BraidMessage::parse(message)?),
                Ordering::Greater => ratchet.receive_newer(prefix),
            },
        }
    }

    /// Makes a change that this ratchet gave.
    pub fn apply(&mut self, change: SpqrChange) {
        match change.0 {
            Change::Nothing => {}
            Change::Off => self.0 = None,
            Change::On(mut change) => {
                if let Some(ratchet) = &mut self.0 {
                    ratchet.apply(&mut change);
                }
            }
        }
    }

    /// Writes the ratchet as it will be after a change, or as it is.
    ///
    /// ```text
    /// flag (1) [|| direction (1) || max jump (4) || max old keys (4) || minimum version (1)
    ///           || flag (1) [|| auth key (32)] || flag (1) [|| chain] || state]
    /// ```
    pub fn write(&self, change: Option<&SpqrChange>, out: &mut RecordWriter) {
        let nothing = RatchetChange::default();
        let change = match change.map(|change| &change.0) {
            Some(Change::Off) => return out.put_flag(false),
            Some(Change::On(change)) => change,
            Some(Change::Nothing) | None => &nothing,
        };
        out.put_flag(self.0.is_some());
        if let Some(ratchet) = &self.0 {
            ratchet.write(change, out);
        }
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    pub fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self(if reader.flag()? { Some(Box::new(Ratchet::read(reader)?)) } else { None }))
    }
}

impl Ratchet {
    fn send(
        &self,
        rng: &mut impl CryptoRng,
    ) -> Result<(BraidMessage, Option<Secret<32>>, RatchetChange), SpqrError> {
        let epoch = self.state.epoch().number;
        let Sent { payload, step, secret } = self.state.send(rng);
        let mut change = RatchetChange { step, ..RatchetChange::default() };
        let (mut index, mut key) = (0, None);
        if self.chain.is_some() || self.minimum == MinimumVersion::V1 {
            change.started = self.start_chain()?;
            let chain =
                self.chain.as_ref().or(change.started.as_ref()).ok_or(SpqrError::ChainNotAvailable)?;
            let (step, counter, next_key) = chain.send_key(epoch.saturating_sub(1))?;
            let added = secret.map(|secret| chain.next_epoch(secret.as_bytes()));
            change.chain_change = ChainChange { added, step: Some(step) };
            (index, key) = (counter, Some(next_key));
        }
        Ok((BraidMessage { epoch, index, payload }, key, change))
    }

    fn receive(&self, message: &BraidMessage) -> Result<SpqrReceive, SpqrError> {
        let BraidMessage { epoch, index, payload } = message;
        let Received { step, secret } = self.state.receive(*epoch, payload)?;
        let started = self.start_chain()?;
        let chain = self.chain.as_ref().or(started.as_ref()).ok_or(SpqrError::ChainNotAvailable)?;
        let mut chain_change = ChainChange::default();
        let mut key = None;
        if (*epoch, *index) != (1, 0) {
            let (step, next_key) = chain.receive_key(epoch.saturating_sub(1), *index)?;
            (chain_change.step, key) = (Some(step), Some(next_key));
        }
        chain_change.added = secret.map(|secret| chain.next_epoch(secret.as_bytes()));
        let change = RatchetChange { step, started, chain_change, settled: true };
        Ok(SpqrReceive { change: SpqrChange::on(change), key })
    }

    fn check(&self, epoch: u64, index: u32, max_jump: u32) -> Result<(), SpqrError> {
        if !self.state.admits(epoch) {
            return Err(SpqrError::EpochAhead(epoch));
        }
        if (epoch, index) == (1, 0) {
            return Ok(());
        }
        match &self.chain {
            Some(chain) => chain.check_receive(epoch.saturating_sub(1), index, max_jump),
            None if index > max_jump => Err(SpqrError::KeyJump { counter: 0, index }),
            None => Ok(()),
        }
    }

    /// The same for a message of a later version, whose key is always of epoch 0.
    fn check_newer(&self, version: u8, index: u32, max_jump: u32) -> Result<(), SpqrError> {
        if self.auth_key.is_none() {
            return Err(SpqrError::VersionMismatch(version));
        }
        if index == 0 {
            return Ok(());
        }
        match &self.chain {
            Some(chain) => chain.check_receive(0, index, max_jump),
            None if index > max_jump => Err(SpqrError::KeyJump { counter: 0, index }),
            None => Ok(()),
        }
    }

    /// The chain, if there is none yet.
    fn start_chain(&self) -> Result<Option<Box<Chain>>, SpqrError> {
        match (&self.chain, &self.auth_key) {
            (Some(_), _) => Ok(None),
            (None, Some(key)) => {
                Ok(Some(Box::new(Chain::start(key.as_bytes(), self.direction, self.limits))))
            }
            (None, None) => Err(SpqrError::ChainNotAvailable),
        }
    }

    /// The replaced value goes into `change`, and is wiped there.
    fn apply(&mut self, change: &mut RatchetChange) {
        let RatchetChange { step, started, chain_change, settled } = change;
        self.state.exchange(step);
        if started.is_some() {
            swap(&mut self.chain, started);
        }
        if let Some(chain) = &mut self.chain {
            chain.exchange(chain_change);
        }
        if *settled {
            self.auth_key = None;
        }
    }

    fn write(&self, change: &RatchetChange, out: &mut RecordWriter) {
        let RatchetChange { step, started, chain_change, settled } = change;
        out.put_u8(self.direction.to_u8());
        out.put_u32(self.limits.max_jump());
        out.put_u32(self.limits.max_old_keys());
        out.put_u8(self.minimum.to_u8());
        let auth_key = self.auth_key.as_ref().filter(|_| !settled);
        out.put_flag(auth_key.is_some());
        if let Some(auth_key) = auth_key {
            out.put_array(auth_key.as_bytes());
        }
        let chain = started.as_ref().or(self.chain.as_ref());
        out.put_flag(chain.is_some());
        if let Some(chain) = chain {
            chain.write(chain_change, out);
        }
        self.state.write(step, out);
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let direction = Direction::from_u8(reader.u8()?).ok_or(RecordError::Damaged)?;
        let limits = Limits::new(reader.u32()?, reader.u32()?);
        let minimum = MinimumVersion::from_u8(reader.u8()?).ok_or(RecordError::Damaged)?;
        let auth_key = if reader.flag()? { Some(Box::new(reader.secret()?)) } else { None };
        let chain = if reader.flag()? {
            Some(Box::new(Chain::read(Profile::Signal, reader, direction, limits)?))
        } else {
            None
        };
        let state = State::read(Profile::Signal, reader)?;
        Self { direction, limits, minimum, auth_key, chain, state }.checked().ok_or(RecordError::Damaged)
    }

    /// The ratchet of stored parts, if they fit.
    fn checked(self) -> Option<Self> {
        let (newest, epoch) = (self.state.newest_secret(), self.state.epoch().number);
        let fits = match &self.chain {
            Some(chain) => chain.current_epoch() == newest && chain.can_send(epoch.saturating_sub(1)),
            // It begins with epoch 0.
            None => self.auth_key.is_some() && newest == 0,
        };
        fits.then_some(self)
    }
}

impl fmt::Debug for Spqr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state() {
            Some((state, epoch)) => write!(f, "Spqr({state}, epoch {epoch}, ..)"),
            None => f.write_str("Spqr(off)"),
        }
    }
}
