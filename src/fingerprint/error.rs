// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of fingerprints.

use super::FingerprintVersion;
use crate::wire::protobuf::Malformed;

/// The reason that a fingerprint cannot be made, or that a scanned one does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// A number of iterations below 2 or above 1,000,000. Carries it.
    #[error("{0} iterations are too few or too many for a fingerprint")]
    Iterations(u32),
    /// The scanned bytes are no fingerprint: some other code, or a newer format. It is not protobuf, or a field is of
    /// another type.
    #[error("the scanned code is not a fingerprint")]
    InvalidProtobuf,
    /// The scanned fingerprint has no version.
    #[error("the scanned fingerprint has no version")]
    MissingVersion,
    /// The scanned fingerprint lacks the hash of the party that shows it.
    #[error("the scanned fingerprint lacks the fingerprint of who shows it")]
    MissingLocal,
    /// The scanned fingerprint lacks the hash of the party that scans it.
    #[error("the scanned fingerprint lacks the fingerprint of who scans it")]
    MissingRemote,
    /// The two apps use different kinds of identifiers: one of them needs an update. It says nothing about the keys.
    #[error("the scanned fingerprint is of version {}, ours of version {}", .theirs.0, .ours.0)]
    VersionMismatch {
        /// The scanned one.
        theirs: FingerprintVersion,
        /// Our own.
        ours: FingerprintVersion,
    },
    /// Keys or identifiers differ: a changed key, somebody in the middle, or another conversation's code.
    #[error("the fingerprints differ")]
    Mismatch,
}

impl From<Malformed> for FingerprintError {
    fn from(_: Malformed) -> Self {
        Self::InvalidProtobuf
    }
}
