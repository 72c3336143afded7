// SPDX-License-Identifier: MIT OR Apache-2.0

//! Problems with prekeys and stores that users of other libraries reported, each as a test. The numbers are those of
//! the list that the accounts were designed by.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::accounts::{DAY, Holder, LIMITS, Service, stranger};
use crate::device::{Device, START};
use crate::moved::move_over;
use crate::{generates, id_of, put};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account;
use subrosa::account::{BackupCheck, BackupToken, IdSpace};
use subrosa::prekey::{KemPreKeyId, SignedPreKeyId};
use subrosa::session::InitialSecrecy;
use subrosa::store::Key;
use subrosa::{Account, Address, BundleError, DecryptError, Message, Record, Session, Staged, Trust};

fn counts(one_time: u32, one_time_kem: u32) -> account::Counts {
    account::Counts { one_time, one_time_kem }
}

/// 23, 51: nobody knew when to refill, or nothing did.
#[test]
fn the_account_says_when_to_refill_and_by_how_much() {
    let mut bob = Holder::new("bob", 23);
    let plan = bob.account.plan(counts(0, 0), START);
    assert_eq!((plan.one_time, plan.one_time_kem), (LIMITS.batch, LIMITS.batch));
    assert!(plan.rotate_signed && plan.rotate_last_resort && plan.offer_again.is_empty());
    let mut service = Service::default();
    assert!(bob.maintain(&mut service));
    assert_eq!(service.counts(), counts(LIMITS.batch, LIMITS.batch));
    assert!(!generates(&bob.account.plan(service.counts(), START)));
    let full = LIMITS.batch;
    for (left, generates) in [(LIMITS.low, 0), (LIMITS.low - 1, LIMITS.batch), (0, LIMITS.batch)] {
        assert_eq!(bob.account.plan(counts(left, full), START).one_time, generates, "{left} left");
        assert_eq!(bob.account.plan(counts(full, left), START).one_time_kem, generates, "{left} left");
    }
    assert_eq!(bob.account.plan(counts(0, full), START).one_time_kem, 0, "each kind for itself");
}

/// 26: ids were chosen by a look at what was there.
#[test]
fn ids_come_from_a_counter_that_is_stored() {
    let (mut bob, mut service) = Holder::stocked("bob", 26);
    let mut last = 0;
    for round in 0..10 {
        // All of them are used up, so that nothing is there to tell what the ids were.
        for seed in 0..u64::from(LIMITS.batch) {
            let (from, message) = stranger(service.bundle(&bob), &bob.address, 100 * round + seed);
            bob.receive(&from, &message).unwrap();
        }
        assert!(!bob.rows().iter().any(|row| matches!(row, Key::OneTimePreKey(_))));
        bob.restart();
        bob.maintain(&mut service);
        let ids: Vec<u32> = service.one_time.iter().map(|key| key.id.0).collect();
        assert!(ids.iter().all(|id| *id > last), "{ids:?} after {last}");
        last = *ids.iter().max().unwrap();
    }
}

/// 27: a key for another purpose got a random id, which was that of a live key.
#[test]
fn only_the_account_chooses_ids() {
    let (mut bob, mut service) = Holder::stocked("bob", 27);
    let mut ever: BTreeSet<Key> = bob.rows();
    for step in 0..30 {
        bob.advance(DAY);
        let staged = bob.account.maintain(counts(0, 0), bob.now, &mut bob.rng).unwrap();
        for (key, record) in put(&staged.writes()) {
            assert_eq!(Record::kind_of(&record), Ok(key.kind()));
            assert!(key == Key::Account || ever.insert(key.clone()), "step {step}: {key:?} came twice");
        }
        let upload = staged.commit_with(|writes| bob.store.apply(writes)).unwrap();
        service.take(&upload);
        bob.confirm(&upload);
    }
}

/// 28, 35: a failed upload left keys that nobody uploaded again, or was answered by ever more of them.
#[test]
fn a_failed_upload_is_offered_again_and_nothing_generated() {
    let mut bob = Holder::new("bob", 28);
    let window = bob.upkeep(counts(0, 0));
    let generated = bob.store.clone();
    for _ in 0..5 {
        // The upload fails, and the app is started again.
        bob.restart();
        bob.advance(DAY);
        assert_eq!(bob.account.plan(counts(0, 0), bob.now).offer_again.len(), 10);
        assert_eq!(bob.upkeep(counts(0, 0)), window);
        assert!(bob.store == generated, "nothing is generated");
    }
    // The upload succeeds, but the answer is lost; peers use the keys all the same.
    let mut service = Service::default();
    service.take(&bob.account.upload());
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 1);
    bob.receive(&from, &message).unwrap();
    let again = bob.account.upload();
    assert_eq!(again.one_time_pre_keys, window.one_time_pre_keys[1..]);
    service.take(&again);
    assert_eq!(service.counts(), counts(3, 3), "the service takes none twice");
    bob.confirm(&again);
    assert!(bob.account.upload().is_empty());
    bob.confirm(&window);
    bob.confirm(&again);
    let plan = bob.account.plan(service.counts(), bob.now);
    assert!(!generates(&plan) && plan.offer_again.is_empty() && plan.expired.is_empty(), "{plan:?}");
}

/// 29: messages took longer than a replaced prekey was kept, and the error did not say which one it was.
#[test]
fn replaced_prekeys_are_kept_for_long_and_errors_name_the_id() {
    let (mut bob, mut service) = Holder::stocked("bob", 29);
    let messages: Vec<_> =
        (0..3).map(|seed| stranger(service.last_resort_bundle(&bob), &bob.address, seed)).collect();
    bob.advance(2 * DAY);
    assert!(bob.maintain(&mut service), "it is time to rotate");
    let retired = bob.now;
    let later_on = [89 * DAY, 89 * DAY + Duration::from_millis(24 * 3600 * 1000 - 1)];
    for ((from, message), after) in messages.iter().zip(later_on) {
        bob.now = retired.saturating_add(after);
        bob.maintain(&mut service);
        assert_eq!(bob.receive(from, message).as_deref(), Ok(&b"hello"[..]), "after {after:?}");
    }
    bob.now = retired.saturating_add(90 * DAY);
    let plan = bob.account.plan(service.counts(), bob.now);
    let first = [
        Key::SignedPreKey(SignedPreKeyId(1)),
        Key::LastResortKemPreKey(KemPreKeyId(LIMITS.batch + 1)),
        Key::LastResortUses(KemPreKeyId(LIMITS.batch + 1)),
    ];
    assert!(plan.expired.starts_with(&first), "{plan:?}");
    bob.maintain(&mut service);
    let (from, message) = &messages[2];
    let gone = DecryptError::MissingPreKey { key: Key::SignedPreKey(SignedPreKeyId(1)), issued: true };
    assert_eq!(bob.receive(from, message), Err(gone.clone()));
    assert!(gone.to_string().contains('1'), "{gone}");
}

/// 36: a one-time prekey was given the last-resort one's id, which was lost by it.
#[test]
fn one_time_and_last_resort_kem_prekeys_never_share_an_id() {
    let (mut bob, mut service) = Holder::stocked("bob", 36);
    for round in 0..30 {
        bob.advance(DAY);
        service.one_time_kem.clear();
        bob.maintain(&mut service);
        let kem = bob
            .rows()
            .into_iter()
            .filter(|row| matches!(row, Key::OneTimeKemPreKey(_) | Key::LastResortKemPreKey(_)));
        let ids: Vec<u32> = kem.map(|key| id_of(&key)).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "round {round}: an id names a one-time and a last-resort key");
        let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1_000 + round);
        assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
    }
}

/// 39: the signed prekey was replaced twice in a row, and the first replacement lost.
#[test]
fn rotating_twice_is_rotating_once() {
    /// Whether the upkeep that is due makes or deletes a key.
    fn changes(bob: &mut Holder, service: &Service) -> bool {
        let before = bob.rows();
        bob.upkeep(service.counts());
        bob.rows() != before
    }
    let (mut bob, mut service) = Holder::stocked("bob", 39);
    assert!(!changes(&mut bob, &service), "it is not time yet");
    let before = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.advance(2 * DAY);
    assert!(changes(&mut bob, &service));
    let upload = bob.account.upload();
    assert!(upload.signed_pre_key.is_some() && upload.last_resort_kem_pre_key.is_some());
    let meanwhile = stranger(service.last_resort_bundle(&bob), &bob.address, 2);
    assert!(!changes(&mut bob, &service));
    bob.restart();
    assert!(!changes(&mut bob, &service), "nor after a restart");
    bob.advance(30 * DAY);
    assert!(!changes(&mut bob, &service), "nor before the replacement was uploaded");
    assert_eq!(bob.account.upload(), upload);
    service.take(&upload);
    bob.confirm(&upload);
    assert!(!changes(&mut bob, &service), "it counts from the upload");
    // A clock that is set back and put right again rotates nothing either, if that takes less time than a key lives.
    let now = bob.now;
    bob.now = subrosa::Timestamp::from_millis(now.as_millis() - 86_400_000);
    assert!(bob.account.plan(service.counts(), bob.now).correct_times, "no time of the future is believed");
    assert!(!changes(&mut bob, &service));
    bob.now = now;
    assert!(!changes(&mut bob, &service), "both are there");
    // Messages from before, while it waited and after all open.
    let after = stranger(service.last_resort_bundle(&bob), &bob.address, 3);
    for (from, message) in [before, meanwhile, after] {
        assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]), "{from}");
    }
}

/// 41: after a backup was restored the service refused keys, because there were others of the same ids.
#[test]
fn a_restored_backup_is_detected_and_gets_new_ids() {
    let (mut bob, mut service) = Holder::stocked("bob", 41);
    let backup = bob.store.clone();
    assert_eq!(bob.account.check(&service.token.unwrap()), BackupCheck::Fresh);
    for seed in 0..4 {
        let (from, message) = stranger(service.bundle(&bob), &bob.address, seed);
        bob.receive(&from, &message).unwrap();
    }
    bob.maintain(&mut service);
    let before: BTreeSet<Key> = bob.rows();

    bob.store = backup;
    bob.restart();
    let token = service.token.unwrap();
    let token = BackupToken::from_bytes(&token.to_bytes());
    assert_eq!(bob.account.check(&token), BackupCheck::Restored);
    bob.recover(Some(&token));
    assert_eq!(bob.account.check(&token), BackupCheck::Restored, "until the new token is there");
    let upload = bob.account.upload();
    assert!(upload.replace_one_time);
    assert_eq!(upload.one_time_pre_keys.len(), 4);
    assert!(upload.signed_pre_key.is_some() && upload.last_resort_kem_pre_key.is_some());
    service.take(&upload);
    bob.confirm(&upload);
    assert_eq!(bob.account.check(&service.token.unwrap()), BackupCheck::Fresh);
    assert!(!bob.account.upload().replace_one_time);
    let new = bob.rows().into_iter().filter(|row| id_of(row) > 60_000 && !before.contains(row));
    assert_eq!(new.count(), 4 + 4 + 1 + 2);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 9);
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
    // Another device that has the same backup, and none that knows of the recovery.
    let token = service.token.unwrap();
    let (mut other, _) = Holder::stocked("bob", 41);
    assert_eq!(other.account.check(&token), BackupCheck::Restored);
    other.recover(None);
    assert_eq!(other.account.check(&token), BackupCheck::Restored, "another store");
}

/// 42: the one-time prekey was gone before its message was authenticated.
#[test]
fn a_message_that_fails_uses_up_nothing() {
    let (mut bob, mut service) = Holder::stocked("bob", 42);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 1);
    let rows = bob.rows();
    let len = message.bytes.len();
    for at in [len - 1, len / 2, 60, 90] {
        let damaged = message.flipped(len - 1 - at);
        if Message::parse(damaged.kind, &damaged.bytes).is_ok() {
            assert!(bob.receive(&from, &damaged).is_err(), "byte {at}");
        }
    }
    assert_eq!(bob.rows(), rows);
    // Nor does a stage that is dropped, or a store that fails.
    let mut session = bob.session(&from);
    let parsed = message.message();
    drop(bob.account.receive(&mut session, &parsed, Trust::Anyone, &mut bob.rng).unwrap());
    let first = bob.account.receive(&mut session, &parsed, Trust::Anyone, &mut bob.rng).unwrap();
    assert_eq!(first.commit_with(|_| Err("disk full")).unwrap_err(), "disk full");
    bob.check();
    assert!(!session.has_current());
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
}

/// 43: one-time prekeys were not used up, or used for two sessions.
#[test]
fn a_one_time_prekey_begins_one_session() {
    let (mut bob, mut service) = Holder::stocked("bob", 43);
    let bundle = service.bundle(&bob);
    let one_time = bundle.one_time_pre_key.as_ref().unwrap().id;
    let kem = bundle.kem_pre_key.as_ref().unwrap().id;
    let (alice, message) = stranger(bundle.clone(), &bob.address, 1);
    let (carol, another) = stranger(bundle, &bob.address, 2);
    bob.receive(&alice, &message).unwrap();
    for row in [Key::OneTimePreKey(one_time), Key::OneTimeKemPreKey(kem)] {
        assert!(!bob.store.rows.contains_key(&row), "{row:?} is used up");
    }
    let gone = || Err(DecryptError::MissingPreKey { key: Key::OneTimePreKey(one_time), issued: true });
    assert_eq!(bob.receive(&carol, &another), gone());
    // The same message under another name.
    assert_eq!(bob.receive(&carol, &message), gone());
    bob.restart();
    assert_eq!(bob.receive(&carol, &another), gone(), "after a restart");
}

/// 44: after an import the next id was that of a key that was there.
#[test]
fn all_ids_resolve_after_moving_out_and_in() {
    let (mut bob, mut service) = Holder::stocked("bob", 44);
    let messages: Vec<_> = (0..3).map(|seed| stranger(service.bundle(&bob), &bob.address, seed)).collect();
    let used = stranger(service.last_resort_bundle(&bob), &bob.address, 7);
    bob.receive(&used.0, &used.1).unwrap();
    bob.advance(3 * DAY);
    let upload = bob.upkeep(counts(9, 9));
    service.take(&upload);
    bob.confirm(&upload);

    let moved = move_over(&bob.account, LIMITS, START);
    for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
        assert_eq!(moved.next_id(space), bob.account.next_id(space), "{space:?}");
    }
    assert_eq!(moved.registration_id(), bob.account.registration_id());
    assert_eq!(moved.identity_key(), bob.account.identity_key());
    let rows = |account: &Account| -> Vec<_> {
        account.rows().into_iter().map(|(row, record)| (row, record.as_bytes().to_vec())).collect()
    };
    assert_eq!(rows(&moved), rows(&bob.account), "keys and uses are the same");
    assert_eq!(moved.plan(service.counts(), bob.now).offer_again, [], "all count as uploaded");

    bob.store.rows = rows(&moved).into_iter().collect();
    bob.store.account = moved.record().as_bytes().to_vec();
    bob.account = moved;
    for (from, message) in &messages {
        bob.receive(from, message).unwrap();
    }
    bob.store.sessions.clear();
    let reused = Err(DecryptError::Replayed);
    assert_eq!(bob.receive(&used.0, &used.1), reused, "the replay memory moved, too");
    // It goes on: what is generated has other ids than what was there.
    service.one_time.clear();
    service.one_time_kem.clear();
    assert!(bob.maintain(&mut service));
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 8);
    bob.receive(&from, &message).unwrap();
}

/// 45: sessions from a backup went on as if nothing had been.
#[test]
fn a_restored_backup_sends_on_none_of_its_sessions() {
    let (mut bob, mut service) = Holder::stocked("bob", 45);
    let mut alice = Device::new("alice", 1);
    let message = alice.first(&bob.address, service.bundle(&bob), b"one");
    bob.receive(&alice.address, &message).unwrap();
    let backup = bob.store.clone();
    // Later on more is said, which the backup does not know.
    let reply = bob.send(&alice.address, b"two");
    assert_eq!(alice.receive(&bob.address, &reply).as_deref(), Ok(&b"two"[..]));
    let three = alice.send(&bob.address, b"three");
    bob.advance(3 * DAY);
    bob.maintain(&mut service);

    bob.store = backup;
    bob.restart();
    assert_eq!(bob.account.check(&service.token.unwrap()), BackupCheck::Restored);
    bob.recover(service.token.as_ref());
    bob.maintain(&mut service);
    let mut session = bob.session(&alice.address);
    assert_eq!((session.has_current(), session.archived_len(), session.retired_len()), (false, 1, 1));
    let refused = session.encrypt(b"four", Trust::Anyone, bob.now, &mut bob.rng).unwrap_err();
    assert_eq!(refused, subrosa::EncryptError::NoSession);
    // What Alice still sends on it is read, but does not bring it back.
    let staged = bob.account.receive(&mut session, &three.message(), Trust::Anyone, &mut bob.rng).unwrap();
    let promised = put(&staged.writes()).remove(&Key::Session(alice.address.clone())).unwrap();
    assert_eq!(&*staged.commit(), b"three");
    assert_eq!(session.record().as_bytes(), promised);
    assert_eq!((session.has_current(), session.retired_len()), (false, 1));
    let again = Session::from_record(&promised, bob.address.clone(), alice.address.clone()).unwrap();
    assert_eq!(again.record().as_bytes(), promised);
    assert_eq!((again.has_current(), again.retired_len()), (false, 1));
    // Nor does libsignal get it.
    let exported = session.to_libsignal_record();
    assert!(exported.is_empty());
    // A new one is begun, and all is well.
    let message = alice.first(&bob.address, service.bundle(&bob), b"five");
    bob.store.sessions.insert(alice.address.clone(), session.record().as_bytes().to_vec());
    assert_eq!(bob.receive(&alice.address, &message).as_deref(), Ok(&b"five"[..]));
    let session = bob.session(&alice.address);
    assert_eq!((session.has_current(), session.retired_len()), (true, 1));
}

/// 46, 21: a message that comes again is no error of the store.
#[test]
fn a_duplicate_is_no_damage_and_uses_up_nothing() {
    let (mut bob, mut service) = Holder::stocked("bob", 46);
    let mut alice = Device::new("alice", 1);
    let first = alice.first(&bob.address, service.bundle(&bob), b"one");
    let second = alice.send(&bob.address, b"two");
    bob.receive(&alice.address, &first).unwrap();
    let generation = bob.account.generation();
    assert_eq!(bob.receive(&alice.address, &first), Err(DecryptError::Duplicate));
    assert_eq!(bob.receive(&alice.address, &second).as_deref(), Ok(&b"two"[..]));
    assert_eq!(bob.account.generation(), generation, "a session that is there needs no account");
    assert_eq!(bob.store.inbox, [b"one".to_vec(), b"two".to_vec()]);
}

/// 53: nobody saw that a session was begun without one-time prekeys.
#[test]
fn both_sides_see_how_secret_the_first_messages_are() {
    let (mut bob, mut service) = Holder::stocked("bob", 53);
    let full = service.bundle(&bob);
    let weak = service.last_resort_bundle(&bob);
    let mut half = service.bundle(&bob);
    half.one_time_pre_key = None;
    let mut other_half = service.bundle(&bob);
    other_half.kem_pre_key = service.last_resort.clone();
    for (seed, (bundle, initiator, responder)) in [
        (full, InitialSecrecy::OneTimeCurve, InitialSecrecy::OneTime),
        (weak, InitialSecrecy::LastResort, InitialSecrecy::LastResort),
        (half, InitialSecrecy::LastResort, InitialSecrecy::OneTimeKem),
        (other_half, InitialSecrecy::OneTimeCurve, InitialSecrecy::OneTimeCurve),
    ]
    .into_iter()
    .enumerate()
    {
        let mut peer = Device::new(&format!("peer {seed}"), u64::try_from(seed).unwrap());
        let message = peer.first(&bob.address, bundle, b"hello");
        bob.receive(&peer.address, &message).unwrap();
        assert_eq!(peer.session(&bob.address).unwrap().initial_secrecy(), Some(initiator));
        let session = bob.session(&peer.address);
        assert_eq!(session.initial_secrecy(), Some(responder), "it is in the record");
    }
    assert_eq!(bob.session(&bob.address).initial_secrecy(), None);
}

/// 54: one-time prekeys are optional, and whoever is on the way can take them out.
#[test]
fn a_policy_requires_one_time_prekeys() {
    let (mut bob, mut service) = Holder::stocked("bob", 54);
    let strict =
        Account::generate(Address::new("p", 1), LIMITS, &mut bob.rng).unwrap().commit().requiring_one_time();
    let begin = |bundle: subrosa::PreKeyBundle, rng: &mut ChaCha20Rng| {
        let mut session = strict.new_session(&bob.address);
        let bundle = bundle.verify(Trust::Anyone).unwrap();
        session.initiate(&strict.config(), bundle, START, rng).map(Staged::commit)
    };
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    assert_eq!(begin(service.last_resort_bundle(&bob), &mut rng), Err(BundleError::NoOneTimePreKey));
    assert_eq!(begin(service.bundle(&bob), &mut rng), Ok(()));
    let plain = Account::generate(Address::new("p", 1), LIMITS, &mut bob.rng).unwrap().commit();
    let mut session = plain.new_session(&bob.address);
    let bundle = service.last_resort_bundle(&bob).verify(Trust::Anyone).unwrap();
    let refused =
        session.initiate(&plain.config().requiring_one_time(), bundle, START, &mut rng).map(Staged::commit);
    assert_eq!(refused, Err(BundleError::NoOneTimePreKey));

    bob.account = bob.store.load(&bob.address, LIMITS).requiring_one_time();
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    assert_eq!(bob.receive(&from, &message), Err(DecryptError::NoOneTimePreKey));
    let mut bundle = service.bundle(&bob);
    bundle.kem_pre_key = service.last_resort.clone();
    let (from, message) = stranger(bundle, &bob.address, 2);
    assert_eq!(bob.receive(&from, &message), Err(DecryptError::NoOneTimePreKey));
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 3);
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
    // The policy is not for sessions that are there.
    bob.restart();
    let mut alice = Device::new("alice", 4);
    let first = alice.first(&bob.address, service.last_resort_bundle(&bob), b"one");
    let second = alice.send(&bob.address, b"two");
    bob.receive(&alice.address, &first).unwrap();
    bob.account = bob.store.load(&bob.address, LIMITS).requiring_one_time();
    assert_eq!(bob.receive(&alice.address, &second).as_deref(), Ok(&b"two"[..]));
}
