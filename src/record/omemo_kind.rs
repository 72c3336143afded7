// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kinds of OMEMO's records.

/// What an OMEMO record holds, with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OmemoKind {
    /// 48: an account, with its identity and prekeys.
    Account,
    /// 49: the sessions with a device.
    Session,
}

impl OmemoKind {
    /// All kinds, by their numbers.
    pub const ALL: [Self; 2] = [Self::Account, Self::Session];

    /// The kind's number.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::Account => 48,
            Self::Session => 49,
        }
    }
}
