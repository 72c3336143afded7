// SPDX-License-Identifier: MIT OR Apache-2.0

//! The common part of all messages: kinds, version byte, and errors of parsing.

use crate::crypto::key_error::KeyError;

use super::protobuf::Malformed;

/// The session version that today's clients make: PQXDH and the Triple Ratchet.
pub const CURRENT_VERSION: u8 = 4;

/// The oldest session version that is still read: X3DH and the Double Ratchet.
pub const OLDEST_VERSION: u8 = 3;

/// The version of group messages and distribution messages, the only one there is.
pub const SENDER_KEY_VERSION: u8 = 3;

/// The kind of a message. It travels outside the message: in the transport's envelope, or in the content of a
/// sealed-sender envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// 2: a `SignalMessage`.
    Whisper,
    /// 3: a `PreKeySignalMessage`.
    PreKey,
    /// 7: a group message.
    SenderKey,
    /// 8: a `PlaintextContent`.
    Plaintext,
}

impl MessageKind {
    /// The number of the kind.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::Whisper => 2,
            Self::PreKey => 3,
            Self::SenderKey => 7,
            Self::Plaintext => 8,
        }
    }

    /// The kind that has the number `byte`, if there is one.
    #[must_use]
    pub const fn from_u8(byte: u8) -> Option<Self> {
        match byte {
            2 => Some(Self::Whisper),
            3 => Some(Self::PreKey),
            7 => Some(Self::SenderKey),
            8 => Some(Self::Plaintext),
            _ => None,
        }
    }
}

impl From<MessageKind> for u8 {
    fn from(kind: MessageKind) -> Self {
        kind.to_u8()
    }
}

impl TryFrom<u8> for MessageKind {
    type Error = ParseError;

    fn try_from(byte: u8) -> Result<Self, ParseError> {
        Self::from_u8(byte).ok_or(ParseError::UnknownKind(byte))
    }
}

/// The reason that bytes are not a message. All of these are the peer's doing, or damage on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Fewer bytes than the smallest message has. Carries their number.
    #[error("too short for a message: {0} bytes")]
    TooShort(usize),
    /// The version is below 3. Carries the version.
    #[error("message of version {0}, which is no longer read")]
    LegacyVersion(u8),
    /// The version is above 4, or of a sender key's messages above 3. Carries the version.
    #[error("message of the unknown version {0}")]
    UnrecognizedVersion(u8),
    /// Not protobuf, or a field of the wrong type, or a required field is missing.
    #[error("damaged message: a field is missing or malformed")]
    InvalidProtobuf,
    /// A public key inside does not decode.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A version-4 message that starts a session names no Kyber prekey.
    #[error("first message of version 4 without a KEM prekey")]
    KyberMissing,
    /// A message that starts a session has a Kyber prekey id without a ciphertext, or the reverse.
    #[error("KEM prekey id without KEM ciphertext, or the reverse")]
    KyberIncomplete,
    /// The bytes are of a kind that another type reads: a group message by
    /// [`GroupMessage`](crate::group::GroupMessage), a plaintext content by
    /// [`PlaintextContent`](crate::repair::PlaintextContent).
    #[error("not a session message, but of kind {0:?}")]
    OtherKind(MessageKind),
    /// A plaintext content does not begin with `0xC0`. Carries the byte.
    #[error("not a plaintext content: begins with {0:#04x}")]
    UnrecognizedMessageVersion(u8),
    /// A plaintext content has no decryption error message, which is all that one may have.
    #[error("the plaintext content asks for nothing to be sent again")]
    NoDecryptionError,
    /// No kind of message has this number.
    #[error("no message kind has the number {0}")]
    UnknownKind(u8),
    /// The caller's mistake: a plaintext content is not encrypted, so there is no need to ask for it again.
    #[error("a plaintext content is not encrypted, so nothing about it can fail to decrypt")]
    PlaintextOriginal,
}

impl From<Malformed> for ParseError {
    fn from(_: Malformed) -> Self {
        Self::InvalidProtobuf
    }
}

/// The first byte of a message: its version in the upper half, and again in the lower one.
///
/// The lower half is the newest version that the sender knows. Receivers ignore it, except one that is in use for
/// version 3 and refuses 4 there. For version 4 both are the same.
#[must_use]
pub const fn first_byte(version: u8) -> u8 {
    version << 4 | version
}

/// The version in the upper half of a message's first byte, which must be 3 or 4. Receivers ignore the
/// lower half.
pub(crate) const fn read_version(first_byte: u8) -> Result<u8, ParseError> {
    match first_byte >> 4 {
        version @ OLDEST_VERSION..=CURRENT_VERSION => Ok(version),
        version @ ..OLDEST_VERSION => Err(ParseError::LegacyVersion(version)),
        version => Err(ParseError::UnrecognizedVersion(version)),
    }
}

/// Checks the version in the first byte of a sender key's message, which must be 3. Receivers ignore the lower
/// half.
pub(crate) const fn check_sender_key_version(first_byte: u8) -> Result<(), ParseError> {
    match first_byte >> 4 {
        SENDER_KEY_VERSION => Ok(()),
        version @ ..SENDER_KEY_VERSION => Err(ParseError::LegacyVersion(version)),
        version => Err(ParseError::UnrecognizedVersion(version)),
    }
}
