// SPDX-License-Identifier: MIT OR Apache-2.0

//! The only place where prekey ids come from.

use alloc::vec::Vec;
use core::ops::Range;

use super::limits::LimitsError;
use crate::lease::Busy;

/// The end of all ids: prekey ids have 31 bits.
pub(super) const IDS_END: u32 = 1 << 31;
/// The first id of a new account.
const FIRST: u32 = 1;

/// The prekey ids that are independent of each other on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdSpace {
    /// Of one-time prekeys.
    OneTime,
    /// Of signed prekeys.
    Signed,
    /// Of KEM prekeys, one-time and last-resort together.
    Kem,
}

/// The reason that an account's upkeep failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpkeepError {
    /// An owned stage of the account is still open. The caller's to wait for.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The limits cannot work together.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// All ids of a space, up to [`Limits::max_id`](super::Limits::max_id), are those of keys that are kept; or the id
    /// that an import was to continue from is.
    #[error("no free prekey id of a kind ({0:?})")]
    NoFreeId(IdSpace),
}

/// Ids that are free: from the next one up to the end. They are given out in order. When they are used up, the largest
/// gap between the ids of keys that are kept comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FreeIds {
    pub(super) next: u32,
    pub(super) end: u32,
}

impl FreeIds {
    /// All ids up to `max`.
    pub(super) const fn all(max: u32) -> Self {
        let end = if max < IDS_END { max + 1 } else { IDS_END };
        Self { next: FIRST, end: if end < FIRST { FIRST } else { end } }
    }

    /// The largest gap between the ids in use, up to `max`; the lowest of several.
    pub(super) fn largest_gap(mut in_use: Vec<u32>, max: u32) -> Self {
        let all = Self::all(max);
        in_use.retain(|id| all.contains(*id));
        in_use.sort_unstable();
        let mut largest = Self { next: all.next, end: all.next };
        let mut next = all.next;
        for end in in_use.into_iter().chain([all.end]) {
            let gap = Self { next, end: end.max(next) };
            if gap.len() > largest.len() {
                largest = gap;
            }
            next = end.saturating_add(1);
        }
        largest
    }

    /// The same without as many ids at the beginning as `distance`, or half of them if there are fewer.
    pub(super) fn after(self, distance: u32) -> Self {
        Self { next: self.next + distance.min(self.len() / 2), ..self }
    }

    pub(super) const fn len(self) -> u32 {
        self.end - self.next
    }

    pub(super) const fn contains(self, id: u32) -> bool {
        self.next <= id && id < self.end
    }

    const fn is_sound(self) -> bool {
        self.next <= self.end && self.end <= IDS_END
    }

    /// Takes the next ids, `count` or as many as there are.
    pub(super) fn take(&mut self, count: u32) -> Range<u32> {
        let taken = self.next..self.next + count.min(self.len());
        self.next = taken.end;
        taken
    }
}

/// The free ids of each space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allocator {
    pub(super) one_time: FreeIds,
    pub(super) signed: FreeIds,
    pub(super) kem: FreeIds,
}

impl Allocator {
    pub(super) const fn new(max: u32) -> Self {
        let all = FreeIds::all(max);
        Self { one_time: all, signed: all, kem: all }
    }

    pub(super) const fn free(&self, space: IdSpace) -> FreeIds {
        match space {
            IdSpace::OneTime => self.one_time,
            IdSpace::Signed => self.signed,
            IdSpace::Kem => self.kem,
        }
    }

    /// Returns whether the ranges are possible ones.
    pub(super) const fn is_sound(&self) -> bool {
        self.one_time.is_sound() && self.signed.is_sound() && self.kem.is_sound()
    }

    pub(super) const fn free_mut(&mut self, space: IdSpace) -> &mut FreeIds {
        match space {
            IdSpace::OneTime => &mut self.one_time,
            IdSpace::Signed => &mut self.signed,
            IdSpace::Kem => &mut self.kem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const MAX: u32 = 0xFF_FFFF;
    const END: u32 = MAX + 1;

    #[test]
    fn ids_are_given_out_to_the_last_and_no_further() {
        let mut ids = FreeIds::all(MAX);
        assert_eq!(ids.take(2), 1..3);
        ids.next = END - 2;
        assert_eq!(ids.take(3), END - 2..END);
        assert_eq!(ids.take(u32::MAX), END..END);
    }

    #[test]
    fn the_largest_gap_lies_between_the_ids_in_use() {
        let gap = |in_use| {
            let FreeIds { next, end } = FreeIds::largest_gap(in_use, 100);
            next..end
        };
        assert_eq!(gap(vec![]), 1..101);
        assert_eq!(gap(vec![0, 101, u32::MAX]), 1..101);
        assert_eq!(gap(vec![51]), 1..51);
        assert_eq!(gap(vec![100, 40, 41]), 42..100);
        assert_eq!(gap(vec![1, 2]), 3..101);
        assert_eq!(FreeIds::largest_gap((0..=100).collect(), 100).len(), 0);
        assert_eq!(FreeIds::largest_gap(vec![], 0).len(), 0);
    }

    #[test]
    fn a_jump_leaves_half_of_the_ids() {
        assert_eq!(FreeIds { next: 1, end: 101 }.after(10).next, 11);
        assert_eq!(FreeIds { next: 1, end: 101 }.after(1_000).next, 51);
        assert_eq!(FreeIds { next: 7, end: 7 }.after(1_000).next, 7);
    }

    #[test]
    fn ids_end_at_31_bits_whatever_is_asked_for() {
        for (max, end) in [(0, 1), (1, 2), (MAX, END), (0x7FFF_FFFF, 1 << 31), (u32::MAX, 1 << 31)] {
            assert_eq!(FreeIds::all(max), FreeIds { next: 1, end }, "{max}");
        }
    }
}
