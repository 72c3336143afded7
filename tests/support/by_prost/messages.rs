// SPDX-License-Identifier: MIT OR Apache-2.0

//! The messages between peers.

use prost::Message;
use subrosa::hazmat::crypto::curve::PublicKey;
use subrosa::hazmat::wire::decryption_error::DecryptionErrorMessage;
use subrosa::hazmat::wire::message::ParseError;
use subrosa::hazmat::wire::plaintext_content::PlaintextContent;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;

#[derive(Clone, PartialEq, Message)]
pub struct Signal {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub ratchet_key: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    pub counter: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    pub previous_counter: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub ciphertext: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub pq_ratchet: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "6")]
    pub addresses: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct PreKeySignal {
    #[prost(uint32, optional, tag = "1")]
    pub pre_key_id: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub base_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub identity_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub message: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "5")]
    pub registration_id: Option<u32>,
    #[prost(uint32, optional, tag = "6")]
    pub signed_pre_key_id: Option<u32>,
    #[prost(uint32, optional, tag = "7")]
    pub kyber_pre_key_id: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "8")]
    pub kyber_ciphertext: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct DecryptionError {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub ratchet_key: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "2")]
    pub timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "3")]
    pub device_id: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Content {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub data: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub sync: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub call: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub null: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub receipt: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "6")]
    pub typing: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "7")]
    pub sender_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "8")]
    pub decryption_error: Option<Vec<u8>>,
}

/// A required key: first that it is there, then that it decodes.
fn need_key(bytes: Option<&Vec<u8>>) -> Result<PublicKey, ParseError> {
    Ok(PublicKey::decode(bytes.ok_or(ParseError::InvalidProtobuf)?)?)
}

/// The version in the upper half of the first byte; 3 and `newest` are good.
pub fn version(first: u8, newest: u8) -> Result<u8, ParseError> {
    match first >> 4 {
        version @ ..=2 => Err(ParseError::LegacyVersion(version)),
        version if version > newest => Err(ParseError::UnrecognizedVersion(version)),
        version => Ok(version),
    }
}

/// Version, ratchet key, counter, previous counter, body, message of the post-quantum ratchet, addresses.
type SignalParts = (u8, PublicKey, u32, u32, Vec<u8>, Vec<u8>, Option<Vec<u8>>);

/// First byte, protobuf, and a MAC of 8 bytes.
fn signal_by_prost(bytes: &[u8]) -> Result<SignalParts, ParseError> {
    let (first, protobuf) = match bytes {
        [first, protobuf @ .., _, _, _, _, _, _, _, _] => (*first, protobuf),
        _ => return Err(ParseError::TooShort(bytes.len())),
    };
    let version = version(first, 4)?;
    let message = Signal::decode(protobuf).map_err(|_| ParseError::InvalidProtobuf)?;
    let key = need_key(message.ratchet_key.as_ref())?;
    let counter = message.counter.ok_or(ParseError::InvalidProtobuf)?;
    let body = message.ciphertext.ok_or(ParseError::InvalidProtobuf)?;
    let (previous, pq) = (message.previous_counter.unwrap_or(0), message.pq_ratchet.unwrap_or_default());
    Ok((version, key, counter, previous, body, pq, message.addresses))
}

fn signal_parts(message: &SignalMessage<'_>) -> SignalParts {
    let (body, pq) = (message.body().to_vec(), message.pq_ratchet().to_vec());
    let addresses = message.addresses().map(<[u8]>::to_vec);
    let (key, counter) = (*message.ratchet_key(), message.counter());
    (message.version(), key, counter, message.previous_counter(), body, pq, addresses)
}

pub fn signal_message(bytes: &[u8]) {
    let ours = SignalMessage::parse(bytes);
    assert_eq!(ours.as_ref().map(signal_parts).map_err(|error| *error), signal_by_prost(bytes));
}

/// Version, ids, Kyber part, base key, identity key, the message inside as bytes and as its parts.
type PreKeyParts =
    (u8, (u32, Option<u32>, u32), Option<(u32, Vec<u8>)>, PublicKey, PublicKey, (Vec<u8>, SignalParts));

fn prekey_by_prost(bytes: &[u8]) -> Result<PreKeyParts, ParseError> {
    let (first, protobuf) = bytes.split_first().ok_or(ParseError::TooShort(0))?;
    let version = version(*first, 4)?;
    let message = PreKeySignal::decode(protobuf).map_err(|_| ParseError::InvalidProtobuf)?;
    let required = (&message.base_key, &message.identity_key, &message.message, message.signed_pre_key_id);
    let (Some(base), Some(identity), Some(inner), Some(signed)) = required else {
        return Err(ParseError::InvalidProtobuf);
    };
    let base = PublicKey::decode(base)?;
    let kyber = match (message.kyber_pre_key_id, message.kyber_ciphertext.clone()) {
        (Some(id), Some(ciphertext)) => Some((id, ciphertext)),
        (None, None) if version == 3 => None,
        (None, None) => return Err(ParseError::KyberMissing),
        _ => return Err(ParseError::KyberIncomplete),
    };
    let identity = PublicKey::decode(identity)?;
    let ids = (message.registration_id.unwrap_or(0), message.pre_key_id, signed);
    Ok((version, ids, kyber, base, identity, (inner.clone(), signal_by_prost(inner)?)))
}

fn prekey_parts(message: &PreKeySignalMessage<'_>) -> PreKeyParts {
    let one_time = message.pre_key_id().map(|id| id.0);
    let ids = (message.registration_id(), one_time, message.signed_pre_key_id().0);
    let kyber = message.kyber().map(|part| (part.pre_key_id.0, part.ciphertext.to_vec()));
    let inner = (message.message().as_bytes().to_vec(), signal_parts(message.message()));
    (message.version(), ids, kyber, *message.base_key(), *message.identity_key(), inner)
}

pub fn prekey_message(bytes: &[u8]) {
    let ours = PreKeySignalMessage::parse(bytes);
    assert_eq!(ours.as_ref().map(prekey_parts).map_err(|error| *error), prekey_by_prost(bytes));
}

type ErrorParts = (Option<PublicKey>, u64, u32);

fn error_by_prost(bytes: &[u8]) -> Result<ErrorParts, ParseError> {
    let message = DecryptionError::decode(bytes).map_err(|_| ParseError::InvalidProtobuf)?;
    let timestamp = message.timestamp.ok_or(ParseError::InvalidProtobuf)?;
    let key = message.ratchet_key.map(|key| PublicKey::decode(&key)).transpose()?;
    Ok((key, timestamp, message.device_id.unwrap_or(0)))
}

fn error_parts(message: &DecryptionErrorMessage) -> ErrorParts {
    (message.ratchet_key().copied(), message.timestamp().as_millis(), message.device().get())
}

pub fn decryption_error(bytes: &[u8]) {
    let ours = DecryptionErrorMessage::parse(bytes);
    assert_eq!(ours.as_ref().map(error_parts).map_err(|error| *error), error_by_prost(bytes));
    if let Ok(message) = ours {
        assert_eq!(DecryptionErrorMessage::parse(&message.to_bytes()), Ok(message));
    }
}

/// `C0`, the content, and the byte `80`.
pub fn plaintext_content(bytes: &[u8]) {
    let theirs = match bytes {
        [] => Err(ParseError::TooShort(0)),
        [0xC0, body @ ..] => Ok(body),
        [first, ..] => Err(ParseError::UnrecognizedMessageVersion(*first)),
    };
    let theirs = theirs.and_then(|body| match body.split_last() {
        Some((0x80, content)) => match Content::decode(content) {
            Err(_) => Err(ParseError::InvalidProtobuf),
            Ok(Content { decryption_error: None, .. }) => Err(ParseError::NoDecryptionError),
            Ok(Content { decryption_error: Some(message), .. }) => Ok(error_by_prost(&message)?),
        },
        _ => Err(ParseError::InvalidProtobuf),
    });
    let ours = PlaintextContent::parse(bytes);
    let ours = ours.and_then(|content| content.decryption_error_message());
    assert_eq!(ours.as_ref().map(error_parts).map_err(|error| *error), theirs);
}
