// SPDX-License-Identifier: MIT OR Apache-2.0

//! One-to-one messages as bytes: known answers, refusals in their order, round trips.

use hex_literal::hex;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use subrosa::hazmat::crypto::curve::PublicKey;
use subrosa::hazmat::crypto::kdf::MacKey;
use subrosa::hazmat::crypto::kem::{KemKeyPair, KemType};
use subrosa::hazmat::wire::decryption_error::DecryptionErrorMessage;
use subrosa::hazmat::wire::message::{MessageKind, ParseError, first_byte};
use subrosa::hazmat::wire::plaintext_content::{PlaintextContent, decryption_error_in};
use subrosa::hazmat::wire::prekey_message::{KyberPart, PreKeyMessageParts, PreKeySignalMessage};
use subrosa::hazmat::wire::signal_message::{MAC_LEN, SignalMessage, SignalMessageParts};
use subrosa::keys::KeyError;
use subrosa::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use subrosa::{DeviceId, Timestamp};

const SENT: Timestamp = Timestamp::from_millis(1_700_000_000_123);

const IK_A: [u8; 33] = hex!("05d89e3bad79437dbed9f843418304f460ff05c7fe81fe4a9577a804cb9367ff66");
const IK_B: [u8; 33] = hex!("0523b7bb8c91ae008711fb12846780bcdf1e065f821bdfec49f57e7c7dcd4c4823");
const EK_A: [u8; 33] = hex!("0534e42d4af5ef94a07a3a84201b889d4cd1a743cb27b11b6a10438a8feb8e5847");
const R_A: [u8; 33] = hex!("05392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c");

/// Ratchet key Ra, counter 9, previous 8, ciphertext 01020304, MAC key ab…ab, no SPQR message.
const PLAIN: &[u8] = &hex!(
    "440a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c10091808220401020304"
    "0039ad571a58cdbc"
);
/// The same with the SPQR message 01010100.
const WITH_PQ: &[u8] = &hex!(
    "440a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c10091808220401020304"
    "2a0401010100761d051028b23ee2"
);
/// [`PLAIN`] in a version-3 wrapper: registration id 365, signed prekey 97, no one-time prekey.
const WRAPPED: &[u8] = &hex!(
    "3412210534e42d4af5ef94a07a3a84201b889d4cd1a743cb27b11b6a10438a8feb8e58471a2105d89e3bad79437d"
    "bed9f843418304f460ff05c7fe81fe4a9577a804cb9367ff662236440a2105392d174a38b3b1beafaf1fe8248708"
    "41c5fa531bc6eafdb6402c124664488c1c100918082204010203040039ad571a58cdbc28ed023061"
);
/// The first message of a session, with addresses.
const FIRST: &[u8] = &hex!(
    "440a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c1000180022"
    "30f8056809e64d93fc29484db9445eb3846701afe98f79b5225a7564f98beb2646d824c1c80577"
    "c0ffdedf27c9741b6cd92a0401010100322400111111111111411181111111111111110100222222"
    "22222242228222222222222222038f17fb3f603ac0f9"
);
const FIRST_BODY: &[u8] =
    &hex!("f8056809e64d93fc29484db9445eb3846701afe98f79b5225a7564f98beb2646d824c1c80577c0ffdedf27c9741b6cd9");
const FIRST_ADDRESSES: [u8; 36] =
    hex!("001111111111114111811111111111111101002222222222224222822222222222222203");

const ERROR_FOR_PLAIN: &[u8] =
    &hex!("0a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c10fbd095ffbc311805");
const PLAINTEXT_CONTENT: &[u8] =
    &hex!("c0422c0a2105392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c10fbd095ffbc31180580");

fn key(encoded: &[u8; 33]) -> PublicKey {
    PublicKey::decode(encoded).unwrap()
}

/// Encodes, and appends the MAC for the sender A and the receiver B.
fn seal(parts: &SignalMessageParts<'_>, mac_key: &[u8; 32]) -> Vec<u8> {
    let mut bytes = parts.encode();
    let capacity = bytes.capacity();
    let tag: [u8; MAC_LEN] = MacKey::new(mac_key).tag(&[&IK_A, &IK_B, &bytes]);
    bytes.extend_from_slice(&tag);
    assert_eq!((bytes.len(), bytes.capacity()), (capacity, capacity), "reserved exactly, MAC included");
    bytes
}

fn plain_parts(ratchet_key: &PublicKey) -> SignalMessageParts<'_> {
    SignalMessageParts {
        first_byte: 0x44,
        ratchet_key,
        counter: 9,
        previous_counter: 8,
        body: &[1, 2, 3, 4],
        pq_ratchet: &[],
        addresses: None,
    }
}

#[test]
fn client_made_message_is_built_and_read() {
    let ratchet_key = key(&R_A);
    let parts = plain_parts(&ratchet_key);
    assert_eq!(seal(&parts, &[0xAB; 32]), PLAIN);
    assert_eq!(seal(&SignalMessageParts { pq_ratchet: &[1, 1, 1, 0], ..parts }, &[0xAB; 32]), WITH_PQ);

    let message = SignalMessage::parse(WITH_PQ).unwrap();
    assert_eq!((message.version(), message.counter(), message.previous_counter()), (4, 9, 8));
    assert_eq!(message.ratchet_key(), &ratchet_key);
    assert_eq!(message.body(), [1, 2, 3, 4]);
    assert_eq!(message.pq_ratchet(), [1, 1, 1, 0]);
    assert_eq!(message.addresses(), None);
    assert_eq!(message.as_bytes(), WITH_PQ);
    assert_eq!(message.mac(), &hex!("761d051028b23ee2"));
    assert_eq!([message.authenticated(), message.mac()].concat(), WITH_PQ);
    assert!(SignalMessage::parse(PLAIN).unwrap().pq_ratchet().is_empty());
}

#[test]
fn first_message_of_a_session_is_built_and_read() {
    let parts = SignalMessageParts {
        first_byte: first_byte(4),
        ratchet_key: &key(&R_A),
        counter: 0,
        previous_counter: 0,
        body: FIRST_BODY,
        pq_ratchet: &[1, 1, 1, 0],
        addresses: Some(&FIRST_ADDRESSES),
    };
    let mac_key = hex!("5b5576eabe4bd6d7bd4372d7a664e4bab5c84e7044718e47620d7b46636af0d9");
    assert_eq!(seal(&parts, &mac_key), FIRST);
    let message = SignalMessage::parse(FIRST).unwrap();
    assert_eq!((message.counter(), message.previous_counter()), (0, 0));
    assert_eq!(message.body(), FIRST_BODY);
    assert_eq!(message.addresses(), Some(FIRST_ADDRESSES.as_slice()));
}

#[test]
fn wrapped_first_message_has_the_known_hash() {
    let pair = KemKeyPair::generate(KemType::Kyber1024, &mut Counting(0));
    let public = pair.public().encode();
    assert_eq!(
        Sha256::digest(&public[1..])[..],
        hex!("24ed6cde38849be6ef02d0fb2e2fc4d259c3b52053c88c24a30f6873673e42c1")
    );
    let (ciphertext, _) = pair.public().encapsulate(&mut Counting(0x40));
    let parts = PreKeyMessageParts {
        first_byte: 0x44,
        registration_id: 1234,
        pre_key_id: Some(OneTimePreKeyId(7)),
        signed_pre_key_id: SignedPreKeyId(22),
        kyber: Some(KyberPart { pre_key_id: KemPreKeyId(33), ciphertext: &ciphertext.encode() }),
        base_key: &key(&EK_A),
        identity_key: &key(&IK_A),
        message: FIRST,
    };
    let bytes = parts.encode();
    assert_eq!((bytes.len(), bytes.capacity()), (1797, 1797));
    assert_eq!(
        Sha256::digest(&bytes)[..],
        hex!("25a4b58ca4cb62ebeef0269c6e5ec81e58165eadfe3877823be01386bc3b13f9")
    );
    let message = PreKeySignalMessage::parse(&bytes).unwrap();
    assert_eq!((message.version(), message.registration_id()), (4, 1234));
    assert_eq!(
        (message.pre_key_id(), message.signed_pre_key_id()),
        (parts.pre_key_id, parts.signed_pre_key_id)
    );
    assert_eq!(message.kyber(), parts.kyber);
    assert_eq!((message.base_key(), message.identity_key()), (parts.base_key, parts.identity_key));
    assert_eq!(message.message().as_bytes(), FIRST);
    assert_eq!(message.as_bytes(), bytes);
}

#[test]
fn client_made_version_3_wrapper_is_built_and_read() {
    let parts = PreKeyMessageParts {
        first_byte: 0x34,
        registration_id: 365,
        pre_key_id: None,
        signed_pre_key_id: SignedPreKeyId(97),
        kyber: None,
        base_key: &key(&EK_A),
        identity_key: &key(&IK_A),
        message: PLAIN,
    };
    assert_eq!(parts.encode(), WRAPPED);
    let message = PreKeySignalMessage::parse(WRAPPED).unwrap();
    assert_eq!((message.version(), message.message().version()), (3, 4));
    assert_eq!((message.pre_key_id(), message.kyber()), (None, None));
}

#[test]
fn decryption_error_for_each_kind_of_original() {
    for (original, kind) in [(PLAIN, MessageKind::Whisper), (WRAPPED, MessageKind::PreKey)] {
        let error = DecryptionErrorMessage::for_original(original, kind, SENT, DeviceId::new(5)).unwrap();
        assert_eq!(error.to_bytes(), ERROR_FOR_PLAIN);
        assert_eq!(error.ratchet_key(), Some(&key(&R_A)));
        assert_eq!(DecryptionErrorMessage::parse(ERROR_FOR_PLAIN).unwrap(), error);
        let content = PlaintextContent::from(&error);
        assert_eq!(content.as_bytes(), PLAINTEXT_CONTENT);
        assert_eq!(content.body(), &PLAINTEXT_CONTENT[1..]);
        let received = PlaintextContent::parse(PLAINTEXT_CONTENT).unwrap();
        assert_eq!(received, content);
        assert_eq!(received.decryption_error_message(), Ok(error));
    }
    let group = DecryptionErrorMessage::for_original(
        b"not looked into",
        MessageKind::SenderKey,
        SENT,
        DeviceId::new(5),
    );
    let group = group.unwrap();
    assert_eq!(group.to_bytes(), hex!("10fbd095ffbc311805"));
    assert_eq!(group.ratchet_key(), None);
    assert_eq!(DecryptionErrorMessage::parse(&group.to_bytes()), Ok(group));
}

#[test]
fn decryption_error_without_an_original() {
    let plaintext = DecryptionErrorMessage::for_original(
        PLAINTEXT_CONTENT,
        MessageKind::Plaintext,
        SENT,
        DeviceId::PRIMARY,
    );
    assert_eq!(plaintext, Err(ParseError::PlaintextOriginal));
    let wrong_kind =
        DecryptionErrorMessage::for_original(PLAIN, MessageKind::PreKey, SENT, DeviceId::PRIMARY);
    assert_eq!(wrong_kind, Err(ParseError::InvalidProtobuf));
    for number in (0..=u8::MAX).filter(|number| ![2, 3, 7, 8].contains(number)) {
        assert_eq!(MessageKind::try_from(number), Err(ParseError::UnknownKind(number)));
    }
    for kind in [MessageKind::Whisper, MessageKind::PreKey, MessageKind::SenderKey, MessageKind::Plaintext] {
        assert_eq!(MessageKind::try_from(u8::from(kind)), Ok(kind));
    }
}

#[test]
fn decryption_error_needs_a_timestamp_and_a_whole_key() {
    let key = &ERROR_FOR_PLAIN[..35];
    assert_eq!(DecryptionErrorMessage::parse(key), Err(ParseError::InvalidProtobuf));
    assert_eq!(DecryptionErrorMessage::parse(b""), Err(ParseError::InvalidProtobuf));
    let without_device = DecryptionErrorMessage::parse(&hex!("1001")).unwrap();
    assert_eq!((without_device.timestamp().as_millis(), without_device.device().get()), (1, 0));
    // The missing timestamp is reported before the bad key.
    assert_eq!(DecryptionErrorMessage::parse(&hex!("0a0106")), Err(ParseError::InvalidProtobuf));
    let bad_key = DecryptionErrorMessage::parse(&hex!("0a01061001"));
    assert_eq!(bad_key, Err(ParseError::Key(KeyError::BadKeyType(6))));
}

#[test]
fn plaintext_content_refuses_other_first_bytes() {
    assert_eq!(PlaintextContent::parse(b""), Err(ParseError::TooShort(0)));
    for byte in (0..=u8::MAX).filter(|byte| *byte != 0xC0) {
        assert_eq!(PlaintextContent::parse(&[byte]), Err(ParseError::UnrecognizedMessageVersion(byte)));
    }
    assert_eq!(PlaintextContent::parse(&[0xC0]).unwrap().body(), b"");
}

#[test]
fn plaintext_body_must_be_a_content_with_an_error() {
    let invalid = Err(ParseError::InvalidProtobuf);
    assert_eq!(decryption_error_in(b""), invalid);
    let body = &PLAINTEXT_CONTENT[1..];
    assert!(decryption_error_in(body).is_ok());
    assert_eq!(decryption_error_in(&body[..body.len() - 1]), invalid);
    assert_eq!(decryption_error_in(&[body, &[0]].concat()), invalid);
    assert_eq!(decryption_error_in(&hex!("80")), Err(ParseError::NoDecryptionError));
    // Fields 1 to 8 are bytes; an unknown field may be anything.
    for number in 1..=8 {
        assert_eq!(decryption_error_in(&[number << 3, 1, 0x80]), invalid);
    }
    assert_eq!(decryption_error_in(&hex!("480180")), Err(ParseError::NoDecryptionError));
    assert_eq!(decryption_error_in(&hex!("4203 0a0105 80")), invalid);
}

#[test]
fn only_versions_3_and_4_are_read_and_the_lower_half_is_ignored() {
    let mut message = PLAIN.to_vec();
    let mut wrapped = WRAPPED.to_vec();
    for byte in 0..=u8::MAX {
        message[0] = byte;
        wrapped[0] = byte;
        let expected = match byte >> 4 {
            version @ 0..=2 => Err(ParseError::LegacyVersion(version)),
            version @ 3..=4 => Ok(version),
            version => Err(ParseError::UnrecognizedVersion(version)),
        };
        assert_eq!(SignalMessage::parse(&message).map(|message| message.version()), expected);
        // The wrapper has no Kyber part, so version 4 goes on to miss it.
        let expected = expected.and_then(|v| if v == 4 { Err(ParseError::KyberMissing) } else { Ok(v) });
        assert_eq!(PreKeySignalMessage::parse(&wrapped).map(|message| message.version()), expected);
    }
}

#[test]
fn length_is_checked_before_version_and_protobuf() {
    for len in 0..=8 {
        assert_eq!(SignalMessage::parse(&vec![0; len]).unwrap_err(), ParseError::TooShort(len));
    }
    assert_eq!(SignalMessage::parse(&[0; 9]).unwrap_err(), ParseError::LegacyVersion(0));
    let nine = hex!("44ffffffffffffffff");
    assert_eq!(SignalMessage::parse(&nine).unwrap_err(), ParseError::InvalidProtobuf);
    let ten = hex!("44ffffffffffffffffff");
    assert_eq!(SignalMessage::parse(&ten).unwrap_err(), ParseError::InvalidProtobuf);
    assert_eq!(PreKeySignalMessage::parse(b"").unwrap_err(), ParseError::TooShort(0));
    assert_eq!(PreKeySignalMessage::parse(&[0x44]).unwrap_err(), ParseError::InvalidProtobuf);
}

#[test]
fn signal_message_needs_key_counter_and_ciphertext() {
    let parse = |protobuf: &[u8]| SignalMessage::parse(&[&[0x44], protobuf, &[0; 8]].concat()).map(|_| ());
    let key_field = [&hex!("0a21"), R_A.as_slice()].concat();
    assert_eq!(parse(&[&key_field[..], &hex!("1000 2200")].concat()), Ok(()));
    assert_eq!(parse(&hex!("1000 2200")), Err(ParseError::InvalidProtobuf));
    assert_eq!(parse(&[&key_field[..], &hex!("2200")].concat()), Err(ParseError::InvalidProtobuf));
    assert_eq!(parse(&[&key_field[..], &hex!("1000")].concat()), Err(ParseError::InvalidProtobuf));
    // A bad key is reported before a missing counter.
    assert_eq!(parse(&hex!("0a00")), Err(ParseError::Key(KeyError::NoKeyType)));
    assert_eq!(parse(&hex!("0a0105")), Err(ParseError::Key(KeyError::BadKeyLength(1))));
    // Bytes after the key do not matter.
    assert_eq!(parse(&[&hex!("0a22")[..], &R_A, &hex!("ff 1000 2200")].concat()), Ok(()));
}

/// A wrapper from single fields, so that each can be left out.
fn wrapper(first: u8, leave_out: &[usize], base: &[u8], identity: &[u8], inner: &[u8]) -> Vec<u8> {
    let bytes = |key: u8, value: &[u8]| {
        [&[key], u8::try_from(value.len()).unwrap().to_be_bytes().as_slice(), value].concat()
    };
    let fields = [
        vec![],
        hex!("0807").to_vec(),
        bytes(0x12, base),
        bytes(0x1a, identity),
        bytes(0x22, inner),
        hex!("2809").to_vec(),
        hex!("3061").to_vec(),
        hex!("3821").to_vec(),
        bytes(0x42, b"any length"),
    ];
    let kept = fields.iter().enumerate().filter(|(number, _)| !leave_out.contains(number));
    kept.fold(vec![first], |mut all, (_, field)| {
        all.extend_from_slice(field);
        all
    })
}

#[test]
fn prekey_message_fields_are_required_in_order() {
    let parse = |bytes: &[u8]| PreKeySignalMessage::parse(bytes).map(|_| ());
    let with = |first, leave_out: &[usize]| parse(&wrapper(first, leave_out, &EK_A, &IK_A, PLAIN));
    assert_eq!(with(0x44, &[]), Ok(()));
    for required in [2, 3, 4, 6] {
        assert_eq!(with(0x44, &[required]), Err(ParseError::InvalidProtobuf), "field {required}");
    }
    for optional in [1, 5] {
        assert_eq!(with(0x44, &[optional]), Ok(()), "field {optional}");
    }
    assert_eq!(with(0x44, &[7, 8]), Err(ParseError::KyberMissing));
    assert_eq!(with(0x34, &[7, 8]), Ok(()));
    for (first, half) in [(0x44, 7), (0x44, 8), (0x34, 7), (0x34, 8)] {
        assert_eq!(with(first, &[half]), Err(ParseError::KyberIncomplete));
    }

    let bad = |first, leave_out: &[usize], base: &[u8], identity: &[u8], inner: &[u8]| {
        parse(&wrapper(first, leave_out, base, identity, inner)).unwrap_err()
    };
    // Signed prekey id, base key, Kyber part, identity key, inner message, in this order.
    assert_eq!(bad(0x44, &[6, 7], b"\x01", b"\x02", b""), ParseError::InvalidProtobuf);
    assert_eq!(bad(0x44, &[7], b"\x01", b"\x02", b""), ParseError::Key(KeyError::BadKeyType(1)));
    assert_eq!(bad(0x44, &[7], &EK_A, b"\x02", b""), ParseError::KyberIncomplete);
    assert_eq!(bad(0x44, &[], &EK_A, b"\x02", b""), ParseError::Key(KeyError::BadKeyType(2)));
    assert_eq!(bad(0x44, &[], &EK_A, &IK_A, b"eightbyt"), ParseError::TooShort(8));
    assert_eq!(bad(0x44, &[], &EK_A, &IK_A, &[0x24; 9]), ParseError::LegacyVersion(2));
}

#[test]
fn debug_shows_neither_keys_nor_addresses() {
    let shown = format!(
        "{:?} {:?} {:?}",
        SignalMessage::parse(FIRST).unwrap(),
        PreKeySignalMessage::parse(WRAPPED).unwrap(),
        PlaintextContent::parse(PLAINTEXT_CONTENT).unwrap(),
    );
    assert_eq!(
        shown,
        "SignalMessage(version 4, counter 0, 142 bytes) PreKeySignalMessage(version 3, 132 bytes, \
         SignalMessage(version 4, counter 9, 54 bytes)) PlaintextContent(48 bytes)"
    );
}

fn any_key() -> impl Strategy<Value = PublicKey> {
    any::<[u8; 32]>().prop_map(PublicKey::from_bytes)
}

/// Zero is an id like any other, and is written.
fn any_id() -> impl Strategy<Value = u32> {
    prop_oneof![1 => Just(0), 3 => any::<u32>()]
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..200)
}

proptest! {
    #[test]
    fn signal_message_round_trip(
        ratchet_key in any_key(),
        (counter, previous_counter, low) in (any_id(), any_id(), any::<u8>()),
        version in 3..=4u8,
        (body, pq_ratchet) in (any_bytes(), any_bytes()),
        addresses in proptest::option::of(proptest::array::uniform(any::<u8>())),
        mac in any::<[u8; 8]>(),
    ) {
        let addresses = addresses.as_ref();
        let parts = SignalMessageParts {
            first_byte: version << 4 | low & 15,
            ratchet_key: &ratchet_key,
            counter,
            previous_counter,
            body: &body,
            pq_ratchet: &pq_ratchet,
            addresses,
        };
        let mut bytes = parts.encode();
        prop_assert_eq!(bytes.capacity(), bytes.len() + MAC_LEN);
        bytes.extend_from_slice(&mac);
        let message = SignalMessage::parse(&bytes).unwrap();
        prop_assert_eq!(message.version(), version);
        prop_assert_eq!(message.ratchet_key(), &ratchet_key);
        prop_assert_eq!((message.counter(), message.previous_counter()), (counter, previous_counter));
        prop_assert_eq!(message.body(), &body[..]);
        prop_assert_eq!(message.pq_ratchet(), &pq_ratchet[..]);
        prop_assert_eq!(message.addresses(), addresses.map(<[u8; 36]>::as_slice));
        prop_assert_eq!(message.mac(), &mac);
    }

    #[test]
    fn prekey_message_round_trip(
        (base_key, identity_key) in (any_key(), any_key()),
        (registration_id, signed_pre_key_id) in (any_id(), any_id()),
        pre_key_id in proptest::option::of(any_id()),
        (kyber_id, kyber_ciphertext) in (any_id(), any_bytes()),
        with_kyber in any::<bool>(),
    ) {
        let (pre_key_id, signed_pre_key_id) =
            (pre_key_id.map(OneTimePreKeyId), SignedPreKeyId(signed_pre_key_id));
        let part = KyberPart { pre_key_id: KemPreKeyId(kyber_id), ciphertext: &kyber_ciphertext };
        let parts = PreKeyMessageParts {
            first_byte: if with_kyber { 0x44 } else { 0x34 },
            registration_id,
            pre_key_id,
            signed_pre_key_id,
            kyber: with_kyber.then_some(part),
            base_key: &base_key,
            identity_key: &identity_key,
            message: PLAIN,
        };
        let bytes = parts.encode();
        prop_assert_eq!(bytes.capacity(), bytes.len());
        let message = PreKeySignalMessage::parse(&bytes).unwrap();
        prop_assert_eq!(message.registration_id(), registration_id);
        prop_assert_eq!(message.pre_key_id(), pre_key_id);
        prop_assert_eq!(message.signed_pre_key_id(), signed_pre_key_id);
        prop_assert_eq!(message.kyber(), parts.kyber);
        prop_assert_eq!((message.base_key(), message.identity_key()), (&base_key, &identity_key));
        prop_assert_eq!(message.message().as_bytes(), PLAIN);
    }

    #[test]
    fn decryption_error_round_trip(
        body in any_bytes(),
        ratchet_key in any_key(),
        timestamp in (1u64 << 32)..,
        device_id in (1u32 << 31)..,
    ) {
        let parts = SignalMessageParts { body: &body, ..plain_parts(&ratchet_key) };
        let original = seal(&parts, &[0; 32]);
        let (timestamp, device) = (Timestamp::from_millis(timestamp), DeviceId::new(device_id));
        let error =
            DecryptionErrorMessage::for_original(&original, MessageKind::Whisper, timestamp, device).unwrap();
        let content = PlaintextContent::from(&error);
        let received = PlaintextContent::parse(content.as_bytes()).unwrap().decryption_error_message().unwrap();
        prop_assert_eq!(received.ratchet_key(), Some(&ratchet_key));
        prop_assert_eq!((received.timestamp(), received.device()), (timestamp, device));
    }

    #[test]
    fn nothing_panics(bytes in any_bytes(), first in prop_oneof![Just(0x44u8), Just(0x34), any::<u8>()]) {
        let bytes = [&[first], &bytes[..]].concat();
        let _ = SignalMessage::parse(&bytes);
        let _ = PreKeySignalMessage::parse(&bytes);
        let _ = DecryptionErrorMessage::parse(&bytes);
        let _ = decryption_error_in(&bytes);
    }
}

/// Random bytes that count up.
struct Counting(u8);

impl rand_core::TryRng for Counting {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Self::Error> {
        for byte in target {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counting {}
