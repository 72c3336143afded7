// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving (rose 32 §7, steps 6, 7 and 10): the keys of a message whose header opened, and the change that it makes
//! once its body opened too.

use alloc::boxed::Box;
use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::{
    Change, Expected, HeaderKey, NextChain, Numbered, Place, Receiving, RoseRatchet, SeedChain, Sending,
    Step, root_step, window,
};
use crate::crypto::curve::{KeyPair, NonContributory, PublicKey};
use crate::crypto::secret::Secret;
use crate::profile::ROSE;
use crate::ratchet::chain::{ChainExhausted, ChainKey, MessageKeySeed};
use crate::ratchet::skipped::SkippedRun;
use crate::ratchet::spqr::{SpqrChange, SpqrError};
use crate::wire::rose::header::Header;

/// The reason that an authentic header has no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReceiveError {
    /// Used before, or evicted.
    Duplicate,
    /// The header breaks a rule.
    Malformed,
    /// More messages skipped than allowed.
    TooFarAhead,
    /// The ratchet key is of low order.
    ZeroAgreement,
    /// The chain epoch that is mixed in is not there.
    UnknownEpoch,
    /// The braid's reason.
    Braid(SpqrError),
}

impl From<ChainExhausted> for ReceiveError {
    fn from(_: ChainExhausted) -> Self {
        Self::Malformed
    }
}

impl From<NonContributory> for ReceiveError {
    fn from(_: NonContributory) -> Self {
        Self::ZeroAgreement
    }
}

impl From<SpqrError> for ReceiveError {
    fn from(error: SpqrError) -> Self {
        Self::Braid(error)
    }
}

/// A message whose header opened: its keys, and the change as far as it is known.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) seed: MessageKeySeed,
    /// `pq`.
    pub(crate) post_quantum: Secret<32>,
    /// Whether the chain is the peer's first.
    pub(crate) first: bool,
    step: HalfStep,
    braid: SpqrChange,
}

impl Opening {
    /// Whether the message begins the peer's next chain.
    pub(crate) const fn begins_chain(&self) -> bool {
        matches!(self.step, HalfStep::Next(_))
    }
}

#[derive(Debug)]
enum HalfStep {
    Done(Step),
    Next(Box<PeerChain>),
}

/// The peer's next chain, before ours is begun.
#[derive(Debug)]
struct PeerChain {
    rest: SkippedRun,
    old_tags: Vec<Numbered>,
    receiving: Box<Receiving>,
    remote: PublicKey,
    root: Secret<32>,
    next_header_key: Secret<32>,
}

impl RoseRatchet {
    /// The keys of a message whose header opened under the header key of `place`. `ss_a` goes into the root step of a
    /// next chain, if it is due there.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub(crate) fn receive(
        &self,
        place: Place,
        header: &Header,
        ss_a: Option<&Secret<32>>,
    ) -> Result<Opening, ReceiveError> {
        let mut seed = MessageKeySeed::to_be_filled();
        let (step, first) = match place {
            Place::Old(at) => self.receive_old(at, header.number, &mut seed)?,
            Place::Current => self.receive_current(header, &mut seed)?,
            Place::Next => (self.receive_next(header, ss_a, &mut seed)?, self.received_chains == 0),
        };
        let (post_quantum, braid) = self.braid.receive_fixed(&header.braid)?;
        Ok(Opening { seed, post_quantum, first, step, braid })
    }

    fn receive_old(
        &self,
        at: usize,
        number: u32,
        seed: &mut MessageKeySeed,
    ) -> Result<(HalfStep, bool), ReceiveError> {
        let old = self.old.get(at).ok_or(ReceiveError::Duplicate)?;
        seed.fill(old.skipped.get(number).ok_or(ReceiveError::Duplicate)?.as_bytes());
        Ok((HalfStep::Done(Step::Old { at, number }), old.first))
    }

    fn receive_current(
        &self,
        header: &Header,
        seed: &mut MessageKeySeed,
    ) -> Result<(HalfStep, bool), ReceiveError> {
        let receiving = self.receiving.as_ref().ok_or(ReceiveError::Malformed)?;
        let remote = PublicKey::from_bytes(header.ratchet_key);
        if self.remote != Some(remote) || (header.previous, header.mix) != (receiving.previous, receiving.mix)
        {
            return Err(ReceiveError::Malformed);
        }
        let change = receiving.chain.receive(header.number, seed)?;
        let tags = {
            let (next, skipped) = receiving.chain.after(Some(&change));
            let numbers = skipped.map(|(number, _)| number).chain(window(next.index()));
            receiving.expected.tags_of(numbers)
        };
        Ok((HalfStep::Done(Step::Current(change, tags)), receiving.first))
    }

    fn receive_next(
        &self,
        header: &Header,
        ss_a: Option<&Secret<32>>,
        seed: &mut MessageKeySeed,
    ) -> Result<HalfStep, ReceiveError> {
        let remote = PublicKey::from_bytes(header.ratchet_key);
        let received = self.receiving.as_ref().map(|receiving| receiving.chain.next().index());
        let fits = match received {
            Some(received) => header.previous >= received,
            None => header.previous == 0,
        };
        if self.remote == Some(remote) || !fits {
            return Err(ReceiveError::Malformed);
        }
        if header.previous - received.unwrap_or(0) > ROSE.max_jump || header.number > ROSE.max_jump {
            return Err(ReceiveError::TooFarAhead);
        }
        let hx = self.braid.hx(None, header.mix.into()).ok_or(ReceiveError::UnknownEpoch)?;
        let (rest, old_tags) = self.end_of_chain(header.previous)?;
        let dh = self.pair.private().diffie_hellman(&remote)?;
        let (root, chain, next_header_key) = root_step(&self.root, &dh, hx, ss_a);
        let receiving = Box::new(self.next_chain(chain, header, seed)?);
        Ok(HalfStep::Next(Box::new(PeerChain { rest, old_tags, receiving, remote, root, next_header_key })))
    }

    /// The seeds up to `end` of the receiving chain, and the tags of all skipped ones that it keeps then.
    fn end_of_chain(&self, end: u32) -> Result<(SkippedRun, Vec<Numbered>), ReceiveError> {
        let Some(receiving) = &self.receiving else { return Ok((SkippedRun::default(), Vec::new())) };
        let rest = receiving.chain.rest(end)?;
        let numbers: Vec<u32> = receiving.chain.skipped_with(&rest).map(|(number, _)| number).collect();
        let tags = receiving.expected.tags_of(numbers.into_iter());
        Ok((rest, tags))
    }

    /// The peer's next chain, after its message `header`.
    fn next_chain(
        &self,
        chain: ChainKey,
        header: &Header,
        seed: &mut MessageKeySeed,
    ) -> Result<Receiving, ReceiveError> {
        let mut chain = SeedChain::new(chain);
        chain.apply(chain.receive(header.number, seed)?);
        let tags = {
            let (next, skipped) = chain.after(None);
            let numbers = skipped.map(|(number, _)| number).chain(window(next.index()));
            self.next_receiving.tags_of(numbers)
        };
        let expected = Expected { key: self.next_receiving.key.duplicate(), tags };
        let first = self.received_chains == 0;
        Ok(Receiving { chain, expected, previous: header.previous, mix: header.mix, first })
    }

    /// The change of a message whose body opened. Draws 32 bytes if it begins the peer's next chain: ours follows at
    /// once, and `ss_a` goes into its root step, if it is due there.
    ///
    /// # Errors
    /// [`ReceiveError`]; not for an honest peer.
    pub(crate) fn accept(
        &self,
        opening: Opening,
        ss_a: Option<&Secret<32>>,
        rng: &mut impl CryptoRng,
    ) -> Result<Change, ReceiveError> {
        let Opening { step, braid, .. } = opening;
        let peer = match step {
            HalfStep::Done(step) => return Ok(Change { step, braid }),
            HalfStep::Next(peer) => peer,
        };
        // No key is moved out of the box, which would leave it there.
        let PeerChain { rest, old_tags, receiving, remote, ref root, ref next_header_key } = *peer;
        let pair = KeyPair::generate(rng);
        let mix = self.braid.epoch_after(&braid).saturating_sub(1);
        let hx = self.braid.hx(Some(&braid), mix).ok_or(ReceiveError::UnknownEpoch)?;
        let dh = pair.private().diffie_hellman(&remote)?;
        let (root, chain, next_sending) = root_step(root, &dh, hx, ss_a);
        let mix = u32::try_from(mix).map_err(|_| ReceiveError::UnknownEpoch)?;
        let sending = Sending { chain, header_key: HeaderKey::new(self.next_sending.duplicate()), mix };
        let step = Step::Next(Box::new(NextChain {
            rest,
            old_tags,
            receiving,
            next_receiving: Expected::new(HeaderKey::new(next_header_key.duplicate()), window(0)),
            remote,
            root,
            pair,
            sending: Box::new(sending),
            next_sending,
            previous: self.sending.as_ref().map_or(0, |sending| ROSE.previous.of(sending.chain.index())),
        }));
        Ok(Change { step, braid })
    }
}
