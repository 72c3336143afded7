// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair of messages that were not decrypted: ours by a peer, and a peer's by us.
//!
//! A device that can't decrypt a message asks its sender to send it again, by a [`DecryptionErrorMessage`] in a
//! [`PlaintextContent`]. Only the envelope around it protects that, so both sides limit their repairs for a peer: see
//! [`RepairLog`].
//!
//! ```text
//! who can't decrypt                           who sent it
//!   error -> Failure -> Advice
//!   RepairLog::ask -> ResendRequest
//!                       PlaintextContent  ->    DecryptionErrorMessage
//!                                               RepairLog::answer -> Resend
//!                                               if reset: a bundle, a new session
//!   the message, with its first timestamp <-    the message, encrypted anew
//! ```

mod answer;
mod log;
mod policy;

pub use answer::Resend;
pub use log::{RepairLog, RepairRefused};
pub use policy::{Rate, RepairPolicy};

pub use crate::failure::Failure;
use crate::ids::DeviceId;
use crate::timestamp::Timestamp;
use crate::wire::message::MessageKind;
use crate::wire::sealed_content::ContentHint;

pub use crate::wire::decryption_error::DecryptionErrorMessage;
pub use crate::wire::plaintext_content::PlaintextContent;

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
    /// The request itself: it names the message by its timestamp, and the session by the message's ratchet key.
    pub message: DecryptionErrorMessage,
    /// The kind of the message that was not decrypted.
    pub kind: MessageKind,
    /// When that message was sent, as the service delivered it.
    pub timestamp: Timestamp,
    /// The device that sent it.
    pub device: DeviceId,
}

impl ResendRequest {
    /// The content to send: not encrypted, but in an envelope if there is one.
    #[must_use]
    pub fn content(&self) -> PlaintextContent<'static> {
        PlaintextContent::from(&self.message)
    }
}

/// The advice about a message that was not decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advice {
    /// Whether to show that it is missing.
    pub show: Show,
    /// The request to its sender, if [`RepairLog::ask`] allows it; otherwise the message will not be sent again. None
    /// if asking is of no use.
    pub ask: Option<ResendRequest>,
}

impl Advice {
    /// Advises about a message of this kind and these bytes, which came with this hint and from this device.
    /// `timestamp` is the one that the service delivered it with. A message that came without an envelope has the
    /// default hint; of one that came in an envelope [`Content::advice`](crate::sealed::Content::advice) knows all but
    /// failure and timestamp.
    ///
    /// A message that does not even parse is not asked for, because its sender could not tell the session; nor is an
    /// unencrypted content.
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
                let error = DecryptionErrorMessage::for_original(message, kind, timestamp, device);
                error.ok().map(|message| ResendRequest { message, kind, timestamp, device })
            }
            Failure::Duplicate | Failure::Untrusted | Failure::NotTried => None,
        };
        let show = match (failure, hint) {
            (Failure::Duplicate | Failure::NotTried, _) | (Failure::Undecryptable, ContentHint::Implicit) => {
                Show::Never
            }
            (Failure::Undecryptable, ContentHint::Resendable) if ask.is_some() => Show::IfNotSentAgain,
            (Failure::Undecryptable | Failure::Untrusted, _) => Show::Now,
        };
        Self { show, ask }
    }
}
