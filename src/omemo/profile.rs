// SPDX-License-Identifier: MIT OR Apache-2.0

//! The profiles: all that sets the versions apart above the wire.

use crate::crypto::kdf::Label;
use crate::ratchet::omemo::Limits;
use crate::wire::omemo::Version;

/// Who comes first in the associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Whoever began the session.
    InitiatorFirst,
    /// Whoever sends the message.
    SenderFirst,
}

/// A profile.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Info of the agreement.
    pub(crate) agreement: Label,
    /// Info of the root chain.
    pub(crate) root: Label,
    /// Info of message keys.
    pub(crate) message: Label,
    pub(crate) order: Order,
    pub(crate) limits: Limits,
    /// A message with at least this counter asks for an answer.
    pub(crate) heartbeat: u32,
}

const LIMITS: Limits = Limits { jump: 1_000, kept: 1_000 };

const TWO: Profile = Profile {
    agreement: Label::new("OMEMO X3DH"),
    root: Label::new("OMEMO Root Chain"),
    message: Label::new("OMEMO Message Key Material"),
    order: Order::InitiatorFirst,
    limits: LIMITS,
    heartbeat: 53,
};

const LEGACY: Profile = Profile {
    agreement: Label::new("WhisperText"),
    root: Label::new("WhisperRatchet"),
    message: Label::new("WhisperMessageKeys"),
    order: Order::SenderFirst,
    limits: LIMITS,
    heartbeat: 53,
};

impl Profile {
    /// The profile of a version.
    pub(crate) const fn of(version: Version) -> &'static Self {
        match version {
            Version::Two => &TWO,
            Version::Legacy => &LEGACY,
        }
    }
}
