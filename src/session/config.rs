// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our identity and settings for new sessions.

use crate::identity::IdentityKeyPair;

/// The session versions that may be begun. Existing sessions are used whatever the policy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Only version 4: PQXDH, as in the official client.
    #[default]
    PostQuantum,
    /// Version 3, X3DH, too, where the peer offers no KEM prekey or begins such a session. For deployments that still
    /// speak it; their recorded traffic can be read once there are quantum computers.
    AllowVersion3,
}

/// Our identity and settings for new sessions.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// The identity of our account.
    pub identity: &'a IdentityKeyPair,
    /// Our registration id: stable for an installation, new after a re-registration. Signal's clients use 14 bits.
    pub registration_id: u32,
    /// The versions that may be begun.
    pub policy: Policy,
    /// Refuses sessions whose first messages lack the protection of one-time prekeys: as initiator without a one-time
    /// prekey in the bundle; as responder without one in the message, nor in version 4 with a KEM prekey of last
    /// resort. An attacker that drains the prekeys of a device then cuts it off from new peers.
    pub require_one_time: bool,
}

impl<'a> Config<'a> {
    /// The default: version 4 alone, with or without one-time prekeys.
    #[must_use]
    pub const fn new(identity: &'a IdentityKeyPair, registration_id: u32) -> Self {
        Self { identity, registration_id, policy: Policy::PostQuantum, require_one_time: false }
    }

    /// The same with another policy.
    #[must_use]
    pub const fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The same, [requiring](Self::require_one_time) one-time prekeys.
    #[must_use]
    pub const fn requiring_one_time(self) -> Self {
        Self { require_one_time: true, ..self }
    }
}
