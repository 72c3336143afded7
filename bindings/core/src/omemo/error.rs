// SPDX-License-Identifier: MIT OR Apache-2.0

//! The codes of OMEMO's errors.

use subrosa::omemo::payload::PayloadError;
use subrosa::omemo::{
    BeginError, BundleError, EncryptError, InvalidIdentity, ParseError, PreKeyError, ReceiveError,
};

use crate::error::{Code, Error};

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        let code = match error {
            ParseError::Malformed => Code::InvalidProtobuf,
            ParseError::BadVersion => Code::UnrecognizedMessageVersion,
            ParseError::MissingField | ParseError::BadLength => Code::Malformed,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}

impl From<InvalidIdentity> for Error {
    fn from(error: InvalidIdentity) -> Self {
        Self::of(Code::InvalidIdentity, &error)
    }
}

impl From<BundleError> for Error {
    fn from(error: BundleError) -> Self {
        let code = match error {
            BundleError::Malformed(inner) => Self::from(inner).code,
            BundleError::NoOneTimePreKey => Code::NoOneTimePreKey,
            BundleError::Identity(_) => Code::InvalidIdentity,
            BundleError::BadSignature => Code::SignedPreKeySignature,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}

impl From<BeginError> for Error {
    fn from(error: BeginError) -> Self {
        let code = match error {
            BeginError::Busy(_) => Code::Busy,
            BeginError::UntrustedIdentity => Code::UntrustedIdentity,
            BeginError::OtherVersion => Code::OtherVersion,
            BeginError::Zero(_) => Code::NonContributory,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}

impl From<EncryptError> for Error {
    fn from(error: EncryptError) -> Self {
        let code = match error {
            EncryptError::Busy(_) => Code::Busy,
            EncryptError::NoSession => Code::NoSession,
            EncryptError::Exhausted(_) => Code::Exhausted,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}

impl From<ReceiveError> for Error {
    fn from(error: ReceiveError) -> Self {
        let code = match error {
            ReceiveError::Busy(_) => Code::Busy,
            ReceiveError::OtherVersion => Code::OtherVersion,
            ReceiveError::NoSession => Code::NoSession,
            ReceiveError::UntrustedIdentity => Code::UntrustedIdentity,
            ReceiveError::Identity(_) => Code::InvalidIdentity,
            ReceiveError::UnknownSignedPreKey | ReceiveError::UnknownPreKey => Code::MissingPreKey,
            ReceiveError::Duplicate => Code::Duplicate,
            ReceiveError::Lost => Code::Lost,
            ReceiveError::TooFarAhead => Code::TooFarAhead,
            ReceiveError::Zero(_) => Code::NonContributory,
            ReceiveError::NotAuthentic => Code::Forged,
            ReceiveError::BadPadding => Code::Padding,
            ReceiveError::Exhausted(_) => Code::Exhausted,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}

impl From<PreKeyError> for Error {
    fn from(error: PreKeyError) -> Self {
        let code = match error {
            PreKeyError::Busy(_) => Code::Busy,
            PreKeyError::NoSignedPreKey => Code::NoSignedPreKey,
            PreKeyError::BadId => Code::NoFreeId,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}

impl From<PayloadError> for Error {
    fn from(error: PayloadError) -> Self {
        let code = match error {
            PayloadError::BadKeyMaterial => Code::InvalidArgument,
            PayloadError::BadPayload => Code::Malformed,
            PayloadError::NotAuthentic => Code::Forged,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}
