// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our identity and settings for new sessions.

use crate::identity::IdentityKeyPair;
use crate::ratchet::receiving::MAX_JUMP;

/// The session versions that may be begun and sent. What comes on an existing session is read whatever the policy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Policy {
    /// Only version 4: PQXDH, as in the official client.
    #[default]
    PostQuantum,
    /// Version 3, X3DH, too, where the peer offers no KEM prekey or begins such a session. For deployments that still
    /// speak it; their recorded traffic can be read once there are quantum computers.
    AllowVersion3,
}

/// Limits on what one received message may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiveLimits {
    /// Length of a message in bytes, without its envelope. 256 KiB.
    pub message_len: usize,
    /// Number of messages that one from another device of our own account may skip: between those, deployed clients
    /// have no limit. A message that begins a session may skip 25,000, as one of any other device. 2^20: about 0.8 s.
    pub own_jump: u32,
}

impl Default for ReceiveLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl ReceiveLimits {
    const DEFAULT: Self = Self { message_len: 256 * 1024, own_jump: 1 << 20 };

    /// Number of messages that may be skipped, from our own account or another.
    pub(super) const fn jump(&self, own_account: bool) -> u32 {
        if own_account { self.own_jump } else { MAX_JUMP }
    }
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
    /// Limits on what one received message may cost.
    pub limits: ReceiveLimits,
}

impl<'a> Config<'a> {
    /// The default: version 4 alone, with or without one-time prekeys.
    #[must_use]
    pub const fn new(identity: &'a IdentityKeyPair, registration_id: u32) -> Self {
        let (policy, limits) = (Policy::PostQuantum, ReceiveLimits::DEFAULT);
        Self { identity, registration_id, policy, require_one_time: false, limits }
    }

    /// The same with another policy.
    #[must_use]
    pub const fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// The same with other limits on received messages.
    #[must_use]
    pub const fn with_limits(self, limits: ReceiveLimits) -> Self {
        Self { limits, ..self }
    }

    /// The same, [requiring](Self::require_one_time) one-time prekeys.
    #[must_use]
    pub const fn requiring_one_time(self) -> Self {
        Self { require_one_time: true, ..self }
    }
}
