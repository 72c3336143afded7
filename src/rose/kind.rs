// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kinds of content (rose 33 §6).

/// The kind of a message's content, which only its receiver learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 00: nothing. The change is to be stored.
    Dummy,
    /// 01: the application's content.
    Content,
    /// 02: the application's receipt.
    Receipt,
    /// 03: repair.
    Repair,
    /// 04: a sender key, 184 bytes.
    SenderKey,
    /// 05: a step of the comparison, 65 bytes.
    Sas,
    /// 06: a report token, 150 bytes.
    ReportToken,
    /// 07: the sender's current bundle, 4,281 bytes.
    Bundle,
    /// Any other: skip it.
    Other(u8),
}

impl Kind {
    /// The kind of a number.
    #[must_use]
    pub const fn from_u8(number: u8) -> Self {
        match number {
            0 => Self::Dummy,
            1 => Self::Content,
            2 => Self::Receipt,
            3 => Self::Repair,
            4 => Self::SenderKey,
            5 => Self::Sas,
            6 => Self::ReportToken,
            7 => Self::Bundle,
            other => Self::Other(other),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::Dummy => 0,
            Self::Content => 1,
            Self::Receipt => 2,
            Self::Repair => 3,
            Self::SenderKey => 4,
            Self::Sas => 5,
            Self::ReportToken => 6,
            Self::Bundle => 7,
            Self::Other(number) => number,
        }
    }
}
