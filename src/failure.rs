// SPDX-License-Identifier: MIT OR Apache-2.0

//! L5: how a message was not decrypted, as far as it matters for what to do.

use crate::session::DecryptError;

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

impl DecryptError {
    /// The kind of failure, for [`Advice::about`](crate::repair::Advice::about).
    #[must_use]
    pub const fn failure(&self) -> Failure {
        match self {
            Self::Duplicate => Failure::Duplicate,
            Self::UntrustedIdentity => Failure::Untrusted,
            // A replay is perhaps none, but the next message of a session that is lost here.
            Self::Busy(_)
            | Self::WrongSession
            | Self::IdentityMismatch
            | Self::Version3Refused
            | Self::NoOneTimePreKey
            | Self::MissingPreKey { .. }
            | Self::WrongPreKeys
            | Self::UsedTooOften(_)
            | Self::Replayed
            | Self::NoSession
            | Self::TooFarAhead { .. }
            | Self::Forged(_) => Failure::Undecryptable,
        }
    }
}
