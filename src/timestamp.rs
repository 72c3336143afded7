// SPDX-License-Identifier: MIT OR Apache-2.0

//! Points in time, always given by the caller: this crate reads no clock.

use core::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// A point in time, in milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A point in time, in seconds since 1970. It saturates.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Returns whether it may be a time in milliseconds at all: not before March 1973, which the number of seconds of any
    /// time until 5138 would be.
    pub(crate) const fn is_milliseconds(self) -> bool {
        self.0 >= 100_000_000_000
    }

    /// Returns whether it is a time that a right clock may show now: after the end of 2019, and before the year 5138,
    /// the first of which is later than any number of seconds that is now, and the second sooner than one of
    /// microseconds.
    pub(crate) const fn is_plausible(self) -> bool {
        1_577_836_800_000 <= self.0 && self.0 < 100_000_000_000_000
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point in time that is `duration` later, in whole milliseconds. It saturates.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(Self::from(duration).0))
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }
}

#[cfg(feature = "std")]
impl Timestamp {
    /// The system's clock; 1970 if it stands before that.
    #[must_use]
    pub fn now() -> Self {
        std::time::SystemTime::now().into()
    }
}

#[cfg(feature = "std")]
impl From<std::time::SystemTime> for Timestamp {
    /// Milliseconds since 1970; 0 for earlier times.
    fn from(time: std::time::SystemTime) -> Self {
        time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().into()
    }
}

impl From<Duration> for Timestamp {
    /// From the time since 1970, as `SystemTime::duration_since(UNIX_EPOCH)` gives it.
    fn from(since_1970: Duration) -> Self {
        Self(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
    }
}
