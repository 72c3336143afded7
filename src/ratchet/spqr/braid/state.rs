// SPDX-License-Identifier: MIT OR Apache-2.0

//! The braid's eleven states, and the tables of the messages that each sends and takes.

use alloc::boxed::Box;
use core::mem::swap;

use rand_core::CryptoRng;

use crate::crypto::erasure::{Chunk, Encoder};
use crate::crypto::secret::Secret;
use crate::wire::braid_message::BraidPayload;

use super::collected::Collected;
use super::ct_sender::{
    Acknowledged, Ct1Acknowledged, Ct1Sampled, Ct2Sampled, EkReceivedCt1Sampled, HeaderReceived,
    NoHeaderReceived,
};
use super::ek_sender::{Agreed, Ct1Received, EkSentCt1Received, HeaderSent, KeysSampled, KeysUnsampled};
use super::epoch::Epoch;
use crate::ratchet::spqr::direction::Direction;
use crate::ratchet::spqr::error::SpqrError;
use crate::ratchet::spqr::profile::Profile;

/// A party's place in the exchange of one epoch. Each state is a type that knows only the messages it sends and takes.
///
/// Boxed, so that a small state has no unused part that carries stale stack bytes.
#[derive(Debug)]
pub(in crate::ratchet::spqr) enum State {
    /// Key owner: nothing made yet.
    KeysUnsampled(Box<KeysUnsampled>),
    /// Key owner: sends the header.
    KeysSampled(Box<KeysSampled>),
    /// Key owner: sends the `ek_vector`, collects `ct1`.
    HeaderSent(Box<HeaderSent>),
    /// Key owner: has `ct1`, sends the `ek_vector`.
    Ct1Received(Box<Ct1Received>),
    /// Key owner: collects `ct2`.
    EkSentCt1Received(Box<EkSentCt1Received>),
    /// Other party: collects the header.
    NoHeaderReceived(Box<NoHeaderReceived>),
    /// Other party: has the header.
    HeaderReceived(Box<HeaderReceived>),
    /// Other party: sends `ct1`, collects the `ek_vector`.
    Ct1Sampled(Box<Ct1Sampled>),
    /// Other party: has the `ek_vector`, sends `ct1`.
    EkReceivedCt1Sampled(Box<EkReceivedCt1Sampled>),
    /// Other party: knows that `ct1` has arrived, collects the `ek_vector`.
    Ct1Acknowledged(Box<Ct1Acknowledged>),
    /// Other party: sends `ct2`.
    Ct2Sampled(Box<Ct2Sampled>),
}

/// The change of a state by a message.
#[derive(Debug, Default)]
pub(in crate::ratchet::spqr) enum Step {
    /// Nothing.
    #[default]
    Same,
    /// The next chunk is the one after.
    Advanced,
    /// A chunk came, and more are needed.
    Collected(Chunk),
    /// Another state.
    Next(State),
}

impl<T: Into<State>> From<T> for Step {
    fn from(state: T) -> Self {
        Self::Next(state.into())
    }
}

impl<T> From<Collected<T>> for Step
where
    Box<T>: Into<State>,
{
    fn from(collected: Collected<T>) -> Self {
        match collected {
            Collected::More(chunk) => Self::Collected(chunk),
            Collected::Complete(state) => Self::Next(state.into()),
        }
    }
}

/// The payload that a state sends.
pub(in crate::ratchet::spqr) struct Sent {
    pub(in crate::ratchet::spqr) payload: BraidPayload,
    pub(in crate::ratchet::spqr) step: Step,
    /// The secret of this epoch, if it became known.
    pub(in crate::ratchet::spqr) secret: Option<Secret<32>>,
}

/// The effect of a message on a state.
#[derive(Default)]
pub(in crate::ratchet::spqr) struct Received {
    pub(in crate::ratchet::spqr) step: Step,
    /// The secret of this epoch, if it became known.
    pub(in crate::ratchet::spqr) secret: Option<Secret<32>>,
}

impl Sent {
    const fn same(payload: BraidPayload) -> Self {
        Self { payload, step: Step::Same, secret: None }
    }

    fn chunk<const N: usize>(payload: impl FnOnce(Chunk) -> BraidPayload, from: &Encoder<N>) -> Self {
        Self { payload: payload(from.chunk(from.next_index())), step: Step::Advanced, secret: None }
    }
}

impl State {
    /// The first state of a party.
    pub(in crate::ratchet::spqr) fn first(profile: Profile, auth_key: &[u8], direction: Direction) -> Self {
        let epoch = Epoch::first(profile, auth_key);
        match direction {
            Direction::A2B => KeysUnsampled { epoch }.into(),
            Direction::B2A => NoHeaderReceived::new(epoch).into(),
        }
    }

    /// The payload that is sent in this state, and the change of sending it.
    pub(in crate::ratchet::spqr) fn send(&self, rng: &mut impl CryptoRng) -> Sent {
        use BraidPayload as Payload;
        match self {
            Self::KeysUnsampled(state) => {
                let (next, chunk) = state.send(rng);
                Sent { payload: Payload::Hdr(chunk), step: next.into(), secret: None }
            }
            Self::KeysSampled(state) => Sent::chunk(Payload::Hdr, &state.header),
            Self::HeaderSent(state) => Sent::chunk(Payload::Ek, &state.ek),
            Self::Ct1Received(state) => Sent::chunk(Payload::EkCt1Ack, &state.ek),
            Self::EkSentCt1Received(_) => Sent::same(Payload::Ct1Ack),
            Self::NoHeaderReceived(_) | Self::Ct1Acknowledged(_) => Sent::same(Payload::None),
            Self::HeaderReceived(state) => {
                let (next, chunk, secret) = state.send(rng);
                Sent { payload: Payload::Ct1(chunk), step: next.into(), secret: Some(secret) }
            }
            Self::Ct1Sampled(state) => Sent::chunk(Payload::Ct1, &state.ct1),
            Self::EkReceivedCt1Sampled(state) => Sent::chunk(Payload::Ct1, &state.ct1),
            Self::Ct2Sampled(state) => Sent::chunk(Payload::Ct2, &state.ct2),
        }
    }

    /// Returns whether a message may be of this epoch: ours, an older one, or the next one where that may have begun.
    pub(in crate::ratchet::spqr) fn admits(&self, epoch: u64) -> bool {
        match epoch.checked_sub(self.epoch().number) {
            None | Some(0) => true,
            Some(ahead) => ahead == 1 && matches!(self, Self::Ct2Sampled(_)),
        }
    }

    /// The effect of a message of an epoch. One of an older epoch has none, and so does a payload that the state does
    /// not wait for.
    pub(in crate::ratchet::spqr) fn receive(
        &self,
        epoch: u64,
        payload: &BraidPayload,
    ) -> Result<Received, SpqrError> {
        let ours = self.epoch().number;
        if epoch == ours {
            return self.receive_payload(payload);
        }
        match self {
            _ if epoch < ours => Ok(Received::default()),
            Self::Ct2Sampled(state) if epoch - ours == 1 => {
                Ok(Received { step: KeysUnsampled { epoch: state.next_epoch() }.into(), secret: None })
            }
            _ => Err(SpqrError::EpochAhead(epoch)),
        }
    }

    fn receive_payload(&self, payload: &BraidPayload) -> Result<Received, SpqrError> {
        use BraidPayload as Payload;
        let step = match (self, payload) {
            (Self::KeysSampled(state), Payload::Ct1(chunk)) => state.receive_ct1(*chunk).into(),
            (Self::HeaderSent(state), Payload::Ct1(chunk)) => state.receive_ct1(*chunk).into(),
            (Self::Ct1Received(state), Payload::Ct2(chunk)) => state.receive_ct2(*chunk).into(),
            (Self::EkSentCt1Received(state), Payload::Ct2(chunk)) => match state.receive_ct2(*chunk)? {
                Collected::More(chunk) => Step::Collected(chunk),
                Collected::Complete(agreed) => {
                    let Agreed { next, secret } = *agreed;
                    return Ok(Received { step: NoHeaderReceived::new(next).into(), secret: Some(secret) });
                }
            },
            (Self::NoHeaderReceived(state), Payload::Hdr(chunk)) => state.receive_hdr(*chunk)?.into(),
            (Self::Ct1Sampled(state), Payload::Ek(chunk)) => state.receive_ek(*chunk)?.into(),
            (Self::Ct1Sampled(state), Payload::EkCt1Ack(chunk)) => state.receive_ek_ct1_ack(*chunk)?.into(),
            (Self::EkReceivedCt1Sampled(state), Payload::EkCt1Ack(_) | Payload::Ct1Ack) => {
                state.receive_ct1_ack().into()
            }
            (Self::Ct1Acknowledged(state), Payload::Ek(chunk) | Payload::EkCt1Ack(chunk)) => {
                state.receive_ek(*chunk)?.into()
            }
            _ => Step::Same,
        };
        Ok(Received { step, secret: None })
    }

    /// Makes a step. A replaced state goes into `step`, and is wiped there.
    pub(in crate::ratchet::spqr) fn exchange(&mut self, step: &mut Step) {
        match step {
            Step::Same => {}
            Step::Advanced => self.advance(),
            Step::Collected(chunk) => self.collect(*chunk),
            Step::Next(state) => swap(self, state),
        }
    }

    fn advance(&mut self) {
        match self {
            Self::KeysSampled(state) => state.header.advance(),
            Self::HeaderSent(state) => state.ek.advance(),
            Self::Ct1Received(state) => state.ek.advance(),
            Self::Ct1Sampled(state) => state.ct1.advance(),
            Self::EkReceivedCt1Sampled(state) => state.ct1.advance(),
            Self::Ct2Sampled(state) => state.ct2.advance(),
            Self::KeysUnsampled(_)
            | Self::EkSentCt1Received(_)
            | Self::NoHeaderReceived(_)
            | Self::HeaderReceived(_)
            | Self::Ct1Acknowledged(_) => {}
        }
    }

    fn collect(&mut self, chunk: Chunk) {
        match self {
            Self::HeaderSent(state) => state.ct1.add(chunk),
            Self::EkSentCt1Received(state) => state.ct2.add(chunk),
            Self::NoHeaderReceived(state) => state.header.add(chunk),
            Self::Ct1Sampled(state) => state.ek.add(chunk),
            Self::Ct1Acknowledged(state) => state.ek.add(chunk),
            Self::KeysUnsampled(_)
            | Self::KeysSampled(_)
            | Self::Ct1Received(_)
            | Self::HeaderReceived(_)
            | Self::EkReceivedCt1Sampled(_)
            | Self::Ct2Sampled(_) => {}
        }
    }

    /// Number and authenticator of the epoch.
    pub(in crate::ratchet::spqr) fn epoch(&self) -> &Epoch {
        match self {
            Self::KeysUnsampled(state) => &state.epoch,
            Self::KeysSampled(state) => &state.epoch,
            Self::HeaderSent(state) => &state.epoch,
            Self::Ct1Received(state) => &state.epoch,
            Self::EkSentCt1Received(state) => &state.epoch,
            Self::NoHeaderReceived(state) => &state.epoch,
            Self::HeaderReceived(state) => &state.epoch,
            Self::Ct1Sampled(state) => &state.epoch,
            Self::EkReceivedCt1Sampled(state) => &state.epoch,
            Self::Ct1Acknowledged(state) => &state.epoch,
            Self::Ct2Sampled(state) => &state.epoch,
        }
    }

    /// The newest epoch whose secret is known; 0 if none is.
    pub(in crate::ratchet::spqr) fn newest_secret(&self) -> u64 {
        let epoch = self.epoch().number;
        match self {
            Self::Ct1Sampled(_)
            | Self::EkReceivedCt1Sampled(_)
            | Self::Ct1Acknowledged(_)
            | Self::Ct2Sampled(_) => epoch,
            _ => epoch.saturating_sub(1),
        }
    }

    /// The specification's name of the state.
    pub(in crate::ratchet::spqr) const fn name(&self) -> &'static str {
        match self {
            Self::KeysUnsampled(_) => "KeysUnsampled",
            Self::KeysSampled(_) => "KeysSampled",
            Self::HeaderSent(_) => "HeaderSent",
            Self::Ct1Received(_) => "Ct1Received",
            Self::EkSentCt1Received(_) => "EkSentCt1Received",
            Self::NoHeaderReceived(_) => "NoHeaderReceived",
            Self::HeaderReceived(_) => "HeaderReceived",
            Self::Ct1Sampled(_) => "Ct1Sampled",
            Self::EkReceivedCt1Sampled(_) => "EkReceivedCt1Sampled",
            Self::Ct1Acknowledged(_) => "Ct1Acknowledged",
            Self::Ct2Sampled(_) => "Ct2Sampled",
        }
    }
}

impl From<Acknowledged> for State {
    fn from(state: Acknowledged) -> Self {
        match state {
            Acknowledged::Incomplete(state) => state.into(),
            Acknowledged::Complete(state) => state.into(),
        }
    }
}

macro_rules! from_states {
    ($($name:ident),*) => {
        $(impl From<$name> for State {
            fn from(state: $name) -> Self {
                Self::$name(Box::new(state))
            }
        }

        impl From<Box<$name>> for State {
            fn from(state: Box<$name>) -> Self {
                Self::$name(state)
            }
        })*
    };
}

from_states!(
    KeysUnsampled,
    KeysSampled,
    HeaderSent,
    Ct1Received,
    EkSentCt1Received,
    NoHeaderReceived,
    HeaderReceived,
    Ct1Sampled,
    EkReceivedCt1Sampled,
    Ct1Acknowledged,
    Ct2Sampled
);
