// SPDX-License-Identifier: MIT OR Apache-2.0

//! L1: the stored form of our own state. `docs/records.md` describes it byte by byte.
//!
//! ```text
//! record = "sr" || kind (1) || version of the kind's format (1) || content
//! ```

mod mark;
#[cfg(feature = "omemo")]
mod omemo_kind;
mod reader;
#[cfg(feature = "rose")]
mod rose_kind;
mod sealed;
mod writer;

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

pub(crate) use mark::Mark;
#[cfg(feature = "omemo")]
pub use omemo_kind::OmemoKind;
pub use reader::RecordReader;
#[cfg(feature = "rose")]
pub use rose_kind::RoseKind;
pub use sealed::{RecordKey, SEALED_OVERHEAD};
pub use writer::RecordWriter;

/// The first bytes of every record.
const MAGIC: [u8; 2] = *b"sr";

/// Length of the header in bytes: magic, kind, version.
pub const HEADER_LEN: usize = 4;

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// 1: our identity key pair.
    IdentityKeyPair,
    /// 2: a one-time prekey.
    OneTimePreKey,
    /// 3: a signed prekey.
    SignedPreKey,
    /// 4: a one-time KEM prekey.
    OneTimeKemPreKey,
    /// 5: a last-resort KEM prekey.
    LastResortKemPreKey,
    /// 6: the sessions with one remote device.
    Session,
    /// 7: our own sender key for one distribution id.
    SenderKey,
    /// 8: one sender's keys for one distribution id.
    ReceiverKeys,
    /// 9: an account, without its prekeys.
    Account,
    /// 10: the uses of a last-resort KEM prekey.
    LastResortUses,
    /// 11: the repair log of a device.
    RepairLog,
    /// 13: the identity key of a peer's account.
    Identity,
    /// 14: one use of a last-resort KEM prekey.
    KemPreKeyUse,
    /// 15: a prekey bundle, which is sent and not stored.
    PreKeyBundle,
    /// 16: an upload, which is sent and not stored.
    Upload,
    /// A record of OMEMO.
    #[cfg(feature = "omemo")]
    Omemo(OmemoKind),
    /// A record of the rose profile.
    #[cfg(feature = "rose")]
    Rose(RoseKind),
}

impl RecordKind {
    /// All kinds, by their numbers.
    pub const ALL: [Self; 15] = [
        Self::IdentityKeyPair,
        Self::OneTimePreKey,
        Self::SignedPreKey,
        Self::OneTimeKemPreKey,
        Self::LastResortKemPreKey,
        Self::Session,
        Self::SenderKey,
        Self::ReceiverKeys,
        Self::Account,
        Self::LastResortUses,
        Self::RepairLog,
        Self::Identity,
        Self::KemPreKeyUse,
        Self::PreKeyBundle,
        Self::Upload,
    ];

    /// The number of the kind: the third byte of its records.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::IdentityKeyPair => 1,
            Self::OneTimePreKey => 2,
            Self::SignedPreKey => 3,
            Self::OneTimeKemPreKey => 4,
            Self::LastResortKemPreKey => 5,
            Self::Session => 6,
            Self::SenderKey => 7,
            Self::ReceiverKeys => 8,
            Self::Account => 9,
            Self::LastResortUses => 10,
            Self::RepairLog => 11,
            Self::Identity => 13,
            Self::KemPreKeyUse => 14,
            Self::PreKeyBundle => 15,
            Self::Upload => 16,
            #[cfg(feature = "omemo")]
            Self::Omemo(kind) => kind.to_u8(),
            #[cfg(feature = "rose")]
            Self::Rose(kind) => kind.to_u8(),
        }
    }

    /// The kind with that number; 12 was in use before the first release.
    #[must_use]
    pub fn from_u8(number: u8) -> Option<Self> {
        let kinds = Self::ALL.into_iter();
        #[cfg(feature = "omemo")]
        let kinds = kinds.chain(OmemoKind::ALL.map(Self::Omemo));
        #[cfg(feature = "rose")]
        let kinds = kinds.chain(RoseKind::ALL.map(Self::Rose));
        { kinds }.find(|kind| kind.to_u8() == number)
    }
}

/// The reason that bytes are not the record that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The bytes do not begin like a record.
    #[error("not a record")]
    NotARecord,
    /// A record, but of another kind.
    #[error("a record of another kind")]
    WrongKind,
    /// A record of another account, device or group: it was stored in the wrong place.
    #[error("a record of another owner")]
    OtherOwner,
    /// Written by a newer release, in a version that this one does not know. Carries the version.
    #[error("record of the newer version <{0}>")]
    NewerVersion(u8),
    /// The content is cut short, too long, or holds a value that is never written.
    #[error("damaged record")]
    Damaged,
    /// A sealed record that was changed or cut short, or was sealed under another key, for another owner or
    /// as another kind.
    #[error("sealed record is not authentic")]
    NotAuthentic,
    /// The caller's mistake: record or owner is too long to be sealed (about 64 GiB).
    #[error("record is too long")]
    TooLong,
}

/// A record, ready to be stored. It holds secrets: store it in a place that only the messenger reads, or
/// seal it with a [`RecordKey`]. Wiped when dropped.
pub struct Record {
    kind: RecordKind,
    bytes: Zeroizing<Vec<u8>>,
}

impl Record {
    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The kind of the record.
    #[must_use]
    pub const fn kind(&self) -> RecordKind {
        self.kind
    }

    /// The kind of the record in `bytes`, by its header alone.
    ///
    /// # Errors
    /// [`RecordError`]: `NotARecord`; `WrongKind` if it is none that this release knows.
    pub fn kind_of(bytes: &[u8]) -> Result<RecordKind, RecordError> {
        let header = bytes.first_chunk::<HEADER_LEN>().ok_or(RecordError::NotARecord)?;
        let [magic @ .., kind, _] = header;
        if *magic != MAGIC {
            return Err(RecordError::NotARecord);
        }
        RecordKind::from_u8(*kind).ok_or(RecordError::WrongKind)
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self { kind: self.kind, bytes: self.bytes.clone() }
    }

    /// Copies bytes that begin like a record of this kind. The content is not checked.
    ///
    /// # Errors
    /// [`RecordError`]: `NotARecord`, `WrongKind`.
    pub fn parse(kind: RecordKind, bytes: &[u8]) -> Result<Self, RecordError> {
        Self::from_bytes(kind, Zeroizing::new(bytes.to_vec()))
    }

    /// Bytes that have at least the header of a record of this kind.
    fn from_bytes(kind: RecordKind, bytes: Zeroizing<Vec<u8>>) -> Result<Self, RecordError> {
        split_header(kind, &bytes)?;
        Ok(Self { kind, bytes })
    }
}

impl AsRef<[u8]> for Record {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, bytes } = self;
        write!(f, "Record({kind:?}, {} bytes)", bytes.len())
    }
}

/// The header of a record.
const fn header(kind: RecordKind, version: u8) -> [u8; HEADER_LEN] {
    let [s, r] = MAGIC;
    [s, r, kind.to_u8(), version]
}

/// Checks magic and kind, and gives version and content.
fn split_header(kind: RecordKind, bytes: &[u8]) -> Result<(u8, &[u8]), RecordError> {
    let Some(([s, r, kind_byte, version], content)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Err(RecordError::NotARecord);
    };
    if [*s, *r] != MAGIC {
        return Err(RecordError::NotARecord);
    }
    if *kind_byte != kind.to_u8() {
        return Err(RecordError::WrongKind);
    }
    Ok((*version, content))
}
