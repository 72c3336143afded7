// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of sender keys, ours and libsignal's. What reads writes a record that reads as the same, and can be
//! used.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group;
use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;

const FORMAT: group::Format = group::Format::WithId(DistributionId::from_bytes([7; 16]));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = SenderKey::from_record(bytes) {
        // Private keys are clamped when they are read.
        let again = SenderKey::from_record(key.record().as_bytes()).unwrap();
        assert_eq!(again.record().as_bytes(), key.record().as_bytes());
        send(key);
    }
    if let Ok(keys) = ReceiverKeys::from_record(bytes) {
        assert_eq!(keys.record().as_bytes(), bytes, "a state has one form");
        receive(keys);
    }
    if let Ok(key) = SenderKey::from_libsignal_record(bytes, FORMAT) {
        let again = SenderKey::from_libsignal_record(&key.to_libsignal_record(), FORMAT).unwrap();
        assert_eq!(again.record().as_bytes(), key.record().as_bytes());
        send(key);
    }
    if let Ok(keys) = ReceiverKeys::from_libsignal_record(bytes, FORMAT) {
        let again = ReceiverKeys::from_libsignal_record(&keys.to_libsignal_record(), FORMAT).unwrap();
        assert_eq!(again.record().as_bytes(), keys.record().as_bytes());
        receive(keys);
    }
});

/// Sends a message.
fn send(mut key: SenderKey) {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let before = key.iteration();
    let Ok(staged) = key.encrypt(b"text", &mut rng) else {
        assert_eq!(before, u32::MAX);
        return;
    };
    let record = staged.record();
    staged.commit();
    assert_eq!(key.record().as_bytes(), record.as_bytes());
    assert_eq!(key.iteration(), before + 1);
}

/// Learns another chain and receives on it.
fn receive(mut keys: ReceiverKeys) {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let mut key = SenderKey::generate(keys.format(), &mut rng);
    let distribution = key.distribution();
    let skipped = key.encrypt(b"skipped", &mut rng).unwrap().commit();
    let sent = key.encrypt(b"text", &mut rng).unwrap().commit();
    let with_id = keys.format().distribution_id().is_some();
    let message = if with_id {
        DistributionMessage::parse(&distribution)
    } else {
        DistributionMessage::parse_without_id(&distribution)
    };
    let staged = keys.process(&message.unwrap()).unwrap();
    let record = staged.record();
    staged.commit();
    assert_eq!(keys.record().as_bytes(), record.as_bytes());
    for sent in [sent, skipped] {
        let bytes = sent.as_bytes();
        let message =
            if with_id { SenderKeyMessage::parse(bytes) } else { SenderKeyMessage::parse_without_id(bytes) };
        let staged = keys.decrypt(&message.unwrap()).unwrap();
        let record = staged.record();
        staged.commit();
        assert_eq!(keys.record().as_bytes(), record.as_bytes());
    }
}
