// SPDX-License-Identifier: MIT OR Apache-2.0

//! The kinds of records of the rose profile.

/// The kind of a record of the rose profile. Their numbers begin at 33: those from 13 on are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoseKind {
    /// 33: the session with a device.
    Session,
    /// 34: a hybrid prekey of ours.
    HybridPreKey,
    /// 35: a sealing prekey of ours.
    SealingPreKey,
    /// 36: our device's keys, card and next id.
    Device,
    /// 37: a group key of ours.
    GroupKey,
    /// 38: a device's keys for a group.
    GroupKeys,
    /// 39: the uses of a last-resort prekey.
    Memory,
    /// 41: what is known of a contact.
    Contact,
    /// 42: a tag that is expected. The record has no content; its key says all.
    Tag,
    /// 43: the repairs with a device.
    Repairs,
}

impl RoseKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Session,
        Self::HybridPreKey,
        Self::SealingPreKey,
        Self::Device,
        Self::GroupKey,
        Self::GroupKeys,
        Self::Memory,
        Self::Contact,
        Self::Tag,
        Self::Repairs,
    ];

    /// Its number in records.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::Session => 33,
            Self::HybridPreKey => 34,
            Self::SealingPreKey => 35,
            Self::Device => 36,
            Self::GroupKey => 37,
            Self::GroupKeys => 38,
            Self::Memory => 39,
            Self::Contact => 41,
            Self::Tag => 42,
            Self::Repairs => 43,
        }
    }
}
