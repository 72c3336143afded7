// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of OMEMO's operations.

use super::identity::InvalidIdentity;
use crate::crypto::curve::NonContributory;
use crate::lease::Busy;
use crate::ratchet::chain::ChainExhausted;
use crate::ratchet::omemo::RatchetError;
use crate::wire::omemo::ParseError;

/// A bundle is refused. The peer's fault, or the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A key has another length or type.
    #[error("a key of the bundle is malformed")]
    Malformed(#[from] ParseError),
    /// There is no one-time prekey, or not the one asked for.
    #[error("the bundle has no one-time prekey")]
    NoOneTimePreKey,
    /// The identity key is invalid.
    #[error(transparent)]
    Identity(#[from] InvalidIdentity),
    /// The signature is not the identity's.
    #[error("the signature of the signed prekey is invalid")]
    BadSignature,
}

/// A session can't be begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// An owned stage is open.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The identity is not the one that is trusted.
    #[error("the identity key is not trusted for this device")]
    UntrustedIdentity,
    /// Session, account and bundle are not of one version, or the bundle is of another device.
    #[error("bundle of another version or device")]
    OtherVersion,
    /// A key of the bundle is of low order.
    #[error(transparent)]
    Zero(#[from] NonContributory),
}

/// A message can't be encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// An owned stage is open.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// There is no session: begin one from the device's bundle.
    #[error("no session with this device")]
    NoSession,
    /// The chain is used up.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
}

/// A message is refused. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// An owned stage is open.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// Session, account and message are not of one version.
    #[error("message of another version")]
    OtherVersion,
    /// A plain message, and no session. Version 2: begin one, send an empty message and warn; legacy: discard.
    #[error("no session with this device")]
    NoSession,
    /// The identity of the key exchange is not the one that is trusted.
    #[error("the identity key is not trusted for this device")]
    UntrustedIdentity,
    /// The identity of the key exchange is invalid.
    #[error(transparent)]
    Identity(#[from] InvalidIdentity),
    /// The signed prekey of the key exchange is not here any more.
    #[error("unknown signed prekey")]
    UnknownSignedPreKey,
    /// The one-time prekey of the key exchange is not here: used, or never made.
    #[error("unknown one-time prekey")]
    UnknownPreKey,
    /// A second copy of a message. Ignore it silently.
    #[error("already received")]
    Duplicate,
    /// The message was not read, and can't be any more.
    #[error("its key is not kept any more")]
    Lost,
    /// It skips more messages than allowed.
    #[error("too far ahead")]
    TooFarAhead,
    /// A key is of low order.
    #[error(transparent)]
    Zero(#[from] NonContributory),
    /// The MAC is not the session's.
    #[error("the message is not authentic")]
    NotAuthentic,
    /// The MAC fits, and the padding does not: the peer's fault.
    #[error("the message's padding is wrong")]
    BadPadding,
    /// The counter is the last one of all, which no chain uses.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
}

impl From<RatchetError> for ReceiveError {
    fn from(error: RatchetError) -> Self {
        match error {
            RatchetError::Duplicate => Self::Duplicate,
            RatchetError::Lost => Self::Lost,
            RatchetError::TooFarAhead => Self::TooFarAhead,
            RatchetError::NoChain => Self::NotAuthentic,
            RatchetError::Zero(error) => Self::Zero(error),
            RatchetError::Exhausted(error) => Self::Exhausted(error),
        }
    }
}
