// SPDX-License-Identifier: MIT OR Apache-2.0

//! Limits on messages out of order.

#[cfg(any(feature = "hazmat", feature = "libsignal"))]
use crate::wire::stored::StoredLimits;

/// Limits on the distance of a message ahead of or behind others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    max_jump: u32,
    max_old_keys: u32,
}

impl Limits {
    /// Default of the greatest distance of an index ahead of the newest key. Each skipped key costs a step.
    pub const DEFAULT_MAX_JUMP: u32 = 25_000;
    /// Default of the greatest distance of a key behind the newest one. A chain keeps at most so many skipped keys, of
    /// 32 bytes each.
    pub const DEFAULT_MAX_OLD_KEYS: u32 = 2_000;

    /// Limits of one's own; 0 stands for the default.
    #[must_use]
    pub const fn new(max_jump: u32, max_old_keys: u32) -> Self {
        Self {
            max_jump: if max_jump == 0 { Self::DEFAULT_MAX_JUMP } else { max_jump },
            max_old_keys: if max_old_keys == 0 { Self::DEFAULT_MAX_OLD_KEYS } else { max_old_keys },
        }
    }

    /// The limits of a session with another device of the same account: any jump.
    #[must_use]
    pub const fn own_account() -> Self {
        Self::new(u32::MAX, 0)
    }

    /// The limits that libsignal stored.
    #[cfg(any(feature = "hazmat", feature = "libsignal"))]
    pub(super) const fn from_stored(stored: StoredLimits) -> Self {
        Self::new(stored.max_jump, stored.max_old_keys)
    }

    /// The form that libsignal stores: the defaults are written as 0.
    #[cfg(any(feature = "hazmat", feature = "libsignal"))]
    pub(super) const fn stored(self) -> StoredLimits {
        let Self { max_jump, max_old_keys } = self;
        StoredLimits {
            max_jump: if max_jump == Self::DEFAULT_MAX_JUMP { 0 } else { max_jump },
            max_old_keys: if max_old_keys == Self::DEFAULT_MAX_OLD_KEYS { 0 } else { max_old_keys },
        }
    }

    /// Returns whether these allow nothing that `widest` does not.
    pub(crate) const fn within(self, widest: Self) -> bool {
        self.max_jump <= widest.max_jump && self.max_old_keys <= widest.max_old_keys
    }

    /// Greatest distance of an index ahead of the newest key.
    #[must_use]
    pub const fn max_jump(self) -> u32 {
        self.max_jump
    }

    /// Greatest distance of a key behind the newest one.
    #[must_use]
    pub const fn max_old_keys(self) -> u32 {
        self.max_old_keys
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(0, 0)
    }
}
