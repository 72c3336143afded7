// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which sessions this device begins.

use crate::identity::IdentityKeyPair;

/// Which session versions may be begun. Sessions that exist are used whatever the policy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Only version 4: PQXDH. What the official client does.
    #[default]
    PostQuantum,
    /// Version 3, X3DH, too, where the peer offers no KEM prekey or begins such a session. For deployments
    /// that still speak it; whoever records their traffic may read it once there are quantum computers.
    AllowVersion3,
}

/// The device that this runs on, as sessions are begun with.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// Its account's identity.
    pub identity: &'a IdentityKeyPair,
    /// Its registration id: stable for an installation, new after a re-registration. Clients use 14 bits.
    pub registration_id: u32,
    /// Which sessions it begins.
    pub policy: Policy,
}

impl<'a> Local<'a> {
    /// A device with the default policy.
    #[must_use]
    pub const fn new(identity: &'a IdentityKeyPair, registration_id: u32) -> Self {
        Self { identity, registration_id, policy: Policy::PostQuantum }
    }

    /// The same device with another policy.
    #[must_use]
    pub const fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }
}
