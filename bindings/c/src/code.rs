// SPDX-License-Identifier: MIT OR Apache-2.0

//! The codes of errors, as C has them. A test compares them with the binding's.

use std::ffi::c_char;

use subrosa_binding::Code;

/// What a call returns: 0, or what went wrong. Names and numbers are the same in all languages and never change; new
/// ones may come. `subrosa_error_text` has more.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubrosaCode {
    /// All went well.
    Ok = 0,
    /// An error that this version of the binding has no name for.
    Other = 1,
    /// An argument has the wrong length or form. The caller's mistake.
    InvalidArgument = 2,
    /// A stage of this state is open: commit it or roll it back first.
    Busy = 3,
    /// A newer state is stored: read it back and repeat the operation.
    StaleStage = 4,
    /// The stage was committed or rolled back before.
    Closed = 5,
    /// The handle was freed, or was never one, or is of another type.
    Freed = 6,
    /// The stage has no output to be stored.
    NoOutput = 7,
    /// The caller's buffer is too small.
    BufferTooSmall = 8,
    /// A defect of this library.
    Panicked = 9,
    /// The identity key is not the pinned one.
    UntrustedIdentity = 20,
    /// There is no session.
    NoSession = 21,
    /// The session was never acknowledged and is too old: fetch a bundle.
    Stale = 22,
    /// The chain has no more keys.
    Exhausted = 23,
    /// The sessions are bound to their addresses, and can't move.
    Bound = 24,
    /// Another identity is known under the new address.
    OtherIdentity = 25,
    /// The message was decrypted before.
    Duplicate = 30,
    /// The message is not authentic.
    Forged = 31,
    /// The message is of another identity than the session.
    IdentityMismatch = 32,
    /// The prekey that the message names is not there.
    MissingPreKey = 33,
    /// The first message came before.
    Replayed = 34,
    /// Too many messages were skipped.
    TooFarAhead = 35,
    /// The last-resort key was used too often.
    UsedTooOften = 36,
    /// The wrong prekeys were given.
    WrongPreKeys = 37,
    /// The session or certificate is of another device.
    WrongSession = 38,
    /// Version 3 is not allowed.
    Version3Refused = 39,
    /// The KEM prekey is not signed by the identity.
    KemPreKeySignature = 50,
    /// The KEM prekey is of an unknown type.
    KemType = 51,
    /// A one-time prekey is required.
    NoOneTimePreKey = 52,
    /// A key has low order.
    NonContributory = 53,
    /// The bundle or request is of another device.
    OtherDevice = 54,
    /// The signed prekey is not signed by the identity.
    SignedPreKeySignature = 55,
    /// The record is damaged.
    Damaged = 60,
    /// The record is of a newer version.
    NewerVersion = 61,
    /// These bytes are not a record.
    NotARecord = 62,
    /// The record or envelope does not open with this key.
    NotAuthentic = 63,
    /// There are too many bytes.
    TooLong = 64,
    /// The record is of another kind.
    WrongKind = 65,
    /// A record of the account was deleted.
    Deleted = 66,
    /// A record of the account is missing.
    Missing = 67,
    /// A record is newer than the account.
    Newer = 68,
    /// A record comes twice.
    Twice = 69,
    /// The record is of other devices.
    OtherOwner = 70,
    /// A record is of another account.
    Foreign = 71,
    /// The message is not well-formed.
    InvalidProtobuf = 80,
    /// One of the two Kyber fields is missing.
    KyberIncomplete = 81,
    /// The Kyber fields are missing.
    KyberMissing = 82,
    /// The message is of a version before 3.
    LegacyVersion = 83,
    /// The content is not a decryption error.
    NoDecryptionError = 84,
    /// The message is of another kind.
    OtherKind = 85,
    /// A message that was not encrypted is not asked for.
    PlaintextOriginal = 86,
    /// There are too few bytes.
    TooShort = 87,
    /// The kind of the message is unknown.
    UnknownKind = 88,
    /// The version of the message is unknown.
    UnrecognizedMessageVersion = 89,
    /// The version is unknown.
    UnrecognizedVersion = 90,
    /// A KEM ciphertext has the wrong length.
    BadCiphertextLength = 91,
    /// A key has the wrong length.
    BadKeyLength = 92,
    /// A key is of an unknown type.
    BadKeyType = 93,
    /// A key has no type.
    NoKeyType = 94,
    /// A key is of another type.
    WrongKeyType = 95,
    /// There is no sender key of that chain.
    NoSenderKey = 100,
    /// The message is of another distribution.
    OtherDistribution = 101,
    /// The message is of another sender.
    OtherSender = 102,
    /// The padding is wrong.
    Padding = 103,
    /// The signature is wrong.
    Signature = 104,
    /// The text is not a distribution id.
    NotADistributionId = 105,
    /// The message is from before the sender's key was distributed.
    BeforeDistribution = 106,
    /// Our certificate has expired.
    CertificateExpired = 120,
    /// The device's number is not within 1 to 127.
    DeviceOutOfRange = 121,
    /// The certificate is for another identity.
    ForeignCertificate = 122,
    /// A recipient has no devices.
    NoDevices = 123,
    /// The name is not a service id.
    NotAServiceId = 124,
    /// The registration id has more than 14 bits.
    RegistrationIdOutOfRange = 125,
    /// An account is named twice.
    RepeatedAccount = 126,
    /// A device is named twice.
    RepeatedDevice = 127,
    /// The sessions are with several accounts.
    SeveralAccounts = 128,
    /// There are too many recipients.
    TooManyRecipients = 129,
    /// The envelope is empty.
    Empty = 140,
    /// A field is missing or malformed.
    Malformed = 141,
    /// The envelope is not for us.
    NotForUs = 142,
    /// An excluded account is among the recipients.
    RedundantlyExcluded = 143,
    /// The message is our own.
    SelfSend = 144,
    /// The envelope is of an unknown version.
    UnknownVersion = 145,
    /// The envelope was not sealed by whom it names.
    WrongSender = 146,
    /// The certificate's signature is wrong.
    BadSignature = 147,
    /// Too late: the certificate had expired, or the message's key is no longer kept.
    Expired = 148,
    /// The server certificate is revoked.
    Revoked = 149,
    /// The server certificate is not known.
    UnknownServerCertificate = 150,
    /// The certificate is under no trust root.
    Untrusted = 151,
    /// The time is not in milliseconds.
    NotMilliseconds = 152,
    /// The number of iterations is out of range.
    Iterations = 160,
    /// What was compared is not the same.
    Mismatch = 161,
    /// The scanned code lacks its own part.
    MissingLocal = 162,
    /// The scanned code lacks our part.
    MissingRemote = 163,
    /// The scanned code lacks a version.
    MissingVersion = 164,
    /// The scanned code is of another version.
    VersionMismatch = 165,
    /// The attachment's digest is wrong.
    BadDigest = 170,
    /// The attachment's MAC is wrong.
    BadMac = 171,
    /// The attachment's padding is wrong.
    BadPadding = 172,
    /// The chunk size is too large.
    ChunkTooLarge = 173,
    /// There is more data than the manifest says.
    DataTooLong = 174,
    /// There is less data than the manifest says.
    DataTooShort = 175,
    /// These bytes are not an incremental MAC.
    NotAnIncrementalMac = 176,
    /// The attachment was not read to its end.
    Unfinished = 177,
    /// The chunk size is zero.
    ZeroChunkSize = 178,
    /// The session is of another peer than the log.
    OtherPeer = 190,
    /// It was asked for too often.
    TooOften = 191,
    /// The message is too old to be sent again.
    TooOld = 192,
    /// The service refused the messages too often.
    GaveUp = 193,
    /// The account has no free prekey id of a kind.
    NoFreeId = 194,
    /// The limits of the account can't work together.
    Limits = 195,
    /// The identity key of OMEMO is invalid.
    InvalidIdentity = 200,
    /// What is there is of another version of OMEMO, or of another device.
    OtherVersion = 201,
    /// The key of the message of OMEMO is not kept any more.
    Lost = 202,
    /// The first prekeys of OMEMO need a signed one.
    NoSignedPreKey = 203,
}

impl SubrosaCode {
    #[allow(clippy::too_many_lines, reason = "a list")]
    pub(crate) const fn of(code: Code) -> Self {
        match code {
            Code::InvalidArgument => Self::InvalidArgument,
            Code::Busy => Self::Busy,
            Code::StaleStage => Self::StaleStage,
            Code::Closed => Self::Closed,
            Code::Freed => Self::Freed,
            Code::NoOutput => Self::NoOutput,
            Code::BufferTooSmall => Self::BufferTooSmall,
            Code::Panicked => Self::Panicked,
            Code::UntrustedIdentity => Self::UntrustedIdentity,
            Code::NoSession => Self::NoSession,
            Code::Stale => Self::Stale,
            Code::Exhausted => Self::Exhausted,
            Code::Bound => Self::Bound,
            Code::OtherIdentity => Self::OtherIdentity,
            Code::Duplicate => Self::Duplicate,
            Code::Forged => Self::Forged,
            Code::IdentityMismatch => Self::IdentityMismatch,
            Code::MissingPreKey => Self::MissingPreKey,
            Code::Replayed => Self::Replayed,
            Code::TooFarAhead => Self::TooFarAhead,
            Code::UsedTooOften => Self::UsedTooOften,
            Code::WrongPreKeys => Self::WrongPreKeys,
            Code::WrongSession => Self::WrongSession,
            Code::Version3Refused => Self::Version3Refused,
            Code::KemPreKeySignature => Self::KemPreKeySignature,
            Code::KemType => Self::KemType,
            Code::NoOneTimePreKey => Self::NoOneTimePreKey,
            Code::NonContributory => Self::NonContributory,
            Code::OtherDevice => Self::OtherDevice,
            Code::SignedPreKeySignature => Self::SignedPreKeySignature,
            Code::Damaged => Self::Damaged,
            Code::NewerVersion => Self::NewerVersion,
            Code::NotARecord => Self::NotARecord,
            Code::NotAuthentic => Self::NotAuthentic,
            Code::TooLong => Self::TooLong,
            Code::WrongKind => Self::WrongKind,
            Code::Deleted => Self::Deleted,
            Code::Missing => Self::Missing,
            Code::Newer => Self::Newer,
            Code::Twice => Self::Twice,
            Code::OtherOwner => Self::OtherOwner,
            Code::Foreign => Self::Foreign,
            Code::InvalidProtobuf => Self::InvalidProtobuf,
            Code::KyberIncomplete => Self::KyberIncomplete,
            Code::KyberMissing => Self::KyberMissing,
            Code::LegacyVersion => Self::LegacyVersion,
            Code::NoDecryptionError => Self::NoDecryptionError,
            Code::OtherKind => Self::OtherKind,
            Code::PlaintextOriginal => Self::PlaintextOriginal,
            Code::TooShort => Self::TooShort,
            Code::UnknownKind => Self::UnknownKind,
            Code::UnrecognizedMessageVersion => Self::UnrecognizedMessageVersion,
            Code::UnrecognizedVersion => Self::UnrecognizedVersion,
            Code::BadCiphertextLength => Self::BadCiphertextLength,
            Code::BadKeyLength => Self::BadKeyLength,
            Code::BadKeyType => Self::BadKeyType,
            Code::NoKeyType => Self::NoKeyType,
            Code::WrongKeyType => Self::WrongKeyType,
            Code::NoSenderKey => Self::NoSenderKey,
            Code::OtherDistribution => Self::OtherDistribution,
            Code::OtherSender => Self::OtherSender,
            Code::Padding => Self::Padding,
            Code::Signature => Self::Signature,
            Code::NotADistributionId => Self::NotADistributionId,
            Code::BeforeDistribution => Self::BeforeDistribution,
            Code::CertificateExpired => Self::CertificateExpired,
            Code::DeviceOutOfRange => Self::DeviceOutOfRange,
            Code::ForeignCertificate => Self::ForeignCertificate,
            Code::NoDevices => Self::NoDevices,
            Code::NotAServiceId => Self::NotAServiceId,
            Code::RegistrationIdOutOfRange => Self::RegistrationIdOutOfRange,
            Code::RepeatedAccount => Self::RepeatedAccount,
            Code::RepeatedDevice => Self::RepeatedDevice,
            Code::SeveralAccounts => Self::SeveralAccounts,
            Code::TooManyRecipients => Self::TooManyRecipients,
            Code::Empty => Self::Empty,
            Code::Malformed => Self::Malformed,
            Code::NotForUs => Self::NotForUs,
            Code::RedundantlyExcluded => Self::RedundantlyExcluded,
            Code::SelfSend => Self::SelfSend,
            Code::UnknownVersion => Self::UnknownVersion,
            Code::WrongSender => Self::WrongSender,
            Code::BadSignature => Self::BadSignature,
            Code::Expired => Self::Expired,
            Code::Revoked => Self::Revoked,
            Code::UnknownServerCertificate => Self::UnknownServerCertificate,
            Code::Untrusted => Self::Untrusted,
            Code::NotMilliseconds => Self::NotMilliseconds,
            Code::Iterations => Self::Iterations,
            Code::Mismatch => Self::Mismatch,
            Code::MissingLocal => Self::MissingLocal,
            Code::MissingRemote => Self::MissingRemote,
            Code::MissingVersion => Self::MissingVersion,
            Code::VersionMismatch => Self::VersionMismatch,
            Code::BadDigest => Self::BadDigest,
            Code::BadMac => Self::BadMac,
            Code::BadPadding => Self::BadPadding,
            Code::ChunkTooLarge => Self::ChunkTooLarge,
            Code::DataTooLong => Self::DataTooLong,
            Code::DataTooShort => Self::DataTooShort,
            Code::NotAnIncrementalMac => Self::NotAnIncrementalMac,
            Code::Unfinished => Self::Unfinished,
            Code::ZeroChunkSize => Self::ZeroChunkSize,
            Code::OtherPeer => Self::OtherPeer,
            Code::TooOften => Self::TooOften,
            Code::TooOld => Self::TooOld,
            Code::GaveUp => Self::GaveUp,
            Code::NoFreeId => Self::NoFreeId,
            Code::Limits => Self::Limits,
            Code::InvalidIdentity => Self::InvalidIdentity,
            Code::OtherVersion => Self::OtherVersion,
            Code::Lost => Self::Lost,
            Code::NoSignedPreKey => Self::NoSignedPreKey,
            _ => Self::Other,
        }
    }
}

/// The name of a code, such as `UntrustedIdentity`; `Ok` for 0, and null for a number that is none. The text is not to be
/// freed.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_lines, reason = "a list")]
pub extern "C" fn subrosa_code_name(code: u32) -> *const c_char {
    let name = match code {
        0 => c"Ok",
        1 => c"Other",
        2 => c"InvalidArgument",
        3 => c"Busy",
        4 => c"StaleStage",
        5 => c"Closed",
        6 => c"Freed",
        7 => c"NoOutput",
        8 => c"BufferTooSmall",
        9 => c"Panicked",
        20 => c"UntrustedIdentity",
        21 => c"NoSession",
        22 => c"Stale",
        23 => c"Exhausted",
        24 => c"Bound",
        25 => c"OtherIdentity",
        30 => c"Duplicate",
        31 => c"Forged",
        32 => c"IdentityMismatch",
        33 => c"MissingPreKey",
        34 => c"Replayed",
        35 => c"TooFarAhead",
        36 => c"UsedTooOften",
        37 => c"WrongPreKeys",
        38 => c"WrongSession",
        39 => c"Version3Refused",
        50 => c"KemPreKeySignature",
        51 => c"KemType",
        52 => c"NoOneTimePreKey",
        53 => c"NonContributory",
        54 => c"OtherDevice",
        55 => c"SignedPreKeySignature",
        60 => c"Damaged",
        61 => c"NewerVersion",
        62 => c"NotARecord",
        63 => c"NotAuthentic",
        64 => c"TooLong",
        65 => c"WrongKind",
        66 => c"Deleted",
        67 => c"Missing",
        68 => c"Newer",
        69 => c"Twice",
        70 => c"OtherOwner",
        71 => c"Foreign",
        80 => c"InvalidProtobuf",
        81 => c"KyberIncomplete",
        82 => c"KyberMissing",
        83 => c"LegacyVersion",
        84 => c"NoDecryptionError",
        85 => c"OtherKind",
        86 => c"PlaintextOriginal",
        87 => c"TooShort",
        88 => c"UnknownKind",
        89 => c"UnrecognizedMessageVersion",
        90 => c"UnrecognizedVersion",
        91 => c"BadCiphertextLength",
        92 => c"BadKeyLength",
        93 => c"BadKeyType",
        94 => c"NoKeyType",
        95 => c"WrongKeyType",
        100 => c"NoSenderKey",
        101 => c"OtherDistribution",
        102 => c"OtherSender",
        103 => c"Padding",
        104 => c"Signature",
        105 => c"NotADistributionId",
        106 => c"BeforeDistribution",
        120 => c"CertificateExpired",
        121 => c"DeviceOutOfRange",
        122 => c"ForeignCertificate",
        123 => c"NoDevices",
        124 => c"NotAServiceId",
        125 => c"RegistrationIdOutOfRange",
        126 => c"RepeatedAccount",
        127 => c"RepeatedDevice",
        128 => c"SeveralAccounts",
        129 => c"TooManyRecipients",
        140 => c"Empty",
        141 => c"Malformed",
        142 => c"NotForUs",
        143 => c"RedundantlyExcluded",
        144 => c"SelfSend",
        145 => c"UnknownVersion",
        146 => c"WrongSender",
        147 => c"BadSignature",
        148 => c"Expired",
        149 => c"Revoked",
        150 => c"UnknownServerCertificate",
        151 => c"Untrusted",
        152 => c"NotMilliseconds",
        160 => c"Iterations",
        161 => c"Mismatch",
        162 => c"MissingLocal",
        163 => c"MissingRemote",
        164 => c"MissingVersion",
        165 => c"VersionMismatch",
        170 => c"BadDigest",
        171 => c"BadMac",
        172 => c"BadPadding",
        173 => c"ChunkTooLarge",
        174 => c"DataTooLong",
        175 => c"DataTooShort",
        176 => c"NotAnIncrementalMac",
        177 => c"Unfinished",
        178 => c"ZeroChunkSize",
        190 => c"OtherPeer",
        191 => c"TooOften",
        192 => c"TooOld",
        193 => c"GaveUp",
        194 => c"NoFreeId",
        195 => c"Limits",
        200 => c"InvalidIdentity",
        201 => c"OtherVersion",
        202 => c"Lost",
        203 => c"NoSignedPreKey",
        _ => return std::ptr::null(),
    };
    name.as_ptr()
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn names_and_numbers_are_the_same_in_all_languages() {
        for code in Code::ALL {
            let ours = SubrosaCode::of(*code);
            assert_eq!((ours as u32, format!("{ours:?}").as_str()), (*code as u32, code.name()));
            let name = subrosa_code_name(*code as u32);
            // SAFETY: a literal that ends with a zero byte.
            assert_eq!(unsafe { CStr::from_ptr(name) }.to_str(), Ok(code.name()));
        }
        assert!(subrosa_code_name(12_345).is_null());
    }
}
