// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Double Ratchet (Double Ratchet §2.4, §3): a Diffie-Hellman ratchet that feeds a sending chain and
//! up to five receiving ones. Comments on fields name the specification's symbols.

mod record;
#[cfg(feature = "libsignal")]
mod stored;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::chain::{ChainExhausted, ChainKey, MessageKeySeed};
use super::message_keys::MessageKeys;
use super::receiving::{Loss, ReceivingChain, ReceivingChange, ReceivingError};
use super::root::{RootKey, Turn};
use super::turns::Turns;
use crate::crypto::curve::{KeyPair, NonContributory, PublicKey};
use crate::crypto::secret::Secret;
use crate::profile::SIGNAL_4;

pub(super) use record::DoubleChange;
#[cfg(feature = "libsignal")]
pub(crate) use stored::StoredKeys;

/// Number of receiving chains that are kept. The oldest goes first, with its skipped keys.
pub const MAX_RECEIVING_CHAINS: usize = 5;

/// The reason that a message has no key here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DoubleRatchetError {
    /// The message's key was used already.
    #[error("already received")]
    Duplicate {
        /// The counter that the chain expects next.
        chain_index: u32,
        /// The message's counter.
        counter: u32,
    },
    /// The message was not read, and can't be any more.
    #[error("its key is not here: {0:?}")]
    Lost(Loss),
    /// The message's ratchet key is new, and can't be the peer's yet.
    #[error("a new ratchet key, before ours was sent")]
    TooEarly,
    /// The message would skip more messages than allowed.
    #[error("too far ahead: {jump} messages skipped")]
    TooFarAhead {
        /// Number of messages that it would skip.
        jump: u32,
    },
    /// The message's ratchet key is of low order.
    #[error(transparent)]
    Zero(#[from] NonContributory),
    /// The chain is used up.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
}

impl From<ReceivingError> for DoubleRatchetError {
    fn from(error: ReceivingError) -> Self {
        match error {
            ReceivingError::Duplicate { chain_index, counter } => Self::Duplicate { chain_index, counter },
            ReceivingError::Lost(loss) => Self::Lost(loss),
            ReceivingError::TooFarAhead { jump } => Self::TooFarAhead { jump },
            ReceivingError::Exhausted(error) => Self::Exhausted(error),
        }
    }
}

/// The place of a message in the ratchet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's ratchet key.
    pub ratchet_key: PublicKey,
    /// `N`: the message's counter in its chain, from 0.
    pub counter: u32,
    /// The last counter used in the sender's previous chain; 0 if there was none. Receivers ignore it.
    pub previous_counter: u32,
}

/// Limits on how far ahead of the last message one may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Messages that may be skipped on a chain that is known.
    pub known: u32,
    /// Messages that may be skipped at the beginning of a chain with a new ratchet key; none if no new key is taken.
    pub new: Option<u32>,
}

impl Reach {
    /// So many messages on any chain.
    #[must_use]
    pub const fn of(jump: u32) -> Self {
        Self { known: jump, new: Some(jump) }
    }
}

/// Our ratchet key pair and the chain that it began.
#[derive(Debug)]
struct SendingChain {
    /// `DHs`.
    pair: KeyPair,
    /// `CKs`, with `Ns`.
    chain: ChainKey,
}

/// Their ratchet key and the chain that it began.
#[derive(Debug)]
struct Receiving {
    /// `DHr`.
    ratchet_key: PublicKey,
    /// `CKr`, with `Nr`, and `MKSKIPPED`.
    chain: ReceivingChain,
}

/// The state of the Double Ratchet.
#[derive(Debug)]
pub struct DoubleRatchet {
    /// `RK`.
    root: RootKey,
    sending: SendingChain,
    /// Oldest first. Boxed, so that removing one moves no secrets.
    #[expect(clippy::vec_box, reason = "removing one must move no secrets")]
    receiving: Vec<Box<Receiving>>,
    /// `PN`, less one: the last counter of the previous sending chain; 0 if there was none.
    previous_counter: u32,
}

/// The change that sending a message makes: the next sending chain key.
#[derive(Debug)]
pub struct DoubleSent(ChainKey);

/// The change that receiving a message makes.
#[derive(Debug)]
pub struct DoubleReceived(Received);

#[derive(Debug)]
enum Received {
    /// The message began a new receiving chain. Boxed, because the other kind is much smaller: moving that as one of
    /// this size would move stale stack bytes with it.
    Ratcheted { step: Box<DhStep>, receiving: Box<Receiving>, change: ReceivingChange },
    /// The message belongs to the receiving chain at `at`.
    Known { at: usize, change: ReceivingChange },
}

/// A DH ratchet step.
#[derive(Debug)]
struct DhStep {
    root: RootKey,
    sending: SendingChain,
    previous_counter: u32,
}

impl DoubleRatchet {
    /// The initiator's state after the agreement: the responder's first sending chain, which is of its signed prekey,
    /// and a step with `pair`, the first ratchet key pair. `dh` is its agreement with the signed prekey.
    #[must_use]
    pub fn initiator(
        root: &RootKey,
        (chain, their_signed_pre_key): (ChainKey, PublicKey),
        pair: KeyPair,
        dh: &Secret<32>,
    ) -> Self {
        let (root, sending) = root.step(SIGNAL_4.root, dh);
        let first = Receiving { ratchet_key: their_signed_pre_key, chain: ReceivingChain::new(chain) };
        Self {
            root,
            sending: SendingChain { pair, chain: sending },
            receiving: alloc::vec![Box::new(first)],
            previous_counter: 0,
        }
    }

    /// The responder's state after the agreement. Its first ratchet key pair is the signed prekey.
    #[must_use]
    pub const fn responder(root: RootKey, chain: ChainKey, signed_pre_key: KeyPair) -> Self {
        Self {
            root,
            sending: SendingChain { pair: signed_pre_key, chain },
            receiving: Vec::new(),
            previous_counter: 0,
        }
    }

    /// Our current ratchet key pair.
    pub(crate) const fn pair(&self) -> &KeyPair {
        &self.sending.pair
    }

    /// Our current ratchet key.
    #[must_use]
    pub const fn ratchet_key(&self) -> &PublicKey {
        self.sending.pair.public()
    }

    /// Number of skipped keys in all receiving chains.
    #[must_use]
    pub fn skipped_keys(&self) -> usize {
        self.receiving.iter().map(|receiving| receiving.chain.skipped().len()).sum()
    }

    /// Number of receiving chains.
    #[must_use]
    pub const fn receiving_chains(&self) -> usize {
        self.receiving.len()
    }

    /// The next message's header and seed.
    ///
    /// # Errors
    /// [`ChainExhausted`].
    pub fn send(&self) -> Result<(Header, MessageKeySeed, DoubleSent), ChainExhausted> {
        let (seed, next) = self.sending.chain.step()?;
        let header = Header {
            ratchet_key: *self.ratchet_key(),
            counter: self.sending.chain.index(),
            previous_counter: self.previous_counter,
        };
        Ok((header, seed, DoubleSent(next)))
    }

    /// The receiving chain that their ratchet key began.
    fn known(&self, ratchet_key: &PublicKey) -> Option<(usize, &Receiving)> {
        // Ratchet keys travel in the clear, so they need not be compared in constant time.
        let wanted = ratchet_key.as_bytes();
        let mut chains = self.receiving.iter().enumerate();
        chains
            .find(|(_, receiving)| receiving.ratchet_key.as_bytes() == wanted)
            .map(|(at, receiving)| (at, &**receiving))
    }

    /// Returns whether their ratchet key began one of the receiving chains.
    #[must_use]
    pub fn knows(&self, ratchet_key: &PublicKey) -> bool {
        self.known(ratchet_key).is_some()
    }

    /// Returns whether the peer can have a new ratchet key: it takes one when it has received ours. Only a responder's
    /// first one, its signed prekey, is known to it before.
    #[must_use]
    pub const fn has_sent(&self) -> bool {
        self.sending.chain.index() > 0 || self.receiving.is_empty()
    }

    /// Checks that there may be a key for `header`'s message. Costs no more than a search.
    ///
    /// # Errors
    /// [`DoubleRatchetError`]: `Duplicate`, `Lost`, `TooFarAhead`, `TooEarly`.
    pub fn check(&self, header: &Header, reach: Reach) -> Result<(), DoubleRatchetError> {
        match (self.known(&header.ratchet_key), reach.new) {
            (Some((_, receiving)), _) => Ok(receiving.chain.check(header.counter, reach.known)?),
            (None, None) => Err(DoubleRatchetError::TooEarly),
            (None, Some(max)) if header.counter > max => {
                Err(DoubleRatchetError::TooFarAhead { jump: header.counter })
            }
            (None, Some(_)) => Ok(()),
        }
    }

    /// Writes the seed of `header`'s message to `seed`, and gives the change that using it makes; of a message with
    /// [ready keys](Self::ready_keys) there is no seed. Draws 32 bytes if the ratchet key is new. Costs time and memory
    /// linear in the messages skipped.
    ///
    /// # Errors
    /// [`DoubleRatchetError`]. What [`check`](Self::check) refuses is refused here, too.
    pub fn receive(
        &self,
        header: &Header,
        reach: Reach,
        turns: &mut impl Turns,
        seed: &mut MessageKeySeed,
    ) -> Result<DoubleReceived, DoubleRatchetError> {
        if let Some((at, receiving)) = self.known(&header.ratchet_key) {
            let change = receiving.chain.receive(header.counter, reach.known, seed)?;
            return Ok(DoubleReceived(Received::Known { at, change }));
        }
        let max_jump = reach.new.ok_or(DoubleRatchetError::TooEarly)?;
        let (step, chain) = self.dh_ratchet(header.ratchet_key, turns)?;
        let chain = ReceivingChain::new(chain);
        let change = chain.receive(header.counter, max_jump, seed)?;
        let receiving = Box::new(Receiving { ratchet_key: header.ratchet_key, chain });
        Ok(DoubleReceived(Received::Ratcheted { step, receiving, change }))
    }

    /// The keys of `header`'s message, if an older implementation stored them ready-made.
    #[must_use]
    pub fn ready_keys(&self, header: &Header) -> Option<&MessageKeys> {
        self.known(&header.ratchet_key).and_then(|(_, receiving)| receiving.chain.ready_keys(header.counter))
    }

    /// The DH ratchet step to their new key, and the key of its receiving chain.
    fn dh_ratchet(
        &self,
        remote: PublicKey,
        turns: &mut impl Turns,
    ) -> Result<(Box<DhStep>, ChainKey), NonContributory> {
        let keys = (&self.sending.pair, &remote);
        let Turn { root, receiving, pair, sending } = self.root.turn(SIGNAL_4.root, keys, turns)?;
        let previous_counter = SIGNAL_4.previous.of(self.sending.chain.index());
        let sending = SendingChain { pair, chain: sending };
        Ok((Box::new(DhStep { root, sending, previous_counter }), receiving))
    }

    /// Makes the change of a sent message.
    pub fn apply_sent(&mut self, change: DoubleSent) {
        self.sending.chain = change.0;
    }

    /// Makes the change of a received message.
    pub fn apply_received(&mut self, change: DoubleReceived) {
        match change.0 {
            Received::Ratcheted { step, mut receiving, change } => {
                let DhStep { root, sending, previous_counter } = *step;
                (self.root, self.sending, self.previous_counter) = (root, sending, previous_counter);
                if self.receiving.len() >= MAX_RECEIVING_CHAINS {
                    self.receiving.remove(0);
                }
                receiving.chain.apply(change);
                self.receiving.push(receiving);
            }
            Received::Known { at, change } => {
                if let Some(receiving) = self.receiving.get_mut(at) {
                    receiving.chain.apply(change);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::crypto::secret::Secret;

    #[test]
    fn chains_and_skipped_keys_are_counted() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let pairs = [(); 2].map(|()| KeyPair::generate(&mut rng));
        let [root, chain] = [[1; 32], [2; 32]].map(Secret::new);
        let [ours, theirs] = pairs;
        let mut from = DoubleRatchet::responder(RootKey::new(root), ChainKey::new(chain, 0), ours);
        let root = RootKey::new(Secret::new([1; 32]));
        let their_chain = ChainKey::new(Secret::new([2; 32]), 0);
        let dh = theirs.private().diffie_hellman(from.ratchet_key()).unwrap();
        let mut to = DoubleRatchet::initiator(&root, (their_chain, *from.ratchet_key()), theirs, &dh);
        assert_eq!((from.receiving_chains(), from.skipped_keys()), (0, 0));
        let mut counted = Vec::new();
        for counter in 0..8 {
            let (header, _, sent) = from.send().unwrap();
            from.apply_sent(sent);
            if [3, 7].contains(&counter) {
                let mut seed = MessageKeySeed::to_be_filled();
                let received = to.receive(&header, Reach::of(3), &mut rng, &mut seed).unwrap();
                to.apply_received(received);
            }
            counted.push((to.receiving_chains(), to.skipped_keys()));
        }
        assert_eq!(counted, [(1, 0), (1, 0), (1, 0), (1, 3), (1, 3), (1, 3), (1, 3), (1, 6)]);
    }
}
