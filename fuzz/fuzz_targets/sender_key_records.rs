// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of sender keys, ours and libsignal's. What reads writes a record that reads as the same, and can be
//! used.

#![no_main]

#[path = "../support/staged.rs"]
mod staged;

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group;
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::store::Key;
use subrosa::{Address, DeviceId, Trust};

const FORMAT: group::Format = group::Format::WithId(DistributionId::from_bytes([7; 16]));

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = SenderKey::from_record(bytes) {
        // Private keys are clamped when they are read.
        let again = SenderKey::from_record(key.record().as_bytes()).unwrap();
        assert_eq!(again.record().as_bytes(), key.record().as_bytes());
        send(key);
    }
    if let Ok(keys) = ReceiverKeys::from_record(bytes, sender()) {
        let written = keys.record();
        // What is of an older version is written anew.
        if written.as_bytes()[..4] == bytes[..4] {
            assert_eq!(written.as_bytes(), bytes, "a state has one form");
        }
        receive(keys);
    }
    if let Ok(key) = SenderKey::from_libsignal_record(bytes, FORMAT) {
        let again = SenderKey::from_libsignal_record(&key.to_libsignal_record(), FORMAT).unwrap();
        assert_eq!(again.record().as_bytes(), key.record().as_bytes());
        send(key);
    }
    if let Ok(keys) = ReceiverKeys::from_libsignal_record(bytes, sender(), FORMAT) {
        let again =
            ReceiverKeys::from_libsignal_record(&keys.to_libsignal_record(), sender(), FORMAT).unwrap();
        assert_eq!(again.record().as_bytes(), keys.record().as_bytes());
        receive(keys);
    }
});

fn sender() -> Address {
    Address::new("bob", DeviceId::PRIMARY)
}

/// Sends a message.
fn send(mut key: SenderKey) {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let under = Key::SenderKey(key.format());
    let before = key.iteration();
    let Ok(staged) = key.encrypt(b"text", &mut rng) else {
        assert_eq!(before, u32::MAX);
        return;
    };
    let (_, record) = staged::commit(staged, &under);
    staged::check(&key.record(), record.as_ref());
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
    let under = Key::ReceiverKeys(sender(), keys.format());
    let (_, record) = staged::commit(
        keys.process(&message.unwrap(), &subrosa::IdentityKey::decode(&[5; 33]).unwrap()).unwrap(),
        &under,
    );
    staged::check(&keys.record(), record.as_ref());
    for sent in [sent, skipped] {
        let message = GroupMessage::parse(sent.as_bytes()).unwrap();
        let (_, record) = staged::commit(keys.decrypt(&message, Trust::Anyone).unwrap(), &under);
        staged::check(&keys.record(), record.as_ref());
    }
}
