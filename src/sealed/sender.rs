// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealing: for one recipient, for the peer of a session, for many.

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::certificate::SenderCertificate;
use super::envelope::SealError;
use super::many::{Entry, SealManyError, SealedForMany, SealedRecipient, refuse_repeated, seal_for_many};
use super::v1;
use crate::address::ServiceId;
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::identity::{IdentityAgreement, IdentityKey, IdentityKeyPair, Trust};
use crate::session::{EncryptError, Session};
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::ciphertext::Ciphertext;
use crate::wire::sealed_content::{ContentHint, SealedContent};

/// The certificate is for another identity key than ours: nobody would open what is sealed with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate is for another identity key")]
pub struct ForeignCertificate;

/// Why a message could not be encrypted and sealed. None of these is the peer's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealedEncryptError {
    /// The certificate names another device, or another identity, than the session is of: the peer would not
    /// find the session, or would refuse the message.
    #[error("the session is not of the device that the certificate names")]
    WrongSession,
    /// The certificate expired: the peer would refuse it. Fetch another.
    #[error("the sender certificate expired")]
    CertificateExpired,
    /// The message was not encrypted.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// The message was not sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// This device as a sealed sender: its identity, the service's certificate for it, and what it says about the
/// messages that it seals.
///
/// Bytes are sealed at once and need no storing: what is sealed was staged before, or is no secret.
#[derive(Clone, Copy)]
pub struct SealedSender<'a> {
    identity: &'a IdentityKeyPair,
    certificate: &'a SenderCertificate,
    hint: ContentHint,
    group_id: Option<&'a [u8]>,
}

impl<'a> SealedSender<'a> {
    /// A sender, with the default hint and no group. The certificate's signature is not looked at,
    /// and its expiry only by [`encrypt`](Self::encrypt).
    ///
    /// # Errors
    /// [`ForeignCertificate`].
    pub fn new(
        identity: &'a IdentityKeyPair,
        certificate: &'a SenderCertificate,
    ) -> Result<Self, ForeignCertificate> {
        if certificate.claimed().identity_key != *identity.public() {
            return Err(ForeignCertificate);
        }
        Ok(Self { identity, certificate, hint: ContentHint::Default, group_id: None })
    }

    /// The same sender with another hint for its messages.
    #[must_use]
    pub const fn with_hint(self, hint: ContentHint) -> Self {
        Self { hint, ..self }
    }

    /// The same sender, whose messages are for a group. The id is opaque to this crate.
    #[must_use]
    pub const fn with_group_id(self, group_id: &'a [u8]) -> Self {
        Self { group_id: Some(group_id), ..self }
    }

    /// Encrypts `plaintext` on `session`, and seals it for the session's peer, with version 1.
    ///
    /// Draws 32 bytes, beside what [`Session::encrypt`] draws. The agreement of the two identities is kept with the
    /// session, in memory alone, so that later messages cost less. Changes nothing until the stage is committed.
    ///
    /// # Errors
    /// [`SealedEncryptError`].
    pub fn encrypt<'s>(
        &self,
        session: &'s mut Session,
        plaintext: &[u8],
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Session, Vec<u8>>, SealedEncryptError> {
        let (local, claimed) = (session.local(), self.certificate.claimed());
        if local.name() != claimed.name || local.device() != claimed.device {
            return Err(SealedEncryptError::WrongSession);
        }
        if *session.local_identity().ok_or(EncryptError::NoSession)? != claimed.identity_key {
            return Err(SealedEncryptError::WrongSession);
        }
        if now > claimed.expires {
            return Err(SealedEncryptError::CertificateExpired);
        }
        let agreed = session.agree_with_peer(self.identity);
        let staged = session.encrypt(plaintext, trust, now, rng)?;
        staged.try_map(|session, message| {
            agreed.map_err(SealError::from)?;
            let contact = session.identity_agreement().ok_or(EncryptError::NoSession)?;
            Ok(self.seal_with(&message, contact, rng)?)
        })
    }

    /// Seals a message for the holder of an identity key, with version 1. Draws 32 bytes.
    ///
    /// The envelope is 470 bytes longer than the message, more or less, most of it for the certificate.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(
        &self,
        message: &Ciphertext,
        recipient: &IdentityKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, SealError> {
        v1::seal(&self.content(message).encode(), self.identity, recipient, rng)
    }

    /// [`seal`](Self::seal) for a contact whose agreement is kept, in half the time. If the agreement is another
    /// identity's of ours, it is made anew.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_with(
        &self,
        message: &Ciphertext,
        contact: &IdentityAgreement,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, SealError> {
        if contact.ours() != self.identity.public() {
            return self.seal(message, contact.theirs(), rng);
        }
        v1::seal_with(&self.content(message).encode(), contact, rng)
    }

    /// Seals a message for many recipients, and for several devices of each, with version 2: one upload, which
    /// the service splits. Draws 32 bytes.
    ///
    /// The work that all recipients have in common is done once; each costs two agreements more, on all cores
    /// if the feature `parallel` is on. A recipient for whom that fails is left out and reported.
    ///
    /// `excluded` are members of the group that shall not get it, so that the service can check that the
    /// sender knows them all.
    ///
    /// # Errors
    /// [`SealManyError`]: nothing is sealed if a recipient is named twice, among the recipients and the excluded.
    pub fn seal_for_many(
        &self,
        message: &Ciphertext,
        recipients: &[SealedRecipient<'_>],
        excluded: &[ServiceId],
        rng: &mut impl CryptoRng,
    ) -> Result<SealedForMany, SealManyError> {
        let entries: Vec<&Entry<'_>> = recipients.iter().map(|recipient| &recipient.0).collect();
        refuse_repeated(&entries, excluded)?;
        let content = self.content(message).encode();
        stack::wiped(stack::OPERATION, || {
            seal_for_many(&content, self.identity, &entries, excluded, Secret::random(rng))
        })
    }

    fn content<'m>(&self, message: &'m Ciphertext) -> SealedContent<'m>
    where
        'a: 'm,
    {
        SealedContent {
            kind: message.kind(),
            certificate: self.certificate.as_bytes(),
            message: message.as_bytes(),
            hint: self.hint,
            group_id: self.group_id,
        }
    }
}

impl fmt::Debug for SealedSender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity: _, certificate, hint, group_id: _ } = self;
        f.debug_struct("SealedSender")
            .field("certificate", certificate)
            .field("hint", hint)
            .finish_non_exhaustive()
    }
}
