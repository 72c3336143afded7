// SPDX-License-Identifier: MIT OR Apache-2.0

//! A receiving chain of the rose profile, of a session or a sender key: the chain key of the next message, and up to 256
//! seeds of skipped ones (rose 32 §8). Of what is no longer there it remembers nothing.

use core::mem::take;

use super::ReceiveError;
use crate::profile::ROSE;
use crate::ratchet::chain::{ChainExhausted, ChainKey, MessageKeySeed};
use crate::ratchet::skipped::{SkippedChange, SkippedKeys, SkippedRun};

/// Number of skipped seeds that a chain keeps. The lowest goes first.
pub(crate) const MAX_SKIPPED: usize = ROSE.max_kept;

/// A chain on which messages are received.
#[derive(Debug)]
pub(crate) struct SeedChain {
    next: ChainKey,
    skipped: SkippedKeys,
}

/// The change that receiving a message makes to its chain.
#[derive(Debug)]
pub(crate) enum SeedChange {
    /// The chain continues at this key, and these messages may still come.
    Ahead(ChainKey, SkippedRun),
    /// The seed of a skipped message is used up.
    Taken(u32),
}

impl SeedChain {
    /// A chain of which nothing was skipped.
    pub(crate) fn new(next: ChainKey) -> Self {
        Self { next, skipped: SkippedKeys::default() }
    }

    /// A chain of its parts. None if a skipped seed is not before the next one.
    pub(crate) fn from_parts(next: ChainKey, skipped: SkippedKeys) -> Option<Self> {
        let newest = skipped.iter().next_back().map(|(number, _)| number);
        newest.is_none_or(|newest| newest < next.index()).then_some(Self { next, skipped })
    }

    /// The chain key of the next message.
    pub(super) const fn next(&self) -> &ChainKey {
        &self.next
    }

    /// Writes the seed of a message, and gives the change that using it makes. Costs time linear in the messages
    /// skipped, and memory for at most 256 of them.
    ///
    /// # Errors
    /// [`ReceiveError`]: `Duplicate`, `TooFarAhead`.
    pub(crate) fn receive(&self, number: u32, seed: &mut MessageKeySeed) -> Result<SeedChange, ReceiveError> {
        let Some(jump) = number.checked_sub(self.next.index()) else {
            seed.fill(self.skipped.get(number).ok_or(ReceiveError::Duplicate)?.as_bytes());
            return Ok(SeedChange::Taken(number));
        };
        if jump > ROSE.max_jump {
            return Err(ReceiveError::TooFarAhead);
        }
        let (at, run) = self.skip(number)?;
        let next = at.as_ref().unwrap_or(&self.next).step_into(seed)?;
        Ok(SeedChange::Ahead(next, run))
    }

    /// The seeds of the messages before `end`, which is not behind: those that are kept when the chain ends there.
    pub(super) fn rest(&self, end: u32) -> Result<SkippedRun, ChainExhausted> {
        self.skip(end).map(|(_, run)| run)
    }

    fn skip(&self, number: u32) -> Result<(Option<ChainKey>, SkippedRun), ChainExhausted> {
        let jump = number.saturating_sub(self.next.index());
        if jump == 0 {
            return Ok((None, SkippedRun::default()));
        }
        let kept = usize::try_from(jump).map_or(MAX_SKIPPED, |jump| jump.min(MAX_SKIPPED));
        let first = number - u32::try_from(kept).unwrap_or(jump);
        let mut run = SkippedRun::with_capacity(first, kept);
        let mut at = self.next.skip_to(first)?;
        let mut seed = MessageKeySeed::to_be_filled();
        while at.index() < number {
            at = at.step_into(&mut seed)?;
            run.push(&seed);
        }
        Ok((Some(at), run))
    }

    /// The chain key and the skipped seeds after a change.
    pub(crate) fn after<'a>(
        &'a self,
        change: Option<&'a SeedChange>,
    ) -> (&'a ChainKey, impl Iterator<Item = (u32, &'a [u8; 32])>) {
        let (next, skipped) = match change {
            None => (&self.next, SkippedChange::None),
            Some(SeedChange::Ahead(next, run)) => (next, SkippedChange::Added(run)),
            Some(SeedChange::Taken(number)) => (&self.next, SkippedChange::Taken(*number)),
        };
        (next, self.skipped.after(skipped, MAX_SKIPPED).1)
    }

    /// The skipped seeds with a run of more.
    pub(super) fn skipped_with<'a>(
        &'a self,
        run: &'a SkippedRun,
    ) -> impl Iterator<Item = (u32, &'a [u8; 32])> {
        self.skipped.after(SkippedChange::Added(run), MAX_SKIPPED).1
    }

    /// Takes the skipped seeds away, with a run of more.
    pub(super) fn take_skipped(&mut self, run: &SkippedRun) -> SkippedKeys {
        let mut skipped = take(&mut self.skipped);
        skipped.take_run(run, MAX_SKIPPED);
        skipped
    }

    /// Makes a change.
    pub(crate) fn apply(&mut self, change: SeedChange) {
        match change {
            SeedChange::Ahead(next, run) => {
                self.next = next;
                self.skipped.take_run(&run, MAX_SKIPPED);
            }
            SeedChange::Taken(number) => self.skipped.remove(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::secret::Secret;

    #[test]
    fn what_was_skipped_is_before_what_is_next() {
        for (next, is_before) in [(2, false), (3, true)] {
            let (mut skipped, mut run) = (SkippedKeys::default(), SkippedRun::with_capacity(2, 1));
            run.push(&MessageKeySeed::to_be_filled());
            skipped.take_run(&run, MAX_SKIPPED);
            let next = ChainKey::new(Secret::new([1; 32]), next);
            assert_eq!(SeedChain::from_parts(next, skipped).is_some(), is_before);
        }
    }
}
