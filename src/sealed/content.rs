// SPDX-License-Identifier: MIT OR Apache-2.0

//! The content of a received envelope: opened, then verified.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::certificate::{
    CertificateAuthority, CertificateMemory, CertificateRefused, SenderCertificate, VerifiedSenderCertificate,
};
use super::contacts::Contacts;
use super::envelope::{Envelope, OpenError};
use crate::address::Address;
use crate::crypto::stack;
use crate::identity::{IdentityAgreement, IdentityKey, IdentityKeyPair};
use crate::repair::{Advice, Failure};
use crate::timestamp::Timestamp;
use crate::wire::message::MessageKind;
use crate::wire::sealed_content::{ContentHint, SealedContent};

/// The content of an envelope that was sealed for us, by the key that its certificate names. Whether that
/// certificate is to be believed is not known yet, so all that can be done is to [verify](Self::verify) it.
///
/// ```compile_fail,E0599
/// fn too_early(content: &subrosa::UnverifiedContent) {
///     let _ = content.sender();
/// }
/// ```
pub struct UnverifiedContent {
    certificate: SenderCertificate,
    content: Content,
}

/// All but the certificate.
struct Content {
    kind: MessageKind,
    message: Zeroizing<Vec<u8>>,
    hint: ContentHint,
    group_id: Option<Vec<u8>>,
}

/// This device, as far as it must not be the sender.
#[derive(Clone, Copy, Debug)]
pub struct LocalDevice<'a> {
    /// Its address.
    pub address: &'a Address,
    /// Its account's phone number, if certificates name those.
    pub e164: Option<&'a str>,
}

impl<'a> LocalDevice<'a> {
    /// A device without a phone number.
    #[must_use]
    pub const fn new(address: &'a Address) -> Self {
        Self { address, e164: None }
    }
}

/// Why a sender is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SenderRefused {
    /// The certificate is not good: foreign, forged, revoked, or expired.
    #[error("invalid sealed sender message: {0}")]
    Certificate(#[from] CertificateRefused),
    /// This very device sent it: the name or the phone number is ours, and so is the device.
    #[error("self send of a sealed sender message")]
    SelfSend,
}

impl UnverifiedContent {
    /// Opens an envelope of version 1, or what one recipient gets of version 2.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(sealed: &[u8], ours: &IdentityKeyPair) -> Result<Self, OpenError> {
        Self::open_from(sealed, ours, Contacts::NONE)
    }

    /// [`open`](Self::open) in half the time if the sender is a contact whose agreement is kept: `contacts` looks
    /// it up. One that is not between `ours` and the key asked for is not used.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_known<'k>(
        sealed: &[u8],
        ours: &IdentityKeyPair,
        contacts: impl Fn(&IdentityKey) -> Option<&'k IdentityAgreement>,
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
            let certificate = SenderCertificate::parse(content.certificate)?;
            if !envelope.is_from_known(&certificate.claimed().identity_key, ours, contacts)? {
                return Err(OpenError::WrongSender);
            }
            let content = Content {
                kind: content.kind,
                message: Zeroizing::new(content.message.to_vec()),
                hint: content.hint,
                group_id: content.group_id.map(<[u8]>::to_vec),
            };
            Ok(Self { certificate, content })
        })
    }

    /// Verifies the certificate, and that this device did not send the message itself.
    ///
    /// # Errors
    /// [`SenderRefused`]: `Certificate`, `SelfSend`, in this order.
    pub fn verify(
        self,
        authority: &CertificateAuthority<'_>,
        local: &LocalDevice<'_>,
        now: Timestamp,
    ) -> Result<VerifiedContent, SenderRefused> {
        self.verify_by(|certificate| certificate.verify(authority, now), local)
    }

    /// [`verify`](Self::verify) without the work of two signatures if the certificate was verified before, and put
    /// into `memory`.
    ///
    /// # Errors
    /// [`SenderRefused`], as for [`verify`](Self::verify).
    pub fn verify_once(
        self,
        memory: &mut CertificateMemory,
        authority: &CertificateAuthority<'_>,
        local: &LocalDevice<'_>,
        now: Timestamp,
    ) -> Result<VerifiedContent, SenderRefused> {
        self.verify_by(|certificate| certificate.verify_once(memory, authority, now), local)
    }

    fn verify_by(
        self,
        verify: impl FnOnce(SenderCertificate) -> Result<VerifiedSenderCertificate, CertificateRefused>,
        local: &LocalDevice<'_>,
    ) -> Result<VerifiedContent, SenderRefused> {
        let Self { certificate, content } = self;
        let sender = verify(certificate)?;
        let who = sender.sender();
        let same_number = local.e164.is_some() && local.e164 == who.e164.as_deref();
        if who.device == local.address.device() && (who.name == local.address.name() || same_number) {
            return Err(SenderRefused::SelfSend);
        }
        Ok(VerifiedContent { sender, content })
    }
}

impl fmt::Debug for UnverifiedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { certificate: _, content: _ } = self;
        f.write_str("UnverifiedContent(..)")
    }
}

/// The content of an envelope whose sender is known: the holder of [`Self::sender`]'s identity key sealed it
/// for us, and a trust root stands behind who that is.
///
/// What is inside comes out by [`message`](Self::message).
pub struct VerifiedContent {
    sender: VerifiedSenderCertificate,
    content: Content,
}

impl VerifiedContent {
    /// Who sent it.
    #[must_use]
    pub const fn sender(&self) -> &VerifiedSenderCertificate {
        &self.sender
    }

    /// The kind of the message.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.content.kind
    }

    /// What the sender says about the message, for the case that it can't be decrypted.
    #[must_use]
    pub const fn hint(&self) -> ContentHint {
        self.content.hint
    }

    /// The group that the sender says the message is for, which is opaque to this crate.
    #[must_use]
    pub fn group_id(&self) -> Option<&[u8]> {
        self.content.group_id.as_deref()
    }

    /// What to do if the message was not decrypted. `timestamp` is the one that the service delivered it with:
    /// by it the sender finds the message to be sent again.
    #[must_use]
    pub fn advice(&self, failure: Failure, timestamp: Timestamp) -> Advice {
        let device = self.sender.sender().device;
        Advice::about(failure, self.hint(), self.kind(), &self.content.message, timestamp, device)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.content.message
    }
}

impl fmt::Debug for VerifiedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sender, content } = self;
        let Content { kind, message, hint, group_id: _ } = content;
        f.debug_struct("VerifiedContent")
            .field("sender", sender)
            .field("kind", kind)
            .field("message_len", &message.len())
            .field("hint", hint)
            .finish_non_exhaustive()
    }
}
