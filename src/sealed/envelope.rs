// SPDX-License-Identifier: MIT OR Apache-2.0

//! Envelopes of either version, as they are received.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::contacts::Contacts;
use super::error::OpenError;
use super::{v1, v2};
use crate::crypto::curve::NonContributory;
use crate::identity::{IdentityKey, IdentityKeyPair};

/// A received envelope, decrypted. Only [`Self::is_from`] tells who sealed it.
pub struct Envelope(Opened);

#[allow(clippy::large_enum_variant, reason = "one is held at a time, and not for long")]
enum Opened {
    V1(v1::Opened),
    V2(v2::Opened),
}

impl Envelope {
    /// Opens an envelope of version 1, or one recipient's part of version 2. Only the upper half of the first byte
    /// counts.
    ///
    /// # Errors
    /// [`OpenError`], except `WrongSender`.
    #[cfg(any(test, feature = "hazmat"))]
    pub fn open(bytes: &[u8], ours: &IdentityKeyPair) -> Result<Self, OpenError> {
        Self::open_from(bytes, ours, Contacts::NONE)
    }

    /// [`Self::open`] with known contact secrets.
    ///
    /// # Errors
    /// [`OpenError`], except `WrongSender`.
    pub(super) fn open_from(
        bytes: &[u8],
        ours: &IdentityKeyPair,
        contacts: Contacts<'_, '_>,
    ) -> Result<Self, OpenError> {
        let (first, body) = bytes.split_first().ok_or(OpenError::Empty)?;
        match first >> 4 {
            // Version 0 is read as 1, as deployed.
            0 | 1 => v1::open(body, ours, contacts).map(Opened::V1).map(Self),
            2 => v2::open(body, ours).map(Opened::V2).map(Self),
            version => Err(OpenError::UnknownVersion(version)),
        }
    }

    /// The content's bytes.
    #[must_use]
    pub const fn content(&self) -> &Zeroizing<Vec<u8>> {
        match &self.0 {
            Opened::V1(opened) => &opened.content,
            Opened::V2(opened) => &opened.content,
        }
    }

    /// Checks whether the holder of `sender` sealed it, in constant time.
    ///
    /// # Errors
    /// [`NonContributory`] if `sender` is of low order.
    #[cfg(any(test, feature = "hazmat"))]
    pub fn is_from(&self, sender: &IdentityKey, ours: &IdentityKeyPair) -> Result<bool, NonContributory> {
        self.is_from_known(sender, ours, Contacts::NONE)
    }

    /// [`Self::is_from`] with known contact secrets.
    ///
    /// # Errors
    /// [`NonContributory`] if `sender` is of low order.
    pub(super) fn is_from_known(
        &self,
        sender: &IdentityKey,
        ours: &IdentityKeyPair,
        contacts: Contacts<'_, '_>,
    ) -> Result<bool, NonContributory> {
        match &self.0 {
            Opened::V1(opened) => Ok(opened.is_from(sender)),
            Opened::V2(opened) => opened.is_from(sender, ours, contacts),
        }
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(opened) = self;
        f.write_str(match opened {
            Opened::V1(_) => "Envelope(v1)",
            Opened::V2(_) => "Envelope(v2)",
        })
    }
}
