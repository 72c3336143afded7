// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts: their limits, and the joint stage with a session. What users of other libraries ran into is in
//! `tests/account/lessons.rs`, and arbitrary schedules in `tests/account/properties.rs`.

use std::collections::BTreeSet;
use std::convert::Infallible;

use crate::accounts::{DAY, Holder, LIMITS, NONE, Service, stranger};
use crate::device::{Device, Letter, START};
use crate::{deleted, put};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::account;
use subrosa::account::{BackupCheck, BackupToken, Counts, IdSpace, Limits};
use subrosa::prekey::{KemPreKeyId, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey};
use subrosa::session::Policy;
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::store::{Key, Memory, StaleStage, Write};
use subrosa::{
    Account, Address, BundleError, DecryptError, IdentityKeyPair, PreKeyBundle, Session, Staged, Trust,
};

fn bob() -> Address {
    Address::new("bob", 1)
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

#[test]
fn a_new_account_has_a_registration_id_of_14_bits_and_no_prekeys() {
    let mut rng = rng(1);
    let mut ids: Vec<u32> = Vec::new();
    for _ in 0..500 {
        let new = Account::generate(bob(), LIMITS, &mut rng).unwrap();
        let writes = new.writes();
        let [write] = writes.iter().collect::<Vec<_>>()[..] else { panic!("{writes:?}") };
        let Write::Put { key: Key::Account, record, generation: Some(0) } = write else {
            panic!("{write:?}")
        };
        let account = new.commit();
        assert_eq!(record.as_bytes(), account.record().as_bytes());
        assert_eq!((account.generation(), account.rows().len()), (0, 0));
        ids.push(account.registration_id());
    }
    assert!(ids.iter().all(|id| (1..=0x3FFF).contains(id)), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() > 450 && ids[0] < 200 && *ids.last().unwrap() > 0x3F00);
}

#[test]
fn the_registration_id_is_drawn_after_the_identity_key() {
    for seed in 1..20 {
        let mut drawn = [0; 36];
        rng(seed).fill_bytes(&mut drawn);
        let number = u32::from_le_bytes(drawn[32..].try_into().unwrap());
        let account = Account::generate(bob(), LIMITS, &mut rng(seed)).unwrap().commit();
        assert_eq!(account.registration_id(), 1 + number % 0x3FFF);
    }
}

#[test]
fn a_store_that_fails_at_first_has_no_account() {
    let new = Account::generate(bob(), LIMITS, &mut rng(1)).unwrap();
    assert_eq!(new.commit_with(|_| Err("disk full")).unwrap_err(), "disk full");
}

/// An app and its notification extension share a store.
#[test]
fn the_generation_keeps_two_processes_from_overwriting_each_other() {
    let (mut store, mut rng) = (Memory::new(), rng(2));
    let mut app = Account::generate(bob(), LIMITS, &mut rng)
        .unwrap()
        .commit_with(|writes| store.apply(writes))
        .unwrap();
    let mut extension = store.account(&bob(), LIMITS).unwrap().unwrap();
    let staged = app.maintain(NONE, START, &mut rng).unwrap();
    staged.commit_with(|writes| store.apply(writes)).unwrap();
    let staged = extension.maintain(NONE, START, &mut rng).unwrap();
    assert!(put(&staged.writes()).contains_key(&Key::OneTimePreKey(OneTimePreKeyId(1))), "the same id");
    assert_eq!(staged.commit_with(|writes| store.apply(writes)), Err(StaleStage));
    let mut extension = store.account(&bob(), LIMITS).unwrap().unwrap();
    let staged = extension.maintain(NONE, START, &mut rng).unwrap();
    assert!(staged.writes().is_empty(), "it is done");
    assert_eq!(staged.commit(), app.upload());
    assert_eq!(extension.record().as_bytes(), app.record().as_bytes());
}

#[test]
fn the_replay_memory_is_bounded_and_its_key_replaced_in_time() {
    let (mut bob, mut service) = Holder::stocked("bob", 3);
    let last_resort = bob.last_resort()[0];
    let mut replay = None;
    for seed in 0..u64::from(LIMITS.max_uses) {
        let rotates = bob.account.plan(service.counts(), START).rotate_last_resort;
        assert_eq!(rotates, seed >= 6, "from three quarters of 8 on: {seed}");
        let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, seed);
        bob.receive(&from, &message).unwrap();
        replay.get_or_insert(message);
    }
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 100);
    let full = || Err(DecryptError::UsedTooOften(last_resort));
    assert_eq!(bob.receive(&from, &message), full());
    // A replay under another name is told as such, also now.
    let mallory = Address::new("mallory", 1);
    let replayed = || Err(DecryptError::Replayed);
    assert_eq!(bob.receive(&mallory, replay.as_ref().unwrap()), replayed());
    bob.restart();
    assert_eq!(bob.receive(&mallory, replay.as_ref().unwrap()), replayed(), "after a restart");
    assert_eq!(bob.receive(&from, &message), full());
    assert_eq!(bob.account.last_resort_uses().count(), 8);

    assert!(bob.maintain(&mut service), "another one is uploaded");
    assert_eq!(bob.last_resort().len(), 2);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 101);
    bob.receive(&from, &message).unwrap();
    assert!(!bob.account.plan(service.counts(), START).rotate_last_resort);
    // The memory goes with its key, and not before.
    bob.advance(89 * DAY);
    bob.maintain(&mut service);
    assert!(bob.last_resort().contains(&last_resort));
    assert_eq!(bob.account.last_resort_uses().count(), 9);
    bob.advance(DAY);
    bob.maintain(&mut service);
    assert!(!bob.last_resort().contains(&last_resort));
    assert_eq!(bob.account.last_resort_uses().count(), 1);
    assert!(!bob.store.rows.contains_key(&Key::LastResortUses(last_resort)));
    let gone = DecryptError::MissingPreKey { key: Key::OneTimeKemPreKey(last_resort), issued: true };
    assert_eq!(bob.receive(&mallory, replay.as_ref().unwrap()), Err(gone));
}

#[test]
fn missing_prekeys_that_were_never_issued_are_told_from_those_that_were() {
    let (mut bob, mut service) = Holder::stocked("bob", 4);
    let (mut twin, mut twin_service) = Holder::stocked("bob", 5);
    for _ in 0..3 {
        twin_service.one_time.clear();
        twin_service.one_time_kem.clear();
        twin.advance(3 * DAY);
        twin.maintain(&mut twin_service);
    }
    let mut bundle = twin_service.bundle(&twin);
    let (from, message) = stranger(bundle.clone(), &bob.address, 1);
    let signed = bundle.signed_pre_key.id;
    let never = |key| Err(DecryptError::MissingPreKey { key, issued: false });
    assert_eq!(bob.receive(&from, &message), never(Key::SignedPreKey(signed)));
    let ours = service.bundle(&bob);
    bundle.signed_pre_key = ours.signed_pre_key;
    bundle.identity_key = ours.identity_key;
    bundle.kem_pre_key = ours.kem_pre_key;
    let one_time = bundle.one_time_pre_key.as_ref().unwrap().id;
    let (from, message) = stranger(bundle.clone(), &bob.address, 2);
    assert_eq!(bob.receive(&from, &message), never(Key::OneTimePreKey(one_time)));
    bundle.one_time_pre_key = ours.one_time_pre_key;
    let (from, message) = stranger(bundle, &bob.address, 3);
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
}

#[test]
fn prekeys_given_out_and_never_used_are_withdrawn_and_deleted_in_time() {
    let (mut bob, mut service) = Holder::stocked("bob", 6);
    let slow = stranger(service.bundle(&bob), &bob.address, 1);
    let mut withdrawn = None;
    for _ in 0..4 {
        // Somebody drains the service.
        service.one_time.clear();
        service.one_time_kem.clear();
        let plan = bob.account.plan(service.counts(), bob.now);
        if plan.replace_one_time {
            withdrawn.get_or_insert(bob.now);
        }
        bob.maintain(&mut service);
    }
    assert!(withdrawn.is_some(), "more than ten were given out");
    assert!(!bob.account.upload().replace_one_time, "and that was confirmed");
    assert_eq!(bob.account.one_time_pre_keys().count(), 20);
    // Drained on and on, it stops at the limit instead of deleting what a peer may still use.
    for _ in 0..20 {
        service.one_time.clear();
        service.one_time_kem.clear();
        bob.maintain(&mut service);
    }
    assert_eq!(bob.account.one_time_pre_keys().count(), 40);
    assert_eq!(bob.account.plan(NONE, bob.now).one_time, 0);
    bob.advance(89 * DAY);
    bob.maintain(&mut service);
    bob.receive(&slow.0, &slow.1).unwrap();
    bob.advance(DAY);
    bob.maintain(&mut service);
    assert!(bob.account.one_time_pre_keys().count() < 40, "there is room again");
    assert!(!service.one_time.is_empty());
}

#[test]
fn as_many_as_the_limit_may_be_given_out_and_rotating_withdraws_none() {
    let (mut bob, service) = Holder::stocked("bob", 6);
    assert_eq!(service.counts(), Counts { one_time: 4, one_time_kem: 4 });
    for (max_given_out, withdrawn) in [(4, false), (3, true)] {
        let limits = Limits { max_given_out, ..LIMITS };
        bob.account = bob.store.load(&bob.address, limits);
        bob.now = START;
        assert_eq!(bob.account.plan(NONE, bob.now).replace_one_time, withdrawn, "4 of {max_given_out}");
        bob.advance(2 * DAY);
        let mut account = bob.store.load(&bob.address, limits);
        let upload = account.maintain(service.counts(), bob.now, &mut rng(1)).unwrap().commit();
        assert!(upload.signed_pre_key.is_some() && upload.last_resort_kem_pre_key.is_some());
        assert!(!upload.replace_one_time, "the service still has them");
    }
}

/// What the service has may be replaced by the next upload only, not by one of before.
#[test]
fn an_older_confirmation_ends_no_withdrawal() {
    let (mut bob, mut service) = Holder::stocked("bob", 6);
    let before = bob.account.upload();
    assert!(!before.replace_one_time);
    for _ in 0..4 {
        service.one_time.clear();
        service.one_time_kem.clear();
        let upload = bob.upkeep(service.counts());
        if upload.replace_one_time {
            break;
        }
        bob.confirm(&upload);
    }
    assert!(bob.account.upload().replace_one_time);
    bob.confirm(&before);
    assert!(bob.account.upload().replace_one_time);
}

#[test]
fn replaced_keys_are_never_more_than_the_limit_and_none_goes_before_its_time() {
    let limits = Limits { max_retired: 3, grace: 6 * DAY, ..LIMITS };
    let mut bob = Holder::with_limits("bob", limits, 7);
    let mut service = Service::default();
    bob.maintain(&mut service);
    for round in 1..=10 {
        bob.advance(2 * DAY);
        bob.maintain(&mut service);
        let kept = (bob.account.signed_pre_keys().count(), bob.last_resort().len());
        // The one in use, and three or those that were replaced within the grace.
        let expected = 1 + round.min(3);
        assert_eq!(kept, (expected, expected), "round {round}");
    }
    // A clock that jumps replaces more, and the oldest ones go.
    for back in 0..10_u32 {
        bob.now = bob.now.saturating_add(2 * DAY);
        bob.maintain(&mut service);
        bob.now = subrosa::Timestamp::from_millis(bob.now.as_millis() - 2 * 86_400_000 + u64::from(back));
        bob.maintain(&mut service);
        assert!(bob.account.signed_pre_keys().count() <= 5 && bob.last_resort().len() <= 5);
    }
}

#[test]
fn ids_begin_again_after_24_bits() {
    let mut import = account::Import::new(bob(), IdentityKeyPair::generate(&mut rng(1)), 7, START);
    for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
        import.next_id(space, (1 << 24) - 6);
    }
    let mut account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    let upload = account.maintain(NONE, START, &mut rng(2)).unwrap().commit();
    assert_eq!(upload.one_time_pre_keys.last().unwrap().id.0, (1 << 24) - 3);
    account.confirm_uploaded(&upload, START).unwrap().commit();
    assert_eq!(account.next_id(IdSpace::OneTime), Some((1 << 24) - 2));
    assert_eq!(account.next_id(IdSpace::Kem), Some((1 << 24) - 1));
    let again = account.maintain(NONE, START, &mut rng(3)).unwrap().commit();
    assert!(again.one_time_pre_keys.iter().map(|key| key.id.0).eq(1..=LIMITS.batch));
    assert!(again.replace_one_time, "a service passes over lower ids");
    let recovered = account.recover(None, START, &mut rng(3)).unwrap().commit();
    assert!(recovered.signed_pre_key.unwrap().id.0 > 1 << 16, "beyond what may have been given out");
}

#[test]
fn tokens_are_bytes_and_compare_by_store_and_age() {
    let (mut bob, service) = Holder::stocked("bob", 8);
    let token = bob.account.token();
    let bytes = token.to_bytes();
    assert_eq!(BackupToken::from_bytes(&bytes), token);
    assert_eq!(bytes[16..24], bob.account.generation().to_le_bytes());
    assert_eq!(bytes[24..], [5, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0]);
    assert_eq!(bob.account.check(&token), BackupCheck::Fresh);
    assert_eq!(bob.account.check(&service.token.unwrap()), BackupCheck::Fresh, "an older one");
    bob.account.advance().unwrap().commit();
    let newer = bob.account.token();
    assert_eq!(bob.account.check(&token), BackupCheck::Fresh);
    bob.restart();
    assert_eq!(bob.account.check(&newer), BackupCheck::Restored);
    let mut foreign = bytes;
    foreign[0] ^= 1;
    assert_eq!(bob.account.check(&BackupToken::from_bytes(&foreign)), BackupCheck::Restored);
}

#[test]
fn a_recovery_without_room_replaces_what_it_can() {
    let limits = Limits { max_kept: 6, max_given_out: 5, ..LIMITS };
    let mut bob = Holder::with_limits("bob", limits, 9);
    let mut service = Service::default();
    bob.maintain(&mut service);
    let old = stranger(service.bundle(&bob), &bob.address, 1);
    bob.recover(None);
    let upload = bob.account.upload();
    assert!(upload.replace_one_time);
    service.take(&upload);
    bob.confirm(&upload);
    assert_eq!(service.counts(), Counts { one_time: 2, one_time_kem: 2 }, "as many as there is room for");
    bob.receive(&old.0, &old.1).unwrap();
    bob.advance(90 * DAY);
    service.one_time.clear();
    service.one_time_kem.clear();
    bob.maintain(&mut service);
    assert_eq!(service.counts(), Counts { one_time: 4, one_time_kem: 4 });
}

/// An upload from before a recovery says nothing about what the service has after it.
#[test]
fn a_confirmation_from_before_a_recovery_does_not_count_after_it() {
    let (mut bob, mut service) = Holder::stocked("bob", 10);
    service.one_time.clear();
    service.one_time_kem.clear();
    bob.recover(None);
    let before = bob.account.upload();
    bob.recover(None);
    bob.confirm(&before);
    assert!(bob.account.upload().replace_one_time);
}

/// One stage has the writes of both, and changes neither before it is committed.
#[test]
fn session_and_account_are_stored_and_changed_together() {
    let (mut bob, mut service) = Holder::stocked("bob", 15);
    let mut alice = Device::new("alice", 1);
    let one = alice.first(&bob.address, service.bundle(&bob), b"one");
    let two = alice.send(&bob.address, b"two");
    let mut session = bob.session(&alice.address);
    let before = (session.record(), bob.account.record());
    let [of_session, of_identity] =
        [Key::Session(alice.address.clone()), Key::Identity(alice.address.name().clone())];
    let staged = bob.account.receive(&mut session, &one.message(), Trust::Anyone, &mut bob.rng).unwrap();
    let (written, used) = (put(&staged.writes()), deleted(&staged.writes()));
    let one_time = [Key::OneTimePreKey(OneTimePreKeyId(1)), Key::OneTimeKemPreKey(KemPreKeyId(1))];
    assert_eq!(used, one_time.into());
    let keys: BTreeSet<_> = written.keys().cloned().collect();
    assert_eq!(keys, [Key::Account, of_session.clone(), of_identity.clone()].into());
    assert_eq!(written[&of_identity], alice.identity.public().record().as_bytes());
    drop(staged);
    assert_eq!(session.record().as_bytes(), before.0.as_bytes());
    assert_eq!(bob.account.record().as_bytes(), before.1.as_bytes());
    // The generator went on, but the account's part is the same.
    let staged = bob.account.receive(&mut session, &one.message(), Trust::Anyone, &mut bob.rng).unwrap();
    let again = put(&staged.writes());
    let text = staged.commit_with_output(|_, text| {
        assert_eq!(&**text, b"one");
        Ok::<_, Infallible>(())
    });
    assert_eq!(&*text.unwrap(), b"one");
    assert_eq!(bob.account.record().as_bytes(), written[&Key::Account]);
    assert_eq!(bob.account.record().as_bytes(), again[&Key::Account]);
    assert_eq!(session.record().as_bytes(), again[&of_session]);
    let staged = bob.account.receive(&mut session, &two.message(), Trust::Anyone, &mut bob.rng).unwrap();
    assert!(put(&staged.writes()).into_keys().eq([of_session]), "neither the account nor what is pinned");
    assert!(deleted(&staged.writes()).is_empty());
    assert_eq!(&*staged.commit(), b"two");
}

/// A pinned identity is stored already.
#[test]
fn a_pinned_identity_is_not_written_again() {
    let (mut bob, mut service) = Holder::stocked("bob", 15);
    let mut alice = Device::new("alice", 1);
    let one = alice.first(&bob.address, service.bundle(&bob), b"one");
    let mut session = bob.session(&alice.address);
    let trust = Trust::Pinned(alice.identity.public());
    let staged = bob.account.receive(&mut session, &one.message(), trust, &mut bob.rng).unwrap();
    assert!(put(&staged.writes()).into_keys().eq([Key::Account, Key::Session(alice.address)]));
}

#[test]
fn an_account_begins_the_sessions_that_its_policy_allows() {
    let (bob, mut service) = Holder::stocked("bob", 18);
    let bundle = PreKeyBundle { kem_pre_key: None, ..service.bundle(&bob) };
    let begin = |account: &Account, bundle: &PreKeyBundle| {
        let mut session = account.new_session(&bob.address);
        let bundle = bundle.clone().verify(Trust::Anyone).unwrap();
        session.initiate(&account.config(), bundle, START, &mut rng(19)).map(Staged::commit)
    };
    let account = Account::generate(Address::new("alice", 1), LIMITS, &mut rng(18)).unwrap().commit();
    assert_eq!(begin(&account, &bundle), Err(BundleError::Version3Refused));
    let account = account.with_policy(Policy::AllowVersion3);
    assert_eq!(begin(&account, &bundle), Ok(()));
    let bundle = PreKeyBundle { one_time_pre_key: None, ..bundle };
    assert_eq!(begin(&account, &bundle), Ok(()));
    assert_eq!(begin(&account.requiring_one_time(), &bundle), Err(BundleError::NoOneTimePreKey));
}

/// A session that was retired is read, and leaves the one that came after it in its place.
#[test]
fn a_message_on_a_retired_session_leaves_the_current_one_alone() {
    let (mut bob, mut service) = Holder::stocked("bob", 17);
    let mut alice = Device::new("alice", 1);
    let mut session = bob.session(&alice.address);
    let bundles = [(); 3].map(|()| service.bundle(&bob));
    let key = Key::Session(alice.address.clone());
    let mut receive = |session: &mut Session, letter: &Letter| {
        let staged = bob.account.receive(session, &letter.message(), Trust::Anyone, &mut bob.rng).unwrap();
        let promised = put(&staged.writes());
        let text = staged.commit();
        assert_eq!(promised[&key], session.record().as_bytes());
        text.to_vec()
    };
    let mut late = Vec::new();
    let [bundle_1, bundle_2, bundle_3] = bundles;
    for (bundle, text) in [(bundle_1, b"one"), (bundle_2, b"two")] {
        let message = alice.first(&bob.address, bundle, text);
        assert_eq!(receive(&mut session, &message), text);
        late.push(alice.send(&bob.address, b"late"));
    }
    let staged = session.retire().unwrap();
    let promised = put(&staged.writes());
    staged.commit();
    assert_eq!(promised[&key], session.record().as_bytes());
    assert_eq!((session.has_current(), session.retired_len()), (false, 2));
    // Late ones of both are read while there is no current session, and while there is one.
    assert_eq!(receive(&mut session, &late[0]), b"late");
    assert!(!session.has_current());
    let message = alice.first(&bob.address, bundle_3, b"three");
    assert_eq!(receive(&mut session, &message), b"three");
    let base_key = *session.base_key().unwrap();
    assert_eq!(receive(&mut session, &late[1]), b"late");
    assert_eq!((session.base_key(), session.retired_len(), session.archived_len()), (Some(&base_key), 2, 2));
    // Archived and promoted as ever, between the retired ones.
    session.archive().unwrap().commit();
    let message = alice.send(&bob.address, b"four");
    assert_eq!(receive(&mut session, &message), b"four");
    assert_eq!((session.base_key(), session.retired_len(), session.archived_len()), (Some(&base_key), 2, 2));
}

#[test]
fn one_last_resort_use_rewrites_one_small_row() {
    let (mut bob, service) = Holder::stocked("bob", 16);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    let mut session = bob.session(&from);
    let staged = bob.account.receive(&mut session, &message.message(), Trust::Anyone, &mut bob.rng).unwrap();
    let mut written = put(&staged.writes());
    assert!(deleted(&staged.writes()).is_empty());
    assert!(written.remove(&Key::Account).unwrap().len() < 400);
    written.retain(|key, _| !matches!(key, Key::Session(_) | Key::Identity(_)));
    let written: Vec<_> = written.into_iter().map(|(key, record)| (key, record.len())).collect();
    assert_eq!(written, [(Key::LastResortUses(KemPreKeyId(5)), 48)]);
}

/// A first message can be received without the account, too, with keys that the caller lends: the same prekeys are
/// deleted.
#[test]
fn a_session_without_an_account_deletes_the_same_prekeys() {
    let (mut bob, mut service) = Holder::stocked("bob", 18);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 1);
    let message = message.message();
    let mut session = Session::new(bob.address.clone(), from.clone());
    let admission = session.receive(&bob.account.config(), &message, Trust::Anyone, &mut rng(1)).unwrap();
    let Admission::New(new) = admission else { panic!("there is no session") };
    let needed = new.needed();
    let (one_time, kem) = (needed.one_time.unwrap(), needed.kem.unwrap().kem);
    let row = |key| &bob.store.rows[&key];
    let signed = SignedPreKey::from_record(row(Key::SignedPreKey(needed.signed))).unwrap();
    let one_time = OneTimePreKey::from_record(row(Key::OneTimePreKey(one_time))).unwrap();
    let kem = OneTimeKemPreKey::from_record(row(Key::OneTimeKemPreKey(kem))).unwrap();
    let keys = PreKeys { signed: &signed, one_time: Some(&one_time), kem: Some(KemKey::OneTime(&kem)) };
    let staged = new.accept(&keys, &mut rng(1)).unwrap();
    let without = staged.writes();
    assert_eq!(deleted(&without).len(), 2);
    assert_eq!(&*staged.commit(), b"hello");
    let mut session = bob.session(&from);
    let staged = bob.account.receive(&mut session, &message, Trust::Anyone, &mut rng(1)).unwrap();
    assert_eq!(deleted(&staged.writes()), deleted(&without));
    let mut with = put(&staged.writes());
    with.remove(&Key::Account).unwrap();
    assert_eq!(with, put(&without));
}
