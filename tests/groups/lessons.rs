// SPDX-License-Identifier: MIT OR Apache-2.0

//! What went wrong in groups elsewhere, and does not here. The numbers are those of the list of lessons.

use crate::group::{distribution, learn, lose, only_record, receive, receiver, send, sender, somebody};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::DeviceId;
use subrosa::Timestamp;
use subrosa::Trust;
use subrosa::group;
use subrosa::group::GroupMessage;
use subrosa::group::{DistributionId, ReceiverKeys, SenderKey};
use subrosa::repair::DecryptionErrorMessage;
use subrosa::{Ciphertext, MessageKind, Record};

const ID: DistributionId = DistributionId::from_bytes([0xD1; 16]);

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

/// Two processes that send with one key would use a key twice. Within one, the borrow rules it out; a store that
/// both use compares generations, and the second to write finds out.
#[test]
fn lesson_25_store_refuses_the_second_of_two_senders() {
    let rng = &mut rng();
    let mut stored = SenderKey::generate(ID, rng).record();
    let read = |record: &Record| SenderKey::from_record(record.as_bytes()).unwrap();
    let mut sent = Vec::new();
    let (mut one, mut other) = (read(&stored), read(&stored));
    for key in [&mut one, &mut other] {
        let before = key.generation();
        let message = key.encrypt(b"at once", rng).unwrap().commit_with(|writes| {
            if read(&stored).generation() != before {
                return Err("somebody else was faster");
            }
            stored = only_record(writes);
            Ok(())
        });
        sent.push(message.map(Ciphertext::into_bytes));
    }
    assert!(sent[0].is_ok());
    assert_eq!(sent[1], Err("somebody else was faster"));
    assert_eq!(read(&stored).iteration(), 1);
}

/// The plaintext is there to be stored with the record, and if either fails the message can come again.
#[test]
fn lesson_30_failing_store_loses_no_plaintext() {
    let rng = &mut rng();
    let mut key = SenderKey::generate(ID, rng);
    let mut keys = receiver(&key);
    let sent = send(&mut key, b"not to be lost", rng).unwrap();
    let message = GroupMessage::parse(&sent).unwrap();
    let mut inbox = Vec::new();
    for attempt in 0..2 {
        let staged = keys.decrypt(&message, Trust::Anyone).unwrap();
        let stored = staged.commit_with_output(|_, plaintext| {
            if attempt == 0 {
                return Err("disk full");
            }
            inbox.push(plaintext.to_vec());
            Ok(())
        });
        assert_eq!(stored.is_ok(), attempt == 1);
    }
    assert_eq!(inbox, [b"not to be lost"]);
    let again = keys.decrypt(&message, Trust::Anyone).unwrap_err();
    assert_eq!(again, group::Error::Duplicate);
}

/// Whoever lacks a sender key can say so, and gets it, at the state of now or of before.
#[test]
fn lesson_32_lost_sender_key_is_requested_and_resent() {
    let rng = &mut rng();
    let mut key = SenderKey::generate(ID, rng);
    let kept = key.distribution();
    let sent = send(&mut key, b"unreadable yet", rng).unwrap();
    let mut keys = ReceiverKeys::new(sender(), ID);
    assert_eq!(receive(&mut keys, &sent), Err(group::Error::NoSenderKey));
    let (sent_at, device) = (Timestamp::from_millis(1_700_000_000_000), DeviceId::new(3));
    let request = DecryptionErrorMessage::for_original(&sent, MessageKind::SenderKey, sent_at, device);
    let request = DecryptionErrorMessage::parse(&request.unwrap().to_bytes()).unwrap();
    assert_eq!((request.timestamp(), request.ratchet_key()), (sent_at, None));

    // The sender distributes its key as it is now, which reads what is sent again.
    learn(&mut keys, &key.distribution());
    let again = send(&mut key, b"unreadable yet", rng).unwrap();
    assert_eq!(receive(&mut keys, &again).unwrap(), b"unreadable yet");
    // Had it kept its distribution of before, that would have read the first one.
    let mut keys = ReceiverKeys::new(sender(), ID);
    learn(&mut keys, &kept);
    assert_eq!(receive(&mut keys, &sent).unwrap(), b"unreadable yet");
}

/// A message beyond the limit costs no more than one signature, and leaves no mark, however often it comes.
#[test]
fn lesson_33_jump_too_far_is_refused_cheaply_and_recoverable() {
    let rng = &mut rng();
    let mut key = SenderKey::generate(ID, rng);
    let mut keys = receiver(&key);
    lose(&mut key, 25_001);
    let sent = send(&mut key, b"far ahead", rng).unwrap();
    for _ in 0..200 {
        assert_eq!(receive(&mut keys, &sent), Err(group::Error::TooFarAhead { by: 25_001 }));
    }
    // Others of the sender's chains go on, and so does this one after another distribution.
    let mut rotated = SenderKey::generate(ID, rng);
    learn(&mut keys, &rotated.distribution());
    let other = send(&mut rotated, b"another key", rng).unwrap();
    assert_eq!(receive(&mut keys, &other).unwrap(), b"another key");
}

/// A jump of any length, without keeping keys.
#[test]
fn lesson_34_chain_beyond_the_limit_fast_forwards() {
    let rng = &mut rng();
    let mut key = SenderKey::generate(ID, rng);
    let mut keys = receiver(&key);
    lose(&mut key, 100_000);
    let now = key.distribution();
    let sent = send(&mut key, b"far ahead", rng).unwrap();
    assert_eq!(receive(&mut keys, &sent), Err(group::Error::TooFarAhead { by: 100_000 }));
    let len = keys.record().as_bytes().len();
    keys.fast_forward(&distribution(ID.into(), &now), &somebody()).unwrap().commit();
    assert_eq!(
        keys.record().as_bytes().len(),
        len + 9,
        "no key was kept, and where they are missing is noted"
    );
    assert_eq!(receive(&mut keys, &sent).unwrap(), b"far ahead");
}
