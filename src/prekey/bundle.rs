// SPDX-License-Identifier: MIT OR Apache-2.0

//! Prekey bundles: what an initiator fetches, before and after it was verified.

use super::kem::KemPreKeyId;
use super::one_time::OneTimePreKeyId;
use super::signed::SignedPreKeyId;
use crate::address::DeviceId;
use crate::crypto::curve::PreparedKey;
use crate::crypto::curve::PublicKey;
use crate::crypto::kem::{KemPublicKey, KemType};
use crate::crypto::xeddsa::{Signature, VerifyingKey};
use crate::identity::{IdentityKey, Trust};

/// The published half of a one-time prekey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimePreKeyPublic {
    /// Its id.
    pub id: OneTimePreKeyId,
    /// Its key.
    pub key: PublicKey,
}

/// The published half of a signed prekey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPreKeyPublic {
    /// Its id.
    pub id: SignedPreKeyId,
    /// Its key.
    pub key: PublicKey,
    /// The identity key's signature over the encoded key.
    pub signature: Signature,
}

/// The published half of a KEM prekey, one-time or last-resort: the initiator can't tell and need not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KemPreKeyPublic {
    /// Its id.
    pub id: KemPreKeyId,
    /// Its key.
    pub key: KemPublicKey,
    /// The identity key's signature over the encoded key.
    pub signature: Signature,
}

/// One device's prekeys as the service handed them out. Nothing in it is verified; the only thing to do
/// with it is [`PreKeyBundle::verify`].
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
    /// [policy](crate::Policy) allows it.
    pub kem_pre_key: Option<KemPreKeyPublic>,
}

/// Why a bundle is not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The caller does not trust this identity key.
    #[error("untrusted identity")]
    UntrustedIdentity,
    /// The signed prekey's signature is not the identity key's.
    #[error("signature validation failed: signed prekey")]
    SignedPreKeySignature,
    /// The KEM prekey is not one of Kyber-1024, the only mechanism that is deployed.
    #[error("bad KEM key type <{0:#04x}>")]
    KemType(u8),
    /// The KEM prekey's signature is not the identity key's.
    #[error("signature validation failed: KEM prekey")]
    KemPreKeySignature,
}

impl PreKeyBundle {
    /// Checks, in this order, that the caller trusts the identity, and both signatures (PQXDH §3.3).
    ///
    /// # Errors
    /// [`BundleError`].
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
        Ok(VerifiedBundle { bundle: self, identity: prepared })
    }
}

/// A bundle whose identity is trusted and whose signatures are right. It starts one session and is
/// consumed by it.
#[derive(Debug)]
pub struct VerifiedBundle {
    bundle: PreKeyBundle,
    /// Its identity key, prepared.
    identity: PreparedKey,
}

impl VerifiedBundle {
    /// What was verified.
    #[must_use]
    pub const fn bundle(&self) -> &PreKeyBundle {
        &self.bundle
    }

    /// The bundle, and its identity key.
    pub(crate) fn into_parts(self) -> (PreKeyBundle, PreparedKey) {
        (self.bundle, self.identity)
    }
}
