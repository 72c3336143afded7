// SPDX-License-Identifier: MIT OR Apache-2.0

//! One session.
//!
//! A jump of 25,000 in the Double Ratchet counts from the next message expected, one in the
//! post-quantum ratchet from the last one received; so in version 4 the latter's edge comes first. The same
//! goes for the 2,000 keys kept. Measured on the official client, 0.103.0. Version 3 shows the former's.

use crate::device::{BOB, Device, Failure, Letter, Offer, START, Table};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::hazmat::agreement::{Initiator, Responder, pqxdh};
use subrosa::hazmat::ratchet::chain::{ChainKey, MessageKeySeed};
use subrosa::hazmat::ratchet::double::{DoubleRatchet, Reach};
use subrosa::hazmat::ratchet::root::RootKey;
use subrosa::hazmat::wire::signal_message::SignalMessageParts;
use subrosa::keys::{KemKeyPair, KemType, KeyPair};
use subrosa::prekey::OneTimePreKeyId;
use subrosa::session::{Forgery, Policy, Requirements};
use subrosa::store::{Key, RecordKind};
use subrosa::{Address, DecryptError, DeviceId, MessageKind};

const DUPLICATE: Failure = Failure::Decrypt(DecryptError::Duplicate);
const EXPIRED: Failure = Failure::Decrypt(DecryptError::Expired);

const fn too_far(by: u32) -> Failure {
    Failure::Decrypt(DecryptError::TooFarAhead { by })
}

const fn forged(reason: Forgery) -> Failure {
    Failure::Decrypt(DecryptError::Forged(reason))
}

const fn is_forged(failure: &Failure) -> bool {
    matches!(failure, Failure::Decrypt(DecryptError::Forged(_)))
}

/// Sends `count` messages, each of which says its number.
fn send_many(from: &mut Device, to: &Address, count: u32) -> Vec<Letter> {
    (0..count).map(|number| from.send(to, &number.to_le_bytes())).collect()
}

fn hear_number(to: &mut Device, from: &Device, letters: &[Letter], number: u32) {
    to.hear(from, &letters[number as usize], &number.to_le_bytes());
}

#[test]
fn basic_flow() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.begin_with(&mut bob, Offer::FULL);
    assert_eq!(alice.store.identities[&bob.address], *bob.identity.public());

    let first = alice.tell(&mut bob, b"L'homme est condamne a etre libre");
    assert_eq!(first.kind, MessageKind::PreKey);
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        let session = one.session(&other.address).unwrap();
        assert_eq!(session.version(), Some(4));
        assert_eq!(session.base_key(), Some(first.pre_key().base_key()));
        assert_eq!(session.remote_identity(), Some(other.identity.public()));
        assert_eq!(session.local_registration_id(), Some(one.registration_id));
        assert_eq!(session.remote_registration_id(), Some(other.registration_id));
        assert!(session.is_usable(START, Requirements::default()));
    }
    assert_eq!(bob.store.identities[&alice.address], *alice.identity.public());
    assert_eq!(bob.store.count(RecordKind::OneTimePreKey), 0, "the one-time prekey is used up");
    assert_eq!(bob.store.count(RecordKind::OneTimeKemPreKey), 0, "the one-time KEM prekey is used up");
    assert_eq!(bob.store.count(RecordKind::KemPreKeyUse), 0, "and needs not be remembered");

    let reply = bob.tell(&mut alice, b"Donc, il est responsable");
    assert_eq!(reply.kind, MessageKind::Whisper);
    for _ in 0..3 {
        assert_eq!(alice.tell(&mut bob, b"there").kind, MessageKind::Whisper);
        assert_eq!(bob.tell(&mut alice, b"back").kind, MessageKind::Whisper);
    }
}

#[test]
fn basic_flow_with_the_last_resort_prekey() {
    let [mut alice, mut bob] = Device::pair(1);
    alice.begin_with(&mut bob, Offer::LAST_RESORT);
    let first = alice.tell(&mut bob, b"last resort");
    let base_key = *first.pre_key().base_key();
    assert_eq!(bob.store.count(RecordKind::LastResortKemPreKey), 1, "it is kept");
    let mut expected = vec![0; 8];
    expected.extend_from_slice(base_key.as_bytes());
    let bytes =
        |key: &Key| if let Key::KemPreKeyUse(used) = key { Some(used.to_bytes().to_vec()) } else { None };
    assert_eq!(bob.store.rows.keys().filter_map(bytes).collect::<Vec<_>>(), [expected]);
    bob.tell(&mut alice, b"fine");
}

#[test]
fn ten_each_way_and_ten_held_back() {
    let [mut alice, mut bob] = Device::acquainted(2);
    alice.tell(&mut bob, b"one");
    bob.tell(&mut alice, b"one each way");
    for _ in 0..10 {
        alice.tell(&mut bob, b"ten from alice");
    }
    for _ in 0..10 {
        bob.tell(&mut alice, b"ten from bob");
    }
    let held_back = send_many(&mut alice, &bob.address, 10);
    for _ in 0..10 {
        alice.tell(&mut bob, b"newer");
    }
    for _ in 0..10 {
        bob.tell(&mut alice, b"in between");
    }
    for number in 0..10 {
        hear_number(&mut bob, &alice, &held_back, number);
    }
}

fn shuffled(count: u32, rng: &mut ChaCha20Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, rng.next_u32() as usize % (at + 1));
    }
    order
}

#[test]
fn fifty_each_way_shuffled() {
    let [mut alice, mut bob] = Device::acquainted(3);
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let from_alice = send_many(&mut alice, &bob.address, 50);
    let from_bob = send_many(&mut bob, &alice.address, 50);
    let (a, b) = (shuffled(50, &mut rng), shuffled(50, &mut rng));
    for range in [0..25, 25..50] {
        a[range.clone()].iter().for_each(|number| hear_number(&mut bob, &alice, &from_alice, *number));
        b[range].iter().for_each(|number| hear_number(&mut alice, &bob, &from_bob, *number));
    }
}

#[test]
fn the_responders_first_chain_is_the_one_that_the_initiator_keeps() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let [identity_a, base, ratchet, identity_b, signed] = [(); 5].map(|()| KeyPair::generate(&mut rng));
    let kem = KemKeyPair::generate(KemType::Kyber1024, &mut rng);
    let agreements = Initiator {
        identity: identity_a.private(),
        base_key: base.private(),
        ratchet_key: ratchet.private(),
        their_identity: &identity_b.public().prepare(),
        their_signed_pre_key: &signed.public().prepare(),
        their_one_time_pre_key: None,
    };
    let agreements = agreements.agree().unwrap();
    assert_eq!([agreements.base_key, agreements.ratchet_key], [*base.public(), *ratchet.public()]);
    let (ciphertext, shared) = kem.public().encapsulate(&mut rng);
    let ours = pqxdh::initiate(&agreements, &shared);
    let responder = Responder {
        identity: identity_b.private(),
        signed_pre_key: signed.private(),
        one_time_pre_key: None,
        their_identity: identity_a.public(),
        their_base_key: base.public(),
    };
    let theirs = pqxdh::respond(&responder, kem.secret(), &ciphertext.encode()).unwrap();
    assert_eq!(ours.root, theirs.root);
    assert_eq!(ours.chain, theirs.chain);
    assert_eq!(ours.braid, theirs.braid);

    let signed_public = *signed.public();
    let first = (ChainKey::new(ours.chain, 0), signed_public);
    let a = DoubleRatchet::initiator(&RootKey::new(ours.root), first, ratchet, &agreements.ratchet);
    let b = DoubleRatchet::responder(RootKey::new(theirs.root), ChainKey::new(theirs.chain, 0), signed);
    let (header, seed, _) = b.send().unwrap();
    let mut same = MessageKeySeed::to_be_filled();
    a.receive(&header, Reach::of(0), &mut rng, &mut same).unwrap();
    assert_eq!(header.ratchet_key, signed_public);
    assert_eq!(seed, same);
}

#[test]
fn every_message_is_of_kind_prekey_until_the_reply_is_decrypted() {
    let [mut alice, mut bob] = Device::pair(5);
    alice.begin_with(&mut bob, Offer::FULL);
    let base_key = alice.base_key(&bob.address).unwrap();
    for round in 0..5 {
        let letter = alice.tell(&mut bob, b"unanswered");
        let message = letter.pre_key();
        assert_eq!(message.base_key(), &base_key);
        assert_eq!(message.pre_key_id(), Some(OneTimePreKeyId(0)));
        assert_eq!(message.message().counter(), round);
    }
    let reply = bob.send(&alice.address, b"answered");
    assert_eq!(alice.send(&bob.address, b"not yet received").kind, MessageKind::PreKey);
    alice.hear(&bob, &reply, b"answered");
    assert_eq!(alice.send(&bob.address, b"acknowledged").kind, MessageKind::Whisper);
    assert_eq!(alice.base_key(&bob.address), Some(base_key));
}

#[test]
fn second_prekey_message_after_the_reply_touches_no_prekey_store() {
    let [mut alice, mut bob] = Device::pair(6);
    alice.begin_with(&mut bob, Offer::FULL);
    let letters = send_many(&mut alice, &bob.address, 3);
    hear_number(&mut bob, &alice, &letters, 0);
    bob.tell(&mut alice, b"reply");
    bob.faults.reads = vec![Table::SignedPreKeys, Table::OneTimePreKeys, Table::KemPreKeys, Table::KemUses];
    bob.faults.writes.clone_from(&bob.faults.reads);
    hear_number(&mut bob, &alice, &letters, 2);
    hear_number(&mut bob, &alice, &letters, 1);
    assert!(alice.agrees_with(&bob));
    bob.tell(&mut alice, b"and all goes on");
}

#[test]
fn replays_are_duplicates_and_change_nothing() {
    let [mut alice, mut bob] = Device::pair(7);
    alice.begin_with(&mut bob, Offer::FULL);
    let letters = send_many(&mut alice, &bob.address, 3);
    for number in [0, 2] {
        hear_number(&mut bob, &alice, &letters, number);
    }
    assert_eq!(bob.refuse(&alice.address, &letters[0]), DUPLICATE);
    assert_eq!(bob.refuse(&alice.address, &letters[2]), DUPLICATE);
    hear_number(&mut bob, &alice, &letters, 1);
    assert_eq!(bob.refuse(&alice.address, &letters[1]), DUPLICATE);

    let whispers = send_many(&mut bob, &alice.address, 2);
    for number in 0..2 {
        hear_number(&mut alice, &bob, &whispers, number);
        assert_eq!(alice.refuse(&bob.address, &whispers[number as usize]), DUPLICATE);
    }
    // Still so after the next turn.
    alice.tell(&mut bob, b"turn");
    bob.tell(&mut alice, b"turn");
    assert_eq!(alice.refuse(&bob.address, &whispers[0]), DUPLICATE);
    assert_eq!(bob.refuse(&alice.address, &letters[0]), DUPLICATE);
}

#[test]
fn a_corrupted_mac_fails_and_the_original_decrypts() {
    let [mut alice, mut bob] = Device::acquainted(8);
    let letter = alice.send(&bob.address, b"genuine");
    for from_end in 0..8 {
        let failure = bob.refuse(&alice.address, &letter.flipped(from_end));
        assert_eq!(failure, forged(Forgery::Mac));
    }
    bob.hear(&alice, &letter, b"genuine");
}

#[test]
fn no_flipped_bit_is_accepted_and_none_changes_anything() {
    let [mut alice, mut bob] = Device::acquainted(8);
    // With a gap, so that there is something to skip.
    alice.send(&bob.address, b"lost");
    let letter = alice.send(&bob.address, b"genuine");
    for at in 0..letter.bytes.len() {
        for bit in 0..8 {
            let mut flipped = letter.clone();
            flipped.bytes[at] ^= 1 << bit;
            bob.refuse(&alice.address, &flipped);
        }
    }
    bob.hear(&alice, &letter, b"genuine");
}

#[test]
fn jump_of_25_000_is_fine() {
    let [mut alice, mut bob] = Device::acquainted(9);
    let letters = send_many(&mut alice, &bob.address, 25_003);
    hear_number(&mut bob, &alice, &letters, 0);
    assert_eq!(bob.refuse(&alice.address, &letters[25_002]), too_far(25_001));
    // The Double Ratchet would take this one. The counters of the other one are by one higher, and it began in
    // the chain before.
    assert_eq!(bob.refuse(&alice.address, &letters[25_001]), too_far(25_003 - 2));
    hear_number(&mut bob, &alice, &letters, 25_000);
    hear_number(&mut bob, &alice, &letters, 25_002);
    hear_number(&mut bob, &alice, &letters, 24_000);
    assert_eq!(bob.refuse(&alice.address, &letters[1]), EXPIRED);
    assert_eq!(bob.refuse(&alice.address, &letters[0]), DUPLICATE);
}

#[test]
fn the_exact_edge_in_version_3() {
    let [mut alice, mut bob] = Device::pair(9);
    alice.policy = Policy::AllowVersion3;
    bob.policy = Policy::AllowVersion3;
    alice.greet(&mut bob, Offer::VERSION_3);
    let letters = send_many(&mut alice, &bob.address, 25_002);
    let snapshot = bob.store.clone();
    assert_eq!(bob.refuse(&alice.address, &letters[25_001]), too_far(25_001));
    hear_number(&mut bob, &alice, &letters, 25_000);
    bob.store = snapshot;
    hear_number(&mut bob, &alice, &letters, 0);
    hear_number(&mut bob, &alice, &letters, 25_001);
}

#[test]
fn any_jump_in_a_self_session() {
    let mut phone = Device::new(BOB, 10);
    let mut desktop = phone.sibling(2, 110);
    phone.greet(&mut desktop, Offer::FULL);
    let letters = send_many(&mut phone, &desktop.address, 25_003);
    hear_number(&mut desktop, &phone, &letters, 25_002);
    hear_number(&mut desktop, &phone, &letters, 25_001);
}

/// Two devices with one identity key, at the addresses given.
fn one_identity_at(addresses: [&str; 2], seed: u64) -> [Device; 2] {
    let mut one = Device::new(addresses[0], seed);
    let mut other = one.sibling(2, seed + 100);
    other.address = Address::new(addresses[1], DeviceId::new(2));
    one.greet(&mut other, Offer::FULL);
    [one, other]
}

#[test]
fn one_identity_key_is_not_enough() {
    for names in [["self", "self"], [BOB, crate::device::ALICE]] {
        let [mut one, mut other] = one_identity_at(names, 11);
        let letters = send_many(&mut one, &other.address, 25_003);
        assert_eq!(other.refuse(&one.address, &letters[25_002]), too_far(25_002), "{names:?}");
        hear_number(&mut other, &one, &letters, 20_000);
    }
}

#[test]
fn what_remains_of_2_300_messages() {
    let [mut alice, mut bob] = Device::acquainted(12);
    let letters = send_many(&mut alice, &bob.address, 2_300);
    hear_number(&mut bob, &alice, &letters, 1_000);
    hear_number(&mut bob, &alice, &letters, 2_299);
    assert_eq!(bob.refuse(&alice.address, &letters[5]), EXPIRED);

    assert_eq!(bob.refuse(&alice.address, &letters[297]), EXPIRED);
    // Its seed is kept, its post-quantum key is not.
    assert_eq!(bob.refuse(&alice.address, &letters[298]), EXPIRED);
    for number in [299, 300, 999, 1_001] {
        hear_number(&mut bob, &alice, &letters, number);
    }
    assert_eq!(bob.refuse(&alice.address, &letters[1_000]), DUPLICATE);
}

#[test]
fn version_3_keeps_exactly_2_000() {
    let [mut alice, mut bob] = Device::pair(13);
    alice.policy = Policy::AllowVersion3;
    bob.policy = Policy::AllowVersion3;
    alice.greet(&mut bob, Offer::VERSION_3);
    let letters = send_many(&mut alice, &bob.address, 2_300);
    hear_number(&mut bob, &alice, &letters, 1_000);
    hear_number(&mut bob, &alice, &letters, 2_299);
    // 2,298 were skipped.
    for letter in &letters[..298] {
        assert_eq!(bob.refuse(&alice.address, letter), EXPIRED);
    }
    assert_eq!(bob.refuse(&alice.address, &letters[1_000]), DUPLICATE);
    for number in (298..2_299).filter(|number| *number != 1_000) {
        hear_number(&mut bob, &alice, &letters, number);
    }
    assert_eq!(bob.refuse(&alice.address, &letters[298]), DUPLICATE);
}

#[test]
fn the_first_messages_carry_the_post_quantum_ratchet() {
    let [mut alice, mut bob] = Device::pair(13);
    alice.begin_with(&mut bob, Offer::FULL);
    let letters =
        [alice.tell(&mut bob, b"first"), bob.tell(&mut alice, b"reply"), alice.tell(&mut bob, b"next")];
    for letter in &letters {
        assert!(!letter.signal().pq_ratchet().is_empty());
    }
    let braided = Requirements { post_quantum_ratchet: true, ..Requirements::NONE };
    assert!(alice.is_usable(&bob.address, braided));
    assert!(bob.is_usable(&alice.address, braided));
}

#[test]
fn a_peer_without_the_post_quantum_ratchet_is_refused() {
    let [mut alice, mut bob] = Device::acquainted(13);
    let letter = alice.send(&bob.address, b"with it");
    let signal = letter.signal();
    let parts = SignalMessageParts {
        first_byte: letter.bytes[0],
        ratchet_key: signal.ratchet_key(),
        counter: signal.counter(),
        previous_counter: signal.previous_counter(),
        body: signal.body(),
        pq_ratchet: &[],
        addresses: None,
    };
    let mut bytes = parts.encode();
    bytes.extend_from_slice(signal.mac());
    let failure = bob.refuse(&alice.address, &Letter::new(MessageKind::Whisper, bytes));
    assert_eq!(failure, forged(Forgery::PostQuantum));
    bob.hear(&alice, &letter, b"with it");
}

#[test]
fn interleaved_gaps() {
    let [mut alice, mut bob] = Device::acquainted(14);
    let mut held_back = Vec::new();
    for round in 0..4 {
        for gap in 0..3 {
            held_back.push((true, alice.send(&bob.address, &[b'a', round, gap])));
            held_back.push((false, bob.send(&alice.address, &[b'b', round, gap])));
            alice.tell(&mut bob, b"through the gap");
        }
        bob.tell(&mut alice, b"and back");
    }
    let order = shuffled(u32::try_from(held_back.len()).unwrap(), &mut ChaCha20Rng::seed_from_u64(14));
    for at in order {
        let (from_alice, letter) = &held_back[at as usize];
        let (to, from) = if *from_alice { (&mut bob, &alice) } else { (&mut alice, &bob) };
        let plaintext = to.receive(&from.address, letter).unwrap();
        assert_eq!(plaintext[0], if *from_alice { b'a' } else { b'b' });
    }
    alice.tell(&mut bob, b"all done");
    bob.tell(&mut alice, b"indeed");
}

#[test]
fn five_receiving_chains_are_kept() {
    let [mut alice, mut bob] = Device::acquainted(15);
    let mut held_back = Vec::new();
    for round in 0..6u8 {
        held_back.push(alice.send(&bob.address, &[round]));
        alice.tell(&mut bob, b"new chain");
        bob.tell(&mut alice, b"turn");
    }
    // The chain of the first is gone; its ratchet key looks like a new one.
    assert!(is_forged(&bob.refuse(&alice.address, &held_back[0])));
    for round in 1..6u8 {
        bob.hear(&alice, &held_back[usize::from(round)], &[round]);
    }
}

#[test]
fn plaintexts_of_all_lengths() {
    let [mut alice, mut bob] = Device::acquainted(17);
    for len in (0..=65).chain([127, 128, 129, 255, 256, 4_096, 100_000]) {
        let letter = alice.tell(&mut bob, &vec![0x80; len]);
        assert_eq!(letter.signal().body().len(), (len / 16 + 1) * 16);
    }
}

#[test]
fn previous_counter_is_the_last_counter_of_the_previous_chain() {
    let [mut alice, mut bob] = Device::pair(18);
    alice.begin_with(&mut bob, Offer::FULL);
    for _ in 0..3 {
        assert_eq!(alice.tell(&mut bob, b"three").signal().previous_counter(), 0);
    }
    let reply = bob.tell(&mut alice, b"turn");
    assert_eq!(reply.signal().previous_counter(), 0, "nothing was sent before");
    for _ in 0..2 {
        assert_eq!(alice.tell(&mut bob, b"after three").signal().previous_counter(), 2);
    }
    bob.tell(&mut alice, b"turn");
    assert_eq!(alice.tell(&mut bob, b"after two").signal().previous_counter(), 1);
    bob.tell(&mut alice, b"turn");
    assert_eq!(alice.tell(&mut bob, b"after one").signal().previous_counter(), 0);
    let after_none = bob.tell(&mut alice, b"after one");
    assert_eq!(after_none.signal().previous_counter(), 0);
}

#[test]
fn the_ratchet_key_changes_with_each_turn_and_not_before() {
    let [mut alice, mut bob] = Device::acquainted(19);
    let mut seen = Vec::new();
    for _ in 0..5 {
        let keys = [0; 3].map(|_| *alice.tell(&mut bob, b"same chain").signal().ratchet_key());
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert!(!seen.contains(&keys[0]));
        assert!(alice.session(&bob.address).unwrap().current_ratchet_key_matches(&keys[0]));
        seen.push(keys[0]);
        bob.tell(&mut alice, b"turn");
    }
}

#[test]
fn no_two_messages_are_alike() {
    let [mut alice, bob] = Device::acquainted(20);
    let letters = [0; 20].map(|_| alice.send(&bob.address, b"same"));
    for (at, letter) in letters.iter().enumerate() {
        assert!(letters[..at].iter().all(|other| other.signal().body() != letter.signal().body()));
    }
}
