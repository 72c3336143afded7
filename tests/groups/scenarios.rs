// SPDX-License-Identifier: MIT OR Apache-2.0

//! Scenarios of groups, 56 to 71. Where the deployed client keeps a sender's and a receiver's key in one record,
//! here they are two types, so that what it refuses at run time is here not to be written down.

use crate::group::{
    distribution, learn, lose, message, only_record, receive, receiver, send, sender, somebody,
};
use hex_literal::hex;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::group;
use subrosa::group::GroupMessage;
use subrosa::group::{DistributionId, DistributionMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::crypto::{curve::PrivateKey, xeddsa};
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::hazmat::wire::sender_key_distribution::SenderKeyDistributionParts;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessageParts;
use subrosa::hazmat::wire::stored::{
    StoredChainKey, StoredSenderKey, StoredSenderKeyRecord, StoredSigningKey,
};
use subrosa::keys::{KeyError, KeyPair, PublicKey, Secret};
use subrosa::libsignal::LibsignalError;
use subrosa::{MessageKind, ParseError, Trust};

const ID: DistributionId = DistributionId::from_bytes(hex!("d1d1d1d1700011ebb32a33b8a8a487a6"));
const OTHER_ID: DistributionId = DistributionId::from_bytes([7; 16]);

/// Every scenario that has to do with messages runs in both formats.
const FORMATS: [group::Format; 2] = [group::Format::WithId(ID), group::Format::WithoutId];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Alice's key, and what bob holds of it.
fn pair(format: group::Format, rng: &mut ChaCha20Rng) -> (SenderKey, ReceiverKeys) {
    let key = SenderKey::generate(format, rng);
    let keys = receiver(&key);
    (key, keys)
}

const DUPLICATE: Result<Vec<u8>, group::Error> = Err(group::Error::Duplicate);

/// The private key that a sender key signs with.
fn signing_private(key: &SenderKey) -> PrivateKey {
    let record = key.to_libsignal_record();
    let record = StoredSenderKeyRecord::parse(&record).unwrap();
    PrivateKey::decode(record.states[0].signing_key.unwrap().private).unwrap()
}

/// A message of these parts, signed by `private`.
fn signed(parts: &SenderKeyMessageParts<'_>, private: &PrivateKey, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut message = parts.encode();
    let signature = xeddsa::sign(private, &[&message], rng);
    message.extend(signature);
    message
}

/// A distribution message of chain `id` at an iteration.
fn chain(id: u32, iteration: u32, chain_key: u8, signing_key: &PublicKey) -> Vec<u8> {
    let parts = SenderKeyDistributionParts {
        format: ID.into(),
        chain_id: id,
        iteration,
        chain_key: &[chain_key; 32],
        signing_key,
    };
    parts.encode().to_vec()
}

fn ids(keys: &ReceiverKeys) -> Vec<u32> {
    keys.chains().map(|(id, _)| id).collect()
}

#[test]
fn message_without_distribution_is_refused() {
    // To encrypt without a key can't be written. Its record has to be one:
    assert_eq!(SenderKey::from_libsignal_record(&[], ID).unwrap_err(), LibsignalError::Empty);
    for format in FORMATS {
        let (mut key, mut keys) = pair(format, &mut rng(56));
        let sent = send(&mut key, b"too early", &mut rng(1)).unwrap();
        let mut nothing = ReceiverKeys::new(sender(), format);
        assert_eq!(receive(&mut nothing, &sent), Err(group::Error::NoSenderKey));
        assert_eq!(receive(&mut keys, &sent).unwrap(), b"too early");
    }
}

#[test]
fn create_process_encrypt_decrypt() {
    for format in FORMATS {
        let rng = &mut rng(57);
        let (mut key, mut keys) = pair(format, rng);
        let mut random = [0; 1024];
        rng.fill_bytes(&mut random);
        for plaintext in [&b"hello group"[..], &[], &random] {
            let sent = send(&mut key, plaintext, rng).unwrap();
            assert_eq!(receive(&mut keys, &sent).unwrap(), plaintext);
        }
        let staged = key.encrypt(b"kind", rng).unwrap();
        assert_eq!(staged.commit().kind(), MessageKind::SenderKey);
    }
}

#[test]
fn repeated_message_is_refused_and_order_is_free() {
    for format in FORMATS {
        let rng = &mut rng(58);
        let (mut key, mut keys) = pair(format, rng);
        let sent = [b"a", b"b", b"c"].map(|text| send(&mut key, text, rng).unwrap());
        assert_eq!(receive(&mut keys, &sent[0]).unwrap(), b"a");
        assert_eq!(receive(&mut keys, &sent[0]), DUPLICATE);
        assert_eq!(receive(&mut keys, &sent[2]).unwrap(), b"c");
        assert_eq!(receive(&mut keys, &sent[1]).unwrap(), b"b");
        assert_eq!(receive(&mut keys, &sent[1]), DUPLICATE);
        assert_eq!(receive(&mut keys, &sent[2]), DUPLICATE);
    }
}

#[test]
fn late_joiner_with_the_first_distribution_reads_all() {
    let rng = &mut rng(59);
    let mut key = SenderKey::generate(ID, rng);
    let first = key.distribution();
    let mut sent = Vec::new();
    for number in 0..=100 {
        sent.push(send(&mut key, &[number], rng).unwrap());
    }
    let mut keys = ReceiverKeys::new(sender(), ID);
    learn(&mut keys, &first);
    assert_eq!(receive(&mut keys, &sent[100]).unwrap(), [100]);
    // And with it those from before, which a distribution of today would not let it read.
    assert_eq!(receive(&mut keys, &sent[3]).unwrap(), [3]);
    let mut later = receiver(&key);
    assert_eq!(receive(&mut later, &sent[100]), Err(group::Error::BeforeDistribution));
}

/// Bob's phone is stolen, and he registers anew. What the old one sends to the group is not read any more.
#[test]
fn a_key_of_a_former_identity_reads_nothing_once_another_is_pinned() {
    let rng = &mut rng(61);
    let mut key = SenderKey::generate(ID, rng);
    let [former, now] = [(); 2].map(|()| *subrosa::IdentityKeyPair::generate(rng).public());
    let mut keys = ReceiverKeys::new(sender(), ID);
    keys.process(&distribution(ID.into(), &key.distribution()), &former).unwrap().commit();
    let [one, two, three] = [b"1", b"2", b"3"].map(|text| send(&mut key, text, rng).unwrap());
    let one = GroupMessage::parse(&one).unwrap();
    let text = keys.decrypt(&one, Trust::Pinned(&former)).unwrap().commit();
    assert_eq!((&*text, text.identity()), (&b"1"[..], Some(&former)));
    let mut keys = ReceiverKeys::from_record(keys.record().as_bytes(), sender()).unwrap();
    let two = GroupMessage::parse(&two).unwrap();
    let refused = keys.decrypt(&two, Trust::Pinned(&now)).map(drop);
    assert_eq!(refused, Err(group::Error::UntrustedIdentity));
    assert_eq!(keys.decrypt(&two, Trust::Nobody).map(drop), Err(group::Error::UntrustedIdentity));
    // Nor does distributing it again by a session of the new identity make it that one's.
    keys.process(&distribution(ID.into(), &key.distribution()), &now).unwrap().commit();
    let three = GroupMessage::parse(&three).unwrap();
    let refused = keys.decrypt(&three, Trust::Pinned(&now)).map(drop);
    assert_eq!(refused, Err(group::Error::UntrustedIdentity));
    // A new key is.
    let mut new = SenderKey::generate(ID, rng);
    keys.process(&distribution(ID.into(), &new.distribution()), &now).unwrap().commit();
    let sent = send(&mut new, b"from the new phone", rng).unwrap();
    let sent = GroupMessage::parse(&sent).unwrap();
    assert_eq!(&*keys.decrypt(&sent, Trust::Pinned(&now)).unwrap().commit(), b"from the new phone");
}

/// Messages that were passed by hand lie behind skipped ones whose keys are given up later.
#[test]
fn what_is_lost_is_noted_in_order_after_fast_forwarding() {
    let rng = &mut rng(63);
    let (mut key, mut keys) = pair(ID.into(), rng);
    lose(&mut key, 10);
    let sent = send(&mut key, b"ahead of ten", rng).unwrap();
    receive(&mut keys, &sent).unwrap();
    lose(&mut key, 20);
    let now = key.distribution().to_vec();
    keys.fast_forward(&distribution(ID.into(), &now), &somebody()).unwrap().commit();
    for _ in 0..3 {
        lose(&mut key, 1_500);
        let sent = send(&mut key, b"far ahead", rng).unwrap();
        receive(&mut keys, &sent).unwrap();
    }
    let again = ReceiverKeys::from_record(keys.record().as_bytes(), sender());
    assert_eq!(again.map(|keys| keys.chains().len()), Ok(1));
}

/// The signature comes before the work: a forged message far ahead costs no steps.
#[test]
fn a_signature_is_checked_before_the_chain_is_walked() {
    let rng = &mut rng(62);
    let (mut key, mut keys) = pair(ID.into(), rng);
    lose(&mut key, 30_000);
    let far = send(&mut key, b"far", rng).unwrap();
    assert_eq!(receive(&mut keys, &far), Err(group::Error::TooFarAhead { by: 30_000 }));
    let mut forged = far;
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(receive(&mut keys, &forged), Err(group::Error::Signature));
}

#[test]
fn hundred_messages_in_any_order() {
    for format in FORMATS {
        let rng = &mut rng(60);
        let (mut key, mut keys) = pair(format, rng);
        let mut sent: Vec<_> =
            (0..100).map(|number| (number, send(&mut key, &[number], rng).unwrap())).collect();
        for at in (1..sent.len()).rev() {
            sent.swap(at, rng.next_u32() as usize % (at + 1));
        }
        for (number, bytes) in &sent {
            assert_eq!(receive(&mut keys, bytes).unwrap(), [*number]);
        }
        assert_eq!(keys.chains().collect::<Vec<_>>(), [(key.chain_id(), 100)]);
    }
}

#[test]
fn jump_of_more_than_25000_is_refused() {
    let rng = &mut rng(61);
    let (mut key, mut keys) = pair(ID.into(), rng);
    lose(&mut key, 25_000);
    let reached = send(&mut key, b"25,000 ahead", rng).unwrap();
    let beyond = send(&mut key, b"25,001 ahead", rng).unwrap();
    assert_eq!(receive(&mut keys, &beyond), Err(group::Error::TooFarAhead { by: 25_001 }));
    assert_eq!(receive(&mut keys, &reached).unwrap(), b"25,000 ahead");
    assert_eq!(receive(&mut keys, &beyond).unwrap(), b"25,001 ahead");
}

/// The way out of [`jump_of_more_than_25000_is_refused`]: the sender's distribution of now.
#[test]
fn receiver_far_behind_fast_forwards() {
    let rng = &mut rng(61);
    let (mut key, mut keys) = pair(ID.into(), rng);
    let early = send(&mut key, b"skipped", rng).unwrap();
    let second = send(&mut key, b"read", rng).unwrap();
    receive(&mut keys, &second).unwrap();
    lose(&mut key, 25_001);
    let now = key.distribution();
    let last = send(&mut key, b"last", rng).unwrap();
    assert_eq!(receive(&mut keys, &last), Err(group::Error::TooFarAhead { by: 25_001 }));
    // To learn a chain that is held changes nothing about it.
    learn(&mut keys, &now);
    assert_eq!(receive(&mut keys, &last), Err(group::Error::TooFarAhead { by: 25_001 }));
    let staged = keys.fast_forward(&distribution(ID.into(), &now), &somebody()).unwrap();
    let record = only_record(staged.writes());
    staged.commit();
    assert_eq!(keys.record().as_bytes(), record.as_bytes());
    assert_eq!(receive(&mut keys, &last).unwrap(), b"last");
    // What was skipped before is still there; what was given up is not.
    assert_eq!(receive(&mut keys, &early).unwrap(), b"skipped");
    assert_eq!(receive(&mut keys, &second), DUPLICATE);

    // It never goes back, or what was read could be read again.
    keys.fast_forward(&distribution(ID.into(), &now), &somebody()).unwrap().commit();
    assert_eq!(receive(&mut keys, &last), DUPLICATE);
    // And what is not held is learnt.
    let mut others = ReceiverKeys::new(sender(), ID);
    others.fast_forward(&distribution(ID.into(), &now), &somebody()).unwrap().commit();
    assert_eq!(receive(&mut others, &last).unwrap(), b"last");
}

/// Nor does a chain change where it is: only what is ahead is taken over.
#[test]
fn other_chain_key_for_the_same_iteration_is_ignored() {
    let rng = &mut rng(61);
    let (mut key, mut keys) = pair(ID.into(), rng);
    let other = chain(key.chain_id(), 0, 7, key.signing_key());
    keys.fast_forward(&distribution(ID.into(), &other), &somebody()).unwrap().commit();
    let sent = send(&mut key, b"text", rng).unwrap();
    assert_eq!(receive(&mut keys, &sent).unwrap(), b"text");
}

#[test]
fn last_2000_skipped_keys_are_kept() {
    let rng = &mut rng(62);
    let (mut key, mut keys) = pair(ID.into(), rng);
    let sent: Vec<_> = (0..2_010u32).map(|at| send(&mut key, &at.to_be_bytes(), rng).unwrap()).collect();
    let mut read =
        |at: u32| receive(&mut keys, &sent[at as usize]).map(|read| assert_eq!(read, at.to_be_bytes()));
    read(1_000).unwrap();
    read(2_009).unwrap();
    // 0 to 999 and 1,001 to 2,008 were skipped: the first eight are gone.
    for at in [0, 7] {
        assert_eq!(read(at), Err(group::Error::Expired));
    }
    for at in [8, 999, 1_001, 2_008] {
        read(at).unwrap();
    }
}

#[test]
fn later_distribution_reads_from_later_on() {
    let rng = &mut rng(63);
    let mut key = SenderKey::generate(ID, rng);
    let first = key.distribution();
    assert_eq!(key.distribution(), first);
    send(&mut key, b"one", rng).unwrap();
    let second = key.distribution();
    let (first, second) = (distribution(ID.into(), &first), distribution(ID.into(), &second));
    assert_eq!((first.iteration(), second.iteration()), (0, 1));
    assert_eq!(first.chain_id(), second.chain_id());
    assert_eq!(first.signing_key(), second.signing_key());
    assert_ne!(first.chain_key(), second.chain_key());
}

#[test]
fn chains_are_added_refreshed_replaced_and_evicted() {
    let rng = &mut rng(64);
    let signing: Vec<PublicKey> = (0..7).map(|_| *KeyPair::generate(rng).public()).collect();
    let mut keys = ReceiverKeys::new(sender(), ID);
    learn(&mut keys, &chain(10, 0, 1, &signing[0]));
    learn(&mut keys, &chain(11, 5, 1, &signing[1]));
    assert_eq!(keys.chains().collect::<Vec<_>>(), [(11, 5), (10, 0)]);
    // The same id and key: moved to the front, and otherwise as it was.
    learn(&mut keys, &chain(10, 9, 2, &signing[0]));
    assert_eq!(keys.chains().collect::<Vec<_>>(), [(10, 0), (11, 5)]);
    for id in 12..15 {
        learn(&mut keys, &chain(id, 0, 1, &signing[id as usize - 10]));
    }
    assert_eq!(ids(&keys), [14, 13, 12, 10, 11]);
    // The same id and another key: replaced, nothing else goes.
    learn(&mut keys, &chain(12, 3, 2, &signing[6]));
    assert_eq!(ids(&keys), [12, 14, 13, 10, 11]);
    assert_eq!(keys.chains().next(), Some((12, 3)));
    // The one before the last is distributed again, so that the sixth evicts another.
    learn(&mut keys, &chain(11, 0, 1, &signing[1]));
    learn(&mut keys, &chain(15, 0, 1, &signing[5]));
    assert_eq!(ids(&keys), [15, 11, 12, 14, 13]);
    // All that was held goes on.
    let stored = keys.to_libsignal_record();
    let stored = StoredSenderKeyRecord::parse(&stored).unwrap();
    assert_eq!(stored.states.len(), 5);
    assert_eq!(stored.states[1].chain_key, Some(StoredChainKey { index: 5, key: &[1; 32] }));
}

#[test]
fn receiving_keeps_the_order_of_chains() {
    let rng = &mut rng(64);
    let [mut old, mut new] = [(); 2].map(|()| SenderKey::generate(ID, rng));
    let mut keys = receiver(&old);
    learn(&mut keys, &new.distribution());
    let sent = [b"1", b"2", b"3"].map(|text| (text, send(&mut old, text, rng).unwrap()));
    let between = send(&mut new, b"new", rng).unwrap();
    for (text, bytes) in [&sent[0], &(b"n", between.clone()), &sent[2], &sent[1]] {
        assert_eq!(receive(&mut keys, bytes).unwrap()[0], text[0]);
        assert_eq!(ids(&keys), [new.chain_id(), old.chain_id()]);
    }
}

#[test]
fn chain_never_repeats_a_seed() {
    let mut chain = ChainKey::new(Secret::new([1; 32]), 0);
    let mut seeds = std::collections::HashSet::new();
    for index in 0..1_000 {
        assert_eq!(chain.index(), index);
        let (seed, next) = chain.step().unwrap();
        assert!(seeds.insert(*seed.as_bytes()));
        chain = next;
    }
}

#[test]
fn last_iteration_is_never_used() {
    let rng = &mut rng(65);
    let key = SenderKey::generate(ID, rng);
    let stored = key.to_libsignal_record();
    let mut record = StoredSenderKeyRecord::parse(&stored).unwrap();
    record.states[0].chain_key.as_mut().unwrap().index = u32::MAX - 1;
    let mut key = SenderKey::from_libsignal_record(&record.encode(), ID).unwrap();
    let mut keys = receiver(&key);
    let sent = send(&mut key, b"the last one", rng).unwrap();
    assert_eq!(send(&mut key, b"one more", rng), Err(group::Error::Exhausted));
    assert_eq!(receive(&mut keys, &sent).unwrap(), b"the last one");
    // A sender that goes on nevertheless is not heard.
    let parts = SenderKeyMessageParts {
        format: ID.into(),
        chain_id: key.chain_id(),
        iteration: u32::MAX,
        body: &[0; 16],
    };
    let beyond = signed(&parts, &signing_private(&key), rng);
    assert_eq!(receive(&mut keys, &beyond), Err(group::Error::Exhausted));
}

#[test]
fn messages_round_trip() {
    for format in FORMATS {
        let rng = &mut rng(66);
        let (mut key, _) = pair(format, rng);
        send(&mut key, b"so that the iteration is 1", rng).unwrap();
        let bytes = key.distribution();
        let read = distribution(format, &bytes);
        let parts = SenderKeyDistributionParts {
            format: read.format(),
            chain_id: read.chain_id(),
            iteration: read.iteration(),
            chain_key: read.chain_key(),
            signing_key: read.signing_key(),
        };
        assert_eq!((read.format(), read.iteration()), (format, 1));
        assert_eq!((read.chain_id(), read.signing_key()), (key.chain_id(), key.signing_key()));
        assert_eq!((read.as_bytes(), &parts.encode()), (&bytes[..], &bytes));

        let bytes = send(&mut key, b"text", rng).unwrap();
        let received = message(format, &bytes);
        let read = match format {
            group::Format::WithId(_) => SenderKeyMessage::parse(&bytes),
            group::Format::WithoutId => SenderKeyMessage::parse_without_id(&bytes),
        };
        let read = read.unwrap();
        let (chain_id, iteration, body) = (read.chain_id(), read.iteration(), read.body());
        let parts = SenderKeyMessageParts { format: read.format(), chain_id, iteration, body };
        assert_eq!((read.format(), chain_id, iteration), (format, key.chain_id(), 1));
        assert_eq!((read.as_bytes(), parts.encode().as_slice()), (&bytes[..], read.signed()));
        assert!(received.verify(key.signing_key()));
        let other = KeyPair::generate(rng);
        assert!(!received.verify(other.public()));
        assert_eq!(read.distribution_id(), format.distribution_id());
    }
}

#[test]
fn formats_never_parse_as_each_other() {
    let rng = &mut rng(66);
    let [(mut with, mut with_keys), (mut without, mut without_keys)] =
        FORMATS.map(|format| pair(format, rng));
    let invalid = ParseError::InvalidProtobuf;
    let (with_skdm, without_skdm) = (with.distribution(), without.distribution());
    assert_eq!(DistributionMessage::parse(&without_skdm).unwrap_err(), invalid);
    assert_eq!(DistributionMessage::parse_without_id(&with_skdm).unwrap_err(), invalid);
    let with_sent = send(&mut with, b"with", rng).unwrap();
    let without_sent = send(&mut without, b"without", rng).unwrap();
    assert_eq!(SenderKeyMessage::parse(&without_sent).unwrap_err(), invalid);
    assert_eq!(SenderKeyMessage::parse_without_id(&with_sent).unwrap_err(), invalid);
    // Nor do keys of the one take messages of the other.
    let other = group::Error::OtherDistribution;
    let with_message = GroupMessage::parse(&with_sent).unwrap();
    let without_message = GroupMessage::parse(&without_sent).unwrap();
    assert_eq!(with_keys.decrypt(&without_message, Trust::Anyone).unwrap_err(), other);
    assert_eq!(without_keys.decrypt(&with_message, Trust::Anyone).unwrap_err(), other);
    let with_skdm = DistributionMessage::parse(&with_skdm).unwrap();
    assert_eq!(without_keys.process(&with_skdm, &somebody()).unwrap_err(), group::Error::OtherDistribution);
}

#[test]
fn forged_unknown_and_damaged_messages_are_refused() {
    for format in FORMATS {
        let rng = &mut rng(67);
        let (mut key, mut keys) = pair(format, rng);
        let parts = |body, chain_id| SenderKeyMessageParts { format, chain_id, iteration: 0, body };
        let private = signing_private(&key);
        let forged = signed(&parts(&[7; 16], key.chain_id()), &PrivateKey::generate(rng), rng);
        assert_eq!(receive(&mut keys, &forged), Err(group::Error::Signature));
        let unknown = signed(&parts(&[7; 16], key.chain_id() ^ 1), &private, rng);
        assert_eq!(receive(&mut keys, &unknown), Err(group::Error::NoSenderKey));
        // An authentic message that can't be decrypted does not use its iteration up.
        for body in [&[][..], &[7; 15], &[7; 17], &[7; 16]] {
            let broken = signed(&parts(body, key.chain_id()), &private, rng);
            assert_eq!(receive(&mut keys, &broken), Err(group::Error::Padding));
        }
        let good = send(&mut key, b"good", rng).unwrap();
        assert_eq!(receive(&mut keys, &good).unwrap(), b"good");
    }
    let (mut key, _) = pair(OTHER_ID.into(), &mut rng(1));
    let (_, mut keys) = pair(ID.into(), &mut rng(2));
    let sent = send(&mut key, b"elsewhere", &mut rng(3)).unwrap();
    assert_eq!(receive(&mut keys, &sent), Err(group::Error::OtherDistribution));
    let distribution = key.distribution();
    let elsewhere = DistributionMessage::parse(&distribution).unwrap();
    assert_eq!(keys.process(&elsewhere, &somebody()).unwrap_err(), group::Error::OtherDistribution);
    assert_eq!(keys.fast_forward(&elsewhere, &somebody()).unwrap_err(), group::Error::OtherDistribution);
}

#[test]
fn receiver_keys_cannot_send() {
    let rng = &mut rng(68);
    let (mut key, keys) = pair(ID.into(), rng);
    let record = keys.to_libsignal_record();
    assert_eq!(SenderKey::from_libsignal_record(&record, ID).unwrap_err(), LibsignalError::NotOurs);
    // One's own distribution is another value's business, and hinders no sending.
    let mut own = receiver(&key);
    let sent = send(&mut key, b"still sending", rng).unwrap();
    assert_eq!(receive(&mut own, &sent).unwrap(), b"still sending");
}

#[test]
fn bad_versions_and_lengths_are_refused() {
    let rng = &mut rng(69);
    let (mut key, mut keys) = pair(ID.into(), rng);
    let sent = send(&mut key, b"text", rng).unwrap();
    let skdm = key.distribution().to_vec();
    let with_first = |bytes: &[u8], first: u8| [&[first], &bytes[1..]].concat();
    for (first, error) in [
        (0x03, ParseError::LegacyVersion(0)),
        (0x23, ParseError::LegacyVersion(2)),
        (0x43, ParseError::UnrecognizedVersion(4)),
        (0xF3, ParseError::UnrecognizedVersion(15)),
    ] {
        assert_eq!(SenderKeyMessage::parse(&with_first(&sent, first)).unwrap_err(), error);
        assert_eq!(DistributionMessage::parse(&with_first(&skdm, first)).unwrap_err(), error);
    }
    // The lower half is not looked at - but the signature covers it.
    for first in [0x30, 0x3F] {
        let changed = with_first(&sent, first);
        assert_eq!(receive(&mut keys, &changed), Err(group::Error::Signature));
        let mut resigned = changed[..changed.len() - 64].to_vec();
        let signature = xeddsa::sign(&signing_private(&key), &[&resigned], rng);
        resigned.extend(signature);
        let mut keys = ReceiverKeys::from_record(keys.record().as_bytes(), sender()).unwrap();
        assert_eq!(receive(&mut keys, &resigned).unwrap(), b"text");
        DistributionMessage::parse(&with_first(&skdm, first)).unwrap();
    }
    for len in [0, 1, 64] {
        let too_short = ParseError::TooShort(len);
        assert_eq!(SenderKeyMessage::parse(&sent[..len]).unwrap_err(), too_short);
        assert_eq!(DistributionMessage::parse(&skdm[..len]).unwrap_err(), too_short);
    }
    assert_eq!(SenderKeyMessage::parse(&[0x33; 65]).unwrap_err(), ParseError::InvalidProtobuf);
}

#[test]
fn bad_lengths_in_a_distribution_are_refused() {
    let skdm = SenderKey::generate(ID, &mut rng(69)).distribution();
    // The last fields are: tag, 32, chain key, tag, 33, signing key.
    let (head, tail) = skdm.split_at(skdm.len() - 69);
    let (chain_key, signing_key) = (&tail[2..34], &tail[36..]);
    let rebuilt = |chain_key: &[u8], signing_key: &[u8]| {
        let lengths = [chain_key, signing_key].map(|key| u8::try_from(key.len()).unwrap());
        [head, &[tail[0], lengths[0]], chain_key, &[tail[34], lengths[1]], signing_key].concat()
    };
    assert_eq!(rebuilt(chain_key, signing_key), *skdm);
    let long = |key: &[u8]| [key, &[1]].concat();
    for wrong in [
        rebuilt(&chain_key[1..], signing_key),
        rebuilt(&long(chain_key), signing_key),
        rebuilt(chain_key, &signing_key[..32]),
        rebuilt(chain_key, &long(signing_key)),
    ] {
        assert_eq!(DistributionMessage::parse(&wrong).unwrap_err(), ParseError::InvalidProtobuf);
    }
    let other_type = rebuilt(chain_key, &[&[4], &signing_key[1..]].concat());
    let error = DistributionMessage::parse(&other_type).unwrap_err();
    assert_eq!(error, ParseError::Key(KeyError::BadKeyType(4)));
}

#[test]
fn stored_state_of_another_version_is_refused() {
    let (key, keys) = pair(ID.into(), &mut rng(70));
    for (version, known) in [(0, true), (3, true), (2, false), (4, false), (256 + 3, false)] {
        for stored in [key.to_libsignal_record(), keys.to_libsignal_record()] {
            let mut record = StoredSenderKeyRecord::parse(&stored).unwrap();
            record.states[0].version = version;
            let imported = ReceiverKeys::from_libsignal_record(&record.encode(), sender(), ID);
            assert_eq!(imported.map(|keys| ids(&keys)).ok(), known.then(|| vec![key.chain_id()]));
            let own = SenderKey::from_libsignal_record(&record.encode(), ID);
            let private = !record.states[0].signing_key.unwrap().private.is_empty();
            assert_eq!(own.is_ok(), known && private);
        }
    }
}

/// Of a record some of whose states are not sound, the others go on working.
#[test]
fn unsound_stored_states_are_skipped() {
    let rng = &mut rng(70);
    let mut good = SenderKey::generate(ID, rng);
    let stored = [(); 3].map(|()| SenderKey::generate(ID, rng).to_libsignal_record());
    let stored_good = good.to_libsignal_record();
    let states = |bytes| StoredSenderKeyRecord::parse(bytes).unwrap().states;
    let mut all = StoredSenderKeyRecord { states: stored.iter().flat_map(|bytes| states(bytes)).collect() };
    all.states[0].chain_key = None;
    all.states[1].signing_key = Some(StoredSigningKey { public: &[5; 20], private: &[] });
    all.states[2].chain_key = Some(StoredChainKey { index: 0, key: &[1; 31] });
    let none_sound = ReceiverKeys::from_libsignal_record(&all.encode(), sender(), ID);
    assert_eq!(none_sound.unwrap_err(), LibsignalError::Unsound);
    let own = SenderKey::from_libsignal_record(&all.encode(), ID);
    assert_eq!(own.unwrap_err(), LibsignalError::Unsound);
    all.states.extend(states(&stored_good));
    let mut keys = ReceiverKeys::from_libsignal_record(&all.encode(), sender(), ID).unwrap();
    assert_eq!(ids(&keys), [good.chain_id()]);
    let sent = send(&mut good, b"goes on", rng).unwrap();
    assert_eq!(receive(&mut keys, &sent).unwrap(), b"goes on");
    let nothing = ReceiverKeys::from_libsignal_record(&[], sender(), ID).unwrap();
    assert_eq!(ids(&nothing), [0_u32; 0]);
    for rubbish in [&[0x0A][..], &[0x0A, 0x05, 1], &[0xFF; 12]] {
        let error = LibsignalError::Malformed;
        assert_eq!(ReceiverKeys::from_libsignal_record(rubbish, sender(), ID).unwrap_err(), error);
        assert_eq!(SenderKey::from_libsignal_record(rubbish, ID).unwrap_err(), error);
    }
}

/// Of states with one chain id the first counts, and of all no more than five.
#[test]
fn first_five_chains_of_a_record_are_read() {
    let rng = &mut rng(70);
    let mut senders = [(); 6].map(|()| SenderKey::generate(ID, rng));
    let stored: Vec<_> = senders.iter().map(SenderKey::to_libsignal_record).collect();
    let states = stored.iter().map(|bytes| StoredSenderKeyRecord::parse(bytes).unwrap().states[0].clone());
    let mut all = StoredSenderKeyRecord { states: states.collect() };
    // Behind the first there is another with its id, whose messages can't be read.
    let other = StoredSenderKey { chain_id: senders[0].chain_id(), ..all.states[5].clone() };
    all.states.insert(1, other);
    let mut keys = ReceiverKeys::from_libsignal_record(&all.encode(), sender(), ID).unwrap();
    let expected: Vec<_> = senders[..5].iter().map(SenderKey::chain_id).collect();
    assert_eq!(ids(&keys), expected);
    let sent = senders.each_mut().map(|key| send(key, b"text", rng).unwrap());
    for sent in &sent[..5] {
        assert_eq!(receive(&mut keys, sent).unwrap(), b"text");
    }
    assert!(receive(&mut keys, &sent[5]).is_err());
}

#[test]
fn failing_store_changes_nothing() {
    let rng = &mut rng(71);
    let (mut key, mut keys) = pair(ID.into(), rng);
    let before = key.record();
    let failed = key.encrypt(b"lost", rng).unwrap().commit_with(|_| Err("disk full"));
    assert_eq!(failed, Err("disk full"));
    assert_eq!(key.record().as_bytes(), before.as_bytes());
    let sent = send(&mut key, b"sent", rng).unwrap();

    let before = keys.record();
    let message = GroupMessage::parse(&sent).unwrap();
    let failed = keys.decrypt(&message, Trust::Anyone).unwrap().commit_with_output(|_, plaintext| {
        assert_eq!(&**plaintext, b"sent");
        Err("disk full")
    });
    assert_eq!(failed, Err("disk full"));
    assert_eq!(keys.record().as_bytes(), before.as_bytes());
    assert_eq!(keys.generation(), 1);
    assert_eq!(receive(&mut keys, &sent).unwrap(), b"sent");
    assert_eq!((key.generation(), keys.generation()), (1, 2));
}
