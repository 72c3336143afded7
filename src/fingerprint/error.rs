// SPDX-License-Identifier: MIT OR Apache-2.0

//! Why a fingerprint verifies nobody.

use super::FingerprintVersion;
use crate::wire::protobuf::Malformed;

/// Why a fingerprint cannot be made, or a scanned one verifies nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FingerprintError {
    /// A number of iterations below 2 or above 1,000,000. Carries it.
    #[error("{0} iterations are too few or too many for a fingerprint")]
    Iterations(u32),
    /// What was scanned is no fingerprint: some other code, or a newer format. It is not protobuf, or a field is of
    /// another type.
    #[error("the scanned code is not a fingerprint")]
    InvalidProtobuf,
    /// What was scanned has no version.
    #[error("the scanned fingerprint has no version")]
    MissingVersion,
    /// What was scanned has no fingerprint of the one who shows it.
    #[error("the scanned fingerprint lacks the fingerprint of who shows it")]
    MissingLocal,
    /// What was scanned has no fingerprint of the one whom it is shown to.
    #[error("the scanned fingerprint lacks the fingerprint of who scans it")]
    MissingRemote,
    /// The two apps use different kinds of identifiers: one of them is to be updated. It says nothing about
    /// the keys.
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
