// SPDX-License-Identifier: MIT OR Apache-2.0

//! Processing a sender's distributions.

use alloc::boxed::Box;

use super::Error;
use super::receiver_keys::{Change, ReceiverKeys, SenderChain};
use crate::crypto::secret::Secret;
use crate::identity::IdentityKey;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::receiving::{ReceivingChain, ReceivingChange};
use crate::staged::Staged;
use crate::wire::sender_key_distribution::DistributionMessage;

impl ReceiverKeys {
    /// Adds a chain of the sender's, from a distribution message that came in a message of a session with that very
    /// device. `identity` is [that message's](crate::Plaintext::identity).
    ///
    /// A known chain, by its id and signing key, stays as it is and counts as the last one distributed; so a repeated
    /// message does no harm, nor does one that comes by a session of another identity. A chain with the same id but another signing key is replaced. Beyond five chains the one
    /// distributed the longest time ago goes. Draws nothing.
    ///
    /// # Errors
    /// [`Error`]: `Busy`, `OtherDistribution`.
    pub fn process(
        &mut self,
        message: &DistributionMessage<'_>,
        identity: &IdentityKey,
    ) -> Result<Staged<'_, ()>, Error> {
        self.stage_chain(message, identity, |_, _| None)
    }

    /// [`Self::process`] that also moves a known chain on to the message's iteration. Messages before that one are
    /// given up, except those whose keys are held already.
    ///
    /// This is the way out when messages are [too far ahead](super::Error::TooFarAhead), because more
    /// were lost than may be skipped: ask the sender for the distribution message as it is now. A chain never
    /// moves back.
    ///
    /// # Errors
    /// [`Error`]: `Busy`, `OtherDistribution`.
    pub fn fast_forward(
        &mut self,
        message: &DistributionMessage<'_>,
        identity: &IdentityKey,
    ) -> Result<Staged<'_, ()>, Error> {
        self.stage_chain(message, identity, |keys, at| keys.ahead(at, message))
    }

    /// Stages the message's chain. `ahead` gives the change of one that is held, by its place.
    fn stage_chain(
        &mut self,
        message: &DistributionMessage<'_>,
        identity: &IdentityKey,
        ahead: impl FnOnce(&Self, usize) -> Option<ReceivingChange>,
    ) -> Result<Staged<'_, ()>, Error> {
        self.lease.free()?;
        let change = match self.held(message)? {
            Some(at) => Change::Refreshed { at, identity: *identity, change: ahead(self, at) },
            None => Change::Added(Box::new(SenderChain::distributed(message, *identity))),
        };
        Ok(Staged::of(self, change, ()))
    }

    /// The place of the message's chain, if it is held.
    fn held(&self, message: &DistributionMessage<'_>) -> Result<Option<usize>, Error> {
        if message.format() != self.format {
            return Err(Error::OtherDistribution);
        }
        Ok(self.chains.iter().position(|held| {
            held.chain_id == message.chain_id() && *held.signing_key() == *message.signing_key()
        }))
    }

    /// The change of the chain at `at` to the message's iteration, if that is ahead.
    fn ahead(&self, at: usize, message: &DistributionMessage<'_>) -> Option<ReceivingChange> {
        let index = self.chains.get(at)?.chain.next().index();
        (index < message.iteration()).then(|| ReceivingChain::give_up_until(chain_key(message)))
    }
}

impl SenderChain {
    fn distributed(message: &DistributionMessage<'_>, identity: IdentityKey) -> Self {
        let chain = ReceivingChain::new(chain_key(message));
        Self::new(message.chain_id(), *message.signing_key(), Some(identity), chain)
    }
}

const fn chain_key(message: &DistributionMessage<'_>) -> ChainKey {
    ChainKey::new(Secret::new(*message.chain_key()), message.iteration())
}
