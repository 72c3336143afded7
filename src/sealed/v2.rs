// SPDX-License-Identifier: MIT OR Apache-2.0

//! Version 2: an envelope for many recipients, each of which receives a part.
//!
//! ```text
//! m          = 32 random bytes
//! e          = HKDF(m, "Sealed Sender v2: r (2023-08)", 32), clamped
//! K          = HKDF(m, "Sealed Sender v2: K", 32)
//! ciphertext = AES-256-GCM-SIV(K, nonce 0, content)
//!
//! for each recipient R:
//! C  = HKDF(DH(e, R) || E || R, "Sealed Sender v2: DH", 32) XOR m
//! AT = HKDF(DH(s, R) || E || C || S || R, "Sealed Sender v2: DH-sender", 16)
//! ```
//!
//! R is the recipient's identity key, S the sender's, E the public key of e; all 33 bytes.

use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::contacts::Contacts;
use super::error::OpenError;
use crate::crypto::ctr::TooLong;
use crate::crypto::curve::{Agreed, KeyPair, NonContributory, PrivateKey, PublicKey};
use crate::crypto::gcm_siv;
use crate::crypto::kdf::{HkdfSalt, Label, hkdf};
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::identity::{ContactSecret, IdentityKey, IdentityKeyPair};

const EPHEMERAL: Label = Label::new("Sealed Sender v2: r (2023-08)");
const KEY: Label = Label::new("Sealed Sender v2: K");
const AGREEMENT: Label = Label::new("Sealed Sender v2: DH");
const SENDER: Label = Label::new("Sealed Sender v2: DH-sender");

/// A key encrypts one content, so its nonce is constant.
const NONCE: [u8; gcm_siv::NONCE_LEN] = [0; gcm_siv::NONCE_LEN];

const TAG_LEN: usize = 16;

/// Length of C and AT in bytes.
pub const KEY_MATERIAL_LEN: usize = 32 + TAG_LEN;

/// C and AT, of which each recipient has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyMaterial {
    encrypted_seed: [u8; 32],
    tag: [u8; TAG_LEN],
}

impl KeyMaterial {
    /// C || AT.
    #[must_use]
    pub fn to_bytes(self) -> [u8; KEY_MATERIAL_LEN] {
        let mut out = [0; KEY_MATERIAL_LEN];
        let (left, right) = out.split_at_mut(32);
        left.copy_from_slice(&self.encrypted_seed);
        right.copy_from_slice(&self.tag);
        out
    }
}

/// The part that all recipients of an envelope have in common: m, and all that follows from it.
pub struct Shared {
    seed: Secret<32>,
    ephemeral: KeyPair,
    salt: HkdfSalt,
}

impl Shared {
    /// Derives everything from m.
    #[must_use]
    pub fn derive(seed: Secret<32>) -> Self {
        let ephemeral = PrivateKey::from_secret(&hkdf(None, seed.as_bytes(), EPHEMERAL));
        Self { seed, ephemeral: KeyPair::from_private(ephemeral), salt: HkdfSalt::ZERO }
    }

    /// E.
    #[must_use]
    pub const fn ephemeral(&self) -> &PublicKey {
        self.ephemeral.public()
    }

    fn key(&self) -> Secret<32> {
        hkdf(None, self.seed.as_bytes(), KEY)
    }

    /// The ciphertext of `content`: 16 bytes more.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn seal(&self, content: &[u8]) -> Result<Vec<u8>, TooLong> {
        let mut out = Vec::with_capacity(content.len() + gcm_siv::TAG_LEN);
        out.extend_from_slice(content);
        let tag = gcm_siv::seal(self.key().as_bytes(), &NONCE, &[], &mut out)?;
        out.extend_from_slice(&tag);
        Ok(out)
    }

    fn open(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (ciphertext, tag) = ciphertext.split_last_chunk()?;
        let mut content = Zeroizing::new(ciphertext.to_vec());
        gcm_siv::open(self.key().as_bytes(), &NONCE, &[], &mut content, tag).ok()?;
        Some(content)
    }

    /// C and AT for each contact, in their order.
    ///
    /// [`NonContributory`] does not happen: such a contact would have no secret.
    #[must_use]
    pub fn key_materials(&self, contacts: &[&ContactSecret]) -> Vec<Result<KeyMaterial, NonContributory>> {
        let pairs: Vec<_> =
            contacts.iter().map(|contact| (self.ephemeral.private(), contact.prepared())).collect();
        let agreed = Agreed::of(&pairs);
        contacts
            .iter()
            .zip(agreed.iter())
            .map(|(contact, agreed)| Ok(self.material(contact, agreed?)))
            .collect()
    }

    fn material(&self, contact: &ContactSecret, agreed: &Secret<32>) -> KeyMaterial {
        stack::wiped(stack::OPERATION, || {
            let (ephemeral, theirs) = (self.ephemeral.public(), contact.theirs());
            let encrypted_seed = mask(&self.salt, agreed, (ephemeral, theirs), self.seed.as_bytes());
            let about = (ephemeral, &encrypted_seed);
            let tag = tag(&self.salt, contact.agreed(), about, (contact.ours(), theirs));
            KeyMaterial { encrypted_seed: *encrypted_seed.as_bytes(), tag }
        })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed: _, ephemeral: _, salt: _ } = self;
        f.write_str("Shared(..)")
    }
}

/// A received envelope that was opened, without its sender.
pub(super) struct Opened {
    pub(super) content: Zeroizing<Vec<u8>>,
    shared: Shared,
    material: KeyMaterial,
}

/// Opens the bytes after the first: C, AT, E without its type byte, and the ciphertext.
pub(super) fn open(body: &[u8], ours: &IdentityKeyPair) -> Result<Opened, OpenError> {
    let (encrypted_seed, rest) = body.split_first_chunk::<32>().ok_or(OpenError::Malformed)?;
    let (tag, rest) = rest.split_first_chunk::<TAG_LEN>().ok_or(OpenError::Malformed)?;
    let (ephemeral, ciphertext) = rest.split_first_chunk::<32>().ok_or(OpenError::Malformed)?;
    let ephemeral = PublicKey::from_bytes(*ephemeral);
    let agreed = ours.private().diffie_hellman(&ephemeral)?;
    let salt = HkdfSalt::ZERO;
    let shared = Shared::derive(mask(&salt, &agreed, (&ephemeral, ours.public()), encrypted_seed));
    if *shared.ephemeral() != ephemeral {
        return Err(OpenError::NotForUs);
    }
    let content = shared.open(ciphertext).ok_or(OpenError::NotAuthentic)?;
    let material = KeyMaterial { encrypted_seed: *encrypted_seed, tag: *tag };
    Ok(Opened { content, shared, material })
}

impl Opened {
    /// Returns whether the holder of `sender` sealed it.
    pub(super) fn is_from(
        &self,
        sender: &IdentityKey,
        ours: &IdentityKeyPair,
        contacts: Contacts<'_, '_>,
    ) -> Result<bool, NonContributory> {
        let contact = contacts.with(ours, sender)?;
        let encrypted_seed = Secret::new(self.material.encrypted_seed);
        let about = (self.shared.ephemeral(), &encrypted_seed);
        let expected = tag(&self.shared.salt, contact.agreed(), about, (sender, ours.public()));
        Ok(expected.ct_eq(&self.material.tag).into())
    }
}

/// From m to C, and back.
fn mask(
    salt: &HkdfSalt,
    agreed: &Secret<32>,
    (ephemeral, recipient): (&PublicKey, &IdentityKey),
    value: &[u8; 32],
) -> Secret<32> {
    let ikm: [&[u8]; 3] = [agreed.as_bytes(), &ephemeral.encode(), &recipient.encode()];
    let mut masked: Secret<32> = salt.derive(&ikm, (&[], AGREEMENT, &[]));
    for (byte, other) in masked.as_bytes_mut().iter_mut().zip(value) {
        *byte ^= other;
    }
    masked
}

/// AT.
fn tag(
    salt: &HkdfSalt,
    agreed: &Secret<32>,
    (ephemeral, encrypted_seed): (&PublicKey, &Secret<32>),
    (sender, recipient): (&IdentityKey, &IdentityKey),
) -> [u8; TAG_LEN] {
    let keys = (ephemeral.encode(), sender.encode(), recipient.encode());
    let ikm: [&[u8]; 5] = [agreed.as_bytes(), &keys.0, encrypted_seed.as_bytes(), &keys.1, &keys.2];
    *salt.derive(&ikm, (&[], SENDER, &[])).as_bytes()
}
