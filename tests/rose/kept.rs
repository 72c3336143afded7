// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is kept: contacts, prekeys' times, group keys, late messages of a chain that has ended, and numbers of changes.

use std::collections::BTreeSet;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::rose::group::{GroupError, GroupKey, GroupKeys, GroupOutgoing, MAX_KEYS_OF_ACCOUNT};
use subrosa::rose::{
    Account, BeginError, Class, Contact, DeviceName, KemIdentity, Outgoing, RepairRefused, Repairs, RoseKey,
    SealedTags, SendError, Sender, Session, Trust, Upload, VerifiedBundle, seal_for_many,
};
use subrosa::store::Key;
use subrosa::{RecordError, RecordKey, Timestamp};

use crate::parties::{Device, NOW, Service, Store, name, pair};

const DAY: u64 = 86_400;

/// So many seconds after the day began on which a prekey says that it was made, if it was made now.
fn after(seconds: u64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() / DAY * DAY + seconds)
}

fn verify(bundle: &[u8], session: &Session, now: Timestamp) -> Result<VerifiedBundle, BeginError> {
    VerifiedBundle::verify(bundle, session, Trust::on_first_use(None), now)
}

#[test]
fn a_contact_is_read_as_it_was_written() {
    let [alice, bob] = pair(400, false);
    let known = alice.sessions[&bob.name()].contact().unwrap();
    assert!(known.was_hybrid());
    assert_eq!(known.kem_identity(), KemIdentity::Pinned { since: NOW });
    let signed = Contact::of(bob.account.keys().card());
    assert_eq!((signed.kem_identity(), signed.was_hybrid()), (KemIdentity::Signed, false));
    let compared = known.clone().compared();
    assert_eq!(compared.kem_identity(), KemIdentity::Compared);
    assert_eq!(compared.clone().pinned(NOW), compared, "compared is more than pinned");
    for contact in [known, &signed, &compared] {
        assert_eq!(Contact::from_record(contact.record().as_bytes()).as_ref(), Ok(contact));
    }
}

#[test]
fn a_prekey_of_more_than_60_days_is_called_old() {
    let service = Service::new();
    let mut bob = Device::new(&service, "bob", 1, 410);
    let (bundle, session) = (bob.bundle(Class::OneTime), Session::new(bob.name()));
    for (age, is_old) in [(0, false), (60 * DAY, false), (60 * DAY + 1, true)] {
        assert_eq!(verify(&bundle, &session, after(age)).unwrap().is_old(), is_old, "{age} seconds");
    }
}

#[test]
fn a_prekey_from_the_future_or_older_than_one_that_was_seen_is_stale() {
    let service = Service::new();
    let [mut alice, mut bob] = [("alice", 420), ("bob", 421)].map(|(name, seed)| {
        let mut device = Device::new(&service, name, 1, seed);
        device.now = after(2 * DAY);
        device
    });
    let (later, session) = (bob.bundle(Class::LastResort), Session::new(bob.name()));
    assert!(verify(&later, &session, after(DAY)).is_ok(), "a day ahead");
    assert_eq!(verify(&later, &session, after(DAY - 1)).unwrap_err(), BeginError::StalePrekey);
    let once = bob.bundle(Class::OneTime);
    assert!(verify(&once, &session, after(0)).is_ok(), "who lied of a one-time prekey gains nothing");

    bob.now = after(DAY);
    let earlier = bob.bundle(Class::LastResort);
    let peer = alice.begin(&later, false);
    let session = &alice.sessions[&peer];
    assert!(verify(&later, session, alice.now).is_ok());
    assert_eq!(verify(&earlier, session, alice.now).unwrap_err(), BeginError::StalePrekey);
    let read = Session::from_record(session.record().as_bytes(), peer).unwrap();
    assert_eq!(verify(&earlier, &read, alice.now).unwrap_err(), BeginError::StalePrekey);
}

#[test]
fn what_a_chain_skipped_is_read_after_its_end() {
    let [mut alice, mut bob] = pair(430, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    let sent: Vec<_> =
        (0..40_u8).map(|text| alice.send(to_bob, &Outgoing::content(&[text])).unwrap()).collect();
    bob.receive(&sent[3], false).unwrap();
    let answer = bob.send(to_alice, &Outgoing::dummy()).unwrap();
    alice.receive(&answer, false).unwrap();
    let next = alice.send(to_bob, &Outgoing::content(b"next")).unwrap();
    bob.receive(&next, false).unwrap();
    bob.check();
    for text in [39, 0, 17, 4, 2] {
        let (_, received) = bob.receive(&sent[usize::from(text)], false).unwrap();
        assert_eq!(&received.content[..], [text]);
        bob.check();
    }
    assert!(bob.receive(&sent[17], false).is_err(), "once");
}

/// One side restarts, so that both do not err in the same way.
#[test]
fn who_was_read_back_agrees_on_later_epochs() {
    let [mut alice, mut bob] = pair(435, false);
    let (to_bob, to_alice) = (bob.name(), alice.name());
    alice.put_back(to_bob, alice.sessions[&to_bob].record().as_bytes());
    for _ in 0..500 {
        let message = alice.send(to_bob, &Outgoing::dummy()).unwrap();
        bob.receive(&message, false).unwrap();
        let message = bob.send(to_alice, &Outgoing::dummy()).unwrap();
        alice.receive(&message, false).unwrap();
        if alice.sessions[&to_bob].hx(3).is_some() {
            return;
        }
    }
    panic!("no third epoch");
}

/// What a detached stage is out of cannot be changed meanwhile.
#[test]
fn of_two_changes_at_once_the_second_is_refused() {
    let [mut alice, bob] = pair(480, false);
    let (to_bob, now) = (bob.name(), alice.now);
    let detached = alice.account.new_prekeys((Class::OneTime, 1), now, &mut alice.rng).unwrap().detach();
    assert!(alice.account.new_prekeys((Class::OneTime, 1), now, &mut alice.rng).is_err());
    drop(detached);
    assert!(alice.account.new_prekeys((Class::OneTime, 1), now, &mut alice.rng).is_ok());

    let session = alice.sessions.get_mut(&to_bob).unwrap();
    let detached = session.retire().unwrap().detach();
    assert!(session.retire().is_err() && session.distrust(true).is_err());
    drop(detached);
    assert!(session.retire().is_ok());

    let mut key = GroupKey::generate([4; 32], &mut alice.rng).commit();
    let mut keys = member(&key, alice.name(), to_bob);
    let detached = key.rotate(&mut alice.rng).unwrap().detach();
    assert!(matches!(key.rotate(&mut alice.rng).map(drop), Err(GroupError::Busy(_))));
    drop(detached);
    let distribution = key.distribution(&to_bob);
    let detached = keys.learn(distribution.as_bytes(), 1).unwrap().detach();
    assert!(matches!(keys.learn(distribution.as_bytes(), 1).map(drop), Err(GroupError::Busy(_))));
    drop(detached);

    let mut repairs = Repairs::new(to_bob);
    let detached = repairs.ask_sender_key([1; 16], now).unwrap().detach();
    assert!(matches!(repairs.ask_sender_key([1; 16], now).map(drop), Err(RepairRefused::Busy(_))));
    drop(detached);
    assert!(repairs.ask_sender_key([1; 16], now).is_ok());
}

/// Retired is retired in memory, in the store, and after it was read.
#[test]
fn a_retired_state_stays_so() {
    let [mut alice, bob] = pair(490, false);
    let to_bob = bob.name();
    let session = alice.sessions.get_mut(&to_bob).unwrap();
    session.retire().unwrap().commit_with(|writes| alice.store.apply(writes)).unwrap();
    alice.check();
    assert!(alice.send(to_bob, &Outgoing::dummy()).is_err(), "nothing is sent on it");
    let record = alice.sessions[&to_bob].record();
    alice.put_back(to_bob, record.as_bytes());
    assert!(alice.send(to_bob, &Outgoing::dummy()).is_err());
}

#[test]
fn who_was_begun_with_owes_a_dummy_until_the_other_is_proven() {
    let service = Service::new();
    let [mut alice, mut bob] =
        [("alice", 500), ("bob", 501)].map(|(name, seed)| Device::new(&service, name, 1, seed));
    let to_bob = alice.begin(&bob.bundle(Class::OneTime), false);
    assert!(!alice.sessions[&to_bob].owes_dummy());
    let first = alice.send(to_bob, &Outgoing::dummy()).unwrap();
    bob.receive(&first, false).unwrap();
    let to_alice = alice.name();
    assert!(bob.sessions[&to_alice].owes_dummy());
    let answer = bob.send(to_alice, &Outgoing::dummy()).unwrap();
    alice.receive(&answer, false).unwrap();
    let proof = alice.send(to_bob, &Outgoing::dummy()).unwrap();
    bob.receive(&proof, false).unwrap();
    assert!(!bob.sessions[&to_alice].owes_dummy() && !alice.sessions[&to_bob].owes_dummy());
}

/// Together with others nobody is sent to whose message has more than they all have.
#[test]
fn an_upload_for_many_is_for_sessions_that_owe_nothing() {
    fn split(from: &mut Device, to: DeviceName) -> Result<(), SendError> {
        let sender = Sender { certificate: &from.certificate, contact: None, now: NOW };
        let session = from.sessions.get_mut(&to).unwrap();
        seal_for_many([(b"mailbox", session)], (b"all", 0), &sender, &mut from.rng).map(drop)
    }
    let [mut alice, mut bob] = pair(510, false);
    assert_eq!(split(&mut alice, bob.name()), Ok(()));
    assert_eq!(split(&mut bob, alice.name()), Ok(()));
    let [mut alice, bob] = pair(511, true);
    assert_eq!(split(&mut alice, bob.name()), Err(SendError::NotSplittable), "franked");

    let service = Service::new();
    let [mut alice, mut bob] =
        [("alice", 512), ("bob", 513)].map(|(name, seed)| Device::new(&service, name, 1, seed));
    let to_bob = alice.begin(&bob.bundle(Class::OneTime), false);
    assert_eq!(split(&mut alice, to_bob), Err(SendError::NotSplittable), "not answered");
    let first = alice.send(to_bob, &Outgoing::dummy()).unwrap();
    let (to_alice, _) = bob.receive(&first, false).unwrap();
    assert_eq!(split(&mut bob, to_alice), Err(SendError::NotSplittable), "a proof is due");
    let answer = bob.send(to_alice, &Outgoing::dummy()).unwrap();
    alice.receive(&answer, false).unwrap();
    assert_eq!(split(&mut alice, to_bob), Ok(()));
}

#[test]
fn no_two_prekeys_have_the_same_id() {
    let mut bob = Device::new(&Service::new(), "bob", 1, 520);
    let mut ids = BTreeSet::new();
    for _ in 0..3 {
        let sealing = bob.account.new_sealing_prekey(NOW, &mut bob.rng).unwrap().commit();
        let hybrid = bob.account.new_prekeys((Class::OneTime, 2), NOW, &mut bob.rng).unwrap().commit();
        ids.insert(sealing[..4].to_vec());
        ids.extend(hybrid.iter().map(|prekey| prekey[..4].to_vec()));
    }
    assert_eq!(ids.len(), 9);
}

#[test]
fn changes_are_counted() {
    let [mut alice, bob] = pair(440, false);
    let before = alice.sessions[&bob.name()].generation();
    assert!(before > 0);
    alice.send(bob.name(), &Outgoing::dummy()).unwrap();
    let session = &alice.sessions[&bob.name()];
    assert_eq!(session.generation(), before + 1);
    let read = Session::from_record(session.record().as_bytes(), bob.name()).unwrap();
    assert_eq!(read.generation(), before + 1);
    let before = alice.account.generation();
    alice.bundle(Class::OneTime);
    assert_eq!(alice.account.generation(), before + 1);
    let mut repairs = Repairs::new(bob.name());
    for count in 0..=2 {
        assert_eq!(repairs.generation(), count);
        repairs.sent(&[7; 384], count, NOW).unwrap().commit();
    }
}

#[test]
fn a_prekey_under_another_id_or_of_another_key_is_damaged() {
    let mut bob = Device::new(&Service::new(), "bob", 1, 530);
    bob.bundle(Class::OneTime);
    let read = |from: RoseKey, flipped: Option<usize>, to: RoseKey| {
        let mut row = bob.store.rows[&Key::Rose(from).to_bytes()].clone();
        if let Some(at) = flipped {
            row[at] ^= 2;
        }
        Account::from_records(bob.account.record().as_bytes(), [(to, row)]).map(drop)
    };
    // Header, id, then when the sealing key was made, or the class.
    for (from, at, another) in [
        (RoseKey::SealingPreKey(1), 4 + 4 + 8, RoseKey::SealingPreKey(2)),
        (RoseKey::HybridPreKey(2), 4 + 4, RoseKey::HybridPreKey(3)),
    ] {
        assert_eq!(read(from, None, from), Ok(()));
        assert_eq!(read(from, None, another), Err(RecordError::Damaged), "another id");
        assert_eq!(read(from, Some(at), from), Err(RecordError::Damaged), "another key, or no class");
    }
}

/// What a log may have.
#[test]
fn debug_shows_names_and_counts_and_no_key() {
    let [mut alice, mut bob] = pair(540, false);
    let bundle = bob.bundle(Class::OneTime);
    let verified = verify(&bundle, &alice.sessions[&bob.name()], NOW).unwrap();
    let to_bob = alice.begin(&bundle, false);
    let first = alice.send(to_bob, &Outgoing::dummy()).unwrap();
    let mut key = GroupKey::generate([4; 32], &mut alice.rng).commit();
    let keys = member(&key, alice.name(), to_bob);
    key.rotate(&mut alice.rng).unwrap().commit();
    let shown = format!(
        "{:?} {verified:?} {:?} {:?} {:?} {keys:?} {key:?} {:?}",
        bob.account,
        bob.account.open(&first).unwrap(),
        alice.sessions[&to_bob],
        Repairs::new(to_bob),
        SealedTags::new(&RecordKey::from_bytes(&[7; 32]), b""),
    );
    let (us, bob) = (alice.name(), to_bob);
    let expected = format!(
        "Account(DeviceKeys(Card({bob:?}), ..), 1 sealing and 1 hybrid prekeys, generation 4) \
         VerifiedBundle(Card({bob:?}), OneTime) FirstContact(claims to be from {us:?}) \
         Session({bob:?}, 2 states, generation 7) \
         Repairs({bob:?}, 0 sent, 0 asked, 0 sent again, generation 0) \
         GroupKeys({us:?}, 1 generations) GroupKey(generation 2, 2 commits) SealedTags(..)"
    );
    assert_eq!(shown, expected);
}

/// The flags stand before the transcript, which tells where they are.
#[test]
fn a_state_of_another_role_or_without_its_proof_is_damaged() {
    let devices = pair(470, false);
    let damaged = |device: &Device, before: usize, with: u8| {
        let session = device.sessions.values().next().unwrap();
        let [transcript, _] = session.secrets().unwrap();
        let mut bytes = session.record().as_bytes().to_vec();
        let at = bytes.windows(32).position(|window| window == transcript).unwrap();
        bytes[at - before] ^= with;
        match Session::from_record(&bytes, session.remote()) {
            Ok(_) => false,
            Err(error) => error == RecordError::Damaged,
        }
    };
    let [alice, bob] = &devices;
    assert!(damaged(alice, 5, 1) && damaged(bob, 5, 1), "the role");
    assert!(damaged(alice, 4, 0x10), "no class of prekeys");
    assert!(damaged(bob, 2, 1), "the peer is not proven, and what it should be by is not there");
    assert!(!damaged(alice, 2, 1), "who began has nothing to keep for that");
    assert!(!damaged(alice, 1, 1), "retired");
}

/// A member of a group, and what it reads.
fn member(key: &GroupKey, sender: DeviceName, us: DeviceName) -> GroupKeys {
    let mut keys = GroupKeys::new(sender, *key.id(), false);
    keys.learn(key.distribution(&us).as_bytes(), 0).unwrap().commit();
    keys
}

#[test]
fn a_group_key_goes_on_from_its_record() {
    let (us, them) = (name("alice", 1), name("bob", 1));
    let mut rng = ChaCha20Rng::seed_from_u64(450);
    let mut key = GroupKey::generate([4; 32], &mut rng).commit();
    let mut keys = member(&key, us, them);
    for (number, text) in [b"one".as_slice(), b"two", b"three", b"four"].into_iter().enumerate() {
        if number == 2 {
            let staged = key.rotate(&mut rng).unwrap();
            key = read_back(staged.writes());
            assert_eq!((key.key_generation(), key.iteration()), (2, 0));
            keys.learn(key.distribution(&them).as_bytes(), 1).unwrap().commit();
        }
        let message = GroupOutgoing { content: text, at_least: 0, report: None };
        let staged = key.encrypt(&message, &us, [(*them.as_bytes(), them)], &mut rng).unwrap();
        let next = read_back(staged.writes());
        let upload = staged.commit();
        key = next;
        let (_, message) = Upload::parse(&upload).unwrap().deliveries().next().unwrap();
        assert_eq!(&keys.decrypt(&message).unwrap().commit().content[..], text);
        let record = keys.record();
        keys = GroupKeys::from_record(record.as_bytes(), us, *key.id()).unwrap();
        assert_eq!(keys.record().as_bytes(), record.as_bytes());
    }
}

fn read_back(writes: subrosa::store::Writes) -> GroupKey {
    let record = writes.into_iter().find_map(|write| match write {
        subrosa::store::Write::Put { record, .. } => Some(record),
        subrosa::store::Write::Delete { .. } => None,
    });
    GroupKey::from_record(record.unwrap().as_bytes()).unwrap()
}

#[test]
fn a_distribution_is_whole_of_its_id_and_new() {
    let (us, them) = (name("alice", 1), name("bob", 1));
    let mut rng = ChaCha20Rng::seed_from_u64(460);
    let mut key = GroupKey::generate([4; 32], &mut rng).commit();
    let first = key.distribution(&them);
    let mut empty = GroupKeys::new(us, *key.id(), false);
    for (at, with) in [(0, 1), (16, 0xFF)] {
        let mut changed = *first.as_bytes();
        changed[at] ^= with;
        let outcome = empty.learn(&changed, 0).map(drop);
        assert_eq!(outcome.is_err(), at == 0, "byte {at}");
    }
    let mut zero = *first.as_bytes();
    zero[16..20].fill(0);
    assert_eq!(empty.learn(&zero, 0).map(drop).unwrap_err(), GroupError::BadDistribution, "generation 0");
    // The signing key is not reduced.
    let mut high = *first.as_bytes();
    high[120..152].fill(0xFF);
    assert_eq!(empty.learn(&high, 0).map(drop).unwrap_err(), GroupError::BadDistribution);
    let full = empty.learn(first.as_bytes(), MAX_KEYS_OF_ACCOUNT).map(drop);
    assert_eq!(full.unwrap_err(), GroupError::TooManyKeys);
    assert!(empty.learn(first.as_bytes(), MAX_KEYS_OF_ACCOUNT - 1).is_ok());

    let (mut store, mut distributions) = (Store::default(), vec![first]);
    for _ in 0..3 {
        key.rotate(&mut rng).unwrap().commit();
        distributions.push(key.distribution(&them));
    }
    let mut learn = |at: usize| {
        let staged = empty.learn(distributions[at].as_bytes(), 1).unwrap();
        staged.commit_with(|writes| store.apply(writes)).unwrap();
        let table: Vec<_> = store.tags.iter().map(|(tag, _)| *tag).collect();
        assert_eq!(table, empty.expected_tags());
        table
    };
    learn(0);
    let before = learn(2);
    assert_eq!(learn(2), before, "known");
    let after = learn(1);
    assert_ne!(after, before, "the one in between is newer than the oldest");
    assert_eq!(learn(0), after, "older than both");
}

#[test]
fn a_generation_that_is_there_twice_is_damaged() {
    let (us, them) = (name("alice", 1), name("bob", 1));
    let key = GroupKey::generate([4; 32], &mut ChaCha20Rng::seed_from_u64(461)).commit();
    let record = member(&key, us, them).record().as_bytes().to_vec();
    // Header, number of changes, flag, count.
    let (head, generation) = record.split_at(4 + 8 + 1 + 1);
    for (count, outcome) in [(1, Ok(())), (2, Err(RecordError::Damaged))] {
        let record = [&head[..13], &[count], &generation.repeat(usize::from(count))].concat();
        assert_eq!(GroupKeys::from_record(&record, us, *key.id()).map(drop), outcome);
    }
}
