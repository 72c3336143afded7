// SPDX-License-Identifier: MIT OR Apache-2.0

//! Skipped message keys of one receiving chain (Double Ratchet §2.6, `MKSKIPPED`), for both ratchets.
//!
//! Each key is kept by itself, because deleted ones could be derived again from an older chain key. Counters only rise,
//! so the keys lie in order: adding, expiring and taking one cost no scan. A taken key leaves a wiped hole until the
//! buffer is next compacted. Keys never lie in freed memory: whenever the buffer moves, the old one is wiped.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroize;

use super::chain::MessageKeySeed;
use crate::crypto::secret::Secret;
use crate::profile::SIGNAL_4;
use crate::record::{RecordError, RecordReader, RecordWriter};

/// Number of skipped keys that a receiving chain of the Double Ratchet, or of a sender key, keeps. The oldest goes
/// first.
pub const MAX_SKIPPED: usize = SIGNAL_4.max_kept;

/// The key of one skipped message, or the hole it left.
struct Slot {
    counter: u32,
    taken: bool,
    key: Secret<32>,
}

impl Slot {
    const fn new(counter: u32, key: Secret<32>) -> Self {
        Self { counter, taken: false, key }
    }

    fn take(&mut self) {
        self.taken = true;
        self.key.zeroize();
    }
}

/// The skipped keys of one receiving chain, oldest first.
#[derive(Default)]
pub struct SkippedKeys {
    /// In order of their counters. Those before `head` are taken.
    slots: Vec<Slot>,
    head: usize,
    live: usize,
}

impl SkippedKeys {
    /// No keys.
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), head: 0, live: 0 }
    }

    /// The number of keys.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Returns whether there are no keys.
    #[cfg(any(test, feature = "hazmat", feature = "rose"))]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The counters and keys, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &[u8; 32])> + Clone {
        self.live_slots().map(|slot| (slot.counter, slot.key.as_bytes()))
    }

    /// Keeps `keys` of rising counters. None if the counters do not rise.
    #[cfg(any(feature = "hazmat", feature = "libsignal"))]
    pub(super) fn from_sorted(keys: &[(u32, &[u8; 32])]) -> Option<Self> {
        let mut slots = Vec::with_capacity(keys.len());
        slots.extend(keys.iter().map(|(counter, key)| Slot::new(*counter, Secret::new(**key))));
        let rising = slots.is_sorted_by(|before: &Slot, after| before.counter < after.counter);
        let live = slots.len();
        rising.then_some(Self { slots, head: 0, live })
    }

    /// The key of message `counter`, which stays here until [`Self::remove`].
    #[must_use]
    pub fn get(&self, counter: u32) -> Option<&Secret<32>> {
        self.find(counter).and_then(|at| self.slots.get(at)).map(|slot| &slot.key)
    }

    /// Wipes the key of message `counter`.
    pub fn remove(&mut self, counter: u32) {
        if let Some(slot) = self.find(counter).and_then(|at| self.slots.get_mut(at)) {
            slot.take();
            self.live -= 1;
        }
        self.clear_if_empty();
    }

    /// Adds the keys of the messages from `first` on, whose counters are all above those here.
    pub fn append(&mut self, first: u32, keys: &[Secret<32>]) {
        self.reserve(keys.len());
        self.live += keys.len();
        // Moving keys out of a vector would leave them in its memory.
        let keys = keys.iter().map(Secret::duplicate);
        self.slots.extend((first..=u32::MAX).zip(keys).map(|(counter, key)| Slot::new(counter, key)));
    }

    /// Wipes the oldest keys beyond the newest `max`.
    pub(super) fn keep_newest(&mut self, max: usize) {
        while self.live > max {
            self.drop_oldest();
        }
    }

    /// Wipes the keys of the messages before `lowest`.
    pub(super) fn forget_below(&mut self, lowest: u32) {
        while self.slots.get(self.head).is_some_and(|slot| slot.counter < lowest) {
            self.drop_head();
        }
        self.clear_if_empty();
    }

    fn drop_oldest(&mut self) {
        while self.head < self.slots.len() {
            if self.drop_head() {
                return;
            }
        }
    }

    /// Moves past the first slot, and returns whether it had a key.
    fn drop_head(&mut self) -> bool {
        let Some(slot) = self.slots.get_mut(self.head) else { return false };
        self.head += 1;
        if slot.taken {
            return false;
        }
        slot.take();
        self.live -= 1;
        true
    }

    fn clear_if_empty(&mut self) {
        if self.live == 0 {
            self.slots.clear();
            self.head = 0;
        }
    }

    /// Makes room for `more` slots. A buffer that is too small is replaced by one for at least one and a half times the
    /// kept keys, so that each key moves a bounded number of times.
    fn reserve(&mut self, more: usize) {
        if self.slots.capacity() - self.slots.len() >= more {
            return;
        }
        let mut moved = Vec::with_capacity((self.live + more).max(self.live + self.live / 2).max(4));
        moved.extend(self.live_slots().map(|slot| Slot::new(slot.counter, slot.key.duplicate())));
        self.slots = moved;
        self.head = 0;
    }

    fn find(&self, counter: u32) -> Option<usize> {
        let at = self.slots.binary_search_by_key(&counter, |slot| slot.counter).ok()?;
        self.slots.get(at).filter(|slot| !slot.taken).map(|_| at)
    }

    fn live_slots(&self) -> impl DoubleEndedIterator<Item = &Slot> + Clone {
        self.slots.iter().skip(self.head).filter(|slot| !slot.taken)
    }

    /// The counters and keys as they will be after `change`, at most `max` of them, and how many those are.
    pub(super) fn after<'a>(
        &'a self,
        change: SkippedChange<'a>,
        max: usize,
    ) -> (usize, impl Iterator<Item = (u32, &'a [u8; 32])>) {
        let (taken, first, added) = match change {
            SkippedChange::None => (None, 0, &[][..]),
            SkippedChange::Taken(counter) => (Some(counter), 0, &[][..]),
            SkippedChange::Added(run) => (None, run.first, &run.keys[..]),
        };
        let total = self.live - usize::from(taken.is_some()) + added.len();
        let kept = self.iter().filter(move |(counter, _)| Some(*counter) != taken);
        let added = (first..=u32::MAX).zip(added.iter().map(Secret::as_bytes));
        (total.min(max), kept.chain(added).skip(total.saturating_sub(max)))
    }

    /// Writes the keys as they will be after `change`, at most [`MAX_SKIPPED`]: how many, then counter and key of each.
    pub(super) fn write(&self, change: SkippedChange<'_>, writer: &mut RecordWriter) {
        let (count, keys) = self.after(change, MAX_SKIPPED);
        writer.put_u32(u32::try_from(count).unwrap_or(u32::MAX));
        for (counter, key) in keys {
            writer.put_u32(counter);
            writer.put_array(key);
        }
    }

    /// Takes the keys of a run, all after those here, and keeps the newest `max` of all.
    #[cfg(feature = "rose")]
    pub(super) fn take_run(&mut self, run: &SkippedRun, max: usize) {
        self.append(run.first, &run.keys);
        self.keep_newest(max);
    }

    /// Reads up to `max` keys, each a counter and 32 bytes, whose number is given.
    #[cfg(feature = "rose")]
    pub(crate) fn read_counted(
        reader: &mut RecordReader<'_>,
        count: usize,
        max: usize,
    ) -> Result<Self, RecordError> {
        if count > max {
            return Err(RecordError::Damaged);
        }
        Self::read_entries(reader, count)
    }

    /// Reads [written](Self::write) keys, at most `max`.
    pub(super) fn read(reader: &mut RecordReader<'_>, max: usize) -> Result<Self, RecordError> {
        let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
        if count > max {
            return Err(RecordError::Damaged);
        }
        Self::read_entries(reader, count)
    }

    fn read_entries(reader: &mut RecordReader<'_>, count: usize) -> Result<Self, RecordError> {
        // Counter and key.
        let entries = reader.chunks::<{ 4 + 32 }>(count)?;
        let mut slots = Vec::with_capacity(count);
        slots.extend(entries.iter().map(|[a, b, c, d, key @ ..]: &[u8; 4 + 32]| {
            Slot::new(u32::from_le_bytes([*a, *b, *c, *d]), Secret::new(*key))
        }));
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

/// Keys of messages that were skipped together, without a gap.
#[derive(Debug, Default)]
pub struct SkippedRun {
    /// The counter of the first key.
    pub(super) first: u32,
    pub(super) keys: Vec<Secret<32>>,
}

impl SkippedRun {
    /// An empty run with room for `len` keys, the first of which is message `first`'s.
    pub(super) fn with_capacity(first: u32, len: usize) -> Self {
        Self { first, keys: Vec::with_capacity(len) }
    }

    /// Adds the next seed. Within the capacity nothing moves.
    pub(super) fn push(&mut self, seed: &MessageKeySeed) {
        self.keys.push(Secret::new(*seed.as_bytes()));
    }
}

/// The effect of a received message on the skipped keys of its chain.
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
            run.push(&MessageKeySeed::new(key(counter)));
        }
        run
    }

    fn key(counter: u32) -> Secret<32> {
        let mut bytes = [0xA5; 32];
        bytes[..4].copy_from_slice(&counter.to_le_bytes());
        Secret::new(bytes)
    }

    fn append(keys: &mut SkippedKeys, run: &SkippedRun) {
        keys.append(run.first, &run.keys);
        keys.keep_newest(MAX_SKIPPED);
    }

    fn counters(keys: &SkippedKeys) -> Vec<u32> {
        keys.iter()
            .map(|(counter, kept)| {
                assert_eq!(kept, key(counter).as_bytes());
                counter
            })
            .collect()
    }

    #[test]
    fn keeps_the_newest_two_thousand() {
        let mut keys = SkippedKeys::default();
        append(&mut keys, &run(0, 1_500));
        append(&mut keys, &run(1_501, 800));
        assert_eq!(keys.len(), MAX_SKIPPED);
        assert_eq!(keys.get(299), None);
        assert_eq!(keys.get(300), Some(&key(300)));
        assert_eq!(keys.get(1_500), None);
        assert_eq!(keys.get(2_300), Some(&key(2_300)));
    }

    #[test]
    fn empty_is_without_keys_whatever_was_there() {
        let mut keys = SkippedKeys::default();
        assert!(keys.is_empty());
        append(&mut keys, &run(5, 1));
        assert!(!keys.is_empty());
        keys.remove(5);
        assert!(keys.is_empty());
    }

    #[test]
    fn holes_count_no_more() {
        let mut keys = SkippedKeys::default();
        append(&mut keys, &run(0, 2_000));
        for counter in 100..1_100 {
            keys.remove(counter);
            assert_eq!(keys.get(counter), None);
        }
        assert_eq!(keys.len(), 1_000);
        append(&mut keys, &run(3_000, 1_000));
        assert_eq!(keys.len(), 2_000);
        assert_eq!(keys.get(0), Some(&key(0)));
        append(&mut keys, &run(4_000, 101));
        assert_eq!(keys.iter().next().map(|(counter, _)| counter), Some(1_101));
    }

    #[test]
    fn buffer_stays_bounded() {
        let mut keys = SkippedKeys::default();
        for round in 0..200 {
            append(&mut keys, &run(round * 1_000, 500));
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
        append(&mut keys, &run(0, 3));
        append(&mut keys, &run(3, 1));
        keys.remove(1);
        assert_eq!(keys.slots.len(), 4);
        append(&mut keys, &run(4, 1));
        let counters: Vec<u32> = keys.slots.iter().map(|slot| slot.counter).collect();
        assert_eq!(counters, [0, 2, 3, 4]);
    }

    const EDGE: [(u32, Result<usize, RecordError>); 2] =
        [(2_000, Ok(2_000)), (2_001, Err(RecordError::Damaged))];

    /// The keys read of those written.
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
                    out.put_array(key(counter).as_bytes());
                }
            };
            assert_eq!(
                reread(write, |reader| SkippedKeys::read(reader, MAX_SKIPPED)).map(|keys| keys.len()),
                expected
            );
        }
    }

    /// Found by fuzzing.
    #[test]
    fn a_run_of_none_may_begin_at_the_last_counter() {
        let (mut keys, none) = (SkippedKeys::default(), run(u32::MAX, 0));
        append(&mut keys, &run(u32::MAX - 3, 3));
        let mut out = RecordWriter::new(RecordKind::Session, 1, 0);
        keys.write(SkippedChange::Added(&none), &mut out);
        append(&mut keys, &none);
        let counters: Vec<u32> = keys.iter().map(|(counter, _)| counter).collect();
        assert_eq!(counters, [u32::MAX - 3, u32::MAX - 2, u32::MAX - 1]);
    }

    #[test]
    fn keys_are_added_removed_and_forgotten() {
        let mut keys = SkippedKeys::new();
        append(&mut keys, &run(1, 3));
        append(&mut keys, &run(6, 2));
        for counter in [2, 2, 5] {
            keys.remove(counter);
        }
        assert_eq!((counters(&keys), keys.live), (alloc::vec![1, 3, 6, 7], 4));
        assert_eq!(keys.get(2), None);
        keys.forget_below(6);
        assert_eq!((counters(&keys), keys.live), (alloc::vec![6, 7], 2));
        assert_eq!(keys.head, 3, "they are not looked at again");
        append(&mut keys, &run(8, 92));
        assert_eq!(keys.slots.len(), 94, "the empty slots are gone");
        keys.forget_below(200);
        assert_eq!((keys.live, keys.slots.len()), (0, 0));
    }

    #[test]
    fn a_removed_key_is_wiped_where_it_lies() {
        let mut keys = SkippedKeys::new();
        append(&mut keys, &run(1, 3));
        keys.remove(2);
        keys.forget_below(2);
        assert!(keys.slots.iter().all(|slot| !slot.taken || slot.key.as_bytes() == &[0; 32]));
        assert_eq!(counters(&keys), [3]);
    }

    #[test]
    fn memory_is_bounded_by_what_is_held() {
        let mut keys = SkippedKeys::new();
        for counter in 1..100_000 {
            append(&mut keys, &run(counter, 1));
            keys.forget_below(counter.saturating_sub(100));
        }
        assert_eq!(keys.live, 101);
        assert!(keys.slots.capacity() <= 200, "{}", keys.slots.capacity());
    }

    #[test]
    fn keys_end_at_the_last_counter() {
        let mut keys = SkippedKeys::new();
        keys.append(u32::MAX - 1, &[key(u32::MAX - 1), key(u32::MAX)]);
        keys.append(u32::MAX, &[]);
        assert_eq!(counters(&keys), [u32::MAX - 1, u32::MAX]);
    }

    #[test]
    fn counters_that_do_not_rise_are_refused() {
        let one = [1; 32];
        for (pair, sound) in [([3, 4], true), ([3, 3], false), ([4, 3], false)] {
            let keys = SkippedKeys::from_sorted(&pair.map(|counter| (counter, &one)));
            assert_eq!(keys.map(|keys| keys.len()), sound.then_some(2));
        }
    }
}
