// SPDX-License-Identifier: MIT OR Apache-2.0

//! L5: what to do about messages that were not decrypted: ours by a peer, and a peer's by us.
//!
//! A device that can't decrypt a message asks its sender to send it again, by a
//! [`DecryptionErrorMessage`] in a [`PlaintextContent`]. Nothing protects that but
//! the envelope around it, so both sides count what they do for a peer: see [`RepairLog`].
//!
//! ```text
//! who can't decrypt                           who sent it
//!   error -> Failure -> Advice
//!   RepairLog::ask -> ResendRequest
//!                       PlaintextContent  ->    DecryptionErrorMessage
//!                                               RepairLog::answer -> RepairAnswer -> Resend
//!                                               if reset: a bundle, a new session
//!   the message, with its first timestamp <-    the message, encrypted anew
//! ```

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
    /// It was decrypted before: nothing is amiss. Or so late that its key was given up, which can't be told from
    /// that.
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
            // Perhaps no replay, but the next message of a session that is lost here.
            AcceptError::ReusedBaseKey
            | AcceptError::WrongPreKeys
            | AcceptError::Agreement(_)
            | AcceptError::LastResortRefused => Self::Undecryptable,
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
    /// What to ask its sender for, if [`RepairLog::ask`] lets it pass; if not, it will not be sent again. None if
    /// asking is of no use.
    pub ask: Option<ResendRequest>,
}

impl Advice {
    /// What to do about a message of this kind and these bytes, which came with this hint and from this device.
    /// `timestamp` is the one that the service delivered it with. A message that came without an envelope has the
    /// default hint; of one that came in an envelope [`VerifiedContent::advice`](crate::VerifiedContent::advice)
    /// knows all but failure and timestamp.
    ///
    /// A message that does not even parse is not asked for: its sender could not tell which session is meant. Nor
    /// is what is not encrypted.
    #[must_use]
    pub fn about(
        failure: Failure,
        hint: ContentHint,
        kind: MessageKind,
        message: &[u8],
        timestamp: Timestamp,
        device: DeviceId,
    ) -> Self {
        let ask = match failure {
            Failure::Undecryptable => {
                let (millis, id) = (timestamp.as_millis(), device.get().into());
                let error = DecryptionErrorMessage::for_original(message, kind, millis, id);
                error.ok().map(|message| ResendRequest { message, kind, timestamp, device })
            }
            Failure::Duplicate | Failure::Untrusted => None,
        };
        let show = match (failure, hint) {
            (Failure::Duplicate, _) | (Failure::Undecryptable, ContentHint::Implicit) => Show::Never,
            (Failure::Undecryptable, ContentHint::Resendable) if ask.is_some() => Show::IfNotSentAgain,
            (Failure::Undecryptable | Failure::Untrusted, _) => Show::Now,
        };
        Self { show, ask }
    }
}
