// SPDX-License-Identifier: MIT OR Apache-2.0

//! The content of a received envelope: opened, then verified.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::certificate::{CertificateCache, CertificateError, SenderCertificate, TrustStore, VerifiedSender};
use super::contacts::Contacts;
use super::envelope::Envelope;
use super::error::OpenError;
use crate::address::Address;
use crate::crypto::stack;
use crate::failure::Failure;
use crate::identity::{ContactSecret, IdentityKey, IdentityKeyPair};
use crate::repair::Advice;
use crate::timestamp::Timestamp;
use crate::wire::message::MessageKind;
use crate::wire::sealed_content::{ContentHint, SealedContent};

/// The content of an envelope that was sealed for us, by the key that its certificate names. Whether that certificate
/// is good is not known yet: it can only be [verified](Self::verify).
///
/// ```compile_fail,E0599
/// fn too_early(content: &subrosa::sealed::UnverifiedContent) {
///     let _ = content.sender();
/// }
/// ```
pub struct UnverifiedContent {
    certificate: SenderCertificate,
    content: Inner,
}

/// All but the certificate.
struct Inner {
    kind: MessageKind,
    message: Zeroizing<Vec<u8>>,
    hint: ContentHint,
    group_id: Option<Vec<u8>>,
}

impl UnverifiedContent {
    /// Opens an envelope of version 1, or one recipient's part of version 2.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(sealed: &[u8], ours: &IdentityKeyPair) -> Result<Self, OpenError> {
        Self::open_from(sealed, ours, Contacts::NONE)
    }

    /// [`open`](Self::open) in half the time if the sender is a contact whose secret is kept: `contacts` looks it up.
    /// One that is not between `ours` and the key asked for is not used.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_with<'k>(
        sealed: &[u8],
        ours: &IdentityKeyPair,
        contacts: impl Fn(&IdentityKey) -> Option<&'k ContactSecret>,
    ) -> Result<Self, OpenError> {
        Self::open_from(sealed, ours, Contacts::new(&contacts))
    }

    fn open_from(
        sealed: &[u8],
        ours: &IdentityKeyPair,
        contacts: Contacts<'_, '_>,
    ) -> Result<Self, OpenError> {
        stack::wiped(stack::OPERATION, || {
            let envelope = Envelope::open_from(sealed, ours, contacts)?;
            let content = SealedContent::parse(envelope.content())?;
            let certificate = SenderCertificate::parse(content.certificate).map_err(|error| match error {
                CertificateError::Key(error) => OpenError::Key(error),
                _ => OpenError::Malformed,
            })?;
            if !envelope.is_from_known(&certificate.claimed().identity_key, ours, contacts)? {
                return Err(OpenError::WrongSender);
            }
            let content = Inner {
                kind: content.kind,
                message: Zeroizing::new(content.message.to_vec()),
                hint: content.hint,
                group_id: content.group_id.map(<[u8]>::to_vec),
            };
            Ok(Self { certificate, content })
        })
    }

    /// Verifies the certificate, and that the message is not from this device itself, at `local` - or at `e164`, if
    /// certificates name phone numbers.
    ///
    /// `taken` is when the *service took* the message, as it says, and not the time now: a message may wait at the
    /// service for longer than its certificate is good.
    ///
    /// # Errors
    /// [`OpenError`]: `Certificate`, `SelfSend`, in this order.
    pub fn verify(
        self,
        trust: &TrustStore<'_>,
        local: &Address,
        e164: Option<&str>,
        taken: Timestamp,
    ) -> Result<Content, OpenError> {
        self.verify_by(|certificate| certificate.verify(trust, taken), local, e164)
    }

    /// [`verify`](Self::verify) without the work of those of its two signatures that `cache` remembers as good.
    ///
    /// # Errors
    /// [`OpenError`], as for [`verify`](Self::verify).
    pub fn verify_cached(
        self,
        cache: &mut CertificateCache,
        trust: &TrustStore<'_>,
        local: &Address,
        e164: Option<&str>,
        taken: Timestamp,
    ) -> Result<Content, OpenError> {
        self.verify_by(|certificate| certificate.verify_cached(cache, trust, taken), local, e164)
    }

    /// The sender that the certificate names. Nobody vouches for the name: it only tells under which the identity is
    /// pinned that [`advice`](Self::advice) takes.
    #[must_use]
    pub const fn claimed_address(&self) -> &Address {
        &self.certificate.claimed().address
    }

    /// Advises what to do if [`verify`](Self::verify) refuses the certificate, such as one that expired: `failure` is
    /// [`OpenError::failure`]. The message is asked for again if the identity that sealed it is the `pinned` one of
    /// [`claimed_address`](Self::claimed_address); from anybody else it is let lie. `taken` is when the service took it.
    #[must_use]
    pub fn advice(&self, failure: Failure, pinned: Option<&IdentityKey>, taken: Timestamp) -> Advice {
        let device = self.claimed_address().device();
        let claimed = self.certificate.claimed().identity_key;
        let failure = if pinned == Some(&claimed) { failure } else { Failure::Untrusted };
        let Inner { kind, message, hint, group_id: _ } = &self.content;
        Advice::about(failure, *hint, *kind, message, taken, device)
    }

    fn verify_by(
        self,
        verify: impl FnOnce(SenderCertificate) -> Result<VerifiedSender, CertificateError>,
        local: &Address,
        e164: Option<&str>,
    ) -> Result<Content, OpenError> {
        let Self { certificate, content } = self;
        let sender = verify(certificate).map_err(OpenError::Certificate)?;
        let details = sender.details();
        let same_number = e164.is_some() && e164 == details.e164.as_deref();
        let same_name = details.address.name() == local.name();
        if details.address.device() == local.device() && (same_name || same_number) {
            return Err(OpenError::SelfSend);
        }
        Ok(Content { sender, content })
    }
}

impl fmt::Debug for UnverifiedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { certificate: _, content: _ } = self;
        f.write_str("UnverifiedContent(..)")
    }
}

/// The content of an envelope whose sender is known: the holder of [`Self::sender`]'s identity key sealed it for us,
/// and a certificate under a trust root names the holder.
///
/// [`body`](Self::body) gives the message inside.
pub struct Content {
    sender: VerifiedSender,
    content: Inner,
}

impl Content {
    /// The verified sender.
    #[must_use]
    pub const fn sender(&self) -> &VerifiedSender {
        &self.sender
    }

    /// The kind of the message.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.content.kind
    }

    /// The sender's hint for the case that the message can't be decrypted.
    #[must_use]
    pub const fn hint(&self) -> ContentHint {
        self.content.hint
    }

    /// The group that the sender says the message is for, which is opaque to this crate.
    #[must_use]
    pub fn group_id(&self) -> Option<&[u8]> {
        self.content.group_id.as_deref()
    }

    /// Advises what to do if the message was not decrypted. `timestamp` is the one that the service delivered it with:
    /// by it the sender finds the message to send again.
    #[must_use]
    pub fn advice(&self, failure: Failure, timestamp: Timestamp) -> Advice {
        let device = self.sender.address().device();
        Advice::about(failure, self.hint(), self.kind(), &self.content.message, timestamp, device)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.content.message
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, content } = self;
        let Inner { kind, message, hint, group_id: _ } = content;
        f.debug_struct("Content")
            .field("sender", sender)
            .field("kind", kind)
            .field("message_len", &message.len())
            .field("hint", hint)
            .finish_non_exhaustive()
    }
}
