// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of group operations.

use crate::failure::Failure;
use crate::lease::Busy;
use crate::ratchet::chain::ChainExhausted;
use crate::ratchet::receiving::{Loss, ReceivingError};

/// The reason that a group message or a distribution was refused, or that nothing can be sent. Nothing has changed
/// then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An owned stage of the keys is still open. The caller's to wait for.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The message is of another distribution id than these keys, or of another format. The caller's mistake.
    #[error("of another distribution id than these keys")]
    OtherDistribution,
    /// The keys are of another device than the envelope's sender. The caller's mistake, or a member passes on another's
    /// message as its own.
    #[error("these keys are of another device than the sender")]
    OtherSender,
    /// The caller does not trust the sender's identity key.
    #[error("the sender's identity key is not trusted")]
    UntrustedIdentity,
    /// The sender has not distributed this chain to us, or so long ago that it was dropped. Ask it to send again, by a
    /// request of [`repair`](crate::repair): it answers by its [distribution](super::SenderKey::distribution).
    #[error("the sender has not distributed this key")]
    NoSenderKey,
    /// The signature is wrong: the message was damaged, or is not the sender's.
    #[error("not signed by the sender's key")]
    Signature,
    /// The message was decrypted before.
    #[error("already received")]
    Duplicate,
    /// The message can't be decrypted any more: its key was given up, because too many others were skipped since. A copy
    /// of one that was read is taken for such a message where what was skipped around it is forgotten.
    #[error("too late: its key is no longer kept")]
    Expired,
    /// The message is from before the distribution, or was passed over by
    /// [fast-forwarding](super::ReceiverKeys::fast_forward): its key was never here.
    #[error("from before the sender's key was distributed")]
    BeforeDistribution,
    /// The message would skip more than 25,000 others. Ask for the distribution as it is now, and
    /// [fast-forward](super::ReceiverKeys::fast_forward).
    #[error("{by} messages ahead of the last one received, more than may be skipped")]
    TooFarAhead {
        /// Number of messages that it would skip.
        by: u32,
    },
    /// The chain has no more keys: [rotate](super::SenderKey::rotate) it. A received message with its last index can't
    /// be read.
    #[error("the chain has no more keys; rotate the sender key")]
    Exhausted,
    /// The message is the sender's, but its plaintext is not padded as it should be.
    #[error("bad padding")]
    Padding,
}

impl From<ReceivingError> for Error {
    fn from(error: ReceivingError) -> Self {
        match error {
            ReceivingError::Duplicate { .. } => Self::Duplicate,
            ReceivingError::Lost(Loss::Expired) => Self::Expired,
            ReceivingError::Lost(Loss::NeverHeld) => Self::BeforeDistribution,
            ReceivingError::TooFarAhead { jump } => Self::TooFarAhead { by: jump },
            ReceivingError::Exhausted(_) => Self::Exhausted,
        }
    }
}

impl From<ChainExhausted> for Error {
    fn from(_: ChainExhausted) -> Self {
        Self::Exhausted
    }
}

impl Error {
    /// The kind of failure, for [`Advice::about`](crate::repair::Advice::about).
    #[must_use]
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Duplicate => Failure::Duplicate,
            Self::UntrustedIdentity => Failure::Untrusted,
            Self::Busy(_) | Self::OtherDistribution | Self::OtherSender => Failure::NotTried,
            Self::NoSenderKey
            | Self::Signature
            | Self::Expired
            | Self::BeforeDistribution
            | Self::TooFarAhead { .. }
            | Self::Exhausted
            | Self::Padding => Failure::Undecryptable,
        }
    }
}
