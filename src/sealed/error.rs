// SPDX-License-Identifier: MIT OR Apache-2.0

//! Errors of sealing and opening.

use super::certificate::CertificateError;
use crate::address::ServiceId;
use crate::crypto::ctr::TooLong;
use crate::crypto::curve::NonContributory;
use crate::crypto::key_error::KeyError;
use crate::failure::Failure;
use crate::ids::DeviceId;
use crate::session::EncryptError;
use crate::wire::protobuf::Malformed;

/// The reason that nothing was sealed. Apart from `NonContributory`, none of these is the peer's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The certificate is for another identity key than ours: nobody would open what is sealed with it.
    #[error("the certificate is for another identity key")]
    ForeignCertificate,
    /// The time that was given is none in milliseconds. The caller's mistake.
    #[error("the time is not in milliseconds")]
    NotMilliseconds,
    /// The certificate names another device, or another identity, than the session has.
    #[error("the certificate is for another device than the session")]
    WrongSession,
    /// The certificate expired: the peer would refuse it. Fetch another.
    #[error("the sender certificate has expired; fetch another")]
    CertificateExpired,
    /// The message was not encrypted.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// The recipient's identity key has low order.
    #[error("the recipient's identity key has low order")]
    NonContributory,
    /// The content is longer than 64 GiB.
    #[error("the content is too long to be sealed")]
    TooLong,
    /// A recipient has no devices.
    #[error("a recipient without devices")]
    NoDevices,
    /// A device of a recipient is named twice.
    #[error("device {0} is named twice")]
    RepeatedDevice(DeviceId),
    /// A device id is not 1 to 127, and does not fit an entry.
    #[error("device {0} is not within 1 to 127")]
    DeviceOutOfRange(DeviceId),
    /// A registration id has more than the 14 bits that fit an entry.
    #[error("registration id {id} of device {device} has more than 14 bits")]
    RegistrationIdOutOfRange {
        /// The device.
        device: DeviceId,
        /// Its registration id.
        id: u32,
    },
    /// A recipient's name is not a service id.
    #[error("the recipient's name is not a service id")]
    NotAServiceId,
    /// There is no current session with a device of a recipient.
    #[error("no session with device {0}")]
    NoSession(DeviceId),
    /// The sessions of a recipient are not all with one account and one identity.
    #[error("the sessions are with several accounts or identities")]
    SeveralAccounts,
    /// An account is named twice, among recipients and excluded.
    #[error("{0} is named twice")]
    RepeatedAccount(ServiceId),
    /// More recipients and excluded accounts than 2^32 − 1.
    #[error("too many recipients")]
    TooManyRecipients,
}

impl From<NonContributory> for SealError {
    fn from(_: NonContributory) -> Self {
        Self::NonContributory
    }
}

impl From<TooLong> for SealError {
    fn from(_: TooLong) -> Self {
        Self::TooLong
    }
}

/// The reason that an envelope was refused, or that an upload for many was not split. All of these are the sender's
/// doing, or damage on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is not a single byte.
    #[error("empty envelope")]
    Empty,
    /// The version is unknown. Carries the first byte; for a received envelope its upper half.
    #[error("envelope of the unknown version {0}")]
    UnknownVersion(u8),
    /// Too short, or a field is missing or malformed: in the envelope, in its content, or in the certificate.
    #[error("damaged envelope: a field is missing or malformed")]
    Malformed,
    /// A public key in the envelope, or in the certificate in it, does not decode.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A public key in the envelope, or in the certificate in it, has low order.
    #[error("a key in the envelope has low order")]
    NonContributory,
    /// It was sealed for another identity key than ours, or was damaged.
    #[error("not sealed for this identity")]
    NotForUs,
    /// The content was damaged.
    #[error("the content is not authentic")]
    NotAuthentic,
    /// The certificate is that of another key than the one that sealed it.
    #[error("sealed by another key than the certificate's")]
    WrongSender,
    /// The certificate is not good: foreign, forged, revoked, or expired.
    #[error(transparent)]
    Certificate(CertificateError),
    /// This very device sent it: the name or the phone number, and the device, are ours.
    #[error("sent by this device itself")]
    SelfSend,
    /// An upload for many excludes an account that it names elsewhere.
    #[error("{0} is excluded and named elsewhere")]
    RedundantlyExcluded(ServiceId),
}

impl OpenError {
    /// The kind of failure, for [`UnverifiedContent::advice`](super::UnverifiedContent::advice): a message that was sent
    /// with a certificate that had expired is worth asking for again.
    #[must_use]
    pub const fn failure(&self) -> Failure {
        match self {
            Self::SelfSend => Failure::Duplicate,
            Self::Certificate(CertificateError::Expired) => Failure::Undecryptable,
            _ => Failure::Untrusted,
        }
    }
}

impl From<Malformed> for OpenError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<NonContributory> for OpenError {
    fn from(_: NonContributory) -> Self {
        Self::NonContributory
    }
}
