// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Double Ratchet as OMEMO has it (OMEMO facts §6, §11): chains, root and message keys are the Double Ratchet's;
//! `pn` is the length of the previous chain and is used; skipped keys are kept over any number of chains, oldest out
//! first.

mod record;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::swap;

use rand_core::CryptoRng;

use super::chain::{ChainExhausted, ChainKey, MessageKeySeed};
use super::root::{RootKey, Turn};
use crate::crypto::curve::{KeyPair, NonContributory, PublicKey};
use crate::crypto::kdf::Label;
use crate::crypto::secret::Secret;
use crate::profile::{OMEMO_2, Profile};
use crate::wire::omemo::Header;

pub(crate) use record::RatchetChange;

/// Number of earlier receiving chains that are remembered, to tell a second copy from a foreign message.
pub(crate) const MAX_OLD: usize = 16;

/// Limits on skipped keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Messages that one may skip in its chain, or at the end of the chain before.
    pub(crate) jump: u32,
    /// Keys that are kept.
    pub(crate) kept: usize,
}

impl Limits {
    /// Those of a profile.
    pub(crate) const fn of(profile: &Profile) -> Self {
        Self { jump: profile.max_jump, kept: profile.max_kept }
    }
}

/// The reason that a message has no key here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RatchetError {
    #[error("already received")]
    Duplicate,
    #[error("its key is not kept any more")]
    Lost,
    #[error("too far ahead")]
    TooFarAhead,
    #[error("the peer has no chain of its own yet")]
    NoChain,
    #[error(transparent)]
    Zero(#[from] NonContributory),
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
}

/// The key of a message that was not received yet.
#[derive(Debug)]
struct Skipped {
    ratchet_key: PublicKey,
    counter: u32,
    seed: Secret<32>,
}

/// An earlier receiving chain.
#[derive(Debug)]
struct Old {
    ratchet_key: PublicKey,
    /// Its length, as the peer's `pn` said.
    end: u32,
    /// The counter that it expected when it ended.
    received: u32,
    /// The key of one message more: libsignal says one too few.
    spare: Option<Secret<32>>,
}

/// The state.
#[derive(Debug)]
pub(crate) struct OmemoRatchet {
    root: RootKey,
    /// `DHs`.
    pair: KeyPair,
    /// `CKs`, with `Ns`.
    sending: ChainKey,
    /// `PN`.
    previous: u32,
    /// `DHr`.
    remote: PublicKey,
    /// `CKr`, with `Nr`; none before the first answer.
    receiving: Option<ChainKey>,
    /// Oldest first. Boxed, so that removing one moves no secrets.
    #[expect(clippy::vec_box, reason = "removing one must move no secrets")]
    old: Vec<Box<Old>>,
    /// Oldest first.
    #[expect(clippy::vec_box, reason = "removing one must move no secrets")]
    skipped: Vec<Box<Skipped>>,
    limits: Limits,
}

/// The change that sending makes.
#[derive(Debug)]
pub(crate) struct Sent(ChainKey);

/// The change that receiving makes.
#[derive(Debug)]
pub(crate) enum Received {
    /// A skipped key was used.
    Taken(usize),
    /// The spare key of an earlier chain was used.
    Spare(usize),
    /// The chain went on.
    Ahead { next: ChainKey, added: Run },
    /// The peer began another chain.
    Stepped(Box<Step>),
}

impl Received {
    /// The length of the receiving chain after this, if it changes.
    pub(crate) fn receiving_length(&self) -> Option<u32> {
        match self {
            Self::Taken(_) | Self::Spare(_) => None,
            Self::Ahead { next, .. } => Some(next.index()),
            Self::Stepped(step) => Some(step.receiving.index()),
        }
    }
}

/// Keys that a message skipped, in order.
#[derive(Debug, Default)]
pub(crate) struct Run(
    #[expect(clippy::vec_box, reason = "they are moved to such a vector")] Vec<Box<Skipped>>,
);

/// A DH ratchet step.
#[derive(Debug)]
pub(crate) struct Step {
    root: RootKey,
    pair: KeyPair,
    sending: ChainKey,
    previous: u32,
    remote: PublicKey,
    receiving: ChainKey,
    ended: Option<Box<Old>>,
    added: Run,
}

/// Steps a chain to `counter` and over it: the keys before go to `run`, the key of `counter` to `seed`.
fn advance(
    chain: &ChainKey,
    ratchet_key: &PublicKey,
    counter: u32,
    run: &mut Run,
    seed: &mut MessageKeySeed,
) -> Result<ChainKey, ChainExhausted> {
    let mut next = chain.step_into(seed)?;
    while next.index() <= counter {
        let skipped = Skipped {
            ratchet_key: *ratchet_key,
            counter: next.index() - 1,
            seed: Secret::new(*seed.as_bytes()),
        };
        run.0.push(Box::new(skipped));
        next = next.step_into(seed)?;
    }
    Ok(next)
}

impl OmemoRatchet {
    /// The initiator's state after the agreement.
    ///
    /// ```text
    /// RK', CKs = KDF_RK(SK, DH(DHs, SPK_B))
    /// ```
    pub(crate) fn initiator(
        secret: Secret<32>,
        (pair, dh, signed_pre_key): (KeyPair, &Secret<32>, PublicKey),
        (label, limits): (Label, Limits),
    ) -> Self {
        let (root, sending) = RootKey::new(secret).step(label, dh);
        let (old, skipped) = (Vec::new(), Vec::new());
        Self {
            root,
            pair,
            sending,
            previous: 0,
            remote: signed_pre_key,
            receiving: None,
            old,
            skipped,
            limits,
        }
    }

    /// The responder's state after the first message with `header`, whose key goes to `seed`. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RatchetError`].
    pub(crate) fn responder(
        secret: Secret<32>,
        signed_pre_key: &KeyPair,
        header: &Header,
        (label, limits): (Label, Limits),
        rng: &mut impl CryptoRng,
        seed: &mut MessageKeySeed,
    ) -> Result<Self, RatchetError> {
        let remote = header.ratchet_key;
        if header.counter > limits.jump {
            return Err(RatchetError::TooFarAhead);
        }
        let keys = (signed_pre_key, &remote);
        let Turn { root, receiving: chain, pair, sending } = RootKey::new(secret).turn(label, keys, rng)?;
        let mut run = Run::default();
        let receiving = Some(advance(&chain, &remote, header.counter, &mut run, seed)?);
        let mut state = Self {
            root,
            pair,
            sending,
            previous: 0,
            remote,
            receiving,
            old: Vec::new(),
            skipped: run.0,
            limits,
        };
        state.trim();
        Ok(state)
    }

    /// Number of messages received and skipped in the present receiving chain.
    pub(crate) fn receiving_length(&self) -> u32 {
        self.receiving.as_ref().map_or(0, ChainKey::index)
    }

    /// Returns whether `header`'s ratchet key began one of the receiving chains.
    pub(crate) fn knows(&self, header: &Header) -> bool {
        let key = &header.ratchet_key;
        (self.receiving.is_some() && self.remote == *key)
            || self.old.iter().any(|old| old.ratchet_key == *key)
            || self.skipped.iter().any(|skipped| skipped.ratchet_key == *key)
    }

    /// Sets the limits, which are no part of a record.
    pub(crate) const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The next message's header and seed.
    ///
    /// # Errors
    /// [`ChainExhausted`].
    pub(crate) fn send(&self) -> Result<(Header, MessageKeySeed, Sent), ChainExhausted> {
        let (seed, next) = self.sending.step()?;
        let header = Header {
            ratchet_key: *self.pair.public(),
            counter: self.sending.index(),
            previous: self.previous,
        };
        Ok((header, seed, Sent(next)))
    }

    /// Writes the seed of `header`'s message to `seed`, and gives the change that using it makes. Draws 32 bytes if the
    /// ratchet key is new. Costs time and memory linear in the messages skipped.
    ///
    /// # Errors
    /// [`RatchetError`].
    pub(crate) fn receive(
        &self,
        header: &Header,
        label: Label,
        rng: &mut impl CryptoRng,
        seed: &mut MessageKeySeed,
    ) -> Result<Received, RatchetError> {
        let Header { ratchet_key, counter, previous } = *header;
        let wanted = |skipped: &Skipped| skipped.counter == counter && skipped.ratchet_key == ratchet_key;
        if let Some((at, skipped)) = self.skipped.iter().enumerate().find(|(_, skipped)| wanted(skipped)) {
            seed.fill(skipped.seed.as_bytes());
            return Ok(Received::Taken(at));
        }
        if ratchet_key == self.remote {
            let chain = self.receiving.as_ref().ok_or(RatchetError::NoChain)?;
            let jump = counter.checked_sub(chain.index()).ok_or(RatchetError::Duplicate)?;
            if jump > self.limits.jump {
                return Err(RatchetError::TooFarAhead);
            }
            let mut added = Run::default();
            let next = advance(chain, &ratchet_key, counter, &mut added, seed)?;
            return Ok(Received::Ahead { next, added });
        }
        if let Some((at, old)) = self.old.iter().enumerate().find(|(_, old)| old.ratchet_key == ratchet_key) {
            return match &old.spare {
                Some(spare) if counter == old.end => {
                    seed.fill(spare.as_bytes());
                    Ok(Received::Spare(at))
                }
                _ if counter < old.received
                    || (counter <= old.end && old.end - old.received <= self.limits.jump) =>
                {
                    Err(RatchetError::Duplicate)
                }
                _ => Err(RatchetError::Lost),
            };
        }
        if counter > self.limits.jump {
            return Err(RatchetError::TooFarAhead);
        }
        let mut added = Run::default();
        let ended = self.end_of_chain(previous, &mut added, seed)?;
        let keys = (&self.pair, &ratchet_key);
        let Turn { root, receiving: chain, pair, sending } = self.root.turn(label, keys, rng)?;
        let receiving = advance(&chain, &ratchet_key, counter, &mut added, seed)?;
        let previous = OMEMO_2.previous.of(self.sending.index());
        let step = Step { root, pair, sending, previous, remote: ratchet_key, receiving, ended, added };
        Ok(Received::Stepped(Box::new(step)))
    }

    /// Ends the receiving chain at `end`: its keys up to there go to `run`, unless they are too many.
    fn end_of_chain(
        &self,
        end: u32,
        run: &mut Run,
        seed: &mut MessageKeySeed,
    ) -> Result<Option<Box<Old>>, ChainExhausted> {
        let Some(chain) = &self.receiving else { return Ok(None) };
        let received = chain.index();
        let old = |end, spare| Some(Box::new(Old { ratchet_key: self.remote, end, received, spare }));
        if end < received {
            return Ok(old(received, None));
        }
        if end - received > self.limits.jump {
            return Ok(old(end, None));
        }
        advance(chain, &self.remote, end, run, seed)?;
        Ok(old(end, Some(Secret::new(*seed.as_bytes()))))
    }

    /// Drops what is too old.
    fn trim(&mut self) {
        self.skipped.drain(..self.skipped.len().saturating_sub(self.limits.kept));
        self.old.drain(..self.old.len().saturating_sub(MAX_OLD));
    }

    /// Makes the change of a sent message.
    pub(crate) fn apply_sent(&mut self, change: Sent) {
        self.sending = change.0;
    }

    /// Makes the change of a received message.
    pub(crate) fn apply_received(&mut self, change: Received) {
        match change {
            Received::Taken(at) => {
                if at < self.skipped.len() {
                    self.skipped.remove(at);
                }
            }
            Received::Spare(at) => {
                if let Some(old) = self.old.get_mut(at) {
                    old.spare = None;
                }
            }
            Received::Ahead { next, mut added } => {
                self.receiving = Some(next);
                self.skipped.append(&mut added.0);
            }
            Received::Stepped(mut step) => {
                // No key is moved out of the box, which would leave it there.
                swap(&mut self.root, &mut step.root);
                swap(&mut self.pair, &mut step.pair);
                swap(&mut self.sending, &mut step.sending);
                swap(self.receiving.get_or_insert_with(ChainKey::nothing), &mut step.receiving);
                (self.previous, self.remote) = (step.previous, step.remote);
                self.old.extend(step.ended.take());
                self.skipped.append(&mut step.added.0);
            }
        }
        self.trim();
    }
}

/// What tests look at.
#[cfg(feature = "hazmat")]
impl OmemoRatchet {
    pub(crate) const fn inspect(
        &self,
    ) -> (&RootKey, &KeyPair, &ChainKey, u32, &PublicKey, Option<&ChainKey>) {
        let Self { root, pair, sending, previous, remote, receiving, .. } = self;
        (root, pair, sending, *previous, remote, receiving.as_ref())
    }

    /// A state from elsewhere: root key, our pair, their key; chains and `PN`; skipped keys.
    pub(crate) fn from_parts(
        (root, pair, remote): (RootKey, KeyPair, PublicKey),
        (sending, receiving, previous): (ChainKey, Option<ChainKey>, u32),
        skipped: &[([u8; 32], u32, [u8; 32])],
        limits: Limits,
    ) -> Self {
        let key = |(key, counter, seed): &([u8; 32], u32, [u8; 32])| {
            let ratchet_key = PublicKey::from_bytes(*key);
            Box::new(Skipped { ratchet_key, counter: *counter, seed: Secret::new(*seed) })
        };
        let skipped = skipped.iter().map(key).collect();
        Self { root, pair, sending, previous, remote, receiving, old: Vec::new(), skipped, limits }
    }

    pub(crate) fn inspect_skipped(&self) -> impl Iterator<Item = (&PublicKey, u32, &[u8; 32])> {
        self.skipped.iter().map(|skipped| (&skipped.ratchet_key, skipped.counter, skipped.seed.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const RULES: (Label, Limits) = (Label::new("test"), Limits { jump: 3, kept: 4 });

    fn receive(
        ratchet: &mut OmemoRatchet,
        header: &Header,
        rng: &mut ChaCha20Rng,
    ) -> Result<[u8; 32], RatchetError> {
        let mut seed = MessageKeySeed::to_be_filled();
        let change = ratchet.receive(header, RULES.0, rng, &mut seed)?;
        ratchet.apply_received(change);
        Ok(*seed.as_bytes())
    }

    fn initiator(pair: KeyPair, signed: &KeyPair) -> OmemoRatchet {
        let dh = pair.private().diffie_hellman(signed.public()).unwrap();
        OmemoRatchet::initiator(Secret::new([7; 32]), (pair, &dh, *signed.public()), RULES)
    }

    fn send(ratchet: &mut OmemoRatchet) -> (Header, [u8; 32]) {
        let (header, seed, sent) = ratchet.send().unwrap();
        ratchet.apply_sent(sent);
        (header, *seed.as_bytes())
    }

    /// libsignal says the last counter of its previous chain, one less than the chain's length.
    #[test]
    fn a_peer_that_says_one_message_too_few_loses_none() {
        let mut rng = ChaCha20Rng::seed_from_u64(18);
        let signed = KeyPair::generate(&mut rng);
        let pair = KeyPair::generate(&mut rng);
        let mut alice = initiator(pair, &signed);
        let (first, wanted) = send(&mut alice);
        let mut seed = MessageKeySeed::to_be_filled();
        let mut bob =
            OmemoRatchet::responder(Secret::new([7; 32]), &signed, &first, RULES, &mut rng, &mut seed)
                .unwrap();
        assert_eq!(*seed.as_bytes(), wanted);
        let late: Vec<_> = (0..3).map(|_| send(&mut alice)).collect();
        let (answer, wanted) = send(&mut bob);
        assert_eq!(receive(&mut alice, &answer, &mut rng), Ok(wanted));
        let (mut next, wanted) = send(&mut alice);
        assert_eq!(next.previous, 4);
        next.previous -= 1;
        assert_eq!(receive(&mut bob, &next, &mut rng), Ok(wanted));
        for (header, wanted) in &late {
            assert_eq!(receive(&mut bob, header, &mut rng), Ok(*wanted));
            assert_eq!(receive(&mut bob, header, &mut rng), Err(RatchetError::Duplicate));
        }
    }

    #[test]
    fn an_end_that_is_too_far_makes_no_keys_and_blocks_nothing() {
        let mut rng = ChaCha20Rng::seed_from_u64(19);
        let signed = KeyPair::generate(&mut rng);
        let pair = KeyPair::generate(&mut rng);
        let mut alice = initiator(pair, &signed);
        let (first, _) = send(&mut alice);
        let mut seed = MessageKeySeed::to_be_filled();
        let mut bob =
            OmemoRatchet::responder(Secret::new([7; 32]), &signed, &first, RULES, &mut rng, &mut seed)
                .unwrap();
        let late: Vec<_> = (0..5).map(|_| send(&mut alice)).collect();
        let (ahead, _) = &late[4];
        assert_eq!(receive(&mut bob, ahead, &mut rng), Err(RatchetError::TooFarAhead));
        let (answer, _) = send(&mut bob);
        receive(&mut alice, &answer, &mut rng).unwrap();
        let (next, wanted) = send(&mut alice);
        assert_eq!(receive(&mut bob, &next, &mut rng), Ok(wanted));
        assert_eq!(bob.skipped.len(), 0);
        assert_eq!(receive(&mut bob, ahead, &mut rng), Err(RatchetError::Lost));
        assert_eq!(receive(&mut bob, &first, &mut rng), Err(RatchetError::Duplicate));
    }
}
