// SPDX-License-Identifier: MIT OR Apache-2.0

//! A receiving chain: the chain key of the next message, and the keys of skipped ones (Double Ratchet §2.6). Both the
//! Double Ratchet and sender keys receive on such chains.

#[cfg(feature = "libsignal")]
use alloc::vec::Vec;

use super::chain::{ChainExhausted, ChainKey, MessageKeySeed};
use super::skipped::{MAX_SKIPPED, SkippedChange, SkippedKeys, SkippedRun};
use crate::record::{RecordError, RecordReader, RecordWriter};

/// Number of messages that may be skipped at once, unless the peer is a device of the own account.
pub const MAX_JUMP: u32 = 25_000;

/// The reason that a chain has no key for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceivingError {
    /// The message's key was used already, or expired.
    #[error("already received, or expired")]
    Duplicate {
        /// The counter that the chain expects next.
        chain_index: u32,
        /// The message's counter.
        counter: u32,
    },
    /// The message would skip more messages than allowed.
    #[error("too far ahead: {jump} messages skipped")]
    TooFarAhead {
        /// Number of messages that it would skip.
        jump: u32,
    },
    /// The chain is used up.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
}

/// A chain on which messages are received.
#[derive(Debug)]
pub struct ReceivingChain {
    /// `CKr`, with `Nr`.
    next: ChainKey,
    /// `MKSKIPPED`.
    skipped: SkippedKeys,
}

/// The change that receiving a message makes to its chain.
#[derive(Debug)]
pub struct ReceivingChange(Step);

#[derive(Debug)]
enum Step {
    /// The chain continues at `next`, and `skipped` messages may still come.
    Ahead { next: ChainKey, skipped: SkippedRun },
    /// The key of a skipped message is used up. Carries its counter.
    Taken(u32),
}

impl ReceivingChain {
    /// A chain on which nothing was received yet.
    #[must_use]
    pub fn new(next: ChainKey) -> Self {
        Self { next, skipped: SkippedKeys::default() }
    }

    /// A chain with skipped keys as stored elsewhere, in any order. Of two for one message the first counts; those of
    /// messages that were not skipped are left out.
    #[cfg(feature = "libsignal")]
    pub(crate) fn from_stored(next: ChainKey, mut skipped: Vec<(u32, &[u8; 32])>) -> Self {
        skipped.retain(|(counter, _)| *counter < next.index());
        skipped.sort_by_key(|(counter, _)| *counter);
        skipped.dedup_by_key(|(counter, _)| *counter);
        let kept = skipped.get(skipped.len().saturating_sub(MAX_SKIPPED)..).unwrap_or_default();
        Self { next, skipped: SkippedKeys::from_sorted(kept).unwrap_or_default() }
    }

    /// The chain key of the next message.
    #[must_use]
    pub const fn next(&self) -> &ChainKey {
        &self.next
    }

    /// The skipped keys.
    #[must_use]
    pub const fn skipped(&self) -> &SkippedKeys {
        &self.skipped
    }

    /// Writes the seed of message `counter` to `seed`, and gives the change that using it makes. `max_jump` limits
    /// how many messages it may skip; it is asked only beyond [`MAX_JUMP`]. Costs time linear in the messages
    /// skipped, and memory for at most [`MAX_SKIPPED`] of them.
    ///
    /// # Errors
    /// [`ReceivingError`].
    pub fn receive(
        &self,
        counter: u32,
        max_jump: impl FnOnce() -> u32,
        seed: &mut MessageKeySeed,
    ) -> Result<ReceivingChange, ReceivingError> {
        let chain_index = self.next.index();
        if counter < chain_index {
            let skipped = self.skipped.get(counter);
            seed.fill(skipped.ok_or(ReceivingError::Duplicate { chain_index, counter })?.as_bytes());
            return Ok(ReceivingChange(Step::Taken(counter)));
        }
        let jump = counter - chain_index;
        if jump > MAX_JUMP && jump > max_jump() {
            return Err(ReceivingError::TooFarAhead { jump });
        }
        let (at, skipped) = self.skip(counter, jump)?;
        let next = at.as_ref().unwrap_or(&self.next).step_into(seed)?;
        Ok(ReceivingChange(Step::Ahead { next, skipped }))
    }

    /// The chain key of message `counter`, which is `jump` ahead, and the seeds of the messages before it. Of a long
    /// jump only the seeds that will be kept are derived.
    fn skip(&self, counter: u32, jump: u32) -> Result<(Option<ChainKey>, SkippedRun), ChainExhausted> {
        if jump == 0 {
            return Ok((None, SkippedRun::default()));
        }
        let kept = jump.min(u32::try_from(MAX_SKIPPED).unwrap_or(u32::MAX));
        let first = counter - kept;
        let mut run = SkippedRun::with_capacity(first, usize::try_from(kept).unwrap_or(MAX_SKIPPED));
        let mut at = self.next.skip_to(first)?;
        let mut seed = MessageKeySeed::to_be_filled();
        while at.index() < counter {
            at = at.step_into(&mut seed)?;
            run.push(&seed);
        }
        Ok((Some(at), run))
    }

    /// The change to the chain key `next`, ahead of the present one, that keeps no key on the way.
    pub(crate) fn give_up_until(next: ChainKey) -> ReceivingChange {
        ReceivingChange(Step::Ahead { next, skipped: SkippedRun::default() })
    }

    /// Makes a change.
    pub fn apply(&mut self, change: ReceivingChange) {
        match change.0 {
            Step::Ahead { next, skipped } => {
                self.next = next;
                self.skipped.append(skipped.first, &skipped.keys);
                self.skipped.keep_newest(MAX_SKIPPED);
            }
            Step::Taken(counter) => self.skipped.remove(counter),
        }
    }

    /// Writes the chain as it will be after `change`.
    pub(crate) fn write(&self, change: Option<&ReceivingChange>, writer: &mut RecordWriter) {
        let (next, skipped) = match change.map(|change| &change.0) {
            None => (&self.next, SkippedChange::None),
            Some(Step::Ahead { next, skipped }) => (next, SkippedChange::Added(skipped)),
            Some(Step::Taken(counter)) => (&self.next, SkippedChange::Taken(*counter)),
        };
        next.write(writer);
        self.skipped.write(skipped, writer);
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let (next, skipped) = (ChainKey::read(reader)?, SkippedKeys::read(reader, MAX_SKIPPED)?);
        let newest = skipped.iter().next_back().map(|(counter, _)| counter);
        if newest.is_some_and(|newest| newest >= next.index()) {
            return Err(RecordError::Damaged);
        }
        Ok(Self { next, skipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;

    fn chain(index: u32) -> ReceivingChain {
        ReceivingChain::new(ChainKey::new(Secret::new([3; 32]), index))
    }

    #[test]
    fn seeds_stored_elsewhere_are_put_in_order() {
        let (old, new) = ([1; 32], [2; 32]);
        let stored = alloc::vec![(4, &new), (2, &old), (4, &old), (7, &old), (8, &new)];
        let next = ChainKey::new(Secret::new([3; 32]), 7);
        let chain = ReceivingChain::from_stored(next, stored);
        let kept: Vec<_> = chain.skipped().iter().collect();
        assert_eq!(kept, [(2, &old), (4, &new)]);
    }

    #[test]
    fn a_jump_is_asked_about_beyond_the_limit_of_all_and_refused_beyond_its_own() {
        let (chain, mut seed) = (chain(1), MessageKeySeed::to_be_filled());
        assert!(chain.receive(1 + MAX_JUMP, || panic!("not asked"), &mut seed).is_ok());
        let jump = MAX_JUMP + 1;
        assert!(chain.receive(1 + jump, || jump, &mut seed).is_ok());
        let refused = chain.receive(1 + jump, || jump - 1, &mut seed).unwrap_err();
        assert_eq!(refused, ReceivingError::TooFarAhead { jump });
    }

    #[test]
    fn the_last_message_of_all_is_never_read() {
        let chain = chain(u32::MAX - 2);
        let mut seed = MessageKeySeed::to_be_filled();
        assert!(chain.receive(u32::MAX - 1, || 0, &mut seed).is_ok());
        let refused = chain.receive(u32::MAX, || 0, &mut seed).unwrap_err();
        assert_eq!(refused, ReceivingError::Exhausted(ChainExhausted));
    }
}
