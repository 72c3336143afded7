// SPDX-License-Identifier: MIT OR Apache-2.0

//! How much is done for a peer that says that it can't decrypt.

use core::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How often something may happen: not more than `max` times within any span of the length `per`, by a clock that
/// is not set back. Each time that it is, as much again may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How often, 64 at most: more is read as 64. 0 is never.
    pub max: u8,
    /// Within what time.
    pub per: Duration,
}

/// How much is done for one device of a peer. Not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepairPolicy {
    /// How often we ask the device to send something again. 10 an hour.
    pub ask: Rate,
    /// How often we send it something again. 30 an hour.
    pub resend: Rate,
    /// How often our session with it is reset because it says so. 3 an hour.
    pub reset: Rate,
    /// How often we send it one and the same message again, on top of the first time. 2.
    pub resend_each: u8,
    /// How old a message may be that is sent again: older ones would come as if they were new. A day. Within that
    /// time no more than 64 are sent again, whatever [`resend`](Self::resend) says.
    pub max_age: Duration,
}

impl Default for RepairPolicy {
    fn default() -> Self {
        Self {
            ask: Rate { max: 10, per: HOUR },
            resend: Rate { max: 30, per: HOUR },
            reset: Rate { max: 3, per: HOUR },
            resend_each: 2,
            max_age: 24 * HOUR,
        }
    }
}
