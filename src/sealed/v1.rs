// SPDX-License-Identifier: MIT OR Apache-2.0

//! Version 1: an envelope for one recipient.
//!
//! ```text
//! box(ck, mk, plaintext) = ciphertext || tag
//!     ciphertext = AES-256-CTR(ck, plaintext)
//!     tag        = HMAC(mk, ciphertext), first 10 bytes
//!
//! chain || ck1 || mk1 = HKDF("UnidentifiedDelivery" || R || E, DH(e, R), "", 96)
//! encrypted static    = box(ck1, mk1, S)
//! _     || ck2 || mk2 = HKDF(chain || encrypted static, DH(s, R), "", 96)
//! encrypted message   = box(ck2, mk2, content)
//! ```
//!
//! R is the recipient's identity key, S the sender's, E a key of this envelope alone; all 33 bytes.

use alloc::vec::Vec;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::contacts::Contacts;
use super::error::{OpenError, SealError};
use crate::crypto::ctr::{self, TooLong};
use crate::crypto::curve::{Agreed, KeyPair, NonContributory, PreparedKey, PrivateKey, PublicKey};
use crate::crypto::kdf::{MacKey, hkdf_into};
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::identity::{ContactSecret, IdentityKey, IdentityKeyPair};
use crate::wire::sealed_message::SealedMessageParts;

const SALT_PREFIX: &[u8] = b"UnidentifiedDelivery";
const TAG_LEN: usize = 10;

/// Seals `content` for one recipient. Draws 32 bytes.
///
/// # Errors
/// [`SealError`]: `Agreement` if their key is of low order; `TooLong`.
pub fn seal(
    content: &[u8],
    ours: &IdentityKeyPair,
    theirs: &IdentityKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    stack::wiped(stack::OPERATION, || {
        let (ephemeral, prepared) = (PrivateKey::generate(rng), theirs.public_key().prepare());
        let pairs = [(&ephemeral, &PreparedKey::BASE), (&ephemeral, &prepared), (ours.private(), &prepared)];
        let agreed = Agreed::all(&pairs)?;
        let [ephemeral, outer, inner] = agreed.as_slice() else { return Err(NonContributory.into()) };
        let ephemeral = PublicKey::from_bytes(*ephemeral.as_bytes());
        envelope(content, (ours.public(), theirs), (&ephemeral, outer, inner))
    })
}

/// [`seal`] with a contact secret.
///
/// # Errors
/// [`SealError`].
pub fn seal_with(
    content: &[u8],
    contact: &ContactSecret,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, SealError> {
    stack::wiped(stack::OPERATION, || {
        let ephemeral = KeyPair::generate(rng);
        let agreed = ephemeral.private().diffie_hellman_with(contact.prepared())?;
        let secrets = (ephemeral.public(), &agreed, contact.agreed());
        envelope(content, (contact.ours(), contact.theirs()), secrets)
    })
}

/// The envelope: E, DH(e, R) and DH(s, R).
fn envelope(
    content: &[u8],
    (ours, theirs): (&IdentityKey, &IdentityKey),
    (ephemeral, agreed, contact): (&PublicKey, &Secret<32>, &Secret<32>),
) -> Result<Vec<u8>, SealError> {
    let outer = Keys::outer(theirs, ephemeral, agreed);
    let encrypted_static = outer.seal(&ours.encode())?;
    let inner = Keys::inner(&outer, &encrypted_static, contact);
    let parts = SealedMessageParts {
        ephemeral_public: &ephemeral.encode(),
        encrypted_static: &encrypted_static,
        encrypted_message: &inner.seal(content)?,
    };
    Ok(parts.encode())
}

/// A received envelope that was opened, without its sender.
pub(super) struct Opened {
    pub(super) content: Zeroizing<Vec<u8>>,
    /// The sender's identity key as it was encrypted.
    sender: Zeroizing<Vec<u8>>,
}

/// Opens what follows the first byte.
pub(super) fn open(
    body: &[u8],
    ours: &IdentityKeyPair,
    contacts: Contacts<'_, '_>,
) -> Result<Opened, OpenError> {
    let parts = SealedMessageParts::parse(body)?;
    let ephemeral = PublicKey::decode(parts.ephemeral_public)?;
    let outer = Keys::outer(ours.public(), &ephemeral, &ours.private().diffie_hellman(&ephemeral)?);
    let sender = outer.open(parts.encrypted_static).ok_or(OpenError::NotForUs)?;
    let contact = IdentityKey::new(PublicKey::decode(&sender)?);
    let contact = contacts.with(ours, &contact)?;
    let inner = Keys::inner(&outer, parts.encrypted_static, contact.agreed());
    let content = inner.open(parts.encrypted_message).ok_or(OpenError::NotAuthentic)?;
    Ok(Opened { content, sender })
}

impl Opened {
    /// Returns whether the holder of `sender` sealed it.
    pub(super) fn is_from(&self, sender: &IdentityKey) -> bool {
        self.sender.ct_eq(&sender.encode()).into()
    }
}

/// The keys of one of the two boxes.
struct Keys {
    chain: Secret<32>,
    cipher: Secret<32>,
    mac: MacKey,
}

impl Keys {
    fn outer(recipient: &IdentityKey, ephemeral: &PublicKey, shared: &Secret<32>) -> Self {
        Self::derive(&[SALT_PREFIX, &recipient.encode(), &ephemeral.encode()], shared)
    }

    fn inner(outer: &Self, encrypted_static: &[u8], shared: &Secret<32>) -> Self {
        Self::derive(&[outer.chain.as_bytes(), encrypted_static], shared)
    }

    fn derive(salt: &[&[u8]], shared: &Secret<32>) -> Self {
        let len = salt.iter().map(|part| part.len()).sum();
        let mut joined = Zeroizing::new(Vec::with_capacity(len));
        for part in salt {
            joined.extend_from_slice(part);
        }
        let mut okm = Secret::<96>::zero();
        let expanded = hkdf_into(&joined, shared.as_bytes(), &[], okm.as_bytes_mut());
        debug_assert!(expanded.is_ok(), "96 bytes are not too many");
        let (chain, rest) = okm.split::<32, 64>();
        let (cipher, mac) = rest.split::<32, 32>();
        Self { chain, cipher, mac: MacKey::new(mac.as_bytes()) }
    }

    fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, TooLong> {
        let mut out = Vec::with_capacity(plaintext.len() + TAG_LEN);
        out.extend_from_slice(plaintext);
        ctr::apply(self.cipher.as_bytes(), &mut out)?;
        let tag: [u8; TAG_LEN] = self.mac.tag(&[&out]);
        out.extend_from_slice(&tag);
        Ok(out)
    }

    fn open(&self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
        if !self.mac.verify(&[ciphertext], tag) {
            return None;
        }
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        ctr::apply(self.cipher.as_bytes(), &mut plaintext).ok()?;
        Some(plaintext)
    }
}
