// SPDX-License-Identifier: MIT OR Apache-2.0

//! Skipped message keys of one receiving chain (Double Ratchet §2.6, `MKSKIPPED`).
//!
//! Each key is kept as its own seed: from an older chain key, deleted ones could be derived again.
//! Counters only rise, so the seeds lie in order: adding, expiring and taking one cost no scan, and a
//! seed that was taken leaves a wiped hole until the buffer is next compacted. Seeds never lie in memory
//! that was freed: whenever the buffer moves, the old one is wiped.

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::chain::MessageKeySeed;
use crate::crypto::secret::Secret;
use crate::record::{RecordError, RecordReader, RecordWriter};

/// How many skipped keys a receiving chain keeps. The oldest goes first.
pub const MAX_SKIPPED: usize = 2_000;

/// The seed of one skipped message, or the hole it left.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Slot {
    counter: u32,
    seed: [u8; 32],
    taken: bool,
}

/// The skipped keys of one receiving chain, oldest first, at most [`MAX_SKIPPED`].
#[derive(Default)]
pub struct SkippedKeys {
    /// In order of their counters. Those before `head` are taken.
    slots: Vec<Slot>,
    head: usize,
    live: usize,
}

impl SkippedKeys {
    /// How many keys are kept.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether none is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The kept counters and seeds, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &[u8; 32])> {
        self.live_slots().map(|slot| (slot.counter, &slot.seed))
    }

    /// Keeps `seeds`, which are in order of their counters, or as many of the newest as may be kept.
    pub(super) fn from_sorted(seeds: &[(u32, &[u8; 32])]) -> Self {
        let kept = seeds.iter().skip(seeds.len().saturating_sub(MAX_SKIPPED));
        let mut keys = Self::default();
        keys.reserve(kept.len());
        for (counter, seed) in kept {
            keys.push(*counter, seed);
        }
        keys
    }

    /// The seed of message `counter`, 32 bytes, which stay here until [`Self::remove`].
    #[must_use]
    pub fn get(&self, counter: u32) -> Option<&[u8; 32]> {
        self.find(counter).and_then(|at| self.slots.get(at)).map(|slot| &slot.seed)
    }

    /// Wipes the seed of message `counter`.
    pub fn remove(&mut self, counter: u32) {
        if let Some(slot) = self.find(counter).and_then(|at| self.slots.get_mut(at)) {
            slot.seed.zeroize();
            slot.taken = true;
            self.live -= 1;
        }
    }

    /// Takes over `added`, whose counters are all above those kept, and drops the oldest keys beyond
    /// [`MAX_SKIPPED`].
    pub fn append(&mut self, added: &SkippedRun) {
        self.reserve(added.seeds.len());
        for (counter, seed) in (added.first..=u32::MAX).zip(&added.seeds) {
            self.push(counter, seed.as_bytes());
        }
        while self.live > MAX_SKIPPED {
            self.drop_oldest();
        }
    }

    fn push(&mut self, counter: u32, seed: &[u8; 32]) {
        self.slots.push(Slot { counter, seed: *seed, taken: false });
        self.live += 1;
    }

    fn drop_oldest(&mut self) {
        while let Some(slot) = self.slots.get_mut(self.head) {
            self.head += 1;
            if !slot.taken {
                slot.seed.zeroize();
                slot.taken = true;
                self.live -= 1;
                return;
            }
        }
    }

    /// Makes room for `more` slots. Where the buffer is too small it is replaced by one of at least twice
    /// what is kept, so that each seed moves a bounded number of times.
    fn reserve(&mut self, more: usize) {
        if self.slots.capacity() - self.slots.len() >= more {
            return;
        }
        let mut moved = Vec::with_capacity((self.live + more).max(2 * self.live).max(4));
        moved.extend(self.live_slots().map(|slot| Slot {
            counter: slot.counter,
            seed: slot.seed,
            taken: false,
        }));
        self.slots = moved;
        self.head = 0;
    }

    fn find(&self, counter: u32) -> Option<usize> {
        let at = self.slots.binary_search_by_key(&counter, |slot| slot.counter).ok()?;
        self.slots.get(at).filter(|slot| !slot.taken).map(|_| at)
    }

    fn live_slots(&self) -> impl DoubleEndedIterator<Item = &Slot> {
        self.slots.iter().skip(self.head).filter(|slot| !slot.taken)
    }

    /// Writes the keys as they will be after `change`: how many, then counter and seed of each.
    pub(super) fn write(&self, change: SkippedChange<'_>, writer: &mut RecordWriter) {
        let none = SkippedRun::default();
        let (taken, added) = match change {
            SkippedChange::None => (None, &none),
            SkippedChange::Taken(counter) => (Some(counter), &none),
            SkippedChange::Added(run) => (None, run),
        };
        let total = self.live - usize::from(taken.is_some()) + added.seeds.len();
        writer.put_u32(u32::try_from(total.min(MAX_SKIPPED)).unwrap_or(u32::MAX));
        let kept = self.iter().filter(|(counter, _)| Some(*counter) != taken);
        let added = (added.first..=u32::MAX).zip(added.seeds.iter().map(Secret::as_bytes));
        for (counter, seed) in kept.chain(added).skip(total.saturating_sub(MAX_SKIPPED)) {
            writer.put_u32(counter);
            writer.put_array(seed);
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(super) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
        if count > MAX_SKIPPED {
            return Err(RecordError::Damaged);
        }
        // Counter and seed.
        let entries = reader.chunks::<{ 4 + 32 }>(count)?;
        let slot = |[a, b, c, d, seed @ ..]: &[u8; 4 + 32]| Slot {
            counter: u32::from_le_bytes([*a, *b, *c, *d]),
            seed: *seed,
            taken: false,
        };
        let mut slots = Vec::with_capacity(count);
        slots.extend(entries.iter().map(slot));
        if !slots.is_sorted_by(|before, after| before.counter < after.counter) {
            return Err(RecordError::Damaged);
        }
        Ok(Self { slots, head: 0, live: count })
    }
}

impl fmt::Debug for SkippedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slots: _, head: _, live } = self;
        write!(f, "SkippedKeys({live})")
    }
}

/// Seeds of messages that were skipped at once, without a gap.
#[derive(Debug, Default)]
pub struct SkippedRun {
    /// The counter of the first seed.
    first: u32,
    seeds: Vec<Secret<32>>,
}

impl SkippedRun {
    /// An empty run with room for `len` seeds, the first of which is message `first`'s.
    pub(super) fn with_capacity(first: u32, len: usize) -> Self {
        Self { first, seeds: Vec::with_capacity(len) }
    }

    /// Adds the next seed. Within the capacity nothing moves.
    pub(super) fn push(&mut self, seed: &MessageKeySeed) {
        self.seeds.push(Secret::new(*seed.as_bytes()));
    }
}

/// What a received message does to the skipped keys of its chain.
#[derive(Clone, Copy, Debug)]
pub(super) enum SkippedChange<'a> {
    /// Nothing.
    None,
    /// The message's own key was here.
    Taken(u32),
    /// Messages were skipped.
    Added(&'a SkippedRun),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RecordKind;

    fn run(first: u32, len: u32) -> SkippedRun {
        let mut run = SkippedRun::with_capacity(first, len as usize);
        for counter in first..first + len {
            run.push(&seed(counter));
        }
        run
    }

    fn seed(counter: u32) -> MessageKeySeed {
        let mut bytes = [0xA5; 32];
        bytes[..4].copy_from_slice(&counter.to_le_bytes());
        MessageKeySeed::new(Secret::new(bytes))
    }

    #[test]
    fn keeps_the_newest_two_thousand() {
        let mut keys = SkippedKeys::default();
        keys.append(&run(0, 1_500));
        keys.append(&run(1_501, 800));
        assert_eq!(keys.len(), MAX_SKIPPED);
        assert_eq!(keys.get(299), None);
        assert_eq!(keys.get(300), Some(seed(300).as_bytes()));
        assert_eq!(keys.get(1_500), None);
        assert_eq!(keys.get(2_300), Some(seed(2_300).as_bytes()));
    }

    #[test]
    fn empty_is_without_keys_whatever_was_there() {
        let mut keys = SkippedKeys::default();
        assert!(keys.is_empty());
        keys.append(&run(5, 1));
        assert!(!keys.is_empty());
        keys.remove(5);
        assert!(keys.is_empty());
    }

    #[test]
    fn holes_count_no_more() {
        let mut keys = SkippedKeys::default();
        keys.append(&run(0, 2_000));
        for counter in 100..1_100 {
            keys.remove(counter);
            assert_eq!(keys.get(counter), None);
        }
        assert_eq!(keys.len(), 1_000);
        keys.append(&run(3_000, 1_000));
        assert_eq!(keys.len(), 2_000);
        assert_eq!(keys.get(0), Some(seed(0).as_bytes()));
        keys.append(&run(4_000, 101));
        assert_eq!(keys.iter().next().map(|(counter, _)| counter), Some(1_101));
    }

    #[test]
    fn buffer_stays_bounded() {
        let mut keys = SkippedKeys::default();
        for round in 0..200 {
            keys.append(&run(round * 1_000, 500));
            for counter in round * 1_000..round * 1_000 + 499 {
                keys.remove(counter);
            }
        }
        assert_eq!(keys.len(), 200);
        assert!(keys.slots.capacity() < 2_000, "{}", keys.slots.capacity());
    }

    #[test]
    fn a_buffer_that_is_full_is_replaced_by_one_without_holes() {
        let mut keys = SkippedKeys::default();
        keys.append(&run(0, 3));
        keys.append(&run(3, 1));
        keys.remove(1);
        assert_eq!(keys.slots.len(), 4);
        keys.append(&run(4, 1));
        let counters: Vec<u32> = keys.slots.iter().map(|slot| slot.counter).collect();
        assert_eq!(counters, [0, 2, 3, 4]);
    }

    const EDGE: [(u32, Result<usize, RecordError>); 2] =
        [(2_000, Ok(2_000)), (2_001, Err(RecordError::Damaged))];

    /// What is read of what was written.
    fn reread<T>(
        write: impl FnOnce(&mut RecordWriter),
        read: impl FnOnce(&mut RecordReader<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        let mut out = RecordWriter::new(RecordKind::Session, 1, 0);
        write(&mut out);
        let record = out.finish();
        read(&mut RecordReader::open(RecordKind::Session, 1, record.as_bytes()).unwrap().0)
    }

    #[test]
    fn two_thousand_keys_are_read_and_one_more_is_damage() {
        for (count, expected) in EDGE {
            let write = |out: &mut RecordWriter| {
                out.put_u32(count);
                for counter in 0..count {
                    out.put_u32(counter);
                    out.put_array(seed(counter).as_bytes());
                }
            };
            assert_eq!(reread(write, SkippedKeys::read).map(|keys| keys.len()), expected);
        }
    }

    /// Found by fuzzing.
    #[test]
    fn a_run_of_none_may_begin_at_the_last_counter() {
        let (mut keys, none) = (SkippedKeys::default(), run(u32::MAX, 0));
        keys.append(&run(u32::MAX - 3, 3));
        let mut out = RecordWriter::new(RecordKind::Session, 1, 0);
        keys.write(SkippedChange::Added(&none), &mut out);
        keys.append(&none);
        let counters: Vec<u32> = keys.iter().map(|(counter, _)| counter).collect();
        assert_eq!(counters, [u32::MAX - 3, u32::MAX - 2, u32::MAX - 1]);
    }
}
