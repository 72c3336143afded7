// SPDX-License-Identifier: MIT OR Apache-2.0

//! One error, with a code that is the same in every language.

use std::fmt;

use subrosa::account::{LimitsError, LoadError, UpkeepError};
use subrosa::address::NotAServiceId;
use subrosa::attachment::AttachmentError;
use subrosa::delivery::GaveUp;
use subrosa::fingerprint::FingerprintError;
use subrosa::group::{self, NotADistributionId};
use subrosa::keys::{KeyError, NonContributory};
use subrosa::repair::RepairRefused;
use subrosa::sealed::certificate::CertificateError;
use subrosa::sealed::{OpenError, SealError};
use subrosa::session::MoveError;
use subrosa::store::{Busy, StaleStage};
use subrosa::{BundleError, DecryptError, EncryptError, ParseError, RecordError};

use crate::plain::Failure;

macro_rules! codes {
    ($($number:literal $name:ident $text:literal),* $(,)?) => {
        /// What went wrong. Numbers and names never change; new ones may come.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $text] $name = $number,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

codes! {
    1 Other "An error that this version of the binding has no name for.",
    2 InvalidArgument "An argument has the wrong length or form. The caller's mistake.",
    3 Busy "A stage of this state is open: commit it or roll it back first.",
    4 StaleStage "A newer state is stored: read it back and repeat the operation.",
    5 Closed "The stage was committed or rolled back before.",
    6 Freed "The handle was freed, or was never one, or is of another type.",
    7 NoOutput "The stage has no output to be stored.",
    8 BufferTooSmall "The caller's buffer is too small.",
    9 Panicked "A defect of this library.",
    20 UntrustedIdentity "The identity key is not the pinned one.",
    21 NoSession "There is no session.",
    22 Stale "The session was never acknowledged and is too old: fetch a bundle.",
    23 Exhausted "The chain has no more keys.",
    24 Bound "The sessions are bound to their addresses, and can't move.",
    25 OtherIdentity "Another identity is known under the new address.",
    30 Duplicate "The message was decrypted before.",
    31 Forged "The message is not authentic.",
    32 IdentityMismatch "The message is of another identity than the session.",
    33 MissingPreKey "The prekey that the message names is not there.",
    34 Replayed "The first message came before.",
    35 TooFarAhead "Too many messages were skipped.",
    36 UsedTooOften "The last-resort key was used too often.",
    37 WrongPreKeys "The wrong prekeys were given.",
    38 WrongSession "The session or certificate is of another device.",
    39 Version3Refused "Version 3 is not allowed.",
    50 KemPreKeySignature "The KEM prekey is not signed by the identity.",
    51 KemType "The KEM prekey is of an unknown type.",
    52 NoOneTimePreKey "A one-time prekey is required.",
    53 NonContributory "A key has low order.",
    54 OtherDevice "The bundle or request is of another device.",
    55 SignedPreKeySignature "The signed prekey is not signed by the identity.",
    60 Damaged "The record is damaged.",
    61 NewerVersion "The record is of a newer version.",
    62 NotARecord "These bytes are not a record.",
    63 NotAuthentic "The record or envelope does not open with this key.",
    64 TooLong "There are too many bytes.",
    65 WrongKind "The record is of another kind.",
    66 Deleted "A record of the account was deleted.",
    67 Missing "A record of the account is missing.",
    68 Newer "A record is newer than the account.",
    69 Twice "A record comes twice.",
    70 OtherOwner "The record is of other devices.",
    71 Foreign "A record is of another account.",
    80 InvalidProtobuf "The message is not well-formed.",
    81 KyberIncomplete "One of the two Kyber fields is missing.",
    82 KyberMissing "The Kyber fields are missing.",
    83 LegacyVersion "The message is of a version before 3.",
    84 NoDecryptionError "The content is not a decryption error.",
    85 OtherKind "The message is of another kind.",
    86 PlaintextOriginal "A message that was not encrypted is not asked for.",
    87 TooShort "There are too few bytes.",
    88 UnknownKind "The kind of the message is unknown.",
    89 UnrecognizedMessageVersion "The version of the message is unknown.",
    90 UnrecognizedVersion "The version is unknown.",
    91 BadCiphertextLength "A KEM ciphertext has the wrong length.",
    92 BadKeyLength "A key has the wrong length.",
    93 BadKeyType "A key is of an unknown type.",
    94 NoKeyType "A key has no type.",
    95 WrongKeyType "A key is of another type.",
    100 NoSenderKey "There is no sender key of that chain.",
    101 OtherDistribution "The message is of another distribution.",
    102 OtherSender "The message is of another sender.",
    103 Padding "The padding is wrong.",
    104 Signature "The signature is wrong.",
    105 NotADistributionId "The text is not a distribution id.",
    106 BeforeDistribution "The message is from before the sender's key was distributed.",
    120 CertificateExpired "Our certificate has expired.",
    121 DeviceOutOfRange "The device's number is not within 1 to 127.",
    122 ForeignCertificate "The certificate is for another identity.",
    123 NoDevices "A recipient has no devices.",
    124 NotAServiceId "The name is not a service id.",
    125 RegistrationIdOutOfRange "The registration id has more than 14 bits.",
    126 RepeatedAccount "An account is named twice.",
    127 RepeatedDevice "A device is named twice.",
    128 SeveralAccounts "The sessions are with several accounts.",
    129 TooManyRecipients "There are too many recipients.",
    140 Empty "The envelope is empty.",
    141 Malformed "A field is missing or malformed.",
    142 NotForUs "The envelope is not for us.",
    143 RedundantlyExcluded "An excluded account is among the recipients.",
    144 SelfSend "The message is our own.",
    145 UnknownVersion "The envelope is of an unknown version.",
    146 WrongSender "The envelope was not sealed by whom it names.",
    147 BadSignature "The certificate's signature is wrong.",
    148 Expired "Too late: the certificate had expired, or the message's key is no longer kept.",
    149 Revoked "The server certificate is revoked.",
    150 UnknownServerCertificate "The server certificate is not known.",
    151 Untrusted "The certificate is under no trust root.",
    152 NotMilliseconds "The time is not in milliseconds.",
    160 Iterations "The number of iterations is out of range.",
    161 Mismatch "What was compared is not the same.",
    162 MissingLocal "The scanned code lacks its own part.",
    163 MissingRemote "The scanned code lacks our part.",
    164 MissingVersion "The scanned code lacks a version.",
    165 VersionMismatch "The scanned code is of another version.",
    170 BadDigest "The attachment's digest is wrong.",
    171 BadMac "The attachment's MAC is wrong.",
    172 BadPadding "The attachment's padding is wrong.",
    173 ChunkTooLarge "The chunk size is too large.",
    174 DataTooLong "There is more data than the manifest says.",
    175 DataTooShort "There is less data than the manifest says.",
    176 NotAnIncrementalMac "These bytes are not an incremental MAC.",
    177 Unfinished "The attachment was not read to its end.",
    178 ZeroChunkSize "The chunk size is zero.",
    190 OtherPeer "The session is of another peer than the log.",
    191 TooOften "It was asked for too often.",
    192 TooOld "The message is too old to be sent again.",
    193 GaveUp "The service refused the messages too often.",
    194 NoFreeId "The account has no free prekey id of a kind.",
    195 Limits "The limits of the account can't work together.",
    200 InvalidIdentity "The identity key of OMEMO is invalid.",
    201 OtherVersion "What is there is of another version of OMEMO, or of another device.",
    202 Lost "The key of the message of OMEMO is not kept any more.",
    203 NoSignedPreKey "The first prekeys of OMEMO need a signed one.",
}

/// Why nothing was done. It holds no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What went wrong.
    pub code: Code,
    /// What happened and what to do, in English.
    pub text: String,
    /// What to do about a message that was not decrypted.
    pub failure: Option<Failure>,
}

impl Error {
    /// An error.
    pub const fn new(code: Code, text: String, failure: Option<Failure>) -> Self {
        Self { code, text, failure }
    }

    pub(crate) fn argument(text: &str) -> Self {
        Self::new(Code::InvalidArgument, text.to_owned(), None)
    }

    pub(crate) fn of(code: Code, error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.ends_with(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        Self::new(code, text, None)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.text)
    }
}

impl std::error::Error for Error {}

/// The codes of an error's variants, which have the same names. Those that hold an error have its code.
macro_rules! from {
    ($error:ident: $($name:ident),* $(; $($holds:ident),*)?) => {
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                #[allow(unreachable_patterns, reason = "not all of them can grow")]
                let code = match &error {
                    $($error::$name { .. } => Code::$name,)*
                    $($($error::$holds(inner) => Self::from(inner.clone()).code,)*)?
                    _ => Code::Other,
                };
                Self::of(code, &error)
            }
        }
    };
}

/// An error of one kind.
macro_rules! one {
    ($($error:ident $code:ident),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::of(Code::$code, &error)
            }
        })*
    };
}

one! {
    Busy Busy,
    StaleStage StaleStage,
    NotAServiceId NotAServiceId,
    NotADistributionId NotADistributionId,
    NonContributory NonContributory,
    GaveUp GaveUp,
    LimitsError Limits,
}

from!(BundleError: Busy, KemPreKeySignature, KemType, NoOneTimePreKey, NonContributory, OtherDevice,
    SignedPreKeySignature, UntrustedIdentity, Version3Refused);
from!(EncryptError: Busy, Exhausted, NoSession, Stale, UntrustedIdentity, Version3Refused);
from!(MoveError: Bound, Busy, OtherIdentity);
from!(RecordError: Damaged, NewerVersion, NotARecord, NotAuthentic, OtherOwner, TooLong, WrongKind);
from!(KeyError: BadCiphertextLength, BadKeyLength, BadKeyType, NoKeyType, WrongKeyType);
from!(ParseError: InvalidProtobuf, KyberIncomplete, KyberMissing, LegacyVersion, NoDecryptionError, OtherKind,
    PlaintextOriginal, TooShort, UnknownKind, UnrecognizedMessageVersion, UnrecognizedVersion; Key);
from!(SealError: CertificateExpired, DeviceOutOfRange, ForeignCertificate, NoDevices, NoSession, NonContributory,
    NotAServiceId, NotMilliseconds, RegistrationIdOutOfRange, RepeatedAccount, RepeatedDevice, SeveralAccounts, TooLong,
    TooManyRecipients, WrongSession; Encrypt);
impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        let code = match &error {
            OpenError::Certificate(inner) => Self::from(*inner).code,
            OpenError::Empty => Code::Empty,
            OpenError::Key(inner) => Self::from(*inner).code,
            OpenError::Malformed => Code::Malformed,
            OpenError::NonContributory => Code::NonContributory,
            OpenError::NotAuthentic => Code::NotAuthentic,
            OpenError::NotForUs => Code::NotForUs,
            OpenError::RedundantlyExcluded(_) => Code::RedundantlyExcluded,
            OpenError::SelfSend => Code::SelfSend,
            OpenError::UnknownVersion(_) => Code::UnknownVersion,
            OpenError::WrongSender => Code::WrongSender,
            _ => Code::Other,
        };
        Self { failure: Some(error.failure().into()), ..Self::of(code, &error) }
    }
}

from!(CertificateError: BadSignature, DeviceOutOfRange, Expired, Malformed, NotMilliseconds, Revoked, UnknownServerCertificate,
    Untrusted; Key);
from!(FingerprintError: InvalidProtobuf, Iterations, Mismatch, MissingLocal, MissingRemote, MissingVersion,
    VersionMismatch);
from!(AttachmentError: BadDigest, BadMac, BadPadding, ChunkTooLarge, DataTooLong, DataTooShort, Malformed, Mismatch,
    NotAnIncrementalMac, TooShort, Unfinished, ZeroChunkSize);
from!(RepairRefused: Busy, OtherDevice, OtherPeer, TooOften, TooOld);
from!(UpkeepError: Busy, Limits, NoFreeId);

impl From<DecryptError> for Error {
    fn from(error: DecryptError) -> Self {
        let code = match &error {
            DecryptError::Busy(_) => Code::Busy,
            DecryptError::Duplicate => Code::Duplicate,
            DecryptError::Expired => Code::Expired,
            DecryptError::Forged(_) => Code::Forged,
            DecryptError::IdentityMismatch => Code::IdentityMismatch,
            DecryptError::MissingPreKey { .. } => Code::MissingPreKey,
            DecryptError::NoOneTimePreKey => Code::NoOneTimePreKey,
            DecryptError::NoSession => Code::NoSession,
            DecryptError::Replayed => Code::Replayed,
            DecryptError::TooFarAhead { .. } => Code::TooFarAhead,
            DecryptError::TooLong { .. } => Code::TooLong,
            DecryptError::UntrustedIdentity => Code::UntrustedIdentity,
            DecryptError::UsedTooOften(_) => Code::UsedTooOften,
            DecryptError::Version3Refused => Code::Version3Refused,
            DecryptError::WrongPreKeys => Code::WrongPreKeys,
            DecryptError::WrongSession => Code::WrongSession,
            _ => Code::Other,
        };
        Self { failure: Some(error.failure().into()), ..Self::of(code, &error) }
    }
}

impl From<group::Error> for Error {
    fn from(error: group::Error) -> Self {
        let code = match &error {
            group::Error::Busy(_) => Code::Busy,
            group::Error::BeforeDistribution => Code::BeforeDistribution,
            group::Error::Duplicate => Code::Duplicate,
            group::Error::Expired => Code::Expired,
            group::Error::Exhausted => Code::Exhausted,
            group::Error::NoSenderKey => Code::NoSenderKey,
            group::Error::OtherDistribution => Code::OtherDistribution,
            group::Error::OtherSender => Code::OtherSender,
            group::Error::Padding => Code::Padding,
            group::Error::Signature => Code::Signature,
            group::Error::TooFarAhead { .. } => Code::TooFarAhead,
            group::Error::UntrustedIdentity => Code::UntrustedIdentity,
            _ => Code::Other,
        };
        Self { failure: Some(error.failure().into()), ..Self::of(code, &error) }
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        let code = match &error {
            LoadError::Account(inner) | LoadError::Row { error: inner, .. } => Self::from(*inner).code,
            LoadError::Deleted(_) => Code::Deleted,
            LoadError::Foreign { .. } => Code::Foreign,
            LoadError::Limits(_) => Code::Limits,
            LoadError::Missing(_) => Code::Missing,
            LoadError::Newer(_) => Code::Newer,
            LoadError::Twice(_) => Code::Twice,
            _ => Code::Other,
        };
        Self::of(code, &error)
    }
}
