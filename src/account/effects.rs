// SPDX-License-Identifier: MIT OR Apache-2.0

//! What must be stored in the same transaction as an account's record.

use alloc::vec::Vec;

use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::record::{Record, RecordKind};

/// Names a record that an account consists of, beside its own: a row of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AccountRow {
    /// A one-time prekey.
    OneTimePreKey(OneTimePreKeyId),
    /// A signed prekey.
    SignedPreKey(SignedPreKeyId),
    /// A one-time KEM prekey.
    OneTimeKemPreKey(KemPreKeyId),
    /// A last-resort KEM prekey.
    LastResortKemPreKey(KemPreKeyId),
    /// What a last-resort KEM prekey was used for.
    LastResortUses(KemPreKeyId),
}

impl AccountRow {
    /// The kind of the record in this row.
    #[must_use]
    pub const fn kind(self) -> RecordKind {
        match self {
            Self::OneTimePreKey(_) => RecordKind::OneTimePreKey,
            Self::SignedPreKey(_) => RecordKind::SignedPreKey,
            Self::OneTimeKemPreKey(_) => RecordKind::OneTimeKemPreKey,
            Self::LastResortKemPreKey(_) => RecordKind::LastResortKemPreKey,
            Self::LastResortUses(_) => RecordKind::LastResortUses,
        }
    }

    /// The id of the prekey. With the [kind](Self::kind) it is a key for a store.
    #[must_use]
    pub const fn id(self) -> u32 {
        match self {
            Self::OneTimePreKey(id) => id.0,
            Self::SignedPreKey(id) => id.0,
            Self::OneTimeKemPreKey(id) | Self::LastResortKemPreKey(id) | Self::LastResortUses(id) => id.0,
        }
    }

    /// This row, and the one that comes and goes with it.
    pub(super) fn with_companion(self) -> impl Iterator<Item = Self> {
        let companion = match self {
            Self::LastResortKemPreKey(id) => Some(Self::LastResortUses(id)),
            Self::LastResortUses(id) => Some(Self::LastResortKemPreKey(id)),
            _ => None,
        };
        core::iter::once(self).chain(companion)
    }
}

/// What is to be stored beside an account's record, in the same transaction. Nothing of it need be done twice,
/// but may be.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct AccountEffects {
    /// Rows to write, each perhaps over an older one.
    pub put: Vec<(AccountRow, Record)>,
    /// Rows to delete.
    pub delete: Vec<AccountRow>,
}
