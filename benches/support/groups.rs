// SPDX-License-Identifier: MIT OR Apache-2.0

//! A sender key and what one receiver holds of it.

#![allow(dead_code, reason = "each bench uses a part")]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::hazmat::wire::stored::{StoredChainKey, StoredSenderKeyRecord};
use subrosa::keys::Secret;
use subrosa::{Address, Trust};

const ID: DistributionId = DistributionId::from_bytes([0xD1; 16]);

pub fn sender() -> Address {
    Address::new("alice", 1)
}

pub fn pair() -> (SenderKey, ReceiverKeys) {
    let key = SenderKey::generate(ID, &mut ChaCha20Rng::seed_from_u64(1));
    let mut keys = ReceiverKeys::new(sender(), ID);
    learn(&mut keys, &key);
    (key, keys)
}

pub fn learn(keys: &mut ReceiverKeys, key: &SenderKey) {
    let distribution = key.distribution();
    keys.process(
        &DistributionMessage::parse(&distribution).unwrap(),
        &subrosa::IdentityKey::decode(&[5; 33]).unwrap(),
    )
    .unwrap()
    .commit();
}

pub fn send(key: &mut SenderKey, plaintext: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    key.encrypt(plaintext, rng).unwrap().commit().into_bytes()
}

pub fn receive(keys: &mut ReceiverKeys, message: &[u8]) {
    keys.decrypt(&GroupMessage::parse(message).unwrap(), Trust::Anyone).unwrap().commit();
}

/// Sends `count` messages that nobody gets.
pub fn lose(key: &mut SenderKey, count: u32) {
    let record = key.to_libsignal_record();
    let mut record = StoredSenderKeyRecord::parse(&record).unwrap();
    let stored = record.states.first_mut().unwrap();
    let chain = stored.chain_key.unwrap();
    let chain = ChainKey::new(Secret::try_from(chain.key).unwrap(), chain.index);
    let chain = chain.skip_to(chain.index() + count).unwrap();
    stored.chain_key = Some(StoredChainKey { index: chain.index(), key: chain.as_bytes() });
    *key = SenderKey::from_libsignal_record(&record.encode(), ID).unwrap();
}

/// A receiver that has skipped as many messages.
pub fn after_skip(skipped: u32) -> ReceiverKeys {
    let (mut key, mut keys) = pair();
    lose(&mut key, skipped);
    let message = send(&mut key, b"after", &mut ChaCha20Rng::seed_from_u64(2));
    receive(&mut keys, &message);
    keys
}

pub fn copy(keys: &ReceiverKeys) -> ReceiverKeys {
    ReceiverKeys::from_record(keys.record().as_bytes(), sender()).unwrap()
}
