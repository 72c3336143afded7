// SPDX-License-Identifier: MIT OR Apache-2.0

//! A receiving chain: the chain key of the next message, and the keys of skipped ones (Double Ratchet §2.6). Both the
//! Double Ratchet and sender keys receive on such chains.

use alloc::boxed::Box;
#[cfg(feature = "libsignal")]
use alloc::vec::Vec;

use super::chain::{ChainExhausted, ChainKey, MessageKeySeed};
use super::message_keys::MessageKeys;
#[cfg(feature = "libsignal")]
use super::past::MAX_READY;
use super::past::{Lost, Past};
use super::skipped::{MAX_SKIPPED, SkippedChange, SkippedKeys, SkippedRun};
use crate::profile::SIGNAL_4;
use crate::record::{RecordError, RecordReader, RecordWriter};

/// Number of messages that may be skipped at once, unless the peer is a device of the own account.
pub const MAX_JUMP: u32 = SIGNAL_4.max_jump;

pub use super::past::Loss;

/// The reason that a chain has no key for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceivingError {
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
    /// Lost messages and ready-made keys, if there are any.
    past: Option<Box<Past>>,
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
    /// The chain continues at this key, and no message before that can come.
    GivenUp(ChainKey),
}

impl ReceivingChain {
    /// A chain on which nothing was received yet, from the next message on.
    #[must_use]
    pub fn new(next: ChainKey) -> Self {
        let mut past = Past::default();
        past.lost.add(0..next.index(), Loss::NeverHeld);
        Self { next, skipped: SkippedKeys::default(), past: Self::kept(past) }
    }

    /// A chain with skipped keys as stored elsewhere, in any order. Of two for one message the first counts; those of
    /// messages that were not skipped are left out. Where as many are stored as are kept, older ones expired.
    #[cfg(feature = "libsignal")]
    #[expect(clippy::vec_box, reason = "sorting them must move no secrets")]
    pub(crate) fn from_stored(
        next: ChainKey,
        mut skipped: Vec<(u32, &[u8; 32])>,
        mut ready: Vec<Box<(u32, MessageKeys)>>,
    ) -> Self {
        skipped.retain(|(counter, _)| *counter < next.index());
        skipped.sort_by_key(|(counter, _)| *counter);
        skipped.dedup_by_key(|(counter, _)| *counter);
        let kept = skipped.get(skipped.len().saturating_sub(MAX_SKIPPED)..).unwrap_or_default();
        let seeded = |counter| kept.binary_search_by_key(&counter, |(counter, _)| *counter).is_ok();
        ready.retain(|ready| ready.0 < next.index() && !seeded(ready.0));
        ready.sort_by_key(|ready| ready.0);
        ready.dedup_by_key(|ready| ready.0);
        ready.truncate(MAX_READY);
        let mut past = Past { ready, ..Past::default() };
        let oldest = kept.first().map(|(counter, _)| *counter);
        if let Some(oldest) = oldest.filter(|_| kept.len() + past.ready.len() >= MAX_SKIPPED) {
            past.lost.add(0..oldest, Loss::Expired);
        }
        let past = Self::kept(past);
        Self { next, skipped: SkippedKeys::from_sorted(kept).unwrap_or_default(), past }
    }

    /// A past that is worth a place of its own.
    fn kept(past: Past) -> Option<Box<Past>> {
        if past.is_empty() { None } else { Some(Box::new(past)) }
    }

    /// The keys of message `counter`, if they were stored ready-made.
    #[must_use]
    pub fn ready_keys(&self, counter: u32) -> Option<&MessageKeys> {
        self.past.as_ref().and_then(|past| past.ready(counter))
    }

    /// The ready-made keys and their counters.
    #[cfg(feature = "libsignal")]
    pub(crate) fn all_ready_keys(&self) -> impl DoubleEndedIterator<Item = &(u32, MessageKeys)> {
        self.past.iter().flat_map(|past| past.ready.iter().map(Box::as_ref))
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

    /// Checks that there is a key for message `counter`, at most `max_jump` ahead. Costs no more than a search.
    ///
    /// # Errors
    /// [`ReceivingError`]: `Duplicate`, `Lost`, `TooFarAhead`.
    pub fn check(&self, counter: u32, max_jump: u32) -> Result<(), ReceivingError> {
        let chain_index = self.next.index();
        match counter.checked_sub(chain_index) {
            Some(jump) if jump > max_jump => Err(ReceivingError::TooFarAhead { jump }),
            Some(_) => Ok(()),
            None if self.skipped.get(counter).is_some() || self.ready_keys(counter).is_some() => Ok(()),
            None => Err(match self.past.as_ref().and_then(|past| past.lost.find(counter)) {
                Some(loss) => ReceivingError::Lost(loss),
                None => ReceivingError::Duplicate { chain_index, counter },
            }),
        }
    }

    /// Writes the seed of message `counter` to `seed`, and gives the change that using it makes; of a message with
    /// [ready keys](Self::ready_keys) there is no seed. `max_jump` limits how many messages it may skip. Costs time
    /// linear in the messages skipped, and memory for at most [`MAX_SKIPPED`] of them.
    ///
    /// # Errors
    /// [`ReceivingError`].
    pub fn receive(
        &self,
        counter: u32,
        max_jump: u32,
        seed: &mut MessageKeySeed,
    ) -> Result<ReceivingChange, ReceivingError> {
        self.check(counter, max_jump)?;
        let Some(jump) = counter.checked_sub(self.next.index()) else {
            if let Some(skipped) = self.skipped.get(counter) {
                seed.fill(skipped.as_bytes());
            }
            return Ok(ReceivingChange(Step::Taken(counter)));
        };
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
    pub(crate) const fn give_up_until(next: ChainKey) -> ReceivingChange {
        ReceivingChange(Step::GivenUp(next))
    }

    /// The lost messages after a step, if it loses any.
    fn lost_after(&self, step: &Step) -> Option<Lost> {
        let now = || self.past.as_ref().map_or_else(Lost::default, |past| past.lost.clone());
        let index = self.next.index();
        match step {
            Step::Taken(_) => None,
            Step::GivenUp(next) => {
                let mut lost = now();
                lost.add(index..next.index(), Loss::NeverHeld);
                Some(lost)
            }
            Step::Ahead { skipped, .. } => {
                let evicted = (self.skipped.len() + skipped.keys.len()).saturating_sub(MAX_SKIPPED);
                let passed = index..skipped.first;
                if evicted == 0 && passed.is_empty() {
                    return None;
                }
                let mut lost = now();
                for (counter, _) in self.skipped.iter().take(evicted) {
                    lost.add(counter..counter + 1, Loss::Expired);
                }
                lost.add(passed, Loss::Expired);
                Some(lost)
            }
        }
    }

    /// Makes a change.
    pub fn apply(&mut self, change: ReceivingChange) {
        if let Some(lost) = self.lost_after(&change.0) {
            self.past.get_or_insert_default().lost = lost;
        }
        match change.0 {
            Step::Ahead { next, skipped } => {
                self.next = next;
                self.skipped.append(skipped.first, &skipped.keys);
                self.skipped.keep_newest(MAX_SKIPPED);
            }
            Step::Taken(counter) => {
                self.skipped.remove(counter);
                if let Some(past) = &mut self.past {
                    past.ready.retain(|ready| ready.0 != counter);
                }
            }
            Step::GivenUp(next) => self.next = next,
        }
    }

    /// Writes the chain as it will be after `change`.
    pub(crate) fn write(&self, change: Option<&ReceivingChange>, writer: &mut RecordWriter) {
        let step = change.map(|change| &change.0);
        let (next, skipped) = match step {
            None => (&self.next, SkippedChange::None),
            Some(Step::Ahead { next, skipped }) => (next, SkippedChange::Added(skipped)),
            Some(Step::Taken(counter)) => (&self.next, self.taken(*counter)),
            Some(Step::GivenUp(next)) => (next, SkippedChange::None),
        };
        next.write(writer);
        self.skipped.write(skipped, writer);
        let none = Past::default();
        let past = self.past.as_deref().unwrap_or(&none);
        let after = step.and_then(|step| self.lost_after(step));
        let lost = after.as_ref().unwrap_or(&past.lost);
        let taken = match step {
            Some(Step::Taken(counter)) => Some(*counter),
            _ => None,
        };
        past.write(lost, taken, writer);
    }

    /// The effect of taking a key on the skipped ones: none, if it is a ready-made one.
    fn taken(&self, counter: u32) -> SkippedChange<'static> {
        if self.skipped.get(counter).is_some() { SkippedChange::Taken(counter) } else { SkippedChange::None }
    }

    /// Reads what [`Self::write`] wrote; without a past from formats that have none.
    pub(crate) fn read(reader: &mut RecordReader<'_>, has_past: bool) -> Result<Self, RecordError> {
        let (next, skipped) = (ChainKey::read(reader)?, SkippedKeys::read(reader, MAX_SKIPPED)?);
        let newest = skipped.iter().next_back().map(|(counter, _)| counter);
        if newest.is_some_and(|newest| newest >= next.index()) {
            return Err(RecordError::Damaged);
        }
        let past = if has_past { Past::read(next.index(), reader)? } else { Past::default() };
        Ok(Self { next, skipped, past: Self::kept(past) })
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
        let chain = ReceivingChain::from_stored(next, stored, Vec::new());
        let kept: Vec<_> = chain.skipped().iter().collect();
        assert_eq!(kept, [(2, &old), (4, &new)]);
    }

    #[test]
    fn a_jump_is_refused_beyond_its_limit() {
        let (chain, mut seed) = (chain(1), MessageKeySeed::to_be_filled());
        assert!(chain.receive(1 + MAX_JUMP, MAX_JUMP, &mut seed).is_ok());
        let jump = MAX_JUMP + 1;
        assert!(chain.receive(1 + jump, jump, &mut seed).is_ok());
        let refused = chain.receive(1 + jump, jump - 1, &mut seed).unwrap_err();
        assert_eq!(refused, ReceivingError::TooFarAhead { jump });
    }

    #[test]
    fn the_last_message_of_all_is_never_read() {
        let chain = chain(u32::MAX - 2);
        let mut seed = MessageKeySeed::to_be_filled();
        assert!(chain.receive(u32::MAX - 1, 1, &mut seed).is_ok());
        let refused = chain.receive(u32::MAX, 2, &mut seed).unwrap_err();
        assert_eq!(refused, ReceivingError::Exhausted(ChainExhausted));
    }
}
