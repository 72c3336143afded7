// SPDX-License-Identifier: MIT OR Apache-2.0

//! Directions: which of the two parties sends.

/// A party: the initiator of a session sends in the direction A2B, the responder in the direction B2A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From A to B: the session's initiator. Owns the key in odd epochs.
    A2B,
    /// From B to A: the session's responder. Owns the key in even epochs.
    B2A,
}

impl Direction {
    pub(super) const fn to_u8(self) -> u8 {
        match self {
            Self::A2B => 0,
            Self::B2A => 1,
        }
    }

    pub(super) const fn from_u8(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::A2B),
            1 => Some(Self::B2A),
            _ => None,
        }
    }

    /// The direction of a number that libsignal stored.
    #[cfg(any(feature = "hazmat", feature = "libsignal"))]
    pub(super) fn from_stored(number: u32) -> Option<Self> {
        u8::try_from(number).ok().and_then(Self::from_u8)
    }
}
