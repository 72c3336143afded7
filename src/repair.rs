// SPDX-License-Identifier: MIT OR Apache-2.0

//! L5: what to do about messages that were not decrypted: ours by a peer, and a peer's by us.
//!
//! A device that can't decrypt a message asks its sender to send it again, by a
//! [`DecryptionErrorMessage`] in a [`PlaintextContent`]. Nothing protects that but
//! the envelope around it, so both sides count what they do for a peer: see [`RepairLog`].

mod answer;
mod log;
mod policy;

pub use answer::{RepairAnswer, Resend};
pub use log::{RepairChange, RepairLog, RepairRefused};
pub use policy::{Rate, RepairPolicy};

use crate::account::FirstMessageError;
use crate::address::DeviceId;
use crate::session::{AcceptError, AdmitError, DecryptError};
use crate::timestamp::Timestamp;
use crate::wire::decryption_error::DecryptionErrorMessage;
use crate::wire::message::MessageKind;
use crate::wire::plaintext_content::PlaintextContent;
use crate::wire::sealed_content::ContentHint;

/// How a message was not decrypted, as far as it matters for what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// It was decrypted before: nothing is amiss.
    Duplicate,
    /// It may have been good, but our state does not decrypt it.
    Undecryptable,
    /// It comes from an identity that is not trusted: the user decides.
    Untrusted,
}

impl From<&DecryptError> for Failure {
    fn from(error: &DecryptError) -> Self {
        match error {
            DecryptError::Duplicate { .. } => Self::Duplicate,
            DecryptError::UntrustedIdentity => Self::Untrusted,
            DecryptError::NoSession | DecryptError::Undecryptable(_) => Self::Undecryptable,
        }
    }
}

impl From<&AdmitError> for Failure {
    fn from(error: &AdmitError) -> Self {
        match error {
            AdmitError::UntrustedIdentity => Self::Untrusted,
            AdmitError::IdentityMismatch | AdmitError::Version3Refused | AdmitError::NoOneTimePreKey => {
                Self::Undecryptable
            }
        }
    }
}

impl From<&AcceptError> for Failure {
    fn from(error: &AcceptError) -> Self {
        match error {
            AcceptError::Decrypt(error) => error.into(),
            AcceptError::ReusedBaseKey => Self::Duplicate,
            AcceptError::WrongPreKeys | AcceptError::Agreement(_) | AcceptError::LastResortRefused => {
                Self::Undecryptable
            }
        }
    }
}

impl From<&FirstMessageError> for Failure {
    fn from(error: &FirstMessageError) -> Self {
        match error {
            FirstMessageError::Admit(error) => error.into(),
            FirstMessageError::Decrypt(error) => error.into(),
            FirstMessageError::Accept(error) => error.into(),
            FirstMessageError::Gone(_)
            | FirstMessageError::NeverOurs(_)
            | FirstMessageError::UsedTooOften(_) => Self::Undecryptable,
        }
    }
}

/// Whether a message that was not decrypted is shown to the user as missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Show {
    /// At once: it will not be sent again, or the user must decide.
    Now,
    /// Later, if it was not sent again until then. Its place in the conversation is kept.
    IfNotSentAgain,
    /// Not at all.
    Never,
}

/// A request to a peer's device, to send a message again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResendRequest {
    /// What it is told: which message it was, and by its ratchet key of which session.
    pub message: DecryptionErrorMessage,
    /// The kind of the message that was not decrypted.
    pub kind: MessageKind,
    /// When that message was sent, as the service delivered it.
    pub timestamp: Timestamp,
    /// The device that sent it.
    pub device: DeviceId,
}

impl ResendRequest {
    /// What is to be sent, not encrypted, but in an envelope if there is one.
    #[must_use]
    pub fn content(&self) -> PlaintextContent<'static> {
        PlaintextContent::from(&self.message)
    }
}

/// What to do about a message that was not decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advice {
    /// Whether to show that it is missing.
    pub show: Show,
    /// What to ask its sender for, if [`RepairLog::ask`] lets it pass. None if asking is of no use.
    pub ask: Option<ResendRequest>,
}

impl Advice {
    /// What to do about a message of this kind and these bytes, which came with this hint and timestamp from
    /// this device. Messages that came without an envelope have the default hint.
    ///
    /// A message that does not even parse is not asked for: its sender could not tell which session is meant.
    #[must_use]
    pub fn about(
        failure: Failure,
        hint: ContentHint,
        (kind, message): (MessageKind, &[u8]),
        (timestamp, device): (Timestamp, DeviceId),
    ) -> Self {
        let show = match (failure, hint) {
            (Failure::Duplicate, _) | (Failure::Undecryptable, ContentHint::Implicit) => Show::Never,
            (Failure::Undecryptable, ContentHint::Resendable) => Show::IfNotSentAgain,
            (Failure::Undecryptable | Failure::Untrusted, _) => Show::Now,
        };
        let request = |message| ResendRequest { message, kind, timestamp, device };
        let ask = match failure {
            Failure::Undecryptable => {
                let (timestamp, device) = (timestamp.as_millis(), device.get().into());
                DecryptionErrorMessage::for_original(message, kind, timestamp, device).ok().map(request)
            }
            Failure::Duplicate | Failure::Untrusted => None,
        };
        Self { show, ask }
    }
}
