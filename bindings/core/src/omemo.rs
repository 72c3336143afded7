// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO, both versions: accounts, bundles, sessions and payloads. XML, device lists and publishing are the caller's.

mod account;
mod error;
mod payload;
mod session;

use subrosa::omemo::{IdentityKey, OmemoKey, Trust, Version};
use subrosa::store::Key;

pub use account::{OmemoAccount, OmemoBundle, OmemoPreKey};
pub use payload::{OmemoPayload, omemo_empty, omemo_open, omemo_padding, omemo_seal};
pub use session::{OmemoMessage, OmemoReceived, OmemoSession, omemo_encrypt_each};

use crate::error::Error;
use crate::plain::Address;
use crate::store::Store;

/// A version of OMEMO. They share nothing on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OmemoVersion {
    /// `eu.siacs.conversations.axolotl`.
    Legacy = 1,
    /// `urn:xmpp:omemo:2`.
    Two = 2,
}

impl OmemoVersion {
    const fn to_subrosa(self) -> Version {
        match self {
            Self::Legacy => Version::Legacy,
            Self::Two => Version::Two,
        }
    }

    /// The XML namespace.
    pub const fn namespace(self) -> &'static str {
        self.to_subrosa().namespace()
    }
}

/// The identity that is known for a device, or none where anyone is.
struct Known(Option<IdentityKey>);

impl Known {
    fn new(version: Version, known: Option<&[u8]>) -> Result<Self, Error> {
        Ok(Self(known.map(|bytes| IdentityKey::decode(version, bytes)).transpose()?))
    }

    const fn trust(&self) -> Trust<'_> {
        match &self.0 {
            Some(known) => Trust::Pinned(known),
            None => Trust::Anyone,
        }
    }
}

/// The fingerprint of an identity key, to compare: eight groups of eight hex digits, the same in both versions.
pub fn omemo_fingerprint(version: OmemoVersion, identity_key: &[u8]) -> Result<String, Error> {
    Ok(IdentityKey::decode(version.to_subrosa(), identity_key)?.fingerprint().join(" "))
}

/// Returns whether the device of an identity signed its label. Version 2 only: a label is ignored otherwise.
pub fn omemo_verify_label(identity_key: &[u8], label: &str, signature: &[u8]) -> Result<bool, Error> {
    Ok(IdentityKey::decode(Version::Two, identity_key)?.verify_label(label, signature))
}

impl Store {
    /// The OMEMO account of a version, if one is stored.
    pub fn omemo_account(&self, version: OmemoVersion) -> Result<Option<OmemoAccount>, Error> {
        let record = self.record(&Key::Omemo(OmemoKey::Account(version.to_subrosa())));
        record.map(|record| OmemoAccount::from_record(&record)).transpose()
    }

    /// The OMEMO sessions of a version with a device; empty if none are stored.
    pub fn omemo_session(&self, version: OmemoVersion, remote: &Address) -> Result<OmemoSession, Error> {
        match self.record(&Key::Omemo(OmemoKey::Session(version.to_subrosa(), remote.to_subrosa()))) {
            Some(record) => OmemoSession::from_record(&record, remote),
            None => Ok(OmemoSession::new(version, remote)),
        }
    }
}
