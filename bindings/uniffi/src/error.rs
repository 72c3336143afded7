// SPDX-License-Identifier: MIT OR Apache-2.0

//! The error of every call. A test compares its names with the binding's.

use subrosa_binding::{Code, Error};

use crate::plain::Failure;

/// Why nothing was done. The names are the same in all languages. Each has a text, which says what happened and what to
/// do, and what repair does about a message that was not decrypted.
#[derive(Debug, uniffi::Error)]
pub enum SubrosaError {
    /// An error that this version of the binding has no name for.
    Other { text: String, failure: Option<Failure> },
    /// An argument has the wrong length or form. The caller's mistake.
    InvalidArgument { text: String, failure: Option<Failure> },
    /// A stage of this state is open: commit it or roll it back first.
    Busy { text: String, failure: Option<Failure> },
    /// A newer state is stored: read it back and repeat the operation.
    StaleStage { text: String, failure: Option<Failure> },
    /// The stage was committed or rolled back before.
    Closed { text: String, failure: Option<Failure> },
    /// The handle was freed, or was never one, or is of another type.
    Freed { text: String, failure: Option<Failure> },
    /// The stage has no output to be stored.
    NoOutput { text: String, failure: Option<Failure> },
    /// The caller's buffer is too small.
    BufferTooSmall { text: String, failure: Option<Failure> },
    /// A defect of this library.
    Panicked { text: String, failure: Option<Failure> },
    /// The identity key is not the pinned one.
    UntrustedIdentity { text: String, failure: Option<Failure> },
    /// There is no session.
    NoSession { text: String, failure: Option<Failure> },
    /// The session was never acknowledged and is too old: fetch a bundle.
    Stale { text: String, failure: Option<Failure> },
    /// The chain has no more keys.
    Exhausted { text: String, failure: Option<Failure> },
    /// The sessions are bound to their addresses, and can't move.
    Bound { text: String, failure: Option<Failure> },
    /// Another identity is known under the new address.
    OtherIdentity { text: String, failure: Option<Failure> },
    /// The message was decrypted before.
    Duplicate { text: String, failure: Option<Failure> },
    /// The message is not authentic.
    Forged { text: String, failure: Option<Failure> },
    /// The message is of another identity than the session.
    IdentityMismatch { text: String, failure: Option<Failure> },
    /// The prekey that the message names is not there.
    MissingPreKey { text: String, failure: Option<Failure> },
    /// The first message came before.
    Replayed { text: String, failure: Option<Failure> },
    /// Too many messages were skipped.
    TooFarAhead { text: String, failure: Option<Failure> },
    /// The last-resort key was used too often.
    UsedTooOften { text: String, failure: Option<Failure> },
    /// The wrong prekeys were given.
    WrongPreKeys { text: String, failure: Option<Failure> },
    /// The session or certificate is of another device.
    WrongSession { text: String, failure: Option<Failure> },
    /// Version 3 is not allowed.
    Version3Refused { text: String, failure: Option<Failure> },
    /// The KEM prekey is not signed by the identity.
    KemPreKeySignature { text: String, failure: Option<Failure> },
    /// The KEM prekey is of an unknown type.
    KemType { text: String, failure: Option<Failure> },
    /// A one-time prekey is required.
    NoOneTimePreKey { text: String, failure: Option<Failure> },
    /// A key has low order.
    NonContributory { text: String, failure: Option<Failure> },
    /// The bundle or request is of another device.
    OtherDevice { text: String, failure: Option<Failure> },
    /// The signed prekey is not signed by the identity.
    SignedPreKeySignature { text: String, failure: Option<Failure> },
    /// The record is damaged.
    Damaged { text: String, failure: Option<Failure> },
    /// The record is of a newer version.
    NewerVersion { text: String, failure: Option<Failure> },
    /// These bytes are not a record.
    NotARecord { text: String, failure: Option<Failure> },
    /// The record or envelope does not open with this key.
    NotAuthentic { text: String, failure: Option<Failure> },
    /// There are too many bytes.
    TooLong { text: String, failure: Option<Failure> },
    /// The record is of another kind.
    WrongKind { text: String, failure: Option<Failure> },
    /// A record of the account was deleted.
    Deleted { text: String, failure: Option<Failure> },
    /// A record of the account is missing.
    Missing { text: String, failure: Option<Failure> },
    /// A record is newer than the account.
    Newer { text: String, failure: Option<Failure> },
    /// A record comes twice.
    Twice { text: String, failure: Option<Failure> },
    /// The record is of other devices.
    OtherOwner { text: String, failure: Option<Failure> },
    /// A record is of another account.
    Foreign { text: String, failure: Option<Failure> },
    /// The message is not well-formed.
    InvalidProtobuf { text: String, failure: Option<Failure> },
    /// One of the two Kyber fields is missing.
    KyberIncomplete { text: String, failure: Option<Failure> },
    /// The Kyber fields are missing.
    KyberMissing { text: String, failure: Option<Failure> },
    /// The message is of a version before 3.
    LegacyVersion { text: String, failure: Option<Failure> },
    /// The content is not a decryption error.
    NoDecryptionError { text: String, failure: Option<Failure> },
    /// The message is of another kind.
    OtherKind { text: String, failure: Option<Failure> },
    /// A message that was not encrypted is not asked for.
    PlaintextOriginal { text: String, failure: Option<Failure> },
    /// There are too few bytes.
    TooShort { text: String, failure: Option<Failure> },
    /// The kind of the message is unknown.
    UnknownKind { text: String, failure: Option<Failure> },
    /// The version of the message is unknown.
    UnrecognizedMessageVersion { text: String, failure: Option<Failure> },
    /// The version is unknown.
    UnrecognizedVersion { text: String, failure: Option<Failure> },
    /// A KEM ciphertext has the wrong length.
    BadCiphertextLength { text: String, failure: Option<Failure> },
    /// A key has the wrong length.
    BadKeyLength { text: String, failure: Option<Failure> },
    /// A key is of an unknown type.
    BadKeyType { text: String, failure: Option<Failure> },
    /// A key has no type.
    NoKeyType { text: String, failure: Option<Failure> },
    /// A key is of another type.
    WrongKeyType { text: String, failure: Option<Failure> },
    /// There is no sender key of that chain.
    NoSenderKey { text: String, failure: Option<Failure> },
    /// The message is of another distribution.
    OtherDistribution { text: String, failure: Option<Failure> },
    /// The message is of another sender.
    OtherSender { text: String, failure: Option<Failure> },
    /// The padding is wrong.
    Padding { text: String, failure: Option<Failure> },
    /// The signature is wrong.
    Signature { text: String, failure: Option<Failure> },
    /// The text is not a distribution id.
    NotADistributionId { text: String, failure: Option<Failure> },
    /// The message is from before the sender's key was distributed.
    BeforeDistribution { text: String, failure: Option<Failure> },
    /// Our certificate has expired.
    CertificateExpired { text: String, failure: Option<Failure> },
    /// The device's number is not within 1 to 127.
    DeviceOutOfRange { text: String, failure: Option<Failure> },
    /// The certificate is for another identity.
    ForeignCertificate { text: String, failure: Option<Failure> },
    /// A recipient has no devices.
    NoDevices { text: String, failure: Option<Failure> },
    /// The name is not a service id.
    NotAServiceId { text: String, failure: Option<Failure> },
    /// The registration id has more than 14 bits.
    RegistrationIdOutOfRange { text: String, failure: Option<Failure> },
    /// An account is named twice.
    RepeatedAccount { text: String, failure: Option<Failure> },
    /// A device is named twice.
    RepeatedDevice { text: String, failure: Option<Failure> },
    /// The sessions are with several accounts.
    SeveralAccounts { text: String, failure: Option<Failure> },
    /// There are too many recipients.
    TooManyRecipients { text: String, failure: Option<Failure> },
    /// The envelope is empty.
    Empty { text: String, failure: Option<Failure> },
    /// A field is missing or malformed.
    Malformed { text: String, failure: Option<Failure> },
    /// The envelope is not for us.
    NotForUs { text: String, failure: Option<Failure> },
    /// An excluded account is among the recipients.
    RedundantlyExcluded { text: String, failure: Option<Failure> },
    /// The message is our own.
    SelfSend { text: String, failure: Option<Failure> },
    /// The envelope is of an unknown version.
    UnknownVersion { text: String, failure: Option<Failure> },
    /// The envelope was not sealed by whom it names.
    WrongSender { text: String, failure: Option<Failure> },
    /// The certificate's signature is wrong.
    BadSignature { text: String, failure: Option<Failure> },
    /// Too late: the certificate had expired, or the message's key is no longer kept.
    Expired { text: String, failure: Option<Failure> },
    /// The server certificate is revoked.
    Revoked { text: String, failure: Option<Failure> },
    /// The server certificate is not known.
    UnknownServerCertificate { text: String, failure: Option<Failure> },
    /// The certificate is under no trust root.
    Untrusted { text: String, failure: Option<Failure> },
    /// The time is not in milliseconds.
    NotMilliseconds { text: String, failure: Option<Failure> },
    /// The number of iterations is out of range.
    Iterations { text: String, failure: Option<Failure> },
    /// What was compared is not the same.
    Mismatch { text: String, failure: Option<Failure> },
    /// The scanned code lacks its own part.
    MissingLocal { text: String, failure: Option<Failure> },
    /// The scanned code lacks our part.
    MissingRemote { text: String, failure: Option<Failure> },
    /// The scanned code lacks a version.
    MissingVersion { text: String, failure: Option<Failure> },
    /// The scanned code is of another version.
    VersionMismatch { text: String, failure: Option<Failure> },
    /// The attachment's digest is wrong.
    BadDigest { text: String, failure: Option<Failure> },
    /// The attachment's MAC is wrong.
    BadMac { text: String, failure: Option<Failure> },
    /// The attachment's padding is wrong.
    BadPadding { text: String, failure: Option<Failure> },
    /// The chunk size is too large.
    ChunkTooLarge { text: String, failure: Option<Failure> },
    /// There is more data than the manifest says.
    DataTooLong { text: String, failure: Option<Failure> },
    /// There is less data than the manifest says.
    DataTooShort { text: String, failure: Option<Failure> },
    /// These bytes are not an incremental MAC.
    NotAnIncrementalMac { text: String, failure: Option<Failure> },
    /// The attachment was not read to its end.
    Unfinished { text: String, failure: Option<Failure> },
    /// The chunk size is zero.
    ZeroChunkSize { text: String, failure: Option<Failure> },
    /// The session is of another peer than the log.
    OtherPeer { text: String, failure: Option<Failure> },
    /// It was asked for too often.
    TooOften { text: String, failure: Option<Failure> },
    /// The message is too old to be sent again.
    TooOld { text: String, failure: Option<Failure> },
    /// The service refused the messages too often.
    GaveUp { text: String, failure: Option<Failure> },
    /// The account has no free prekey id of a kind.
    NoFreeId { text: String, failure: Option<Failure> },
    /// The limits of the account can't work together.
    Limits { text: String, failure: Option<Failure> },
    /// The identity key of OMEMO is invalid.
    InvalidIdentity { text: String, failure: Option<Failure> },
    /// What is there is of another version of OMEMO, or of another device.
    OtherVersion { text: String, failure: Option<Failure> },
    /// The key of the message of OMEMO is not kept any more.
    Lost { text: String, failure: Option<Failure> },
    /// The first prekeys of OMEMO need a signed one.
    NoSignedPreKey { text: String, failure: Option<Failure> },
}

impl std::fmt::Display for SubrosaError {
    #[allow(clippy::too_many_lines, reason = "a list")]
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Other { text, .. } => write!(f, "Other: {text}"),
            Self::InvalidArgument { text, .. } => write!(f, "InvalidArgument: {text}"),
            Self::Busy { text, .. } => write!(f, "Busy: {text}"),
            Self::StaleStage { text, .. } => write!(f, "StaleStage: {text}"),
            Self::Closed { text, .. } => write!(f, "Closed: {text}"),
            Self::Freed { text, .. } => write!(f, "Freed: {text}"),
            Self::NoOutput { text, .. } => write!(f, "NoOutput: {text}"),
            Self::BufferTooSmall { text, .. } => write!(f, "BufferTooSmall: {text}"),
            Self::Panicked { text, .. } => write!(f, "Panicked: {text}"),
            Self::UntrustedIdentity { text, .. } => write!(f, "UntrustedIdentity: {text}"),
            Self::NoSession { text, .. } => write!(f, "NoSession: {text}"),
            Self::Stale { text, .. } => write!(f, "Stale: {text}"),
            Self::Exhausted { text, .. } => write!(f, "Exhausted: {text}"),
            Self::Bound { text, .. } => write!(f, "Bound: {text}"),
            Self::OtherIdentity { text, .. } => write!(f, "OtherIdentity: {text}"),
            Self::Duplicate { text, .. } => write!(f, "Duplicate: {text}"),
            Self::Forged { text, .. } => write!(f, "Forged: {text}"),
            Self::IdentityMismatch { text, .. } => write!(f, "IdentityMismatch: {text}"),
            Self::MissingPreKey { text, .. } => write!(f, "MissingPreKey: {text}"),
            Self::Replayed { text, .. } => write!(f, "Replayed: {text}"),
            Self::TooFarAhead { text, .. } => write!(f, "TooFarAhead: {text}"),
            Self::UsedTooOften { text, .. } => write!(f, "UsedTooOften: {text}"),
            Self::WrongPreKeys { text, .. } => write!(f, "WrongPreKeys: {text}"),
            Self::WrongSession { text, .. } => write!(f, "WrongSession: {text}"),
            Self::Version3Refused { text, .. } => write!(f, "Version3Refused: {text}"),
            Self::KemPreKeySignature { text, .. } => write!(f, "KemPreKeySignature: {text}"),
            Self::KemType { text, .. } => write!(f, "KemType: {text}"),
            Self::NoOneTimePreKey { text, .. } => write!(f, "NoOneTimePreKey: {text}"),
            Self::NonContributory { text, .. } => write!(f, "NonContributory: {text}"),
            Self::OtherDevice { text, .. } => write!(f, "OtherDevice: {text}"),
            Self::SignedPreKeySignature { text, .. } => write!(f, "SignedPreKeySignature: {text}"),
            Self::Damaged { text, .. } => write!(f, "Damaged: {text}"),
            Self::NewerVersion { text, .. } => write!(f, "NewerVersion: {text}"),
            Self::NotARecord { text, .. } => write!(f, "NotARecord: {text}"),
            Self::NotAuthentic { text, .. } => write!(f, "NotAuthentic: {text}"),
            Self::TooLong { text, .. } => write!(f, "TooLong: {text}"),
            Self::WrongKind { text, .. } => write!(f, "WrongKind: {text}"),
            Self::Deleted { text, .. } => write!(f, "Deleted: {text}"),
            Self::Missing { text, .. } => write!(f, "Missing: {text}"),
            Self::Newer { text, .. } => write!(f, "Newer: {text}"),
            Self::Twice { text, .. } => write!(f, "Twice: {text}"),
            Self::OtherOwner { text, .. } => write!(f, "OtherOwner: {text}"),
            Self::Foreign { text, .. } => write!(f, "Foreign: {text}"),
            Self::InvalidProtobuf { text, .. } => write!(f, "InvalidProtobuf: {text}"),
            Self::KyberIncomplete { text, .. } => write!(f, "KyberIncomplete: {text}"),
            Self::KyberMissing { text, .. } => write!(f, "KyberMissing: {text}"),
            Self::LegacyVersion { text, .. } => write!(f, "LegacyVersion: {text}"),
            Self::NoDecryptionError { text, .. } => write!(f, "NoDecryptionError: {text}"),
            Self::OtherKind { text, .. } => write!(f, "OtherKind: {text}"),
            Self::PlaintextOriginal { text, .. } => write!(f, "PlaintextOriginal: {text}"),
            Self::TooShort { text, .. } => write!(f, "TooShort: {text}"),
            Self::UnknownKind { text, .. } => write!(f, "UnknownKind: {text}"),
            Self::UnrecognizedMessageVersion { text, .. } => write!(f, "UnrecognizedMessageVersion: {text}"),
            Self::UnrecognizedVersion { text, .. } => write!(f, "UnrecognizedVersion: {text}"),
            Self::BadCiphertextLength { text, .. } => write!(f, "BadCiphertextLength: {text}"),
            Self::BadKeyLength { text, .. } => write!(f, "BadKeyLength: {text}"),
            Self::BadKeyType { text, .. } => write!(f, "BadKeyType: {text}"),
            Self::NoKeyType { text, .. } => write!(f, "NoKeyType: {text}"),
            Self::WrongKeyType { text, .. } => write!(f, "WrongKeyType: {text}"),
            Self::NoSenderKey { text, .. } => write!(f, "NoSenderKey: {text}"),
            Self::OtherDistribution { text, .. } => write!(f, "OtherDistribution: {text}"),
            Self::OtherSender { text, .. } => write!(f, "OtherSender: {text}"),
            Self::Padding { text, .. } => write!(f, "Padding: {text}"),
            Self::Signature { text, .. } => write!(f, "Signature: {text}"),
            Self::NotADistributionId { text, .. } => write!(f, "NotADistributionId: {text}"),
            Self::BeforeDistribution { text, .. } => write!(f, "BeforeDistribution: {text}"),
            Self::CertificateExpired { text, .. } => write!(f, "CertificateExpired: {text}"),
            Self::DeviceOutOfRange { text, .. } => write!(f, "DeviceOutOfRange: {text}"),
            Self::ForeignCertificate { text, .. } => write!(f, "ForeignCertificate: {text}"),
            Self::NoDevices { text, .. } => write!(f, "NoDevices: {text}"),
            Self::NotAServiceId { text, .. } => write!(f, "NotAServiceId: {text}"),
            Self::RegistrationIdOutOfRange { text, .. } => write!(f, "RegistrationIdOutOfRange: {text}"),
            Self::RepeatedAccount { text, .. } => write!(f, "RepeatedAccount: {text}"),
            Self::RepeatedDevice { text, .. } => write!(f, "RepeatedDevice: {text}"),
            Self::SeveralAccounts { text, .. } => write!(f, "SeveralAccounts: {text}"),
            Self::TooManyRecipients { text, .. } => write!(f, "TooManyRecipients: {text}"),
            Self::Empty { text, .. } => write!(f, "Empty: {text}"),
            Self::Malformed { text, .. } => write!(f, "Malformed: {text}"),
            Self::NotForUs { text, .. } => write!(f, "NotForUs: {text}"),
            Self::RedundantlyExcluded { text, .. } => write!(f, "RedundantlyExcluded: {text}"),
            Self::SelfSend { text, .. } => write!(f, "SelfSend: {text}"),
            Self::UnknownVersion { text, .. } => write!(f, "UnknownVersion: {text}"),
            Self::WrongSender { text, .. } => write!(f, "WrongSender: {text}"),
            Self::BadSignature { text, .. } => write!(f, "BadSignature: {text}"),
            Self::Expired { text, .. } => write!(f, "Expired: {text}"),
            Self::Revoked { text, .. } => write!(f, "Revoked: {text}"),
            Self::UnknownServerCertificate { text, .. } => write!(f, "UnknownServerCertificate: {text}"),
            Self::Untrusted { text, .. } => write!(f, "Untrusted: {text}"),
            Self::NotMilliseconds { text, .. } => write!(f, "NotMilliseconds: {text}"),
            Self::Iterations { text, .. } => write!(f, "Iterations: {text}"),
            Self::Mismatch { text, .. } => write!(f, "Mismatch: {text}"),
            Self::MissingLocal { text, .. } => write!(f, "MissingLocal: {text}"),
            Self::MissingRemote { text, .. } => write!(f, "MissingRemote: {text}"),
            Self::MissingVersion { text, .. } => write!(f, "MissingVersion: {text}"),
            Self::VersionMismatch { text, .. } => write!(f, "VersionMismatch: {text}"),
            Self::BadDigest { text, .. } => write!(f, "BadDigest: {text}"),
            Self::BadMac { text, .. } => write!(f, "BadMac: {text}"),
            Self::BadPadding { text, .. } => write!(f, "BadPadding: {text}"),
            Self::ChunkTooLarge { text, .. } => write!(f, "ChunkTooLarge: {text}"),
            Self::DataTooLong { text, .. } => write!(f, "DataTooLong: {text}"),
            Self::DataTooShort { text, .. } => write!(f, "DataTooShort: {text}"),
            Self::NotAnIncrementalMac { text, .. } => write!(f, "NotAnIncrementalMac: {text}"),
            Self::Unfinished { text, .. } => write!(f, "Unfinished: {text}"),
            Self::ZeroChunkSize { text, .. } => write!(f, "ZeroChunkSize: {text}"),
            Self::OtherPeer { text, .. } => write!(f, "OtherPeer: {text}"),
            Self::TooOften { text, .. } => write!(f, "TooOften: {text}"),
            Self::TooOld { text, .. } => write!(f, "TooOld: {text}"),
            Self::GaveUp { text, .. } => write!(f, "GaveUp: {text}"),
            Self::NoFreeId { text, .. } => write!(f, "NoFreeId: {text}"),
            Self::Limits { text, .. } => write!(f, "Limits: {text}"),
            Self::InvalidIdentity { text, .. } => write!(f, "InvalidIdentity: {text}"),
            Self::OtherVersion { text, .. } => write!(f, "OtherVersion: {text}"),
            Self::Lost { text, .. } => write!(f, "Lost: {text}"),
            Self::NoSignedPreKey { text, .. } => write!(f, "NoSignedPreKey: {text}"),
        }
    }
}

impl std::error::Error for SubrosaError {}

impl From<Error> for SubrosaError {
    #[allow(clippy::too_many_lines, reason = "a list")]
    fn from(error: Error) -> Self {
        let (text, failure) = (error.text, error.failure.map(Into::into));
        match error.code {
            Code::InvalidArgument => Self::InvalidArgument { text, failure },
            Code::Busy => Self::Busy { text, failure },
            Code::StaleStage => Self::StaleStage { text, failure },
            Code::Closed => Self::Closed { text, failure },
            Code::Freed => Self::Freed { text, failure },
            Code::NoOutput => Self::NoOutput { text, failure },
            Code::BufferTooSmall => Self::BufferTooSmall { text, failure },
            Code::Panicked => Self::Panicked { text, failure },
            Code::UntrustedIdentity => Self::UntrustedIdentity { text, failure },
            Code::NoSession => Self::NoSession { text, failure },
            Code::Stale => Self::Stale { text, failure },
            Code::Exhausted => Self::Exhausted { text, failure },
            Code::Bound => Self::Bound { text, failure },
            Code::OtherIdentity => Self::OtherIdentity { text, failure },
            Code::Duplicate => Self::Duplicate { text, failure },
            Code::Forged => Self::Forged { text, failure },
            Code::IdentityMismatch => Self::IdentityMismatch { text, failure },
            Code::MissingPreKey => Self::MissingPreKey { text, failure },
            Code::Replayed => Self::Replayed { text, failure },
            Code::TooFarAhead => Self::TooFarAhead { text, failure },
            Code::UsedTooOften => Self::UsedTooOften { text, failure },
            Code::WrongPreKeys => Self::WrongPreKeys { text, failure },
            Code::WrongSession => Self::WrongSession { text, failure },
            Code::Version3Refused => Self::Version3Refused { text, failure },
            Code::KemPreKeySignature => Self::KemPreKeySignature { text, failure },
            Code::KemType => Self::KemType { text, failure },
            Code::NoOneTimePreKey => Self::NoOneTimePreKey { text, failure },
            Code::NonContributory => Self::NonContributory { text, failure },
            Code::OtherDevice => Self::OtherDevice { text, failure },
            Code::SignedPreKeySignature => Self::SignedPreKeySignature { text, failure },
            Code::Damaged => Self::Damaged { text, failure },
            Code::NewerVersion => Self::NewerVersion { text, failure },
            Code::NotARecord => Self::NotARecord { text, failure },
            Code::NotAuthentic => Self::NotAuthentic { text, failure },
            Code::TooLong => Self::TooLong { text, failure },
            Code::WrongKind => Self::WrongKind { text, failure },
            Code::Deleted => Self::Deleted { text, failure },
            Code::Missing => Self::Missing { text, failure },
            Code::Newer => Self::Newer { text, failure },
            Code::Twice => Self::Twice { text, failure },
            Code::OtherOwner => Self::OtherOwner { text, failure },
            Code::Foreign => Self::Foreign { text, failure },
            Code::InvalidProtobuf => Self::InvalidProtobuf { text, failure },
            Code::KyberIncomplete => Self::KyberIncomplete { text, failure },
            Code::KyberMissing => Self::KyberMissing { text, failure },
            Code::LegacyVersion => Self::LegacyVersion { text, failure },
            Code::NoDecryptionError => Self::NoDecryptionError { text, failure },
            Code::OtherKind => Self::OtherKind { text, failure },
            Code::PlaintextOriginal => Self::PlaintextOriginal { text, failure },
            Code::TooShort => Self::TooShort { text, failure },
            Code::UnknownKind => Self::UnknownKind { text, failure },
            Code::UnrecognizedMessageVersion => Self::UnrecognizedMessageVersion { text, failure },
            Code::UnrecognizedVersion => Self::UnrecognizedVersion { text, failure },
            Code::BadCiphertextLength => Self::BadCiphertextLength { text, failure },
            Code::BadKeyLength => Self::BadKeyLength { text, failure },
            Code::BadKeyType => Self::BadKeyType { text, failure },
            Code::NoKeyType => Self::NoKeyType { text, failure },
            Code::WrongKeyType => Self::WrongKeyType { text, failure },
            Code::NoSenderKey => Self::NoSenderKey { text, failure },
            Code::OtherDistribution => Self::OtherDistribution { text, failure },
            Code::OtherSender => Self::OtherSender { text, failure },
            Code::Padding => Self::Padding { text, failure },
            Code::Signature => Self::Signature { text, failure },
            Code::NotADistributionId => Self::NotADistributionId { text, failure },
            Code::BeforeDistribution => Self::BeforeDistribution { text, failure },
            Code::CertificateExpired => Self::CertificateExpired { text, failure },
            Code::DeviceOutOfRange => Self::DeviceOutOfRange { text, failure },
            Code::ForeignCertificate => Self::ForeignCertificate { text, failure },
            Code::NoDevices => Self::NoDevices { text, failure },
            Code::NotAServiceId => Self::NotAServiceId { text, failure },
            Code::RegistrationIdOutOfRange => Self::RegistrationIdOutOfRange { text, failure },
            Code::RepeatedAccount => Self::RepeatedAccount { text, failure },
            Code::RepeatedDevice => Self::RepeatedDevice { text, failure },
            Code::SeveralAccounts => Self::SeveralAccounts { text, failure },
            Code::TooManyRecipients => Self::TooManyRecipients { text, failure },
            Code::Empty => Self::Empty { text, failure },
            Code::Malformed => Self::Malformed { text, failure },
            Code::NotForUs => Self::NotForUs { text, failure },
            Code::RedundantlyExcluded => Self::RedundantlyExcluded { text, failure },
            Code::SelfSend => Self::SelfSend { text, failure },
            Code::UnknownVersion => Self::UnknownVersion { text, failure },
            Code::WrongSender => Self::WrongSender { text, failure },
            Code::BadSignature => Self::BadSignature { text, failure },
            Code::Expired => Self::Expired { text, failure },
            Code::Revoked => Self::Revoked { text, failure },
            Code::UnknownServerCertificate => Self::UnknownServerCertificate { text, failure },
            Code::Untrusted => Self::Untrusted { text, failure },
            Code::NotMilliseconds => Self::NotMilliseconds { text, failure },
            Code::Iterations => Self::Iterations { text, failure },
            Code::Mismatch => Self::Mismatch { text, failure },
            Code::MissingLocal => Self::MissingLocal { text, failure },
            Code::MissingRemote => Self::MissingRemote { text, failure },
            Code::MissingVersion => Self::MissingVersion { text, failure },
            Code::VersionMismatch => Self::VersionMismatch { text, failure },
            Code::BadDigest => Self::BadDigest { text, failure },
            Code::BadMac => Self::BadMac { text, failure },
            Code::BadPadding => Self::BadPadding { text, failure },
            Code::ChunkTooLarge => Self::ChunkTooLarge { text, failure },
            Code::DataTooLong => Self::DataTooLong { text, failure },
            Code::DataTooShort => Self::DataTooShort { text, failure },
            Code::NotAnIncrementalMac => Self::NotAnIncrementalMac { text, failure },
            Code::Unfinished => Self::Unfinished { text, failure },
            Code::ZeroChunkSize => Self::ZeroChunkSize { text, failure },
            Code::OtherPeer => Self::OtherPeer { text, failure },
            Code::TooOften => Self::TooOften { text, failure },
            Code::TooOld => Self::TooOld { text, failure },
            Code::GaveUp => Self::GaveUp { text, failure },
            Code::NoFreeId => Self::NoFreeId { text, failure },
            Code::Limits => Self::Limits { text, failure },
            Code::InvalidIdentity => Self::InvalidIdentity { text, failure },
            Code::OtherVersion => Self::OtherVersion { text, failure },
            Code::Lost => Self::Lost { text, failure },
            Code::NoSignedPreKey => Self::NoSignedPreKey { text, failure },
            _ => Self::Other { text, failure },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_all_languages() {
        for code in Code::ALL {
            let error = SubrosaError::from(Error::new(*code, "text".into(), None));
            assert_eq!(error.to_string(), format!("{}: text", code.name()));
        }
    }
}
