// SPDX-License-Identifier: MIT OR Apache-2.0

//! Limits on repairs for a peer.

use core::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A rate: not more than `max` times within any span of the length `per`, by a clock that is not set back. Each time
/// that it is set back, as much again may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Number of times, 64 at most: more is read as 64. 0 is never.
    pub max: u8,
    /// The span of time.
    pub per: Duration,
}

/// Limits on repairs for one device of a peer. Not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepairPolicy {
    /// Rate at which we ask the device to send something again. 10 an hour.
    pub ask: Rate,
    /// Rate at which we send it something again. 30 an hour.
    pub resend: Rate,
    /// Rate at which we reset our session at its request. 3 an hour.
    pub reset: Rate,
    /// Number of times that we send it the same message again, on top of the first time. 2.
    pub resend_each: u8,
    /// Greatest age of a message that is sent again: older ones would appear as new ones. A day. Within that time no
    /// more than 64 are sent again, whatever [`resend`](Self::resend) says.
    pub max_age: Duration,
    /// Largest difference between our clock and the one that messages' timestamps are of. A message that seems so much
    /// too new or too old is sent again. 10 minutes.
    pub clock_skew: Duration,
}

impl Default for RepairPolicy {
    fn default() -> Self {
        Self {
            ask: Rate { max: 10, per: HOUR },
            resend: Rate { max: 30, per: HOUR },
            reset: Rate { max: 3, per: HOUR },
            resend_each: 2,
            max_age: 24 * HOUR,
            clock_skew: HOUR / 6,
        }
    }
}
