// SPDX-License-Identifier: MIT OR Apache-2.0

//! L5: the kind of failure to decrypt, as far as repair depends on it.

use crate::session::DecryptError;

/// The kind of failure to decrypt, as far as repair depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// It was decrypted before, so nothing is amiss.
    Duplicate,
    /// It may have been good, but our state does not decrypt it, or not any more.
    Undecryptable,
    /// It comes from an identity that is not trusted: the user decides.
    Untrusted,
    /// It was not tried: a state is lent to an open stage, or is not the one that the message is for. Try again with the
    /// right one.
    NotTried,
}

impl DecryptError {
    /// The kind of failure, for [`Advice::about`](crate::repair::Advice::about).
    #[must_use]
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Duplicate => Failure::Duplicate,
            Self::UntrustedIdentity => Failure::Untrusted,
            Self::Busy(_) | Self::WrongSession | Self::WrongPreKeys => Failure::NotTried,
            // An apparent replay may be the next message of a session that was lost here.
            Self::IdentityMismatch
            | Self::Version3Refused
            | Self::NoOneTimePreKey
            | Self::MissingPreKey { .. }
            | Self::UsedTooOften(_)
            | Self::Replayed
            | Self::NoSession
            | Self::Expired
            | Self::TooLong { .. }
            | Self::TooFarAhead { .. }
            | Self::Forged(_) => Failure::Undecryptable,
        }
    }
}
