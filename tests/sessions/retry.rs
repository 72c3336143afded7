// SPDX-License-Identifier: MIT OR Apache-2.0

//! Decryption-error messages and plaintext contents.

use crate::device::{Device, Letter, Offer};

use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::{DeviceId, MessageKind, ParseError, Timestamp};

/// Above 2^32.
const TIMESTAMP: Timestamp = Timestamp::from_millis((1 << 40) + 17);
/// Above 2^31.
const DEVICE: DeviceId = DeviceId::new((1 << 31) + 5);

fn error_for(letter: &Letter) -> Result<DecryptionErrorMessage, ParseError> {
    DecryptionErrorMessage::for_original(&letter.bytes, letter.kind, TIMESTAMP, DEVICE)
}

#[test]
fn key_timestamp_and_device_survive() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.begin_with(&mut bob, Offer::FULL);
    let pre_key = alice.tell(&mut bob, b"first");
    let whisper = bob.tell(&mut alice, b"reply");
    let group = Letter::new(MessageKind::SenderKey, b"not looked into".to_vec());
    for letter in [&pre_key, &whisper, &group] {
        let error = error_for(letter).unwrap();
        let again = DecryptionErrorMessage::parse(&error.to_bytes()).unwrap();
        assert_eq!(again, error);
        assert_eq!((again.timestamp(), again.device()), (TIMESTAMP, DEVICE));
        let key = (letter.kind != MessageKind::SenderKey).then(|| *letter.signal().ratchet_key());
        assert_eq!(again.ratchet_key(), key.as_ref());
    }
}

#[test]
fn no_error_message_for_what_is_not_encrypted() {
    let content = Letter::new(MessageKind::Plaintext, vec![0xC0, 0x80]);
    assert_eq!(error_for(&content), Err(ParseError::PlaintextOriginal));
    let rubbish = Letter::new(MessageKind::Whisper, vec![0x44; 9]);
    assert_eq!(error_for(&rubbish), Err(ParseError::InvalidProtobuf));
}

#[test]
fn an_error_message_finds_its_session() {
    let [mut alice, mut bob] = Device::acquainted(3);
    let failed = alice.send(&bob.address, b"can't be read");
    bob.store.sessions.clear();
    bob.refuse(&alice.address, &failed);

    let error = error_for(&failed).unwrap();
    let content = PlaintextContent::from(&error);
    let received = PlaintextContent::parse(content.as_bytes()).unwrap();
    let extracted = received.decryption_error_message().unwrap();
    assert_eq!(extracted, error);
    let key = extracted.ratchet_key().unwrap();
    assert!(alice.session(&bob.address).unwrap().current_ratchet_key_matches(key));

    // So alice archives the session, begins another, and sends again.
    alice.archive(&bob.address).unwrap();
    assert!(!alice.session(&bob.address).unwrap().current_ratchet_key_matches(key));
    alice.greet(&mut bob, Offer::FULL);
    alice.tell(&mut bob, b"can be read");
}

#[test]
fn an_error_message_that_comes_late_finds_nothing() {
    let [mut alice, mut bob] = Device::acquainted(3);
    let failed = alice.send(&bob.address, b"lost on the way");
    alice.tell(&mut bob, b"but the session works");
    bob.tell(&mut alice, b"turn");
    let error = error_for(&failed).unwrap();
    let key = error.ratchet_key().unwrap();
    assert!(!alice.session(&bob.address).unwrap().current_ratchet_key_matches(key));
}

#[test]
fn plaintext_contents_that_are_none() {
    assert_eq!(PlaintextContent::parse(&[]).unwrap_err(), ParseError::TooShort(0));
    for first in [0x00, 0x44, 0xC1, 0x80] {
        let error = PlaintextContent::parse(&[first, 0x80]).map(drop).unwrap_err();
        assert_eq!(error, ParseError::UnrecognizedMessageVersion(first));
    }
    let invalid = ParseError::InvalidProtobuf;
    for bytes in [&[0xC0][..], &[0xC0, 0x00], &[0xC0, 0x42, 0x00], &[0xC0, 0x42, 0x05, 0x80]] {
        let content = PlaintextContent::parse(bytes).unwrap();
        assert_eq!(content.decryption_error_message(), Err(invalid), "{bytes:02x?}");
    }
    let content = PlaintextContent::parse(&[0xC0, 0x80]).unwrap();
    assert_eq!(content.decryption_error_message(), Err(ParseError::NoDecryptionError));
}

#[test]
fn a_plaintext_content_is_none_of_a_session() {
    let [mut alice, bob] = Device::acquainted(5);
    let letter = Letter::new(MessageKind::Plaintext, vec![0xC0, 0x80]);
    let failure = alice.refuse(&bob.address, &letter);
    assert_eq!(failure, crate::device::Failure::Parse(ParseError::OtherKind(MessageKind::Plaintext)));
}
