// SPDX-License-Identifier: MIT OR Apache-2.0

//! Prekey bundles, which an initiator fetches: before and after they are verified.

use super::public::{KemPreKeyPublic, OneTimePreKeyPublic, SignedPreKeyPublic};
use crate::crypto::curve::{NonContributory, PreparedKey};
use crate::crypto::kem::KemType;
use crate::crypto::xeddsa::VerifyingKey;
use crate::identity::{IdentityKey, Trust};
use crate::ids::DeviceId;
use crate::lease::Busy;

/// One device's prekeys as the service handed them out. Nothing in it is verified; [verify](PreKeyBundle::verify) it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreKeyBundle {
    /// The device's registration id.
    pub registration_id: u32,
    /// The device.
    pub device_id: DeviceId,
    /// The account's identity key.
    pub identity_key: IdentityKey,
    /// The signed prekey.
    pub signed_pre_key: SignedPreKeyPublic,
    /// The one-time prekey, if the service had one left. Without it, the first messages have weaker
    /// forward secrecy.
    pub one_time_pre_key: Option<OneTimePreKeyPublic>,
    /// The KEM prekey. Without it the bundle is one of the older version 3, for callers whose
    /// [policy](crate::session::Policy) allows it.
    pub kem_pre_key: Option<KemPreKeyPublic>,
}

/// The reason that a bundle is refused, or that no session could be begun from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The caller does not trust this identity key.
    #[error("the bundle's identity key is not trusted")]
    UntrustedIdentity,
    /// The KEM prekey is not one of Kyber-1024, the only mechanism that is deployed. Carries the type byte.
    #[error("KEM prekey of unknown type {0:#04x}")]
    KemType(u8),
    /// The signed prekey's signature is not the identity key's.
    #[error("the signed prekey is not signed by the bundle's identity")]
    SignedPreKeySignature,
    /// The KEM prekey's signature is not the identity key's.
    #[error("the KEM prekey is not signed by the bundle's identity")]
    KemPreKeySignature,
    /// An owned stage of the session is still open. The caller's to wait for.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The bundle is of another device than the session. Carries its device. The service's doing, or the caller's.
    #[error("the bundle is of device {0}, the session with another")]
    OtherDevice(DeviceId),
    /// The bundle has no KEM prekey, and the [policy](crate::session::Policy) does not allow version 3.
    #[error("no KEM prekey in the bundle, and version 3 is not allowed")]
    Version3Refused,
    /// The bundle has no one-time prekey, and the caller [requires](crate::session::Config::require_one_time) one.
    /// Perhaps the service has run out of them.
    #[error("a one-time prekey is required and the bundle has none")]
    NoOneTimePreKey,
    /// A key in the bundle is of low order. The peer's, or the service's, doing.
    #[error("a key in the bundle has low order")]
    NonContributory,
}

impl From<NonContributory> for BundleError {
    fn from(_: NonContributory) -> Self {
        Self::NonContributory
    }
}

impl PreKeyBundle {
    /// Checks, in this order, that the caller trusts the identity, and both signatures (PQXDH §3.3).
    ///
    /// # Errors
    /// [`BundleError`]: `UntrustedIdentity`, `KemType`, `SignedPreKeySignature`, `KemPreKeySignature`, in this order.
    pub fn verify(self, trust: Trust<'_>) -> Result<VerifiedBundle, BundleError> {
        if !trust.accepts(&self.identity_key) {
            return Err(BundleError::UntrustedIdentity);
        }
        if let Some(kem) = &self.kem_pre_key
            && kem.key.kem_type() != KemType::Kyber1024
        {
            return Err(BundleError::KemType(kem.key.kem_type().type_byte()));
        }
        let prepared = self.identity_key.public_key().prepare();
        let (signed, identity) = (&self.signed_pre_key, VerifyingKey::of(&prepared));
        if !identity.verify(&[&signed.key.encode()], &signed.signature) {
            return Err(BundleError::SignedPreKeySignature);
        }
        if let Some(kem) = &self.kem_pre_key
            && !identity.verify(&[&kem.key.encode()], &kem.signature)
        {
            return Err(BundleError::KemPreKeySignature);
        }
        Ok(VerifiedBundle { bundle: self, identity: prepared, pinned: trust.is_pinned() })
    }
}

/// A bundle with a trusted identity and valid signatures. It begins one session and is consumed by it.
#[derive(Debug)]
pub struct VerifiedBundle {
    bundle: PreKeyBundle,
    /// Its identity key, prepared.
    identity: PreparedKey,
    /// Whether it was pinned before.
    pinned: bool,
}

impl VerifiedBundle {
    /// The bundle.
    #[must_use]
    pub const fn bundle(&self) -> &PreKeyBundle {
        &self.bundle
    }

    pub(crate) const fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// The bundle, and its identity key.
    pub(crate) fn into_parts(self) -> (PreKeyBundle, PreparedKey) {
        (self.bundle, self.identity)
    }
}
