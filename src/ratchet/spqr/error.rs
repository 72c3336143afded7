// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of the post-quantum ratchet.

use crate::crypto::kem768::BadEncapsulationKey;
use crate::wire::braid_message::BraidMessageError;

/// The reason that a message of the post-quantum ratchet was not received, or could not be sent. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpqrError {
    /// The message cannot be read.
    #[error(transparent)]
    Message(#[from] BraidMessageError),
    /// The message has a lower version than ours, below the lowest that we accept. Carries its version.
    #[error("version <{0}> is below the minimum")]
    MinimumVersion(u8),
    /// The message has another version than the one that was settled. Carries its version.
    #[error("version <{0}> after the version was settled")]
    VersionMismatch(u8),
    /// The message is of a braid epoch that cannot have begun. Carries the epoch.
    #[error("epoch <{0}> is ahead of us")]
    EpochAhead(u64),
    /// The key is of a chain epoch that we do not have, or no longer have. Carries the chain epoch, which is
    /// one less than that of the message.
    #[error("no chain of epoch <{0}>")]
    UnknownChainEpoch(u64),
    /// The third chunk of a header came, but its MAC does not verify.
    #[error("MAC of the header does not verify")]
    HeaderMac,
    /// The fifth chunk of a ciphertext came, but its MAC does not verify.
    #[error("MAC of the ciphertext does not verify")]
    CiphertextMac,
    /// The last chunk of an encapsulation key came, but the key is not that of the header, or not reduced.
    #[error(transparent)]
    EncapsulationKey(#[from] BadEncapsulationKey),
    /// The index of the key is too far ahead.
    #[error("key <{index}> is too far ahead of <{counter}>")]
    KeyJump {
        /// The index of the newest key so far.
        counter: u32,
        /// The index that was asked for.
        index: u32,
    },
    /// The key is so old that it is no longer kept. Carries its index.
    #[error("key <{0}> is no longer kept")]
    KeyTrimmed(u32),
    /// The key was used before. Carries its index.
    #[error("key <{0}> was used before")]
    KeyAlreadyRequested(u32),
    /// A key for sending was asked of an older epoch than before. The braid never asks for one.
    #[error("key of epoch <{asked}> after one of epoch <{newest}>")]
    SendEpochDecreased {
        /// The epoch of the last key.
        newest: u64,
        /// The epoch that was asked for.
        asked: u64,
    },
    /// The chain has given 2^32 − 1 keys.
    #[error("the chain has no more keys")]
    ChainExhausted,
    /// There is neither a chain nor the secret to begin it with. A sound state never lacks both.
    #[error("no chain")]
    ChainNotAvailable,
}
