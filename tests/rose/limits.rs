// SPDX-License-Identifier: MIT OR Apache-2.0

//! The limits of the profile, each met and passed by one (rose 31 §12, 32 §11, 36 §7).

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::keys::PrivateKey;
use subrosa::rose::group::{GroupKey, GroupOutgoing};
use subrosa::rose::{
    Account, Admission, Class, DeviceName, Issuers, Kind, Outgoing, ReceiveError, RoseKey, SendError, Sender,
    Session, Trust, Upload, issue, seal_for_many, trial,
};
use subrosa::store::Key;
use subrosa::{RecordError, Timestamp};

use crate::parties::{Device, NOW, Service, pair};

const DAY: u64 = 86_400;

fn seconds(after: u64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() + after)
}

fn devices(seed: u64) -> [Device; 2] {
    let service = Service::new();
    [Device::new(&service, "alice", 1, seed), Device::new(&service, "bob", 1, seed + 1)]
}

fn say(from: &mut Device, to: DeviceName) -> Vec<u8> {
    from.send(to, &Outgoing::dummy()).unwrap()
}

/// A message each way: both sides begin a new chain.
fn turn(alice: &mut Device, bob: &mut Device) {
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let message = say(alice, to_bob);
    bob.receive(&message, false).unwrap();
    let message = say(bob, to_alice);
    alice.receive(&message, false).unwrap();
}

#[test]
fn three_states_are_held_and_no_record_has_more() {
    let [mut alice, mut bob] = devices(300);
    for count in [1, 2, 3, 3, 3] {
        let bundle = bob.bundle(Class::OneTime);
        let peer = alice.begin(&bundle, false);
        assert_eq!(alice.sessions[&peer].state_count(), count);
        alice.check();
    }
    let peer = bob.name();
    let mut record = alice.sessions[&peer].record().as_bytes().to_vec();
    // Header, generation, flag, what is known of the device.
    assert_eq!(std::mem::replace(&mut record[4 + 8 + 1 + 127], 4), 3);
    assert!(Session::from_record(&record, peer).is_err());
    // Nobody has states with a device of which nothing is known.
    let mut record = alice.sessions[&peer].record().as_bytes().to_vec();
    record[4 + 8] = 0;
    record.drain(4 + 8 + 1..4 + 8 + 1 + 127);
    assert_eq!(Session::from_record(&record, peer).map(drop), Err(RecordError::Damaged));
    assert!(Session::from_record(Session::new(peer).record().as_bytes(), peer).is_ok());
    let session = alice.sessions.get_mut(&peer).unwrap();
    let before = session.expected_tags().len();
    session.drop_archived().unwrap().commit_with(|writes| alice.store.apply(writes)).unwrap();
    assert_eq!(alice.sessions[&peer].state_count(), 1);
    assert_eq!(alice.sessions[&peer].expected_tags().len() * 3, before);
    alice.check();
}

/// At the fourth state goes one that the other side began and has not proven, then one that nobody has proven.
#[test]
fn a_proven_state_stays_longest_and_then_our_own() {
    let [mut alice, mut bob] = devices(330);
    bob.begin(&alice.bundle(Class::OneTime), false);
    let first = contact(&mut alice, &bob.bundle(Class::OneTime));
    bob.receive(&first, false).unwrap();
    let states = |device: &Device| device.sessions.values().next().unwrap().digests();
    bob.begin(&alice.bundle(Class::OneTime), false);
    let before = states(&bob);
    bob.begin(&alice.bundle(Class::OneTime), false);
    assert_eq!(states(&bob)[1..], [before[0], before[2]], "hers is between two of his");

    let [mut alice, mut bob] = pair(332, false);
    alice.begin(&bob.bundle(Class::OneTime), false);
    alice.begin(&bob.bundle(Class::OneTime), false);
    let before = states(&alice);
    alice.begin(&bob.bundle(Class::OneTime), false);
    assert_eq!(states(&alice)[1..], [before[0], before[2]]);
}

/// Even if one of them finds no place.
#[test]
fn of_two_that_begin_at_once_both_go_on_with_the_same_state() {
    for seed in [334, 336, 338, 340] {
        let [mut alice, mut bob] = devices(seed);
        for _ in 0..3 {
            bob.begin(&alice.bundle(Class::OneTime), false);
        }
        let of_bob = say(&mut bob, alice.name());
        let of_alice = contact(&mut alice, &bob.bundle(Class::OneTime));
        alice.receive(&of_bob, false).unwrap();
        bob.receive(&of_alice, false).unwrap();
        let [of_alice, of_bob] = [&alice, &bob].map(|device| {
            device.check();
            let [transcript, _] = device.sessions.values().next().unwrap().secrets().unwrap();
            transcript
        });
        assert_eq!(of_alice, of_bob, "{seed}");
    }
}

#[test]
fn a_chain_keeps_256_skipped_seeds_the_highest() {
    let [mut alice, mut bob] = pair(302, false);
    let to_bob = bob.name();
    let messages: Vec<Vec<u8>> = (0..300).map(|_| say(&mut alice, to_bob)).collect();
    // Of the 299 before it the lowest 43 go.
    bob.receive(&messages[299], true).unwrap();
    assert_eq!(bob.sessions[&alice.name()].expected_tags().len(), 256 + 16 + 16);
    assert_eq!(bob.receive(&messages[42], false).unwrap_err(), ReceiveError::NotFound);
    assert_eq!(bob.receive(&messages[42], true).unwrap_err(), ReceiveError::Duplicate);
    for at in [43, 44, 298] {
        bob.receive(&messages[at], false).unwrap();
    }
    bob.check();
}

#[test]
fn five_old_chains_are_kept() {
    let [mut alice, mut bob] = pair(304, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let held: Vec<Vec<u8>> = (0..7)
        .map(|_| {
            let held = say(&mut alice, to_bob);
            turn(&mut alice, &mut bob);
            held
        })
        .collect();
    // The newest is still of the current chain; before it there are five old ones, and one that went.
    let found = |bob: &Device, at: usize| bob.sessions[&to_alice].expects(&held[at]);
    assert_eq!(std::array::from_fn(|at| found(&bob, at)), [false, true, true, true, true, true, true]);
    assert_eq!(bob.receive(&held[0], true).unwrap_err(), ReceiveError::NotFound);
    for message in &held[1..] {
        bob.receive(message, false).unwrap();
    }
    bob.check();
}

#[test]
fn an_old_chain_goes_when_more_than_16_began_since() {
    let [mut alice, mut bob] = pair(306, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let held = say(&mut alice, to_bob);
    turn(&mut alice, &mut bob);
    // The chain becomes old with the first turn.
    for turns in 1..=18 {
        turn(&mut alice, &mut bob);
        assert_eq!(bob.sessions[&to_alice].expects(&held), turns <= 17, "{turns}");
    }
    assert_eq!(bob.receive(&held, true).unwrap_err(), ReceiveError::NotFound);
}

/// Begins a state and sends a first message, as often as asked.
fn contact(alice: &mut Device, bundle: &[u8]) -> Vec<u8> {
    let peer = alice.begin(bundle, false);
    say(alice, peer)
}

#[test]
fn one_account_uses_a_last_resort_prekey_20_times() {
    let service = Service::new();
    let [mut alice, mut bob] = devices(308);
    let mut carol = Device::new(&service, "carol", 1, 310);
    let bundle = bob.bundle(Class::LastResort);
    for count in 1..=20 {
        let message = contact(&mut alice, &bundle);
        bob.receive(&message, false).unwrap();
        assert_eq!(bob.account.uses(2), count);
    }
    let message = contact(&mut alice, &bundle);
    assert_eq!(bob.receive(&message, false).unwrap_err(), ReceiveError::MemoryFull);
    // Others have their own twenty.
    let message = contact(&mut carol, &bundle);
    bob.receive(&message, false).unwrap();
    // With the prekey its memory goes, and a new one begins anew.
    bob.account.delete_prekey(2).unwrap().commit_with(|writes| bob.store.apply(writes)).unwrap();
    assert_eq!(bob.account.uses(2), 0);
    let message = contact(&mut alice, &bundle);
    assert_eq!(bob.receive(&message, false).unwrap_err(), ReceiveError::UnknownPrekey);
    let bundle = bob.bundle(Class::LastResort);
    let message = contact(&mut alice, &bundle);
    bob.receive(&message, false).unwrap();
}

#[test]
fn a_use_is_remembered_when_its_session_is_gone() {
    let [mut alice, mut bob] = devices(312);
    let bundle = bob.bundle(Class::LastResort);
    let message = contact(&mut alice, &bundle);
    bob.receive(&message, false).unwrap();
    bob.sessions.clear();
    assert_eq!(bob.receive(&message, false).unwrap_err(), ReceiveError::Replayed);
}

/// The account with this memory of prekey 2, as it is read back.
fn with_memory(bob: &Device, memory: &[u8]) -> Result<Account, RecordError> {
    let row = |key: RoseKey| bob.store.rows[&Key::Rose(key).to_bytes()].clone();
    let (sealing, hybrid) = (RoseKey::SealingPreKey(1), RoseKey::HybridPreKey(2));
    let rows = [(sealing, row(sealing)), (hybrid, row(hybrid)), (RoseKey::Memory(2), memory.to_vec())];
    Account::from_records(bob.account.record().as_bytes(), rows)
}

#[test]
fn a_last_resort_prekey_serves_a_thousand_times() {
    let [mut alice, mut bob] = devices(314);
    let bundle = bob.bundle(Class::LastResort);
    let message = contact(&mut alice, &bundle);
    bob.receive(&message, false).unwrap();
    // Header, count, then `TH` and account; of accounts that nobody has.
    let record = bob.store.rows[&Key::Rose(RoseKey::Memory(2)).to_bytes()].clone();
    let header = &record[..record.len() - 4 - 49];
    let memory = |count: u32| {
        let uses = (0..count).flat_map(|at| {
            let mut used = [0; 49];
            used[..4].copy_from_slice(&at.to_be_bytes());
            used[40..44].copy_from_slice(&(at / 20).to_be_bytes());
            used
        });
        [header, &count.to_le_bytes(), &uses.collect::<Vec<u8>>()].concat()
    };
    bob.account = with_memory(&bob, &memory(999)).unwrap();
    let message = contact(&mut alice, &bundle);
    bob.receive(&message, false).unwrap();
    assert_eq!(bob.account.uses(2), 1_000);
    let message = contact(&mut alice, &bundle);
    assert_eq!(bob.receive(&message, false).unwrap_err(), ReceiveError::MemoryFull);
    assert!(with_memory(&bob, &memory(1_001)).is_err());
}

#[test]
fn four_sealing_keys_open() {
    let [mut alice, mut bob] = devices(316);
    let bundle = bob.bundle(Class::OneTime);
    let message = contact(&mut alice, &bundle);
    for replaced in 1..=4 {
        let staged = bob.account.new_sealing_prekey(bob.now, &mut bob.rng).unwrap();
        staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
        assert_eq!(bob.account.open(&message).is_ok(), replaced < 4, "{replaced}");
    }
    // The hybrid prekey has id 2.
    let is_kept = |id| bob.store.rows.contains_key(&Key::Rose(RoseKey::SealingPreKey(id)).to_bytes());
    assert_eq!((1..=7).filter(|id| is_kept(*id)).collect::<Vec<_>>(), [3, 4, 5, 6]);
}

#[test]
fn a_replaced_sealing_key_opens_for_30_days() {
    let [mut alice, mut bob] = devices(318);
    let bundle = bob.bundle(Class::OneTime);
    let message = contact(&mut alice, &bundle);
    bob.account.new_sealing_prekey(bob.now, &mut bob.rng).unwrap().commit();
    for (at, opens) in [(30 * DAY, true), (30 * DAY + 1, false)] {
        bob.account.maintain(seconds(at)).unwrap().commit();
        assert_eq!(bob.account.open(&message).is_ok(), opens, "{at}");
    }
}

#[test]
fn a_replaced_card_is_known_for_30_days() {
    let [mut alice, mut bob] = devices(320);
    let bundle = bob.bundle(Class::OneTime);
    let peer = alice.begin(&bundle, false);
    // A certificate that outlives the month.
    let (key, mut issuers) = (PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(1)), Issuers::default());
    issuers.add(1, *key.public_key().as_bytes());
    let hash = alice.account.keys().card().hash();
    alice.certificate = issue((1, &key), seconds(60 * DAY), &hash, &mut alice.rng);
    let message = say(&mut alice, peer);
    let card = bob.account.new_card(0x101, bob.now, &mut bob.rng).unwrap();
    let card = card.commit_with(|writes| bob.store.apply(writes)).unwrap();
    assert_eq!((card.profiles(), card.name(), card == *bob.account.keys().card()), (0x101, peer, true));
    // As it is read back, too.
    let record = bob.account.record().as_bytes().to_vec();
    assert_eq!(bob.store.rows[&Key::Rose(RoseKey::Device).to_bytes()], record);
    let rows = [RoseKey::SealingPreKey(1), RoseKey::HybridPreKey(2)];
    let rows = rows.map(|key| (key, bob.store.rows[&Key::Rose(key).to_bytes()].clone()));
    bob.account = Account::from_records(&record, rows).unwrap();
    let first = bob.account.open(&message).unwrap();
    for (at, refused) in [(30 * DAY + 1, Some(ReceiveError::UnknownCard)), (30 * DAY, None)] {
        let mut session = Session::new(alice.name());
        let admission =
            Admission { issuers: &issuers, trust: Trust::Anyone, policy: bob.policy, now: seconds(at) };
        let received = bob.account.receive_first(&mut session, &first, &admission, &mut bob.rng);
        assert_eq!(received.map(drop).err(), refused, "{at}");
    }
    // The next card ends the memory of those that are older.
    bob.account.new_card(1, seconds(31 * DAY), &mut bob.rng).unwrap().commit();
    assert_eq!(bob.account.record().as_bytes().len(), record.len());
}

#[test]
fn a_thousand_one_time_prekeys_are_held() {
    let [_, mut bob] = devices(322);
    let made = bob.account.new_prekeys((Class::OneTime, 990), NOW, &mut bob.rng).unwrap().commit();
    assert_eq!(made.len(), 990);
    let made = bob.account.new_prekeys((Class::OneTime, 100), NOW, &mut bob.rng).unwrap().commit();
    assert_eq!((made.len(), bob.account.prekeys(Class::OneTime)), (10, 1_000));
    let made = bob.account.new_prekeys((Class::OneTime, 1), NOW, &mut bob.rng).unwrap().commit();
    assert!(made.is_empty());
    let made = bob.account.new_prekeys((Class::LastResort, 1), NOW, &mut bob.rng).unwrap().commit();
    assert_eq!(made.len(), 1);
}

#[test]
fn an_unanswered_state_is_sent_on_for_14_days() {
    let [mut alice, mut bob] = devices(324);
    let bundle = bob.bundle(Class::OneTime);
    let peer = alice.begin(&bundle, false);
    alice.now = seconds(14 * DAY);
    say(&mut alice, peer);
    alice.now = Timestamp::from_millis(alice.now.as_millis() + 1);
    assert_eq!(alice.send(peer, &Outgoing::dummy()).unwrap_err(), SendError::NoState);
}

#[test]
fn sixteen_issuers_are_known() {
    let [mut alice, mut bob] = devices(326);
    let bundle = bob.bundle(Class::OneTime);
    let message = contact(&mut alice, &bundle);
    (0..16).for_each(|id| bob.issuers.add(100 + id, [9; 32]));
    assert_eq!(bob.receive(&message, false).unwrap_err(), ReceiveError::BadCertificate);
    let service = Service::new();
    bob.issuers = service.issuers.clone();
    (0..15).for_each(|id| bob.issuers.add(100 + id, [9; 32]));
    bob.receive(&message, false).unwrap();
}

#[test]
fn a_trial_is_over_64_sessions() {
    let [_, bob] = devices(328);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let message = [1; 384];
    for (count, refused) in [(64, ReceiveError::NotFound), (65, ReceiveError::TooManySessions)] {
        let mut sessions: Vec<Session> = (0..count).map(|_| Session::new(bob.name())).collect();
        let tried = trial(&mut sessions, &message, bob.account.keys(), &mut rng);
        assert_eq!(tried.map(drop).unwrap_err(), refused);
    }
}

/// Length of the message that comes out of an upload.
fn delivered(upload: &[u8]) -> usize {
    Upload::parse(upload).unwrap().deliveries().next().unwrap().1.len()
}

#[test]
fn a_dummy_has_no_content_and_a_session_no_kind_of_groups() {
    let [mut alice, bob] = pair(342, false);
    for kind in [Kind::Dummy, Kind::Other(0x10)] {
        assert_eq!(alice.send(bob.name(), &Outgoing::of(kind, b"x")).unwrap_err(), SendError::BadKind);
    }
}

/// The lengths of 33 §9, as they go over the wire.
#[test]
fn messages_have_the_lengths_of_the_table() {
    let [mut alice, mut bob] = devices(410);
    let bundle = bob.bundle(Class::OneTime);
    let (to_bob, to_alice) = (alice.begin(&bundle, false), alice.name());
    let length = |from: &mut Device, to, content: usize| {
        from.send(to, &Outgoing::content(&vec![b'x'; content])).unwrap().len()
    };
    // First contact, and each message until it is answered.
    assert_eq!([0, 578, 579].map(|content| length(&mut alice, to_bob, content)), [6_144, 6_144, 12_288]);
    let first = alice.send(to_bob, &Outgoing::content(&[b'x'; 12_098])).unwrap();
    assert_eq!(first.len(), 18_432);
    bob.receive(&first, false).unwrap();
    // A reply before the initiator's second turn has a ciphertext inside.
    assert_eq!([0, 258, 259].map(|content| length(&mut bob, to_alice, content)), [1_536, 1_536, 3_072]);
    let reply = say(&mut bob, to_alice);
    alice.receive(&reply, false).unwrap();
    turn(&mut alice, &mut bob);
    for (content, wire) in [
        (30, 384),
        (70, 384),
        (170, 384),
        (194, 384),
        (195, 768),
        (370, 768),
        (578, 768),
        (1_070, 1_536),
        (1_346, 1_536),
        (2_882, 3_072),
        (5_954, 6_144),
        (12_098, 12_288),
    ] {
        assert_eq!(length(&mut alice, to_bob, content), wire, "{content}");
        assert_eq!(length(&mut bob, to_alice, content), wire, "{content}");
    }
    assert_eq!(say(&mut alice, to_bob).len(), 384, "a dummy");
    for (content, wire) in [(146, 384), (147, 768)] {
        let sender = Sender { certificate: &alice.certificate, contact: None, now: NOW };
        let session = alice.sessions.get_mut(&to_bob).unwrap();
        let content = vec![b'x'; content];
        let upload = seal_for_many([(b"mailbox", session)], (&content, 0), &sender, &mut alice.rng).unwrap();
        assert_eq!(delivered(&upload.commit().bytes), wire, "for many");
    }
    let mut key = GroupKey::generate([1; 32], &mut alice.rng).commit();
    for (content, wire) in [(130, 384), (131, 768)] {
        let content = GroupOutgoing { content: &vec![b'x'; content], at_least: 0, report: None };
        let upload = key.encrypt(&content, &to_alice, [([1; 16], to_bob)], &mut alice.rng).unwrap();
        assert_eq!(delivered(&upload.commit()), wire, "to a group");
    }
    let to = (0..100_u8).map(|at| ([at; 16], to_bob));
    let content = GroupOutgoing { content: &[b'x'; 130], at_least: 0, report: None };
    let upload = key.encrypt(&content, &to_alice, to, &mut alice.rng).unwrap().commit();
    assert_eq!(upload.len() / 100, 36, "3.7 kB for a group of 100");
}
