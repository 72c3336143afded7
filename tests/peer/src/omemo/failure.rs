// SPDX-License-Identifier: MIT OR Apache-2.0

//! Refusals. Kinds that `peer.py` names too have its names.

use serde_json::{Value, json};
use subrosa::omemo::{BeginError, BundleError, EncryptError, ParseError, PreKeyError, ReceiveError};
use subrosa::store::Busy;

/// Why a request was refused.
#[derive(Debug)]
pub(crate) struct Failure {
    name: &'static str,
    cause: String,
    message: String,
}

impl Failure {
    pub(crate) fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, cause: name.to_owned(), message: message.into() }
    }

    fn of(name: &'static str, cause: impl Into<String>, error: &impl ToString) -> Self {
        Self { name, cause: cause.into(), message: error.to_string() }
    }

    pub(crate) fn to_value(&self, operation: &str) -> Value {
        let Self { name, cause, message } = self;
        json!({ "name": name, "cause": cause, "code": null, "operation": operation, "message": message })
    }
}

impl From<ReceiveError> for Failure {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::NoSession => Self::of("NoSession", "NoSession", &error),
            ReceiveError::UntrustedIdentity => Self::of("UntrustedIdentity", "UntrustedIdentity", &error),
            ReceiveError::Duplicate => Self::of("DecryptionFailed", "DuplicateMessageException", &error),
            ReceiveError::TooFarAhead => Self::of("DecryptionFailed", "DoSProtectionException", &error),
            ReceiveError::NotAuthentic => {
                Self::of("DecryptionFailed", "AuthenticationFailedException", &error)
            }
            ReceiveError::UnknownPreKey | ReceiveError::UnknownSignedPreKey | ReceiveError::Identity(_) => {
                Self::of("KeyExchangeFailed", "KeyExchangeFailed", &error)
            }
            _ => Self::of("DecryptionFailed", format!("{error:?}"), &error),
        }
    }
}

impl From<BeginError> for Failure {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::UntrustedIdentity => Self::of("UntrustedIdentity", "UntrustedIdentity", &error),
            _ => Self::of("KeyExchangeFailed", "KeyAgreementException", &error),
        }
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Self::of("KeyExchangeFailed", "KeyAgreementException", &error)
    }
}

impl From<EncryptError> for Failure {
    fn from(error: EncryptError) -> Self {
        match error {
            EncryptError::NoSession => Self::of("NoSession", "NoSession", &error),
            _ => Self::of("EncryptionFailed", format!("{error:?}"), &error),
        }
    }
}

impl From<ParseError> for Failure {
    fn from(error: ParseError) -> Self {
        Self::of("ValueError", format!("{error:?}"), &error)
    }
}

impl From<PreKeyError> for Failure {
    fn from(error: PreKeyError) -> Self {
        Self::of("ValueError", format!("{error:?}"), &error)
    }
}

impl From<Busy> for Failure {
    fn from(error: Busy) -> Self {
        Self::of("Busy", "Busy", &error)
    }
}
