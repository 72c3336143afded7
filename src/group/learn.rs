// SPDX-License-Identifier: MIT OR Apache-2.0

//! Taking up what a sender distributes.

use alloc::boxed::Box;

use super::receiver_keys::{Change, ReceiverKeys, ReceiverKeysChange, SenderChain};
use crate::crypto::secret::Secret;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::receiving::{ReceivingChain, ReceivingChange};
use crate::staged::Staged;
use crate::wire::sender_key_distribution::SenderKeyDistributionMessage;

/// Why a distribution message is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// The caller's mistake: the message is of another distribution id than these keys, or of another format.
    #[error("distribution message for another distribution id")]
    OtherDistribution,
}

impl ReceiverKeys {
    /// Takes up a chain of the sender's, from a distribution message that came in a message of a session with
    /// that very device.
    ///
    /// A chain that is held already, by its id and signing key, stays as it is and counts as the last one
    /// distributed; so a message that comes twice does no harm. A chain with the same id but another signing key
    /// is replaced. Of five chains the one that was longest not distributed goes. Draws nothing.
    ///
    /// # Errors
    /// [`LearnError`].
    pub fn learn(
        &mut self,
        message: &SenderKeyDistributionMessage<'_>,
    ) -> Result<Staged<'_, Self, ()>, LearnError> {
        let change = match self.held(message)? {
            Some(at) => Change::Refreshed { at, change: None },
            None => Change::Added(Box::new(SenderChain::learnt(message))),
        };
        Ok(Staged::new(self, ReceiverKeysChange(change), (), ()))
    }

    /// [`Self::learn`] that also moves a chain that is held on to the message's iteration. Messages before that
    /// one are given up, but for those whose keys are held already.
    ///
    /// This is the way out when messages are [too far ahead](super::GroupDecryptError::TooFarAhead), because more
    /// were lost than may be skipped: ask the sender for the distribution message as it is now. A chain never
    /// moves back.
    ///
    /// # Errors
    /// [`LearnError`].
    pub fn catch_up(
        &mut self,
        message: &SenderKeyDistributionMessage<'_>,
    ) -> Result<Staged<'_, Self, ()>, LearnError> {
        let change = match self.held(message)? {
            Some(at) => Change::Refreshed { at, change: self.ahead(at, message) },
            None => Change::Added(Box::new(SenderChain::learnt(message))),
        };
        Ok(Staged::new(self, ReceiverKeysChange(change), (), ()))
    }

    /// The place of the message's chain, if it is held.
    fn held(&self, message: &SenderKeyDistributionMessage<'_>) -> Result<Option<usize>, LearnError> {
        if message.format() != self.format {
            return Err(LearnError::OtherDistribution);
        }
        Ok(self.chains.iter().position(|held| {
            held.chain_id == message.chain_id() && *held.signing_key() == *message.signing_key()
        }))
    }

    /// The change of the chain at `at` to the message's iteration, if that is ahead.
    fn ahead(&self, at: usize, message: &SenderKeyDistributionMessage<'_>) -> Option<ReceivingChange> {
        let index = self.chains.get(at)?.chain.next().index();
        (index < message.iteration()).then(|| ReceivingChain::give_up_until(chain_key(message)))
    }
}

impl SenderChain {
    fn learnt(message: &SenderKeyDistributionMessage<'_>) -> Self {
        let chain = ReceivingChain::new(chain_key(message));
        Self::new(message.chain_id(), *message.signing_key(), chain)
    }
}

const fn chain_key(message: &SenderKeyDistributionMessage<'_>) -> ChainKey {
    ChainKey::new(Secret::new(*message.chain_key()), message.iteration())
}
