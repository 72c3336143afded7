// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender keys as a messenger uses them. Each step is checked: the record that was staged is that of the state
//! after the commit, and reads back as the same; a refusal and a stage that is dropped change nothing.

use rand_chacha::ChaCha20Rng;
use subrosa::group::{self, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::hazmat::wire::stored::{StoredChainKey, StoredSenderKeyRecord};
use subrosa::keys::Secret;
use subrosa::store::{Write, Writes};
use subrosa::{Address, IdentityKey, Record, Trust};

/// Reads a distribution message of `format`.
pub fn distribution(format: group::Format, bytes: &[u8]) -> DistributionMessage<'_> {
    match format {
        group::Format::WithId(_) => DistributionMessage::parse(bytes),
        group::Format::WithoutId => DistributionMessage::parse_without_id(bytes),
    }
    .unwrap()
}

/// Reads a group message of `format`.
pub fn message(format: group::Format, bytes: &[u8]) -> GroupMessage<'_> {
    let message = GroupMessage::parse(bytes).unwrap();
    assert_eq!(message.format().distribution_id().is_some(), format.distribution_id().is_some());
    message
}

/// The device that sends.
pub fn sender() -> Address {
    Address::new("sender", 1)
}

/// The one record that a group's stage writes.
pub fn only_record(writes: Writes) -> Record {
    let mut writes = writes.into_iter();
    let (Some(Write::Put { record, generation: Some(_), .. }), None) = (writes.next(), writes.next()) else {
        panic!("a stage of a group writes one state");
    };
    record
}

/// The identity that distributes the keys.
pub fn somebody() -> IdentityKey {
    IdentityKey::decode(&[5; 33]).unwrap()
}

/// Processes a distribution message.
pub fn learn(keys: &mut ReceiverKeys, bytes: &[u8]) {
    let before = keys.record();
    let message = distribution(keys.format(), bytes);
    drop(keys.process(&message, &somebody()).unwrap());
    assert_eq!(keys.record().as_bytes(), before.as_bytes());
    let staged = keys.process(&message, &somebody()).unwrap();
    let record = only_record(staged.writes());
    staged.commit();
    assert!(keys.chains().len() <= 5);
    check_receiver(keys, record.as_bytes());
}

/// What receives all that `key` sends from now on.
pub fn receiver(key: &SenderKey) -> ReceiverKeys {
    let mut keys = ReceiverKeys::new(sender(), key.format());
    learn(&mut keys, &key.distribution());
    keys
}

/// Sends a message.
pub fn send(key: &mut SenderKey, plaintext: &[u8], rng: &mut ChaCha20Rng) -> Result<Vec<u8>, group::Error> {
    let before = key.record();
    let staged = key.encrypt(plaintext, rng)?;
    let record = only_record(staged.writes());
    assert_ne!(record.as_bytes(), before.as_bytes());
    let sent = staged.commit();
    assert_eq!(key.record().as_bytes(), record.as_bytes());
    *key = SenderKey::from_record(record.as_bytes()).unwrap();
    assert_eq!(key.record().as_bytes(), record.as_bytes());
    Ok(sent.into_bytes())
}

/// Sends `count` messages that nobody gets.
pub fn lose(key: &mut SenderKey, count: u32) {
    let record = key.to_libsignal_record();
    let mut record = StoredSenderKeyRecord::parse(&record).unwrap();
    let chain = record.states[0].chain_key.unwrap();
    let chain = ChainKey::new(Secret::try_from(chain.key).unwrap(), chain.index);
    let chain = chain.skip_to(chain.index() + count).unwrap();
    record.states[0].chain_key = Some(StoredChainKey { index: chain.index(), key: chain.as_bytes() });
    *key = SenderKey::from_libsignal_record(&record.encode(), key.format()).unwrap();
}

/// Receives a message.
pub fn receive(keys: &mut ReceiverKeys, bytes: &[u8]) -> Result<Vec<u8>, group::Error> {
    let before = keys.record();
    let message = message(keys.format(), bytes);
    let record = match keys.decrypt(&message, Trust::Anyone) {
        Ok(staged) => only_record(staged.writes()),
        Err(error) => {
            assert_eq!(keys.record().as_bytes(), before.as_bytes());
            return Err(error);
        }
    };
    assert_eq!(keys.record().as_bytes(), before.as_bytes(), "a stage that is dropped changes nothing");
    let plaintext = keys.decrypt(&message, Trust::Anyone).unwrap().commit();
    check_receiver(keys, record.as_bytes());
    Ok(plaintext.to_vec())
}

/// Checks that `keys` are what was staged, and goes on with what that reads as.
fn check_receiver(keys: &mut ReceiverKeys, staged: &[u8]) {
    assert_eq!(keys.record().as_bytes(), staged);
    *keys = ReceiverKeys::from_record(staged, sender()).unwrap();
    assert_eq!(keys.record().as_bytes(), staged);
}
