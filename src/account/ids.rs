// SPDX-License-Identifier: MIT OR Apache-2.0

//! The only place where prekey ids come from.

use core::ops::Range;

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
    /// All ids of a space were given out, up to [`Limits::max_id`](super::Limits::max_id). None is given out twice, so
    /// replace the account by one of another identity.
    #[error("all prekey ids of a kind were given out ({0:?}); a new account is needed")]
    IdsExhausted(IdSpace),
}

/// Ids that were never given out: from the next one up to the end. They are given out in order, so that the
/// next one only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnusedIds {
    pub(super) next: u32,
    pub(super) end: u32,
}

impl UnusedIds {
    /// All ids up to `max`.
    pub(super) const fn all(max: u32) -> Self {
        let end = if max < IDS_END { max + 1 } else { IDS_END };
        Self { next: FIRST, end: if end < FIRST { FIRST } else { end } }
    }

    pub(super) const fn contains(self, id: u32) -> bool {
        self.next <= id && id < self.end
    }

    const fn is_sound(self) -> bool {
        self.next <= self.end && self.end <= IDS_END
    }

    /// Takes the next `count` ids, if there are so many.
    fn take(&mut self, count: u32) -> Option<Range<u32>> {
        let after = self.next.checked_add(count).filter(|after| *after <= self.end)?;
        let taken = self.next..after;
        self.next = after;
        Some(taken)
    }
}

/// The unused ids of each space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allocator {
    pub(super) one_time: UnusedIds,
    pub(super) signed: UnusedIds,
    pub(super) kem: UnusedIds,
}

impl Allocator {
    pub(super) const fn new(max: u32) -> Self {
        let all = UnusedIds::all(max);
        Self { one_time: all, signed: all, kem: all }
    }

    pub(super) const fn unused(&self, space: IdSpace) -> UnusedIds {
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

    /// The next `count` ids of a space, or none at all.
    pub(super) fn take(&mut self, space: IdSpace, count: u32) -> Result<Range<u32>, UpkeepError> {
        self.unused_mut(space).take(count).ok_or(UpkeepError::IdsExhausted(space))
    }

    /// Skips to `distance` ids after `seen`, if that is further than `distance` ids after the next one.
    pub(super) fn jump(&mut self, space: IdSpace, seen: u32, distance: u32) -> Result<(), UpkeepError> {
        let unused = self.unused_mut(space);
        let next = unused.next.max(seen).saturating_add(distance);
        if next >= unused.end {
            return Err(UpkeepError::IdsExhausted(space));
        }
        unused.next = next;
        Ok(())
    }

    pub(super) const fn unused_mut(&mut self, space: IdSpace) -> &mut UnusedIds {
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

    const MAX: u32 = 0xFF_FFFF;
    const END: u32 = MAX + 1;

    #[test]
    fn ids_are_given_out_to_the_last_and_no_further() {
        let mut ids = Allocator::new(MAX);
        assert_eq!(ids.take(IdSpace::Kem, 2), Ok(1..3));
        ids.kem.next = END - 2;
        assert_eq!(ids.take(IdSpace::Kem, 3), Err(UpkeepError::IdsExhausted(IdSpace::Kem)));
        assert_eq!(ids.take(IdSpace::Kem, 2), Ok(END - 2..END));
        assert_eq!(ids.take(IdSpace::Kem, 1), Err(UpkeepError::IdsExhausted(IdSpace::Kem)));
        assert_eq!(ids.take(IdSpace::Kem, u32::MAX), Err(UpkeepError::IdsExhausted(IdSpace::Kem)));
        assert_eq!(ids.take(IdSpace::Signed, 1), Ok(1..2));
    }

    #[test]
    fn a_jump_goes_beyond_what_was_seen() {
        let mut ids = Allocator::new(MAX);
        assert_eq!(ids.jump(IdSpace::OneTime, 500, 1000), Ok(()));
        assert_eq!(ids.one_time.next, 1500);
        assert_eq!(ids.jump(IdSpace::OneTime, 3, 1000), Ok(()));
        assert_eq!(ids.one_time.next, 2500);
        let exhausted = Err(UpkeepError::IdsExhausted(IdSpace::OneTime));
        assert_eq!(ids.jump(IdSpace::OneTime, END - 1000, 1000), exhausted);
        assert_eq!(ids.jump(IdSpace::OneTime, u32::MAX, 1000), exhausted);
        assert_eq!(ids.one_time.next, 2500);
    }

    #[test]
    fn ids_end_at_31_bits_whatever_is_asked_for() {
        for (max, end) in [(0, 1), (1, 2), (MAX, END), (0x7FFF_FFFF, 1 << 31), (u32::MAX, 1 << 31)] {
            assert_eq!(UnusedIds::all(max), UnusedIds { next: 1, end }, "{max}");
        }
    }
}
