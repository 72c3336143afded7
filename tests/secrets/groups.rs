// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender keys wipe what they no longer need, as sessions do.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group;
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::{Address, DeviceId, Trust};

use super::heap::Watch;
use super::sessions::{Follower, PublicBytes};

const ID: DistributionId = DistributionId::from_bytes([0xD1; 16]);
const TEXT: &[u8] = b"0123 this is what is said, and no more /";

fn alice() -> Address {
    Address::new("alice", DeviceId::PRIMARY)
}

fn learn(keys: &mut ReceiverKeys, distribution: &[u8]) {
    let message = DistributionMessage::parse(distribution).unwrap();
    let staged = keys.process(&message, &subrosa::IdentityKey::decode(&[5; 33]).unwrap()).unwrap();
    drop(staged.writes());
    staged.commit();
}

fn receive(keys: &mut ReceiverKeys, message: &[u8]) -> bool {
    let message = GroupMessage::parse(message).unwrap();
    let Ok(staged) = keys.decrypt(&message, Trust::Anyone) else { return false };
    drop(staged.writes());
    *staged.commit() == *TEXT
}

fn send(key: &mut SenderKey, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let staged = key.encrypt(TEXT, rng).unwrap();
    drop(staged.writes());
    staged.commit().into_bytes()
}

/// What is public of a sender key.
fn public_of(keys: &[SenderKey]) -> PublicBytes {
    let mut public = PublicBytes::default();
    public.add(ID.as_bytes());
    for key in keys {
        public.add(&key.signing_key().encode());
        public.add(&key.chain_id().to_le_bytes());
    }
    public
}

#[test]
fn a_sender_key_forgets() {
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let watch = Watch::begin();
    watch.secret("plaintext", TEXT);
    let mut key = watch.over(|| Box::new(SenderKey::generate(ID, rng)));
    let mut follower = Follower::new(&watch, public_of(std::slice::from_ref(&*key)));
    follower.check_record(key.record().as_bytes());
    for round in 0..20 {
        watch.over(|| drop(send(&mut key, rng)));
        follower.check_record(key.record().as_bytes());
        watch.over(|| {
            let distribution = key.distribution();
            DistributionMessage::parse(&distribution).unwrap();
            let record = key.to_libsignal_record();
            if round % 5 == 0 {
                *key = SenderKey::from_libsignal_record(&record, group::Format::WithId(ID)).unwrap();
            }
            // A stage that is dropped.
            drop(key.encrypt(TEXT, rng).unwrap());
        });
        follower.check_record(key.record().as_bytes());
    }
    watch.over(|| drop(key));
    assert!(!watch.is_live(&follower.seen));
    watch.assert_nothing_freed();
}

#[test]
fn skipped_keys_of_a_group_are_wiped() {
    let rng = &mut ChaCha20Rng::seed_from_u64(2);
    let mut key = SenderKey::generate(ID, rng);
    let distribution = key.distribution();
    let messages: Vec<Vec<u8>> = (0..5_000).map(|_| send(&mut key, rng)).collect();
    let others = [(); 5].map(|()| SenderKey::generate(ID, rng));
    let mut public = public_of(&others);
    public.add(&key.signing_key().encode());
    public.add(&key.chain_id().to_le_bytes());

    let watch = Watch::begin();
    watch.secret("plaintext", TEXT);
    let mut keys = watch.over(|| ReceiverKeys::new(alice(), ID));
    let mut follower = Follower::new(&watch, public);
    watch.over(|| learn(&mut keys, &distribution));
    follower.check_record(keys.record().as_bytes());
    // Ahead in steps, so that the buffer grows; back for some of them; ahead until the first are evicted, then
    // until all are.
    for number in [3, 10, 11, 40, 41, 300, 5, 299, 20, 1_000, 900, 7, 2_300, 1_500, 2_600, 4_999, 4_000] {
        assert!(watch.over(|| receive(&mut keys, &messages[number])), "{number}");
        follower.check_record(keys.record().as_bytes());
        assert!(!watch.over(|| receive(&mut keys, &messages[number])), "{number} again");
    }
    watch.over(|| {
        let record = keys.to_libsignal_record();
        keys = ReceiverKeys::from_libsignal_record(&record, alice(), ID).unwrap();
        keys = ReceiverKeys::from_record(keys.record().as_bytes(), alice()).unwrap();
    });
    follower.check_record(keys.record().as_bytes());
    // Five other chains evict this one.
    for other in &others {
        let distribution = other.distribution();
        watch.over(|| learn(&mut keys, &distribution));
        follower.check_record(keys.record().as_bytes());
    }
    assert!(!watch.over(|| receive(&mut keys, &messages[3_999])));
    watch.over(|| drop(keys));
    assert!(!watch.is_live(&follower.seen));
    watch.assert_nothing_freed();
}
