// SPDX-License-Identifier: MIT OR Apache-2.0

//! `PreKeySignalMessage`: a `SignalMessage` with the recipient's data for beginning the session.
//!
//! ```text
//! byte 0 : version << 4 | 4
//! rest   : protobuf; no MAC of its own
//! ```

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::curve::PublicKey;
use crate::ids::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};

use super::message::{OLDEST_VERSION, ParseError, read_version};
use super::protobuf::{Encode, Fields, Sink};
use super::signal_message::SignalMessage;

const PRE_KEY_ID: u32 = 1;
const BASE_KEY: u32 = 2;
const IDENTITY_KEY: u32 = 3;
const MESSAGE: u32 = 4;
const REGISTRATION_ID: u32 = 5;
const SIGNED_PRE_KEY_ID: u32 = 6;
const KYBER_PRE_KEY_ID: u32 = 7;
const KYBER_CIPHERTEXT: u32 = 8;

/// The Kyber prekey that was used, and the ciphertext for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KyberPart<'a> {
    /// The id of the Kyber prekey.
    pub pre_key_id: KemPreKeyId,
    /// The ciphertext with its type byte: 1,569 bytes if well-formed, which parsing does not check.
    pub ciphertext: &'a [u8],
}

impl fmt::Debug for KyberPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pre_key_id: _, ciphertext } = self;
        write!(f, "KyberPart({} bytes)", ciphertext.len())
    }
}

/// A received message, borrowing the received bytes. Nothing in it has been verified.
#[derive(Clone, Copy)]
pub struct PreKeySignalMessage<'a> {
    bytes: &'a [u8],
    version: u8,
    registration_id: u32,
    pre_key_id: Option<OneTimePreKeyId>,
    signed_pre_key_id: SignedPreKeyId,
    kyber: Option<KyberPart<'a>>,
    base_key: PublicKey,
    identity_key: PublicKey,
    message: SignalMessage<'a>,
}

impl<'a> PreKeySignalMessage<'a> {
    /// Reads a message and the `SignalMessage` inside. Their versions may differ.
    ///
    /// # Errors
    /// [`ParseError`], in this order: `TooShort(0)`; `LegacyVersion` or `UnrecognizedVersion`;
    /// `InvalidProtobuf`, also if base key, identity key, message or signed prekey id is missing; `Key` if
    /// the base key does not decode; `KyberMissing` above version 3; `KyberIncomplete`; `Key` if the
    /// identity key does not decode; then the errors of [`SignalMessage::parse`] for the message inside.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (&first, protobuf) = bytes.split_first().ok_or(ParseError::TooShort(0))?;
        let version = read_version(first)?;
        let fields = RawFields::read(protobuf)?;
        let base_key = fields.base_key.ok_or(ParseError::InvalidProtobuf)?;
        let identity_key = fields.identity_key.ok_or(ParseError::InvalidProtobuf)?;
        let message = fields.message.ok_or(ParseError::InvalidProtobuf)?;
        Ok(Self {
            bytes,
            version,
            registration_id: fields.registration_id.unwrap_or_default(),
            pre_key_id: fields.pre_key_id.map(OneTimePreKeyId),
            signed_pre_key_id: fields
                .signed_pre_key_id
                .map(SignedPreKeyId)
                .ok_or(ParseError::InvalidProtobuf)?,
            base_key: PublicKey::decode(base_key)?,
            kyber: fields.kyber(version)?,
            identity_key: PublicKey::decode(identity_key)?,
            message: SignalMessage::parse(message)?,
        })
    }

    /// The session version of the wrapper: 3 or 4.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The sender's registration id; 0 if the field is absent. Not range-checked.
    #[must_use]
    pub const fn registration_id(&self) -> u32 {
        self.registration_id
    }

    /// The id of the recipient's one-time prekey, if one was used.
    #[must_use]
    pub const fn pre_key_id(&self) -> Option<OneTimePreKeyId> {
        self.pre_key_id
    }

    /// The id of the recipient's signed prekey.
    #[must_use]
    pub const fn signed_pre_key_id(&self) -> SignedPreKeyId {
        self.signed_pre_key_id
    }

    /// The Kyber prekey's id and the ciphertext. Present in version 4.
    #[must_use]
    pub const fn kyber(&self) -> Option<KyberPart<'a>> {
        self.kyber
    }

    /// The sender's base key `EK_A`.
    #[must_use]
    pub const fn base_key(&self) -> &PublicKey {
        &self.base_key
    }

    /// The sender's identity key.
    #[must_use]
    pub const fn identity_key(&self) -> &PublicKey {
        &self.identity_key
    }

    /// The message inside.
    #[must_use]
    pub const fn message(&self) -> &SignalMessage<'a> {
        &self.message
    }

    /// The whole message as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl fmt::Debug for PreKeySignalMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes,
            version,
            registration_id: _,
            pre_key_id: _,
            signed_pre_key_id: _,
            kyber: _,
            base_key: _,
            identity_key: _,
            message,
        } = self;
        write!(f, "PreKeySignalMessage(version {version}, {} bytes, {message:?})", bytes.len())
    }
}

/// The protobuf fields as they stand, all optional.
#[derive(Default)]
struct RawFields<'a> {
    pre_key_id: Option<u32>,
    base_key: Option<&'a [u8]>,
    identity_key: Option<&'a [u8]>,
    message: Option<&'a [u8]>,
    registration_id: Option<u32>,
    signed_pre_key_id: Option<u32>,
    kyber_pre_key_id: Option<u32>,
    kyber_ciphertext: Option<&'a [u8]>,
}

impl<'a> RawFields<'a> {
    fn read(protobuf: &'a [u8]) -> Result<Self, ParseError> {
        let mut fields = Self::default();
        for field in Fields::new(protobuf) {
            let field = field?;
            match field.number {
                PRE_KEY_ID => fields.pre_key_id = Some(field.uint32()?),
                BASE_KEY => fields.base_key = Some(field.bytes()?),
                IDENTITY_KEY => fields.identity_key = Some(field.bytes()?),
                MESSAGE => fields.message = Some(field.bytes()?),
                REGISTRATION_ID => fields.registration_id = Some(field.uint32()?),
                SIGNED_PRE_KEY_ID => fields.signed_pre_key_id = Some(field.uint32()?),
                KYBER_PRE_KEY_ID => fields.kyber_pre_key_id = Some(field.uint32()?),
                KYBER_CIPHERTEXT => fields.kyber_ciphertext = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(fields)
    }

    /// Both Kyber fields, or in version 3 neither.
    const fn kyber(&self, version: u8) -> Result<Option<KyberPart<'a>>, ParseError> {
        match (self.kyber_pre_key_id, self.kyber_ciphertext) {
            (Some(id), Some(ciphertext)) => Ok(Some(KyberPart { pre_key_id: KemPreKeyId(id), ciphertext })),
            (None, None) if version <= OLDEST_VERSION => Ok(None),
            (None, None) => Err(ParseError::KyberMissing),
            _ => Err(ParseError::KyberIncomplete),
        }
    }
}

/// The parts of a message.
#[derive(Clone, Copy)]
pub struct PreKeyMessageParts<'a> {
    /// Version in the upper half; see [`first_byte`](super::message::first_byte).
    pub first_byte: u8,
    /// Our registration id.
    pub registration_id: u32,
    /// The id of the recipient's one-time prekey, if one was used.
    pub pre_key_id: Option<OneTimePreKeyId>,
    /// The id of the recipient's signed prekey.
    pub signed_pre_key_id: SignedPreKeyId,
    /// The Kyber prekey's id and the ciphertext; version 4 needs them.
    pub kyber: Option<KyberPart<'a>>,
    /// Our base key `EK_A`.
    pub base_key: &'a PublicKey,
    /// Our identity key.
    pub identity_key: &'a PublicKey,
    /// The complete `SignalMessage`, with version byte and MAC.
    pub message: &'a [u8],
}

impl PreKeyMessageParts<'_> {
    /// The complete message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.encoded_len());
        out.push(self.first_byte);
        self.write(&mut out);
        out
    }
}

impl Encode for PreKeyMessageParts<'_> {
    fn write(&self, out: &mut impl Sink) {
        if let Some(id) = self.pre_key_id {
            out.varint(PRE_KEY_ID, id.0);
        }
        out.bytes(BASE_KEY, &self.base_key.encode());
        out.bytes(IDENTITY_KEY, &self.identity_key.encode());
        out.bytes(MESSAGE, self.message);
        out.varint(REGISTRATION_ID, self.registration_id);
        out.varint(SIGNED_PRE_KEY_ID, self.signed_pre_key_id.0);
        if let Some(kyber) = self.kyber {
            out.varint(KYBER_PRE_KEY_ID, kyber.pre_key_id.0);
            out.bytes(KYBER_CIPHERTEXT, kyber.ciphertext);
        }
    }
}

impl fmt::Debug for PreKeyMessageParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            first_byte,
            registration_id: _,
            pre_key_id: _,
            signed_pre_key_id: _,
            kyber: _,
            base_key: _,
            identity_key: _,
            message,
        } = self;
        write!(f, "PreKeyMessageParts(first byte {first_byte:#04x}, message of {} bytes)", message.len())
    }
}
