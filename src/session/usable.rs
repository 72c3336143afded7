// SPDX-License-Identifier: MIT OR Apache-2.0

//! Requirements on sessions for sending.

use core::time::Duration;

use super::Session;
use super::state::Pending;
use crate::profile::PostQuantum;
use crate::timestamp::Timestamp;

/// Time for which an unacknowledged session may be sent on. One that was begun so much later than now was begun by a
/// wrong clock.
const UNACKNOWLEDGED_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Requirements on a session for sending on it. By default all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Acknowledged, or begun no more than 30 days ago.
    pub not_stale: bool,
    /// Of version 4: agreed by PQXDH.
    pub pqxdh: bool,
    /// Going on with the post-quantum ratchet.
    pub post_quantum_ratchet: bool,
}

impl Default for Requirements {
    fn default() -> Self {
        Self { not_stale: true, pqxdh: true, post_quantum_ratchet: true }
    }
}

impl Requirements {
    /// Nothing but a current session.
    pub const NONE: Self = Self { not_stale: false, pqxdh: false, post_quantum_ratchet: false };
}

impl Session {
    /// Returns whether there is a current session that meets `requirements`. If not, fetch a new bundle before sending.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp, requirements: Requirements) -> bool {
        self.current.as_ref().is_some_and(|state| {
            let stale = state.pending.as_ref().is_some_and(|pending| pending.is_stale(now));
            !(requirements.not_stale && stale
                || requirements.pqxdh && matches!(state.version.profile().post_quantum, PostQuantum::None)
                || requirements.post_quantum_ratchet && state.ratchet.braid().is_off())
        })
    }
}

impl Pending {
    /// Returns whether the session was begun more than 30 days, in whole seconds, before `now` or after it.
    pub(super) const fn is_stale(&self, now: Timestamp) -> bool {
        self.created.as_secs().abs_diff(now.as_secs()) > UNACKNOWLEDGED_LIFETIME.as_secs()
    }
}
