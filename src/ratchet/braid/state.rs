// SPDX-License-Identifier: MIT OR Apache-2.0

//! The braid's eleven states and the tables of what each sends and takes.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use crate::crypto::secret::Secret;
use crate::wire::braid_message::BraidPayload;

use super::chain::Direction;
use super::ct_sender::{
    Ct1Acknowledged, Ct1Sampled, Ct2Sampled, EkReceivedCt1Sampled, HeaderReceived, NoHeaderReceived,
};
use super::ek_sender::{Ct1Received, EkSentCt1Received, HeaderSent, KeysSampled, KeysUnsampled};
use super::epoch::Epoch;
use super::error::BraidError;

/// Where a party is in the exchange of one epoch. Each state is a type that knows only the messages it sends
/// and takes, and is used up by the step to the next.
///
/// Boxed, so that a small state leaves no place unused: that would take over whatever was on the stack.
#[derive(Debug)]
pub(super) enum State {
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

/// What a state sends.
pub(super) struct Sent {
    pub(super) payload: BraidPayload,
    /// The state after it, if it is another one.
    pub(super) next: Option<State>,
    /// The secret of this epoch, if it became known.
    pub(super) secret: Option<Secret<32>>,
}

/// What a message did to a state.
#[derive(Default)]
pub(super) struct Received {
    /// The state after it, if it is another one.
    pub(super) next: Option<State>,
    /// The secret of this epoch, if it became known.
    pub(super) secret: Option<Secret<32>>,
}

impl Sent {
    const fn same(payload: BraidPayload) -> Self {
        Self { payload, next: None, secret: None }
    }

    fn next(payload: BraidPayload, next: impl Into<State>) -> Self {
        Self { payload, next: Some(next.into()), secret: None }
    }
}

impl Received {
    fn next(next: impl Into<State>) -> Self {
        Self { next: Some(next.into()), secret: None }
    }
}

impl State {
    /// The first state of a party.
    pub(super) fn first(auth_key: &[u8], direction: Direction) -> Self {
        let epoch = Epoch::first(auth_key);
        match direction {
            Direction::A2B => KeysUnsampled { epoch }.into(),
            Direction::B2A => NoHeaderReceived::new(epoch).into(),
        }
    }

    /// What is sent in this state, and the state after it.
    pub(super) fn send(&self, rng: &mut impl CryptoRng) -> Sent {
        use BraidPayload as Payload;
        match self {
            Self::KeysUnsampled(state) => {
                let (next, chunk) = KeysUnsampled { epoch: state.epoch.duplicate() }.send(rng);
                Sent::next(Payload::Hdr(chunk), next)
            }
            Self::KeysSampled(state) => {
                let (next, chunk) = state.duplicate().send();
                Sent::next(Payload::Hdr(chunk), next)
            }
            Self::HeaderSent(state) => {
                let (next, chunk) = state.duplicate().send();
                Sent::next(Payload::Ek(chunk), next)
            }
            Self::Ct1Received(state) => {
                let (next, chunk) = state.duplicate().send();
                Sent::next(Payload::EkCt1Ack(chunk), next)
            }
            Self::EkSentCt1Received(_) => Sent::same(Payload::Ct1Ack),
            Self::NoHeaderReceived(_) | Self::Ct1Acknowledged(_) => Sent::same(Payload::None),
            Self::HeaderReceived(state) => {
                let (next, chunk, secret) = state.duplicate().send(rng);
                Sent { secret: Some(secret), ..Sent::next(Payload::Ct1(chunk), next) }
            }
            Self::Ct1Sampled(state) => {
                let (next, chunk) = state.duplicate().send();
                Sent::next(Payload::Ct1(chunk), next)
            }
            Self::EkReceivedCt1Sampled(state) => {
                let (next, chunk) = state.duplicate().send();
                Sent::next(Payload::Ct1(chunk), next)
            }
            Self::Ct2Sampled(state) => {
                let (next, chunk) = state.duplicate().send();
                Sent::next(Payload::Ct2(chunk), next)
            }
        }
    }

    /// What a message of an epoch does. One of an older epoch does nothing, and so does a payload that the
    /// state does not wait for.
    pub(super) fn receive(&self, epoch: u64, payload: &BraidPayload) -> Result<Received, BraidError> {
        let ours = self.epoch().number;
        if epoch == ours {
            return self.receive_payload(payload);
        }
        match self {
            _ if epoch < ours => Ok(Received::default()),
            Self::Ct2Sampled(state) if epoch - ours == 1 => {
                Ok(Received::next(state.duplicate().receive_next_epoch()))
            }
            _ => Err(BraidError::EpochAhead(epoch)),
        }
    }

    fn receive_payload(&self, payload: &BraidPayload) -> Result<Received, BraidError> {
        use BraidPayload as Payload;
        let next = match (self, payload) {
            (Self::KeysSampled(state), Payload::Ct1(chunk)) => state.duplicate().receive_ct1(*chunk).into(),
            (Self::HeaderSent(state), Payload::Ct1(chunk)) => state.duplicate().receive_ct1(*chunk),
            (Self::Ct1Received(state), Payload::Ct2(chunk)) => state.duplicate().receive_ct2(*chunk).into(),
            (Self::EkSentCt1Received(state), Payload::Ct2(chunk)) => {
                let (next, secret) = state.duplicate().receive_ct2(*chunk)?;
                return Ok(Received { next: Some(next), secret });
            }
            (Self::NoHeaderReceived(state), Payload::Hdr(chunk)) => state.duplicate().receive_hdr(*chunk)?,
            (Self::Ct1Sampled(state), Payload::Ek(chunk)) => state.duplicate().receive_ek(*chunk)?,
            (Self::Ct1Sampled(state), Payload::EkCt1Ack(chunk)) => {
                state.duplicate().receive_ek_ct1_ack(*chunk)?
            }
            (Self::EkReceivedCt1Sampled(state), Payload::EkCt1Ack(_) | Payload::Ct1Ack) => {
                state.duplicate().receive_ct1_ack().into()
            }
            (Self::Ct1Acknowledged(state), Payload::Ek(chunk) | Payload::EkCt1Ack(chunk)) => {
                state.duplicate().receive_ek(*chunk)?
            }
            _ => return Ok(Received::default()),
        };
        Ok(Received::next(next))
    }

    /// Number and authenticator of the epoch.
    pub(super) fn epoch(&self) -> &Epoch {
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
    pub(super) fn newest_secret(&self) -> u64 {
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
    pub(super) const fn name(&self) -> &'static str {
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

macro_rules! from_states {
    ($($name:ident),*) => {
        $(impl From<$name> for State {
            fn from(state: $name) -> Self {
                Self::$name(Box::new(state))
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
