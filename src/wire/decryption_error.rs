// SPDX-License-Identifier: MIT OR Apache-2.0

//! `DecryptionErrorMessage`: "I could not decrypt that message of yours".

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::curve::PublicKey;
use crate::ids::DeviceId;
use crate::timestamp::Timestamp;

use super::message::{MessageKind, ParseError};
use super::prekey_message::PreKeySignalMessage;
use super::protobuf::{Encode, Fields, Sink};
use super::signal_message::SignalMessage;

const RATCHET_KEY: u32 = 1;
const TIMESTAMP: u32 = 2;
const DEVICE_ID: u32 = 3;

/// Tells a sender which message could not be decrypted. The sender of that message archives the session if the ratchet
/// key is still the current one, and sends again.
#[derive(Clone, PartialEq, Eq)]
pub struct DecryptionErrorMessage {
    ratchet_key: Option<PublicKey>,
    timestamp: Timestamp,
    device: DeviceId,
}

impl DecryptionErrorMessage {
    /// An error for the message `original` of the given kind, which its sender's `device` sent at `timestamp`. A group
    /// message is not parsed.
    ///
    /// # Errors
    /// [`ParseError`]: the kind is plaintext, or the original does not parse.
    pub fn for_original(
        original: &[u8],
        kind: MessageKind,
        timestamp: Timestamp,
        device: DeviceId,
    ) -> Result<Self, ParseError> {
        let ratchet_key = match kind {
            MessageKind::Whisper => Some(*SignalMessage::parse(original)?.ratchet_key()),
            MessageKind::PreKey => Some(*PreKeySignalMessage::parse(original)?.message().ratchet_key()),
            MessageKind::SenderKey => None,
            MessageKind::Plaintext => return Err(ParseError::PlaintextOriginal),
        };
        Ok(Self { ratchet_key, timestamp, device })
    }

    /// Reads a message. Without device id it is 0.
    ///
    /// # Errors
    /// [`ParseError`]: `InvalidProtobuf`, also if there is no timestamp; then `Key` if the ratchet key does
    /// not decode.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let (mut ratchet_key, mut timestamp, mut device_id) = (None, None, 0);
        for field in Fields::new(bytes) {
            let field = field?;
            match field.number {
                RATCHET_KEY => ratchet_key = Some(field.bytes()?),
                TIMESTAMP => timestamp = Some(field.uint64()?),
                DEVICE_ID => device_id = field.uint32()?,
                _ => {}
            }
        }
        Ok(Self {
            timestamp: timestamp.map(Timestamp::from_millis).ok_or(ParseError::InvalidProtobuf)?,
            ratchet_key: ratchet_key.map(PublicKey::decode).transpose()?,
            device: DeviceId::new(device_id),
        })
    }

    /// The encoded form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.write(&mut out);
        out
    }

    /// The ratchet key of the message that failed; none if it was a group message.
    #[must_use]
    pub const fn ratchet_key(&self) -> Option<&PublicKey> {
        self.ratchet_key.as_ref()
    }

    /// When the message that failed was sent.
    #[must_use]
    pub const fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The device that sent the message that failed.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }
}

impl Encode for DecryptionErrorMessage {
    fn write(&self, out: &mut impl Sink) {
        if let Some(key) = &self.ratchet_key {
            out.bytes(RATCHET_KEY, &key.encode());
        }
        out.varint(TIMESTAMP, self.timestamp.as_millis());
        out.varint(DEVICE_ID, self.device.get());
    }
}

impl fmt::Debug for DecryptionErrorMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ratchet_key, timestamp: _, device: _ } = self;
        f.debug_struct("DecryptionErrorMessage")
            .field("has_ratchet_key", &ratchet_key.is_some())
            .finish_non_exhaustive()
    }
}
