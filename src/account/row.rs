// SPDX-License-Identifier: MIT OR Apache-2.0

//! The other records of an account, beside its own.

use super::ids::IdSpace;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::writes::Key;

/// One of the other records of an account, beside its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Row {
    /// A one-time prekey.
    OneTimePreKey(OneTimePreKeyId),
    /// A signed prekey.
    SignedPreKey(SignedPreKeyId),
    /// A one-time KEM prekey.
    OneTimeKemPreKey(KemPreKeyId),
    /// A last-resort KEM prekey.
    LastResortKemPreKey(KemPreKeyId),
    /// The uses of a last-resort KEM prekey.
    LastResortUses(KemPreKeyId),
}

impl Row {
    /// The key that it is stored under.
    pub(super) const fn key(self) -> Key {
        match self {
            Self::OneTimePreKey(id) => Key::OneTimePreKey(id),
            Self::SignedPreKey(id) => Key::SignedPreKey(id),
            Self::OneTimeKemPreKey(id) => Key::OneTimeKemPreKey(id),
            Self::LastResortKemPreKey(id) => Key::LastResortKemPreKey(id),
            Self::LastResortUses(id) => Key::LastResortUses(id),
        }
    }

    /// The id of the prekey.
    pub(super) const fn id(self) -> u32 {
        match self {
            Self::OneTimePreKey(id) => id.0,
            Self::SignedPreKey(id) => id.0,
            Self::OneTimeKemPreKey(id) | Self::LastResortKemPreKey(id) | Self::LastResortUses(id) => id.0,
        }
    }

    /// The space that its id is of.
    pub(super) const fn space(self) -> IdSpace {
        match self {
            Self::OneTimePreKey(_) => IdSpace::OneTime,
            Self::SignedPreKey(_) => IdSpace::Signed,
            Self::OneTimeKemPreKey(_) | Self::LastResortKemPreKey(_) | Self::LastResortUses(_) => {
                IdSpace::Kem
            }
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
