// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of receiving.

use super::codec::OpenError;
use crate::agreement::AgreementError;
use crate::crypto::cbc::BadPadding;
use crate::lease::Busy;
use crate::prekey::KemPreKeyId;
use crate::ratchet::double::DoubleRatchetError;
use crate::ratchet::spqr::SpqrError;
use crate::ratchet::triple::ReceiveError;
use crate::writes::Key;

/// The reason that a message was refused. Nothing has changed then, and no prekey is used up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// An owned stage of the session or the account is still open. The caller's to wait for.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The session that the caller gave is with another device than the envelope's sender. The caller's mistake.
    #[error("this session is with another device than the sender")]
    WrongSession,
    /// The caller does not trust the sender's identity key.
    #[error("the sender's identity key is not trusted")]
    UntrustedIdentity,
    /// The message, its session and its envelope do not name the same identity. Forged, or damaged.
    #[error("the message names another identity than its session")]
    IdentityMismatch,
    /// The message would begin a version-3 session, which the [policy](super::Policy) does not allow.
    #[error("version 3 is not allowed to begin a session")]
    Version3Refused,
    /// The message would begin a session without a one-time prekey, and the caller
    /// [requires](super::Config::require_one_time) one.
    #[error("a one-time prekey is required and none was used")]
    NoOneTimePreKey,
    /// It names a prekey that is not there: used up, [given up](crate::account::Limits::grace), or never ours.
    #[error("prekey {key:?} is not there")]
    MissingPreKey {
        /// The key under which the prekey would be stored. A KEM prekey is looked up as one-time and as last-resort.
        key: Key,
        /// Whether the account has ever given out its id. If so, the message is late, or a replay; if not, it is
        /// forged, for another device, or the account was restored from a backup.
        issued: bool,
    },
    /// The caller gave other prekeys than the message [needs](super::manual::NewSession::needed). The caller's mistake.
    #[error("these are not the prekeys that the message needs")]
    WrongPreKeys,
    /// It names a last-resort KEM prekey of which no more uses can be remembered, and cannot be told from a replay. The
    /// next [upkeep](crate::Account::maintain) replaces that prekey; the peer needs a new bundle.
    #[error("last-resort KEM prekey {0:?} has been used too often")]
    UsedTooOften(KemPreKeyId),
    /// The same first message came before: a replay, perhaps under another sender's name.
    #[error("this first message was already used to begin a session")]
    Replayed,
    /// There is no session with the device. Ask it to send again, by a request of [`repair`](crate::repair).
    #[error("no session with the sender")]
    NoSession,
    /// The message was decrypted before. Acknowledge its delivery: it will never be decrypted again.
    #[error("already received")]
    Duplicate,
    /// The message can't be decrypted any more: its key was given up, because too many others were skipped since, or it
    /// never came here. A copy of one that was read is taken for such a message where what was skipped around it is
    /// forgotten.
    #[error("too late: its key is no longer kept")]
    Expired,
    /// The message is longer than [the caller allows](super::ReceiveLimits::message_len).
    #[error("{len} bytes are longer than a message may be")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The message would skip more others than is allowed.
    #[error("{by} messages ahead of the last one received, more than may be skipped")]
    TooFarAhead {
        /// Number of messages that it would skip.
        by: u32,
    },
    /// No session could decrypt it: forged, damaged, or the states have diverged. The detail, from the most likely
    /// session, is for logs and tests.
    #[error("not a message of this session")]
    Forged(#[source] Forgery),
}

/// The reason that the most likely session did not decrypt a message. For logs and tests: the remedy is the same for
/// all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Forgery {
    /// The MAC is wrong.
    #[error("wrong MAC")]
    Mac,
    /// The MAC is right, but the message names other addresses.
    #[error("sent to or from another address")]
    Addresses,
    /// The plaintext is not padded as it should be.
    #[error("bad padding")]
    Padding,
    /// The message is of another version than the session.
    #[error("version {0}, but the session has another")]
    Version(u8),
    /// A ratchet key is new, although none of ours was sent to which the peer could respond by one.
    #[error("a new ratchet key where none can be")]
    RatchetKey,
    /// A public key is of low order.
    #[error("public key of low order")]
    NonContributory,
    /// The base key is not encoded canonically.
    #[error("base key is not canonical")]
    BaseKey,
    /// The KEM ciphertext is not one.
    #[error("bad KEM ciphertext")]
    Kem,
    /// The post-quantum ratchet has no key for it, or refuses it.
    #[error("refused by the post-quantum ratchet")]
    PostQuantum,
    /// The chain has no more keys.
    #[error("the chain has no more keys")]
    Exhausted,
}

impl From<Forgery> for DecryptError {
    fn from(forgery: Forgery) -> Self {
        Self::Forged(forgery)
    }
}

impl From<OpenError> for DecryptError {
    fn from(error: OpenError) -> Self {
        Self::Forged(match error {
            OpenError::Mac => Forgery::Mac,
            OpenError::Addresses => Forgery::Addresses,
        })
    }
}

impl From<BadPadding> for DecryptError {
    fn from(BadPadding: BadPadding) -> Self {
        Self::Forged(Forgery::Padding)
    }
}

impl From<AgreementError> for DecryptError {
    fn from(error: AgreementError) -> Self {
        Self::Forged(match error {
            AgreementError::BaseKeyNotCanonical => Forgery::BaseKey,
            AgreementError::Kem(_) => Forgery::Kem,
            AgreementError::Zero(_) => Forgery::NonContributory,
        })
    }
}

impl From<ReceiveError> for DecryptError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Double(DoubleRatchetError::Duplicate { .. }) => Self::Duplicate,
            ReceiveError::Double(DoubleRatchetError::Lost(_))
            | ReceiveError::PostQuantum(SpqrError::KeyTrimmed(_)) => Self::Expired,
            ReceiveError::Double(DoubleRatchetError::TooEarly) => Self::Forged(Forgery::RatchetKey),
            ReceiveError::Double(DoubleRatchetError::TooFarAhead { jump }) => Self::TooFarAhead { by: jump },
            ReceiveError::Double(DoubleRatchetError::Zero(_)) => Self::Forged(Forgery::NonContributory),
            ReceiveError::Double(DoubleRatchetError::Exhausted(_)) => Self::Forged(Forgery::Exhausted),
            ReceiveError::PostQuantum(SpqrError::KeyJump { counter, index }) => {
                Self::TooFarAhead { by: index.saturating_sub(counter) }
            }
            ReceiveError::PostQuantum(_) | ReceiveError::ReadyKeys => Self::Forged(Forgery::PostQuantum),
        }
    }
}
