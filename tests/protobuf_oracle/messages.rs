// SPDX-License-Identifier: MIT OR Apache-2.0

//! The messages between peers.

use proptest::prelude::*;
use prost::Message;
use subrosa::hazmat::crypto::curve::PublicKey;
use subrosa::hazmat::wire::decryption_error::DecryptionErrorMessage;
use subrosa::hazmat::wire::message::ParseError;
use subrosa::hazmat::wire::plaintext_content::{PlaintextContentError, decryption_error_in};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;

use super::bytes::{changed, fields};

#[derive(Clone, PartialEq, Message)]
struct Signal {
    #[prost(bytes = "vec", optional, tag = "1")]
    ratchet_key: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    counter: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    previous_counter: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    ciphertext: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pq_ratchet: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "6")]
    addresses: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct PreKeySignal {
    #[prost(uint32, optional, tag = "1")]
    pre_key_id: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    base_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    identity_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    message: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "5")]
    registration_id: Option<u32>,
    #[prost(uint32, optional, tag = "6")]
    signed_pre_key_id: Option<u32>,
    #[prost(uint32, optional, tag = "7")]
    kyber_pre_key_id: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "8")]
    kyber_ciphertext: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct DecryptionError {
    #[prost(bytes = "vec", optional, tag = "1")]
    ratchet_key: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "2")]
    timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "3")]
    device_id: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct Content {
    #[prost(bytes = "vec", optional, tag = "1")]
    data: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    sync: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    call: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    null: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "5")]
    receipt: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "6")]
    typing: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "7")]
    sender_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "8")]
    decryption_error: Option<Vec<u8>>,
}

/// A required key: first that it is there, then that it decodes.
fn need_key(bytes: Option<&Vec<u8>>) -> Result<PublicKey, ParseError> {
    Ok(PublicKey::decode(bytes.ok_or(ParseError::InvalidProtobuf)?)?)
}

fn signal_message(protobuf: &[u8]) -> Result<(), TestCaseError> {
    let bytes = [&[0x44], protobuf, &[9; 8]].concat();
    let theirs = Signal::decode(protobuf).map_err(|_| ParseError::InvalidProtobuf).and_then(|message| {
        let key = need_key(message.ratchet_key.as_ref())?;
        let counter = message.counter.ok_or(ParseError::InvalidProtobuf)?;
        let body = message.ciphertext.ok_or(ParseError::InvalidProtobuf)?;
        let (previous, pq) = (message.previous_counter.unwrap_or(0), message.pq_ratchet.unwrap_or_default());
        Ok((key, counter, previous, body, pq, message.addresses))
    });
    let ours = SignalMessage::parse(&bytes).map(|message| {
        let (body, pq) = (message.body().to_vec(), message.pq_ratchet().to_vec());
        let addresses = message.addresses().map(<[u8]>::to_vec);
        (*message.ratchet_key(), message.counter(), message.previous_counter(), body, pq, addresses)
    });
    prop_assert_eq!(ours, theirs);
    Ok(())
}

fn prekey_message(first: u8, protobuf: &[u8]) -> Result<(), TestCaseError> {
    let bytes = [&[first], protobuf].concat();
    let theirs =
        PreKeySignal::decode(protobuf).map_err(|_| ParseError::InvalidProtobuf).and_then(|message| {
            let required =
                (&message.base_key, &message.identity_key, &message.message, message.signed_pre_key_id);
            let (Some(base), Some(identity), Some(inner), Some(signed)) = required else {
                return Err(ParseError::InvalidProtobuf);
            };
            let base = PublicKey::decode(base)?;
            let kyber = match (message.kyber_pre_key_id, message.kyber_ciphertext.clone()) {
                (Some(id), Some(ciphertext)) => Some((id, ciphertext)),
                (None, None) if first >> 4 == 3 => None,
                (None, None) => return Err(ParseError::KyberMissing),
                _ => return Err(ParseError::KyberIncomplete),
            };
            let identity = PublicKey::decode(identity)?;
            SignalMessage::parse(inner)?;
            let ids = (message.registration_id.unwrap_or(0), message.pre_key_id, signed);
            Ok((ids, kyber, base, identity, inner.clone()))
        });
    let ours = PreKeySignalMessage::parse(&bytes).map(|message| {
        let ids = (message.registration_id(), message.pre_key_id(), message.signed_pre_key_id());
        let kyber = message.kyber().map(|part| (part.pre_key_id, part.ciphertext.to_vec()));
        let inner = message.message().as_bytes().to_vec();
        (ids, kyber, *message.base_key(), *message.identity_key(), inner)
    });
    prop_assert_eq!(ours, theirs);
    Ok(())
}

type ErrorParts = (Option<PublicKey>, u64, u32);

fn error_by_prost(bytes: &[u8]) -> Result<ErrorParts, ParseError> {
    let message = DecryptionError::decode(bytes).map_err(|_| ParseError::InvalidProtobuf)?;
    let timestamp = message.timestamp.ok_or(ParseError::InvalidProtobuf)?;
    let key = message.ratchet_key.map(|key| PublicKey::decode(&key)).transpose()?;
    Ok((key, timestamp, message.device_id.unwrap_or(0)))
}

fn error_parts(message: &DecryptionErrorMessage) -> ErrorParts {
    (message.ratchet_key().copied(), message.timestamp(), message.device_id())
}

fn decryption_error(bytes: &[u8]) -> Result<(), TestCaseError> {
    let ours = DecryptionErrorMessage::parse(bytes);
    prop_assert_eq!(ours.as_ref().map(error_parts).map_err(|error| *error), error_by_prost(bytes));
    if let Ok(message) = ours {
        prop_assert_eq!(DecryptionErrorMessage::parse(&message.encode()), Ok(message));
    }
    Ok(())
}

fn content(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = match Content::decode(bytes) {
        Err(_) => Err(PlaintextContentError::Parse(ParseError::InvalidProtobuf)),
        Ok(Content { decryption_error: None, .. }) => Err(PlaintextContentError::NoDecryptionError),
        Ok(Content { decryption_error: Some(message), .. }) => error_by_prost(&message).map_err(Into::into),
    };
    let ours = decryption_error_in(&[bytes, &[0x80]].concat());
    prop_assert_eq!(ours.as_ref().map(error_parts).map_err(|error| *error), theirs);
    Ok(())
}

pub(super) fn key() -> impl Strategy<Value = Vec<u8>> {
    let right = any::<[u8; 32]>().prop_map(|key| [&[5][..], &key].concat());
    prop_oneof![9 => right, 1 => bytes()]
}

pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..40)
}

/// Nearly always there.
pub(super) fn usual<T: core::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.95, value)
}

fn valid_signal() -> impl Strategy<Value = Vec<u8>> {
    (
        (usual(key()), usual(any::<u32>()), any::<Option<u32>>()),
        (usual(bytes()), proptest::option::of(bytes()), proptest::option::of(bytes())),
    )
        .prop_map(|((ratchet_key, counter, previous_counter), (ciphertext, pq_ratchet, addresses))| {
            Signal { ratchet_key, counter, previous_counter, ciphertext, pq_ratchet, addresses }
                .encode_to_vec()
        })
}

fn valid_prekey_signal() -> impl Strategy<Value = Vec<u8>> {
    let inner = prop_oneof![
        9 => valid_signal().prop_map(|message| [&[0x44], &message[..], &[1; 8]].concat()),
        1 => bytes(),
    ];
    (
        (any::<Option<u32>>(), usual(key()), usual(key()), usual(inner)),
        (any::<Option<u32>>(), usual(any::<u32>()), usual(any::<u32>()), usual(bytes())),
    )
        .prop_map(|((pre_key_id, base_key, identity_key, message), rest)| {
            let (registration_id, signed_pre_key_id, kyber_pre_key_id, kyber_ciphertext) = rest;
            PreKeySignal {
                pre_key_id,
                base_key,
                identity_key,
                message,
                registration_id,
                signed_pre_key_id,
                kyber_pre_key_id,
                kyber_ciphertext,
            }
            .encode_to_vec()
        })
}

fn valid_decryption_error() -> impl Strategy<Value = Vec<u8>> {
    (proptest::option::of(key()), usual(any::<u64>()), any::<Option<u32>>()).prop_map(
        |(ratchet_key, timestamp, device_id)| {
            DecryptionError { ratchet_key, timestamp, device_id }.encode_to_vec()
        },
    )
}

fn valid_content() -> impl Strategy<Value = Vec<u8>> {
    (usual(prop_oneof![9 => valid_decryption_error(), 1 => bytes()]), proptest::option::of(bytes())).prop_map(
        |(decryption_error, null)| Content { null, decryption_error, ..Content::default() }.encode_to_vec(),
    )
}

/// Right, nearly right, twice, or anything.
pub(super) fn near<S: Strategy<Value = Vec<u8>>>(valid: impl Fn() -> S) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        valid(),
        changed(valid()),
        (valid(), valid()).prop_map(|(first, second)| [first, second].concat()),
        (valid(), fields(3)).prop_map(|(first, second)| [first, second].concat()),
        fields(12),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn signal_messages(bytes in near(valid_signal)) {
        signal_message(&bytes)?;
    }

    #[test]
    fn prekey_messages(bytes in near(valid_prekey_signal), first in prop_oneof![Just(0x34), Just(0x44)]) {
        prekey_message(first, &bytes)?;
    }

    #[test]
    fn decryption_errors(bytes in near(valid_decryption_error)) {
        decryption_error(&bytes)?;
    }

    #[test]
    fn contents(bytes in near(valid_content)) {
        content(&bytes)?;
    }
}
