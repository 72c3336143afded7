// SPDX-License-Identifier: MIT OR Apache-2.0

//! Bundles of a device's card and prekeys (rose 31 §3).
//!
//! ```text
//! bundle = card (1,312) || sealing prekey (1,292) || hybrid prekey (1,677)
//! ```

use alloc::boxed::Box;
use core::fmt;

use super::card::{CARD_LEN, Card};
use super::contact::{Contact, Trust, Untrusted};
use super::error::BeginError;
use super::prekey::{Class, HYBRID_LEN, PREKEY, SEAL, SEALING_LEN};
use super::session::Session;
use crate::crypto::curve::PublicKey;
use crate::crypto::ml_kem::{PUBLIC_1024_LEN, ml_kem_1024};
use crate::crypto::xeddsa;
use crate::crypto::xwing::{PUBLIC_LEN, XWingPublicKey};
use crate::ids::DeviceName;
use crate::timestamp::Timestamp;

/// Length of a bundle in bytes.
pub const BUNDLE_LEN: usize = CARD_LEN + SEALING_LEN + HYBRID_LEN;

/// How far ahead of us a prekey may have been made, in seconds.
const MAX_AHEAD: u64 = 86_400;
/// The age of a prekey from which the caller is told, in seconds.
const OLD: u64 = 60 * 86_400;

/// A bundle whose signatures were verified. It serves once.
pub struct VerifiedBundle {
    pub(super) card: Card,
    pub(super) contact: Contact,
    pub(super) seal: XWingPublicKey,
    pub(super) hybrid: Box<[u8; HYBRID_LEN]>,
    /// The newest prekeys of both sorts that were seen.
    pub(super) newest: [u64; 2],
    is_old: bool,
}

impl VerifiedBundle {
    /// Verifies a bundle for a session: length, card, trust, the sealing prekey, the hybrid prekey, and that none is
    /// older than what the session has seen, or of the future.
    ///
    /// # Errors
    /// [`BeginError`], in the order of its variants.
    pub fn verify(
        bytes: &[u8],
        session: &Session,
        trust: Trust<'_>,
        now: Timestamp,
    ) -> Result<Self, BeginError> {
        if bytes.len() != BUNDLE_LEN {
            return Err(BeginError::BadPrekey);
        }
        let (card, prekeys) = bytes.split_at(CARD_LEN);
        let card = Card::verify(card).map_err(|_| BeginError::BadCard)?;
        let contact = trust.check(&card, now).map_err(|untrusted| match untrusted {
            Untrusted::Identity => BeginError::UntrustedIdentity,
            Untrusted::KemIdentity => BeginError::KemIdentityChanged,
        })?;
        let (seal, hybrid) = prekeys.split_first_chunk().ok_or(BeginError::BadPrekey)?;
        let hybrid: &[u8; HYBRID_LEN] = hybrid.try_into().map_err(|_| BeginError::BadPrekey)?;
        let (name, identity) = (card.name(), *card.identity().public_key());
        let seal_key = verify_seal(seal, &name, &identity).ok_or(BeginError::BadPrekey)?;
        let class = verify_hybrid(hybrid, &name, &identity).ok_or(BeginError::BadPrekey)?;
        if name != session.remote() {
            return Err(BeginError::OtherDevice);
        }
        let made = [be64(seal, 4), be64(hybrid, 5)];
        let mut newest = session.newest_prekeys();
        let judged = [true, class == Class::LastResort];
        for ((made, newest), _) in
            made.iter().zip(&mut newest).zip(judged).filter(|(_, is_judged)| *is_judged)
        {
            if *made < *newest || *made > now.as_secs().saturating_add(MAX_AHEAD) {
                return Err(BeginError::StalePrekey);
            }
            *newest = *made;
        }
        let is_old = made.into_iter().any(|made| made.saturating_add(OLD) < now.as_secs());
        Ok(Self { card, contact, seal: seal_key, hybrid: Box::new(*hybrid), newest, is_old })
    }

    /// The device's card.
    #[must_use]
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// The class of its hybrid prekey.
    #[must_use]
    pub fn class(&self) -> Class {
        let (_, rest) = self.hybrid.split_at(4);
        if rest.starts_with(&[1]) { Class::OneTime } else { Class::LastResort }
    }

    /// Returns whether a prekey was made more than 60 days ago. The service may be handing out keys that leaked.
    #[must_use]
    pub const fn is_old(&self) -> bool {
        self.is_old
    }

    /// `X` and `KPK`.
    pub(super) fn keys(&self) -> (PublicKey, &[u8; PUBLIC_1024_LEN]) {
        let (_, rest) = self.hybrid.split_at(13);
        let (x, kem) = rest.split_first_chunk().unwrap_or((&[0; 32], &[]));
        (PublicKey::from_bytes(*x), kem.first_chunk().unwrap_or(&[0; PUBLIC_1024_LEN]))
    }
}

impl fmt::Debug for VerifiedBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedBundle({:?}, {:?})", self.card, self.class())
    }
}

/// The key of a sealing prekey that is sound.
fn verify_seal(bytes: &[u8; SEALING_LEN], name: &DeviceName, identity: &PublicKey) -> Option<XWingPublicKey> {
    let (signed, signature) = bytes.split_last_chunk::<64>()?;
    let key = XWingPublicKey(*signed.last_chunk::<PUBLIC_LEN>()?);
    let message: [&[u8]; 3] = [SEAL, name.as_bytes(), signed];
    (xeddsa::verify_strict(identity, &message, signature) && key.is_reduced()).then_some(key)
}

/// The class of a hybrid prekey that is sound.
fn verify_hybrid(bytes: &[u8; HYBRID_LEN], name: &DeviceName, identity: &PublicKey) -> Option<Class> {
    let class = Class::from_u8(bytes[4])?;
    let (signed, signature) = bytes.split_last_chunk::<64>()?;
    let message: [&[u8]; 3] = [PREKEY, name.as_bytes(), signed];
    let is_sound = xeddsa::verify_strict(identity, &message, signature)
        && ml_kem_1024::is_reduced(signed.last_chunk::<PUBLIC_1024_LEN>()?);
    is_sound.then_some(class)
}

fn be64(bytes: &[u8], offset: usize) -> u64 {
    let part = bytes.get(offset..).and_then(<[u8]>::first_chunk);
    part.map_or(0, |part| u64::from_be_bytes(*part))
}
