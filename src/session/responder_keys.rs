// SPDX-License-Identifier: MIT OR Apache-2.0

//! The prekeys that a session is begun with by the responder.

use super::effects::KemPreKeyUse;
use crate::prekey::{
    KemPreKey, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};

/// Which prekeys a message needs, for the caller to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeededPreKeys {
    /// The signed prekey. It may have been rotated out of use; keep old ones for longer than messages stay
    /// under way.
    pub signed: SignedPreKeyId,
    /// The one-time prekey, if the initiator was given one.
    pub one_time: Option<OneTimePreKeyId>,
    /// The KEM prekey, none in version 3, and its use: if it turns out to be the last-resort one, the caller
    /// must look this use up among those it remembers.
    pub kem: Option<KemPreKeyUse>,
}

/// The prekeys that a message asks for. One-time keys go in by move; they come back if the message is refused.
#[derive(Debug)]
pub struct ResponderKeys<'a> {
    /// The signed prekey.
    pub signed: &'a SignedPreKey,
    /// The one-time prekey, if one is needed.
    pub one_time: Option<OneTimePreKey>,
    /// The KEM prekey; none in version 3.
    pub kem: Option<KemKey<'a>>,
}

/// A KEM prekey to begin a session with.
#[derive(Debug)]
pub enum KemKey<'a> {
    /// One of those that begin one session.
    OneTime(OneTimeKemPreKey),
    /// The one of last resort.
    LastResort {
        /// The prekey.
        key: &'a LastResortKemPreKey,
        /// Whether this [use](NeededPreKeys::kem) of it is among those that the caller remembers.
        used_before: bool,
    },
}

/// [`ResponderKeys`] that stay where they are.
#[derive(Debug)]
pub(crate) struct LentKeys<'k> {
    pub(crate) signed: &'k SignedPreKey,
    pub(crate) one_time: Option<&'k OneTimePreKey>,
    pub(crate) kem: Option<LentKemKey<'k>>,
}

/// A [`KemKey`] that stays where it is.
#[derive(Debug)]
pub(crate) enum LentKemKey<'k> {
    OneTime(&'k OneTimeKemPreKey),
    LastResort { key: &'k LastResortKemPreKey, used_before: bool },
}

impl ResponderKeys<'_> {
    pub(super) fn lend(&self) -> LentKeys<'_> {
        let kem = self.kem.as_ref().map(|kem| match kem {
            KemKey::OneTime(key) => LentKemKey::OneTime(key),
            KemKey::LastResort { key, used_before } => {
                LentKemKey::LastResort { key, used_before: *used_before }
            }
        });
        LentKeys { signed: self.signed, one_time: self.one_time.as_ref(), kem }
    }
}

impl LentKemKey<'_> {
    pub(super) fn pre_key(&self) -> &KemPreKey {
        match self {
            Self::OneTime(key) => key,
            Self::LastResort { key, .. } => key,
        }
    }
}
