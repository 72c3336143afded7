// SPDX-License-Identifier: MIT OR Apache-2.0

//! What users of other libraries ran into with their prekeys and stores, each as a test. The numbers are those of
//! the list that the accounts were designed by.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::accounts::{DAY, Holder, LIMITS, Peer, START, Service, later, stranger};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account;
use subrosa::account::{BackupCheck, BackupToken, IdSpace};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey, SignedPreKeyId,
};
use subrosa::session::InitialSecrecy;
use subrosa::store;
use subrosa::{
    Account, BundleError, DecryptError, IdentityKeyPair, KemPreKey, NamedPreKey, Session, Staged, Trust,
};

fn counts(one_time: u32, one_time_kem: u32) -> account::Counts {
    account::Counts { one_time, one_time_kem }
}

/// 23, 51: nobody knew when to refill, or nothing did.
#[test]
fn lesson_23_the_account_says_when_to_refill_and_by_how_much() {
    let mut bob = Holder::new("bob", 23);
    let plan = bob.account.plan(START, counts(0, 0));
    assert_eq!((plan.one_time, plan.one_time_kem), (LIMITS.batch, LIMITS.batch));
    assert!(plan.rotate_signed && plan.rotate_last_resort && plan.offer_again.is_empty());
    let mut service = Service::default();
    assert!(bob.maintain(&mut service));
    assert_eq!(service.counts(), counts(LIMITS.batch, LIMITS.batch));
    assert!(!bob.account.plan(START, service.counts()).generates());
    for (left, generates) in [(LIMITS.low, 0), (LIMITS.low - 1, LIMITS.batch), (0, LIMITS.batch)] {
        assert_eq!(bob.account.plan(START, counts(left, 9)).one_time, generates, "{left} left");
        assert_eq!(bob.account.plan(START, counts(9, left)).one_time_kem, generates, "{left} left");
    }
    assert_eq!(bob.account.plan(START, counts(0, 9)).one_time_kem, 0, "each kind for itself");
}

/// 26: ids were chosen by a look at what was there.
#[test]
fn lesson_26_ids_come_from_a_counter_that_is_stored() {
    let (mut bob, mut service) = Holder::stocked("bob", 26);
    let mut last = 0;
    for round in 0..10 {
        // All of them are used up, so that nothing is there to tell what the ids were.
        for seed in 0..u64::from(LIMITS.batch) {
            let (from, message) = stranger(service.bundle(&bob), &bob.address, 100 * round + seed);
            bob.receive(&from, &message).unwrap();
        }
        assert!(!bob.rows().iter().any(|row| matches!(row, store::Key::OneTimePreKey(_))));
        bob.restart();
        bob.maintain(&mut service);
        let ids: Vec<u32> = service.one_time.iter().map(|key| key.id.0).collect();
        assert!(ids.iter().all(|id| *id > last), "{ids:?} after {last}");
        last = *ids.iter().max().unwrap();
    }
}

/// 27: a key for another purpose got a random id, which was that of a live key.
#[test]
fn lesson_27_nobody_but_the_account_chooses_ids() {
    let (mut bob, mut service) = Holder::stocked("bob", 27);
    let mut ever: BTreeSet<store::Key> = bob.rows();
    for step in 0..30 {
        bob.advance(DAY);
        for (row, record) in {
            let staged = bob.account.refill(bob.now, counts(0, 0), &mut bob.rng).unwrap();
            staged.map(|staged| {
                let put: Vec<_> =
                    staged.effects().put.iter().map(|(row, record)| (*row, record.kind())).collect();
                bob.store.write(&staged.record(), staged.effects());
                staged.commit();
                put
            })
        }
        .unwrap_or_default()
        {
            assert_eq!(row.kind(), record);
            assert!(ever.insert(row), "step {step}: {row:?} came twice");
        }
        let upload = bob.account.upload();
        service.take(&upload);
        bob.confirm(&upload);
    }
}

/// 28, 35: a failed upload left keys that nobody uploaded again, or was answered by ever more of them.
#[test]
fn lesson_28_a_failed_upload_is_offered_again_and_nothing_generated() {
    let mut bob = Holder::new("bob", 28);
    bob.refill(counts(0, 0));
    let window = bob.account.upload();
    let generated = bob.rows();
    for _ in 0..5 {
        // The upload fails, and the app is started again.
        bob.restart();
        bob.advance(DAY);
        assert!(!bob.refill(counts(0, 0)), "nothing is generated");
        assert!(!bob.rotate());
        assert_eq!(bob.account.plan(bob.now, counts(0, 0)).offer_again.len(), 10);
        let again = bob.account.upload();
        assert_eq!(again.one_time_pre_keys, window.one_time_pre_keys);
        assert_eq!(again.one_time_kem_pre_keys, window.one_time_kem_pre_keys);
        assert_eq!(again.signed_pre_key, window.signed_pre_key);
        assert_eq!(again.last_resort_kem_pre_key, window.last_resort_kem_pre_key);
    }
    assert_eq!(bob.rows(), generated);
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
    let plan = bob.account.plan(bob.now, service.counts());
    assert!(!plan.generates() && plan.offer_again.is_empty() && plan.expired.is_empty(), "{plan:?}");
}

/// 29: messages took longer than a replaced prekey was kept, and the error did not say which one it was.
#[test]
fn lesson_29_replaced_prekeys_are_kept_for_long_and_errors_name_the_id() {
    let (mut bob, mut service) = Holder::stocked("bob", 29);
    let messages: Vec<_> =
        (0..3).map(|seed| stranger(service.last_resort_bundle(&bob), &bob.address, seed)).collect();
    bob.advance(2 * DAY);
    assert!(bob.maintain(&mut service), "it is time to rotate");
    let retired = bob.now;
    let later_on = [89 * DAY, 89 * DAY + Duration::from_millis(24 * 3600 * 1000 - 1)];
    for ((from, message), after) in messages.iter().zip(later_on) {
        bob.now = later(retired, after);
        bob.maintain(&mut service);
        assert_eq!(bob.receive(from, message).as_deref(), Ok(&b"hello"[..]), "after {after:?}");
    }
    bob.now = later(retired, 90 * DAY);
    let plan = bob.account.plan(bob.now, service.counts());
    let first = [
        store::Key::SignedPreKey(SignedPreKeyId(1)),
        store::Key::LastResortKemPreKey(KemPreKeyId(LIMITS.batch + 1)),
        store::Key::LastResortUses(KemPreKeyId(LIMITS.batch + 1)),
    ];
    assert!(plan.expired.starts_with(&first), "{plan:?}");
    assert!(bob.delete_expired());
    let (from, message) = &messages[2];
    let gone = DecryptError::Gone(NamedPreKey::Signed(SignedPreKeyId(1)));
    assert_eq!(bob.receive(from, message), Err(gone));
    assert!(gone.to_string().contains('1'), "{gone}");
}

/// 36: a one-time prekey was given the last-resort one's id, which was lost by it.
#[test]
fn lesson_36_one_time_keys_never_take_the_last_resort_ones_place() {
    let (mut bob, mut service) = Holder::stocked("bob", 36);
    for round in 0..30 {
        bob.advance(DAY);
        service.one_time_kem.clear();
        bob.maintain(&mut service);
        let kem = bob.rows().into_iter().filter(|row| {
            matches!(row, store::Key::OneTimeKemPreKey(_) | store::Key::LastResortKemPreKey(_))
        });
        let ids: Vec<u32> = kem.map(store::Key::id).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "round {round}: an id names a one-time and a last-resort key");
        let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1_000 + round);
        assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
    }
}

/// 39: the signed prekey was replaced twice in a row, and the first replacement lost.
#[test]
fn lesson_39_rotating_twice_is_rotating_once() {
    let (mut bob, mut service) = Holder::stocked("bob", 39);
    assert!(!bob.rotate(), "it is not time yet");
    let before = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.advance(2 * DAY);
    assert!(bob.rotate());
    let meanwhile = stranger(service.last_resort_bundle(&bob), &bob.address, 2);
    let rows = bob.rows();
    assert!(!bob.rotate());
    bob.restart();
    assert!(!bob.rotate(), "nor after a restart");
    bob.advance(30 * DAY);
    assert!(!bob.rotate(), "nor before the replacement was uploaded");
    assert_eq!(bob.rows(), rows);
    let upload = bob.account.upload();
    service.take(&upload);
    bob.confirm(&upload);
    assert!(!bob.rotate(), "it counts from the upload");
    // A clock that is set back and put right again rotates nothing.
    let now = bob.now;
    bob.now = START;
    assert!(!bob.rotate());
    bob.now = now;
    assert!(!bob.rotate());
    assert_eq!(bob.rows(), rows, "both are there");
    // Messages from before, while it waited and after all open.
    let after = stranger(service.last_resort_bundle(&bob), &bob.address, 3);
    for (from, message) in [before, meanwhile, after] {
        assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]), "{from}");
    }
}

/// 41: after a backup was restored the service refused keys, because there were others of the same ids.
#[test]
fn lesson_41_a_restored_backup_is_noticed_and_takes_other_ids() {
    let (mut bob, mut service) = Holder::stocked("bob", 41);
    let backup = bob.store.clone();
    assert_eq!(bob.account.check(&service.token.unwrap()), BackupCheck::Fresh);
    for seed in 0..4 {
        let (from, message) = stranger(service.bundle(&bob), &bob.address, seed);
        bob.receive(&from, &message).unwrap();
    }
    bob.maintain(&mut service);
    let before: BTreeSet<store::Key> = bob.rows();

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
    let new = bob.rows().into_iter().filter(|row| row.id() > 60_000 && !before.contains(row));
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
fn lesson_42_a_message_that_fails_uses_up_nothing() {
    let (mut bob, mut service) = Holder::stocked("bob", 42);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 1);
    let rows = bob.rows();
    for at in [message.len() - 1, message.len() / 2, 60, 90] {
        let mut damaged = message.clone();
        damaged[at] ^= 1;
        if PreKeySignalMessage::parse(&damaged).is_ok() {
            assert!(bob.receive(&from, &damaged).is_err(), "byte {at}");
        }
    }
    assert_eq!(bob.rows(), rows);
    // Nor does a stage that is dropped, or a store that fails.
    let mut session = bob.session(&from);
    let parsed = PreKeySignalMessage::parse(&message).unwrap();
    drop(bob.account.receive(&mut session, &parsed, Trust::Anyone, &mut bob.rng).unwrap());
    let first = bob.account.receive(&mut session, &parsed, Trust::Anyone, &mut bob.rng).unwrap();
    assert_eq!(first.commit_with(|_| Err("disk full")).unwrap_err(), "disk full");
    bob.check();
    assert!(!session.has_current());
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
}

/// 43: one-time prekeys were not used up, or used for two sessions.
#[test]
fn lesson_43_a_one_time_prekey_begins_one_session() {
    let (mut bob, mut service) = Holder::stocked("bob", 43);
    let bundle = service.bundle(&bob);
    let one_time = bundle.one_time_pre_key.as_ref().unwrap().id;
    let kem = bundle.kem_pre_key.as_ref().unwrap().id;
    let (alice, message) = stranger(bundle.clone(), &bob.address, 1);
    let (carol, another) = stranger(bundle, &bob.address, 2);
    bob.receive(&alice, &message).unwrap();
    for row in [store::Key::OneTimePreKey(one_time), store::Key::OneTimeKemPreKey(kem)] {
        assert!(!bob.store.rows.contains_key(&row), "{row:?} is used up");
    }
    let gone = DecryptError::Gone(NamedPreKey::OneTime(one_time));
    assert_eq!(bob.receive(&carol, &another), Err(gone));
    // The same message under another name.
    assert_eq!(bob.receive(&carol, &message), Err(gone));
    bob.restart();
    assert_eq!(bob.receive(&carol, &another), Err(gone), "after a restart");
}

/// 44: after an import the next id was that of a key that was there.
#[test]
fn lesson_44_all_ids_resolve_after_moving_out_and_in() {
    let (mut bob, mut service) = Holder::stocked("bob", 44);
    let messages: Vec<_> = (0..3).map(|seed| stranger(service.bundle(&bob), &bob.address, seed)).collect();
    let used = stranger(service.last_resort_bundle(&bob), &bob.address, 7);
    bob.receive(&used.0, &used.1).unwrap();
    bob.advance(3 * DAY);
    bob.rotate();
    let upload = bob.account.upload();
    service.take(&upload);
    bob.confirm(&upload);

    let moved = move_over(&bob.account);
    for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
        assert_eq!(moved.next_id(space), bob.account.next_id(space), "{space:?}");
    }
    assert_eq!(moved.registration_id(), bob.account.registration_id());
    assert_eq!(moved.identity_key(), bob.account.identity_key());
    let rows = |account: &Account| -> Vec<_> {
        account.rows().into_iter().map(|(row, record)| (row, record.as_bytes().to_vec())).collect()
    };
    assert_eq!(rows(&moved), rows(&bob.account), "keys and uses are the same");
    assert_eq!(moved.plan(bob.now, service.counts()).offer_again, [], "all count as uploaded");

    bob.store.rows = rows(&moved).into_iter().collect();
    bob.store.account = moved.record().as_bytes().to_vec();
    bob.account = moved;
    for (from, message) in &messages {
        bob.receive(from, message).unwrap();
    }
    bob.store.sessions.clear();
    let reused = Err(DecryptError::Accept(DecryptError::ReusedBaseKey));
    assert_eq!(bob.receive(&used.0, &used.1), reused, "the replay memory moved, too");
    // It goes on: what is generated has other ids than what was there.
    service.one_time.clear();
    service.one_time_kem.clear();
    assert!(bob.maintain(&mut service));
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 8);
    bob.receive(&from, &message).unwrap();
}

/// Moves an account to libsignal's form and back.
fn move_over(account: &Account) -> Account {
    let identity = IdentityKeyPair::from_libsignal_record(&account.identity().to_libsignal_record()).unwrap();
    let mut import = account::Import::new(identity, account.registration_id(), START);
    for key in account.one_time_pre_keys() {
        let key = OneTimePreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.one_time_pre_key(key).unwrap();
    }
    for key in account.signed_pre_keys() {
        let key = SignedPreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.signed_pre_key(key).unwrap();
    }
    for key in account.one_time_kem_pre_keys() {
        let key = KemPreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.one_time_kem_pre_key(OneTimeKemPreKey::from(key)).unwrap();
    }
    for key in account.last_resort_kem_pre_keys() {
        let key = KemPreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.last_resort_kem_pre_key(LastResortKemPreKey::from(key)).unwrap();
    }
    for used in account.last_resort_uses() {
        import.used(&used).unwrap();
    }
    for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
        import.next_id(space, account.next_id(space).unwrap());
    }
    import.finish(LIMITS, &mut ChaCha20Rng::seed_from_u64(1)).unwrap().commit()
}

/// 45: sessions from a backup went on as if nothing had been.
#[test]
fn lesson_45_sessions_of_a_restored_backup_are_not_sent_on() {
    let (mut bob, mut service) = Holder::stocked("bob", 45);
    let mut alice = Peer::new("alice", &bob.address, 1);
    let message = alice.first(service.bundle(&bob), b"one");
    bob.receive(&alice.address, &message).unwrap();
    let backup = bob.store.clone();
    // Later on more is said, which the backup does not know.
    let mut session = bob.session(&alice.address);
    let reply = session.encrypt(b"two", Trust::Anyone, bob.now, &mut bob.rng).unwrap().commit();
    alice
        .session
        .decrypt(&SignalMessage::parse(reply.as_bytes()).unwrap(), Trust::Anyone, &mut alice.rng)
        .unwrap()
        .commit();
    let three = alice.write(b"three").into_bytes();
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
    let staged =
        session.decrypt(&SignalMessage::parse(&three).unwrap(), Trust::Anyone, &mut bob.rng).unwrap();
    let promised = staged.record();
    assert_eq!(&*staged.commit(), b"three");
    assert_eq!(session.record().as_bytes(), promised.as_bytes());
    assert_eq!((session.has_current(), session.retired_len()), (false, 1));
    let again =
        Session::from_record(promised.as_bytes(), bob.address.clone(), alice.address.clone()).unwrap();
    assert_eq!(again.record().as_bytes(), promised.as_bytes());
    assert_eq!((again.has_current(), again.retired_len()), (false, 1));
    // Nor does libsignal get it.
    let exported = session.to_libsignal_record();
    assert!(exported.is_empty());
    // A new one is begun, and all is well.
    let message = alice.first(service.bundle(&bob), b"five");
    bob.store.sessions.insert(alice.address.clone(), session.record().as_bytes().to_vec());
    assert_eq!(bob.receive(&alice.address, &message).as_deref(), Ok(&b"five"[..]));
    let session = bob.session(&alice.address);
    assert_eq!((session.has_current(), session.retired_len()), (true, 1));
}

/// 46, 21: a message that comes again is no error of the store.
#[test]
fn lesson_46_a_duplicate_is_told_from_damage_and_uses_up_nothing() {
    let (mut bob, mut service) = Holder::stocked("bob", 46);
    let mut alice = Peer::new("alice", &bob.address, 1);
    let first = alice.first(service.bundle(&bob), b"one");
    let second = alice.write(b"two").into_bytes();
    bob.receive(&alice.address, &first).unwrap();
    let generation = bob.account.generation();
    let duplicate = bob.receive(&alice.address, &first);
    assert!(
        matches!(duplicate, Err(DecryptError::Decrypt(DecryptError::Duplicate { counter: 0, .. }))),
        "{duplicate:?}"
    );
    assert_eq!(bob.receive(&alice.address, &second).as_deref(), Ok(&b"two"[..]));
    assert_eq!(bob.account.generation(), generation, "a session that is there needs no account");
    assert_eq!(bob.store.inbox, [b"one".to_vec(), b"two".to_vec()]);
}

/// 53: nobody saw that a session was begun without one-time prekeys.
#[test]
fn lesson_53_both_sides_see_how_secret_the_first_messages_are() {
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
        let mut peer = Peer::new(&format!("peer {seed}"), &bob.address, u64::try_from(seed).unwrap());
        let message = peer.first(bundle, b"hello");
        bob.receive(&peer.address, &message).unwrap();
        assert_eq!(peer.session.initial_secrecy(), Some(initiator));
        let session = bob.session(&peer.address);
        assert_eq!(session.initial_secrecy(), Some(responder), "it is in the record");
    }
    assert_eq!(bob.session(&bob.address).initial_secrecy(), None);
}

/// 54: one-time prekeys are optional, and whoever is on the way can take them out.
#[test]
fn lesson_54_a_policy_requires_one_time_prekeys() {
    let (mut bob, mut service) = Holder::stocked("bob", 54);
    let strict = Account::generate(LIMITS, &mut bob.rng).commit().requiring_one_time();
    let begin = |bundle: subrosa::PreKeyBundle, rng: &mut ChaCha20Rng| {
        let mut session = Session::new(Peer::new("p", &bob.address, 0).address, bob.address.clone());
        let bundle = bundle.verify(Trust::Anyone).unwrap();
        session.initiate(&strict.local(), bundle, START, rng).map(Staged::commit)
    };
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    assert_eq!(begin(service.last_resort_bundle(&bob), &mut rng), Err(BundleError::NoOneTimePreKey));
    assert_eq!(begin(service.bundle(&bob), &mut rng), Ok(()));
    let (plain, local) = (Account::generate(LIMITS, &mut bob.rng).commit(), Peer::new("p", &bob.address, 0));
    let strict = plain.local().requiring_one_time();
    let mut session = Session::new(local.address, bob.address.clone());
    let bundle = service.last_resort_bundle(&bob).verify(Trust::Anyone).unwrap();
    let refused = session.initiate(&strict, bundle, START, &mut rng).map(Staged::commit);
    assert_eq!(refused, Err(BundleError::NoOneTimePreKey));

    bob.account = bob.store.load(LIMITS).requiring_one_time();
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    let refused = DecryptError::Admit(DecryptError::NoOneTimePreKey);
    assert_eq!(bob.receive(&from, &message), Err(refused));
    let mut bundle = service.bundle(&bob);
    bundle.kem_pre_key = service.last_resort.clone();
    let (from, message) = stranger(bundle, &bob.address, 2);
    let refused = DecryptError::Accept(DecryptError::LastResortRefused);
    assert_eq!(bob.receive(&from, &message), Err(refused));
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 3);
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
    // The policy is not for sessions that are there.
    bob.restart();
    let mut alice = Peer::new("alice", &bob.address, 4);
    let first = alice.first(service.last_resort_bundle(&bob), b"one");
    let second = alice.write(b"two");
    bob.receive(&alice.address, &first).unwrap();
    bob.account = bob.store.load(LIMITS).requiring_one_time();
    assert_eq!(bob.receive(&alice.address, second.as_bytes()).as_deref(), Ok(&b"two"[..]));
}
