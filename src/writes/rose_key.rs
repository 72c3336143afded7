// SPDX-License-Identifier: MIT OR Apache-2.0

//! The keys of the rose profile's records.

use alloc::vec::Vec;

use crate::ids::{ACCOUNT_LEN, DeviceName};
use crate::record::{RecordError, RoseKind};
use crate::wire::rose::{TAG_LEN, Tag};

/// The key of a record of the rose profile. None is a key of the Signal profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RoseKey {
    /// Our device's keys.
    Device,
    /// The session with a device.
    Session(DeviceName),
    /// A hybrid prekey of ours, by its id.
    HybridPreKey(u32),
    /// A sealing prekey of ours, by its id.
    SealingPreKey(u32),
    /// The uses of a last-resort prekey, by its id.
    Memory(u32),
    /// What is known of an account.
    Contact([u8; ACCOUNT_LEN]),
    /// The repairs with a device.
    Repairs(DeviceName),
    /// A group key of ours, by its distribution id.
    GroupKey([u8; 16]),
    /// A device's keys for a group, by its distribution id.
    GroupKeys(DeviceName, [u8; 16]),
    /// A tag that is expected, and by whom. Several may expect one tag. As secret as sessions are: a store that others
    /// may read hides these rows with [`SealedTags`](crate::rose::SealedTags).
    Tag(Tag, TagOwner),
}

/// The state that expects a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagOwner {
    /// The session with a device.
    Session(DeviceName),
    /// A device's keys for a group.
    Group(DeviceName, [u8; 16]),
}

impl RoseKey {
    /// The kind of the record.
    #[must_use]
    pub const fn kind(&self) -> RoseKind {
        match self {
            Self::Device => RoseKind::Device,
            Self::Session(_) => RoseKind::Session,
            Self::HybridPreKey(_) => RoseKind::HybridPreKey,
            Self::SealingPreKey(_) => RoseKind::SealingPreKey,
            Self::Memory(_) => RoseKind::Memory,
            Self::Contact(_) => RoseKind::Contact,
            Self::Repairs(_) => RoseKind::Repairs,
            Self::GroupKey(_) => RoseKind::GroupKey,
            Self::GroupKeys(..) => RoseKind::GroupKeys,
            Self::Tag(..) => RoseKind::Tag,
        }
    }

    /// The beginning of the bytes of all keys of one tag, 17 bytes. A store that looks a message's tag up reads the keys
    /// that begin so.
    #[must_use]
    pub fn tag_prefix(tag: &Tag) -> [u8; 1 + TAG_LEN] {
        let mut out = [RoseKind::Tag.to_u8(); 1 + TAG_LEN];
        out[1..].copy_from_slice(tag);
        out
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Device => {}
            Self::Session(name) | Self::Repairs(name) => out.extend_from_slice(name.as_bytes()),
            Self::HybridPreKey(id) | Self::SealingPreKey(id) | Self::Memory(id) => {
                out.extend_from_slice(&id.to_be_bytes());
            }
            Self::Contact(account) => out.extend_from_slice(account),
            Self::GroupKey(id) => out.extend_from_slice(id),
            Self::GroupKeys(name, id) => {
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(id);
            }
            Self::Tag(tag, owner) => {
                out.extend_from_slice(tag);
                let (TagOwner::Session(name) | TagOwner::Group(name, _)) = owner;
                out.extend_from_slice(name.as_bytes());
                if let TagOwner::Group(_, id) = owner {
                    out.extend_from_slice(id);
                }
            }
        }
    }

    pub(super) fn read(kind: RoseKind, bytes: &[u8]) -> Result<Self, RecordError> {
        let id = || take(bytes).map(u32::from_be_bytes);
        Ok(match kind {
            RoseKind::Device => {
                let [] = take(bytes)?;
                Self::Device
            }
            RoseKind::Session => Self::Session(DeviceName::from_bytes(take(bytes)?)),
            RoseKind::Repairs => Self::Repairs(DeviceName::from_bytes(take(bytes)?)),
            RoseKind::HybridPreKey => Self::HybridPreKey(id()?),
            RoseKind::SealingPreKey => Self::SealingPreKey(id()?),
            RoseKind::Memory => Self::Memory(id()?),
            RoseKind::Contact => Self::Contact(take(bytes)?),
            RoseKind::GroupKey => Self::GroupKey(take(bytes)?),
            RoseKind::GroupKeys => {
                let (name, id) = bytes.split_first_chunk().ok_or(RecordError::Damaged)?;
                Self::GroupKeys(DeviceName::from_bytes(*name), take(id)?)
            }
            RoseKind::Tag => {
                let (tag, rest) = bytes.split_first_chunk().ok_or(RecordError::Damaged)?;
                let (name, id) = rest.split_first_chunk().ok_or(RecordError::Damaged)?;
                let name = DeviceName::from_bytes(*name);
                let owner =
                    if id.is_empty() { TagOwner::Session(name) } else { TagOwner::Group(name, take(id)?) };
                Self::Tag(*tag, owner)
            }
        })
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<[u8; N], RecordError> {
    bytes.try_into().map_err(|_| RecordError::Damaged)
}
