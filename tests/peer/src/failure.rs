// SPDX-License-Identifier: MIT OR Apache-2.0

//! Refusals, named and numbered as the other peers name and number them.

use serde_json::{Value, json};
use subrosa::fingerprint::FingerprintError;
use subrosa::group;
use subrosa::hazmat::crypto::kdf::OutputTooLong;
use subrosa::keys::{KeyError, NonContributory};
use subrosa::libsignal::LibsignalError;
use subrosa::sealed::OpenError;
use subrosa::sealed::certificate::CertificateError;
use subrosa::store::Busy;
use subrosa::{Address, BundleError, DecryptError, EncryptError, ParseError};

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Failure {
    name: &'static str,
    code: Option<u8>,
    message: String,
}

#[allow(clippy::needless_pass_by_value, reason = "it goes into `map_err` as it is")]
impl Failure {
    fn new(name: &'static str, code: impl Into<Option<u8>>, message: &impl ToString) -> Self {
        Self { name, code: code.into(), message: message.to_string() }
    }

    /// The request itself is wrong: an operation or a party that there is not.
    pub(crate) fn error(message: impl ToString) -> Self {
        Self::new("Error", None, &message)
    }

    /// A field of the request is missing or of the wrong type.
    pub(crate) fn usage(message: impl ToString) -> Self {
        Self::new("TypeError", None, &message)
    }

    /// A number that the peers' JSON can't carry.
    pub(crate) fn range(message: impl ToString) -> Self {
        Self::new("RangeError", None, &message)
    }

    /// Everything that has no kind of its own.
    pub(crate) fn generic(message: impl ToString) -> Self {
        Self::new("Generic", 0, &message)
    }

    fn duplicate(message: impl ToString) -> Self {
        Self::new("DuplicatedMessage", 1, &message)
    }

    fn untrusted(message: impl ToString) -> Self {
        Self::new("UntrustedIdentity", 3, &message)
    }

    pub(crate) fn invalid_session(message: impl ToString) -> Self {
        Self::new("InvalidSession", 7, &message)
    }

    pub(crate) fn invalid_registration_id(address: &Address, id: u32) -> Self {
        Self::new(
            "InvalidRegistrationId",
            4,
            &format!("registration id {id} of {address} has more than 14 bits"),
        )
    }

    pub(crate) fn invalid_address(message: impl ToString) -> Self {
        Self::new("InvalidProtocolAddress", 5, &message)
    }
}

impl From<Failure> for Value {
    fn from(failure: Failure) -> Self {
        let Failure { name, code, message } = failure;
        json!({ "name": name, "code": code, "operation": null, "message": message })
    }
}

/// Errors that the other peers don't tell apart either.
macro_rules! generic {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::generic(error)
            }
        })*
    };
}

generic!(
    Busy,
    CertificateError,
    FingerprintError,
    KeyError,
    NonContributory,
    OutputTooLong,
    ParseError,
    LibsignalError,
    prost::DecodeError,
);

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::UntrustedIdentity => Self::untrusted(error),
            _ => Self::generic(error),
        }
    }
}

impl From<EncryptError> for Failure {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::UntrustedIdentity => Self::untrusted(error),
            _ => Self::generic(error),
        }
    }
}

impl From<DecryptError> for Failure {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::UntrustedIdentity => Self::untrusted(error),
            // Deployed clients do not tell them apart.
            DecryptError::Duplicate | DecryptError::Expired => Self::duplicate(error),
            // The cause is of interest to whoever debugs.
            DecryptError::Forged(cause) => Self::generic(format!("{error}: {cause}")),
            _ => Self::generic(error),
        }
    }
}

impl From<group::Error> for Failure {
    fn from(error: group::Error) -> Self {
        match error {
            group::Error::Duplicate | group::Error::Expired | group::Error::BeforeDistribution => {
                Self::duplicate(error)
            }
            _ => Self::generic(error),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::SelfSend => Self::new("SealedSenderSelfSend", 2, &error),
            _ => Self::generic(error),
        }
    }
}
