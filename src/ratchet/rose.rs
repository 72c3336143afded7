// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Triple Ratchet with encrypted headers (rose 32; Double Ratchet §4, §6): chains, skipped keys and the sparse
//! post-quantum ratchet are those of the Signal profile. Comments on fields name the specification's symbols.

mod header_key;
mod receive;
mod record;
mod seed_chain;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::{swap, take};

use rand_core::CryptoRng;

use super::chain::{ChainExhausted, ChainKey, MessageKeySeed};
use super::skipped::{SkippedKeys, SkippedRun};
use super::spqr::{Direction, Spqr, SpqrChange, SpqrError};
use crate::agreement::rose::Agreed;
use crate::crypto::curve::{KeyPair, PublicKey};
use crate::crypto::kdf::{HkdfSalt, Label};
use crate::crypto::secret::Secret;
use crate::profile::ROSE;
use crate::wire::rose::Tag;
use crate::wire::rose::header::{Form, Header};

pub(crate) use header_key::{Expected, HeaderKey, Numbered, TagChanges, window};
pub(crate) use receive::{Opening, ReceiveError};
pub(crate) use seed_chain::{MAX_SKIPPED, SeedChain, SeedChange};

/// Number of old chains that are kept. The oldest goes first.
const MAX_OLD: usize = 5;
/// Number of chains that may begin before an old chain goes.
const MAX_AGE: u8 = 16;

const ROOT_WITH_AUTH: Label = Label::new("rose1.root+auth\0");

/// The state of the ratchet.
#[derive(Debug)]
pub(crate) struct RoseRatchet {
    /// `RK`.
    root: Secret<32>,
    /// `DHs`.
    pair: KeyPair,
    /// `DHr`.
    remote: Option<PublicKey>,
    /// None for a responder that has received nothing.
    sending: Option<Box<Sending>>,
    /// `PN`.
    previous: u32,
    /// `NHKs`.
    next_sending: Secret<32>,
    /// None for an initiator that has received nothing.
    receiving: Option<Box<Receiving>>,
    /// `NHKr`, with its tags.
    next_receiving: Expected,
    /// Oldest first. Boxed, so that removing one moves no secrets.
    #[expect(clippy::vec_box, reason = "removing one must move no secrets")]
    old: Vec<Box<Old>>,
    braid: Spqr,
    /// Counted up to 2.
    sent_chains: u8,
    /// Counted up to 2.
    received_chains: u8,
}

/// The sending chain.
#[derive(Debug)]
struct Sending {
    /// `CKs`, with `Ns`.
    chain: ChainKey,
    /// `HKs`.
    header_key: HeaderKey,
    /// `mix_s`.
    mix: u32,
}

/// The receiving chain.
#[derive(Debug)]
struct Receiving {
    /// `CKr`, with `Nr` and the skipped seeds.
    chain: SeedChain,
    /// `HKr`, with its tags.
    expected: Expected,
    /// `pn_r`.
    previous: u32,
    /// `mix_r`.
    mix: u32,
    /// `first_r`.
    first: bool,
}

/// An old receiving chain: it has skipped seeds.
#[derive(Debug)]
struct Old {
    expected: Expected,
    first: bool,
    /// How many chains have begun since it became old.
    age: u8,
    skipped: SkippedKeys,
}

/// The chain that a header key is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Current,
    Next,
    /// The old chain at this place, oldest first.
    Old(usize),
}

/// One message to send.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) header: Header,
    pub(crate) seed: MessageKeySeed,
    /// `pq`.
    pub(crate) post_quantum: Secret<32>,
    pub(crate) change: Change,
}

/// The change that a message makes.
#[derive(Debug)]
pub(crate) struct Change {
    step: Step,
    braid: SpqrChange,
}

#[derive(Debug)]
enum Step {
    Sent(ChainKey),
    /// A seed of the old chain at a place was taken.
    Old {
        at: usize,
        number: u32,
    },
    /// A message of the receiving chain; its tags afterwards.
    Current(SeedChange, Vec<Numbered>),
    Next(Box<NextChain>),
}

/// A DH step: the peer's next chain, and ours.
#[derive(Debug)]
struct NextChain {
    /// The seeds that the chain before still had to give, and the tags of all that it keeps.
    rest: SkippedRun,
    old_tags: Vec<Numbered>,
    receiving: Box<Receiving>,
    next_receiving: Expected,
    remote: PublicKey,
    root: Secret<32>,
    pair: KeyPair,
    sending: Box<Sending>,
    next_sending: Secret<32>,
    previous: u32,
}

/// The reason that nothing can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// A responder has received nothing yet.
    NothingReceived,
    /// The chain, or the braid, is used up.
    Exhausted,
}

impl From<ChainExhausted> for SendError {
    fn from(_: ChainExhausted) -> Self {
        Self::Exhausted
    }
}

impl From<SpqrError> for SendError {
    fn from(_: SpqrError) -> Self {
        Self::Exhausted
    }
}

/// The root step.
///
/// ```text
/// RK' || CK || NHK = HKDF(salt = RK, ikm = dh || hx [|| ss_A], L_root or L_roota, 96)
/// ```
pub(crate) fn root_step(
    root: &Secret<32>,
    dh: &Secret<32>,
    hx: &Secret<32>,
    ss_a: Option<&Secret<32>>,
) -> (Secret<32>, ChainKey, Secret<32>) {
    let salt = HkdfSalt::new(root.as_bytes());
    let keys: Secret<96> = match ss_a {
        None => salt.derive(&[dh.as_bytes(), hx.as_bytes()], (&[], ROSE.root, &[])),
        Some(ss_a) => {
            let ikm = [&dh.as_bytes()[..], hx.as_bytes(), ss_a.as_bytes()];
            salt.derive(&ikm, (&[], ROOT_WITH_AUTH, &[]))
        }
    };
    let (root, rest) = keys.split::<32, 64>();
    let (chain, header) = rest.split();
    (root, ChainKey::new(chain, 0), header)
}

impl RoseRatchet {
    /// A's state after the agreement, with its first ratchet key pair and B's prekey. `dh` is the agreement of these two.
    pub(crate) fn initiator(agreed: Agreed, pair: KeyPair, dh: &Secret<32>, prekey: &PublicKey) -> Self {
        let Agreed { root, header_a, header_b, braid } = agreed;
        let braid = Spqr::begun(Direction::A2B, &braid);
        let none = Secret::zero();
        let (root, chain, next_sending) = root_step(&root, dh, braid.hx(None, 0).unwrap_or(&none), None);
        let sending = Sending { chain, header_key: HeaderKey::new(header_a), mix: 0 };
        Self {
            root,
            pair,
            remote: Some(*prekey),
            sending: Some(Box::new(sending)),
            previous: 0,
            next_sending,
            receiving: None,
            next_receiving: Expected::new(HeaderKey::new(header_b), window(0)),
            old: Vec::new(),
            braid,
            sent_chains: 1,
            received_chains: 0,
        }
    }

    /// B's state after the agreement. Its first ratchet key pair is the prekey.
    pub(crate) fn responder(agreed: Agreed, prekey: KeyPair) -> Self {
        let Agreed { root, header_a, header_b, braid } = agreed;
        Self {
            root,
            pair: prekey,
            remote: None,
            sending: None,
            previous: 0,
            next_sending: header_b,
            receiving: None,
            next_receiving: Expected::new(HeaderKey::new(header_a), window(0)),
            old: Vec::new(),
            braid: Spqr::begun(Direction::B2A, &braid),
            sent_chains: 0,
            received_chains: 0,
        }
    }

    /// How many sending chains there were, counted up to 2.
    pub(crate) const fn sent_chains(&self) -> u8 {
        self.sent_chains
    }

    /// How many receiving chains there were, counted up to 2.
    pub(crate) const fn received_chains(&self) -> u8 {
        self.received_chains
    }

    /// `hx` of a chain epoch, while it is kept.
    #[cfg(feature = "hazmat")]
    pub(crate) fn hx(&self, epoch: u64) -> Option<&[u8; 32]> {
        self.braid.hx(None, epoch).map(Secret::as_bytes)
    }

    /// The number that is expected next on the receiving chain, if nothing was sent since that began.
    pub(crate) fn received_unanswered(&self) -> u32 {
        if self.sent_on_chain() == 0 { self.received_on_chain() } else { 0 }
    }

    /// `Nr`: the number that is expected next on the receiving chain.
    pub(crate) fn received_on_chain(&self) -> u32 {
        self.receiving.as_ref().map_or(0, |receiving| receiving.chain.next().index())
    }

    /// Messages sent on the present chain.
    pub(crate) fn sent_on_chain(&self) -> u32 {
        self.sending.as_ref().map_or(0, |sending| sending.chain.index())
    }

    /// The sending chain's header key, if a message can be sent.
    ///
    /// # Errors
    /// [`SendError`].
    pub(crate) fn sending_header_key(&self) -> Result<&HeaderKey, SendError> {
        let sending = self.sending.as_ref().ok_or(SendError::NothingReceived)?;
        if sending.chain.index() == u32::MAX { Err(SendError::Exhausted) } else { Ok(&sending.header_key) }
    }

    /// Keys and header of the next message. The braid draws 64 or 32 bytes where it begins a round.
    ///
    /// # Errors
    /// [`SendError`].
    pub(crate) fn send(&self, form: Form, rng: &mut impl CryptoRng) -> Result<Sent, SendError> {
        let sending = self.sending.as_ref().ok_or(SendError::NothingReceived)?;
        let (message, post_quantum, braid) = self.braid.send_fixed(rng)?;
        let (seed, next) = sending.chain.step()?;
        let header = Header {
            ratchet_key: *self.pair.public().as_bytes(),
            previous: self.previous,
            number: sending.chain.index(),
            mix: sending.mix,
            braid: message,
            form,
        };
        Ok(Sent { header, seed, post_quantum, change: Change { step: Step::Sent(next), braid } })
    }

    /// The chain that expects a tag.
    pub(crate) fn find(&self, tag: &Tag) -> Option<Place> {
        if self.receiving.as_ref().is_some_and(|receiving| receiving.expected.has(tag)) {
            return Some(Place::Current);
        }
        if self.next_receiving.has(tag) {
            return Some(Place::Next);
        }
        self.old.iter().position(|old| old.expected.has(tag)).map(Place::Old)
    }

    /// All places, in the order of a trial: next, current, then the old ones from the oldest.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let current = self.receiving.as_ref().map(|_| Place::Current);
        core::iter::once(Place::Next).chain(current).chain((0..self.old.len()).map(Place::Old))
    }

    /// The header key of a place, with its tags.
    pub(crate) fn expected(&self, place: Place) -> Option<&Expected> {
        match place {
            Place::Current => self.receiving.as_ref().map(|receiving| &receiving.expected),
            Place::Next => Some(&self.next_receiving),
            Place::Old(at) => self.old.get(at).map(|old| &old.expected),
        }
    }

    /// Adds all tags that are expected.
    pub(crate) fn expected_tags(&self, tags: &mut Vec<Tag>) {
        let current = self.receiving.as_ref().map(|receiving| &receiving.expected);
        let old = self.old.iter().map(|old| &old.expected);
        for expected in current.into_iter().chain([&self.next_receiving]).chain(old) {
            tags.extend(expected.tags.iter().map(|(_, tag)| *tag));
        }
    }

    /// Notes the tags that a change adds and removes.
    pub(crate) fn tag_changes(&self, change: &Change, out: &mut TagChanges) {
        let current = || self.receiving.as_ref().map_or(&[][..], |receiving| &receiving.expected.tags);
        match &change.step {
            Step::Sent(_) => {}
            Step::Old { at, number } => {
                let tags = self.old.get(*at).map_or(&[][..], |old| &old.expected.tags);
                out.remove.extend(tags.iter().filter(|(at, _)| at == number).map(|(_, tag)| *tag));
            }
            Step::Current(_, tags) => out.replace(current(), tags),
            Step::Next(next) => {
                let keeps = !next.old_tags.is_empty();
                for old in self.old.iter().take(self.dropped_before(keeps)) {
                    out.replace(&old.expected.tags, &[]);
                }
                out.replace(current(), &next.old_tags);
                out.replace(&self.next_receiving.tags, &next.receiving.expected.tags);
                out.replace(&[], &next.next_receiving.tags);
            }
        }
    }

    /// How many of the old chains go when another chain begins, and the present one is kept or not: those too old, which
    /// are the first, and those too many.
    fn dropped_before(&self, keeps_current: bool) -> usize {
        let too_old = self.old.iter().filter(|old| old.age >= MAX_AGE).count();
        let too_many = (self.old.len() + usize::from(keeps_current)).saturating_sub(MAX_OLD);
        too_old.max(too_many)
    }

    /// Makes a change.
    pub(crate) fn apply(&mut self, change: Change) {
        self.braid.apply(change.braid);
        match change.step {
            Step::Sent(next) => {
                if let Some(sending) = &mut self.sending {
                    sending.chain = next;
                }
            }
            Step::Old { at, number } => self.take_old(at, number),
            Step::Current(change, tags) => {
                if let Some(receiving) = &mut self.receiving {
                    receiving.chain.apply(change);
                    receiving.expected.tags = tags;
                }
            }
            Step::Next(next) => self.begin(next),
        }
    }

    fn take_old(&mut self, at: usize, number: u32) {
        if let Some(old) = self.old.get_mut(at) {
            old.skipped.remove(number);
            old.expected.tags.retain(|(at, _)| *at != number);
            if old.expected.tags.is_empty() {
                self.old.remove(at);
            }
        }
    }

    /// Keys that are replaced go into `next`, and are wiped there.
    fn begin(&mut self, mut next: Box<NextChain>) {
        let tags = take(&mut next.old_tags);
        let keeps = !tags.is_empty();
        self.old.drain(..self.dropped_before(keeps));
        for old in &mut self.old {
            old.age += 1;
        }
        if let Some(mut before) = self.receiving.take().filter(|_| keeps) {
            let skipped = before.chain.take_skipped(&next.rest);
            let expected = Expected { key: before.expected.key.duplicate(), tags };
            self.old.push(Box::new(Old { expected, first: before.first, age: 0, skipped }));
        }
        swap(&mut self.root, &mut next.root);
        swap(&mut self.pair, &mut next.pair);
        swap(&mut self.next_sending, &mut next.next_sending);
        swap(&mut self.next_receiving, &mut next.next_receiving);
        (self.remote, self.previous) = (Some(next.remote), next.previous);
        let NextChain { receiving, sending, .. } = *next;
        (self.receiving, self.sending) = (Some(receiving), Some(sending));
        self.received_chains = (self.received_chains + 1).min(2);
        self.sent_chains = (self.sent_chains + 1).min(2);
    }
}
