// SPDX-License-Identifier: MIT OR Apache-2.0

//! The keys of OMEMO's records.

use crate::address::Address;
use crate::record::OmemoKind;
use crate::wire::omemo::Version;

/// The key of an OMEMO record. The two versions share nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OmemoKey {
    /// Our own account of that version.
    Account(Version),
    /// The sessions of that version with a device.
    Session(Version, Address),
}

impl OmemoKey {
    /// The kind of the record under this key.
    #[must_use]
    pub const fn kind(&self) -> OmemoKind {
        match self {
            Self::Account(_) => OmemoKind::Account,
            Self::Session(..) => OmemoKind::Session,
        }
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        let (Self::Account(version) | Self::Session(version, _)) = self;
        *version
    }
}
