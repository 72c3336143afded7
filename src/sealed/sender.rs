// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealing: for one recipient, for the peer of a session, for many.

use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::certificate::SenderCertificate;
use super::error::SealError;
use super::many::{Entry, MultiRecipientMessage, Recipient, refuse_repeated, seal_for_many};
use super::v1;
use crate::address::ServiceId;
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::identity::{ContactSecret, IdentityKey, IdentityKeyPair, Trust};
use crate::session::{EncryptError, Session};
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::ciphertext::Ciphertext;
use crate::wire::sealed_content::{ContentHint, SealedContent};

/// This device as a sealed sender: its identity, the service's certificate for it, and the hint and group of its
/// messages.
///
/// Sealing changes no state and needs no storing: the sealed message was staged before, or is no secret.
#[derive(Clone, Copy)]
pub struct Sender<'a> {
    identity: &'a IdentityKeyPair,
    certificate: &'a SenderCertificate,
    hint: ContentHint,
    group_id: Option<&'a [u8]>,
}

impl<'a> Sender<'a> {
    /// A sender, with the default hint and no group. The certificate's signature is not checked, and its expiry only by
    /// [`encrypt`](Self::encrypt).
    ///
    /// # Errors
    /// [`SealError::ForeignCertificate`].
    pub fn new(identity: &'a IdentityKeyPair, certificate: &'a SenderCertificate) -> Result<Self, SealError> {
        if certificate.claimed().identity_key != *identity.public() {
            return Err(SealError::ForeignCertificate);
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
    /// Draws 32 bytes, beside what [`Session::encrypt`] draws. The contact secret is kept with the
    /// session, in memory alone, so that later messages cost less. Changes nothing until the stage is committed.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn encrypt<'s>(
        &self,
        session: &'s mut Session,
        plaintext: &[u8],
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Vec<u8>>, SealError> {
        let claimed = self.certificate.claimed();
        if *session.local() != claimed.address {
            return Err(SealError::WrongSession);
        }
        if *session.local_identity().ok_or(EncryptError::NoSession)? != claimed.identity_key {
            return Err(SealError::WrongSession);
        }
        if !now.is_milliseconds() {
            return Err(SealError::NotMilliseconds);
        }
        if now > claimed.expires {
            return Err(SealError::CertificateExpired);
        }
        let agreed = session.agree_with_contact(self.identity);
        session.encrypt_then(plaintext, trust, now, rng, |session, message, rng| {
            agreed?;
            let contact = session.contact_secret().ok_or(EncryptError::NoSession)?;
            self.seal_with(&message, contact, rng)
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

    /// [`seal`](Self::seal) for a contact whose secret is kept, in half the time. If it belongs to another identity of
    /// ours, it is computed anew.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_with(
        &self,
        message: &Ciphertext,
        contact: &ContactSecret,
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
    /// The common work is done once; each recipient costs two more X25519, on all cores if the feature `parallel` is
    /// on. A recipient for which that fails, or that an entry has no room for, is left out and reported.
    ///
    /// `excluded` are members of the group that do not get it, so that the service can check that the sender knows all
    /// members.
    ///
    /// # Errors
    /// [`SealError`]: nothing is sealed if a recipient is named twice, among the recipients and the excluded.
    pub fn seal_for_many(
        &self,
        message: &Ciphertext,
        recipients: &[Recipient<'_>],
        excluded: &[ServiceId],
        rng: &mut impl CryptoRng,
    ) -> Result<MultiRecipientMessage, SealError> {
        refuse_repeated(recipients, excluded)?;
        let (unfit, fit): (Vec<_>, Vec<_>) =
            recipients.iter().partition(|recipient| recipient.unfit.is_some());
        let entries: Vec<&Entry<'_>> = fit.into_iter().map(|recipient| &recipient.entry).collect();
        let content = self.content(message).encode();
        let mut sealed = stack::wiped(stack::OPERATION, || {
            seal_for_many(&content, self.identity, &entries, excluded, Secret::random(rng))
        })?;
        sealed
            .failed
            .extend(unfit.into_iter().filter_map(|left_out| Some((*left_out.service_id(), left_out.unfit?))));
        Ok(sealed)
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

impl fmt::Debug for Sender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity: _, certificate, hint, group_id: _ } = self;
        f.debug_struct("Sender").field("certificate", certificate).field("hint", hint).finish_non_exhaustive()
    }
}
