// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts: limits, records, moving in, and the joint stage with a session. What users of other libraries ran
//! into is in `tests/account_lessons.rs`, and arbitrary schedules in `tests/account_properties.rs`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "support/accounts.rs"]
mod accounts;

use std::time::Duration;

use accounts::{DAY, Holder, LIMITS, Peer, START, Service, Store, stranger};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::{
    AcceptError, Account, AccountError, AccountImport, AccountLimits, AccountRow, FirstMessageError, IdSpace,
    IdentityKeyPair, IdsExhausted, ImportError, KemPreKey, KemPreKeyId, KemPreKeyUse, KeyPair, NamedPreKey,
    NewAccount, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, PreKeySignalMessage, RecordError,
    ServiceCounts, Session, SignedPreKey, SignedPreKeyId, Staged, StoreCheck, StoreToken, StoredKeyError,
    Trust,
};

const NONE: ServiceCounts = ServiceCounts { one_time: 0, one_time_kem: 0 };

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// The ids of the last-resort KEM prekeys.
fn last_resort(bob: &Holder) -> Vec<KemPreKeyId> {
    bob.account.last_resort_kem_pre_keys().map(|key| key.id()).collect()
}

#[test]
fn a_new_account_has_a_registration_id_of_14_bits_and_no_prekeys() {
    let mut rng = rng(1);
    let mut ids: Vec<u32> = Vec::new();
    for _ in 0..500 {
        let new = Account::generate(LIMITS, &mut rng);
        assert!(new.effects().put.is_empty() && new.effects().delete.is_empty());
        let account = new.commit();
        assert_eq!((account.generation(), account.rows().len()), (0, 0));
        ids.push(account.registration_id());
    }
    assert!(ids.iter().all(|id| (1..=0x3FFF).contains(id)), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() > 450 && ids[0] < 200 && *ids.last().unwrap() > 0x3F00);
}

#[test]
fn a_store_that_fails_at_first_has_no_account() {
    let new = Account::generate(LIMITS, &mut rng(1));
    assert_eq!(new.commit_with(|_, _| Err("disk full")).unwrap_err(), "disk full");
}

/// Writes a change if the store has what it was made from.
fn compare_and_swap(store: &mut Store, staged: &Staged<'_, Account, ()>) -> Result<(), &'static str> {
    let record = staged.record();
    let generation = u64::from_le_bytes(record.as_bytes()[4..12].try_into().unwrap());
    if store.load(LIMITS).generation() + 1 != generation {
        return Err("changed by another process");
    }
    store.write(&record, staged.effects());
    Ok(())
}

/// Lessons 20, 25 and 40: an app and its notification extension share a store.
#[test]
fn the_generation_keeps_two_processes_from_overwriting_each_other() {
    let mut app = Holder::new("bob", 2);
    let mut extension = app.store.load(LIMITS);
    let staged = app.account.refill(START, NONE, &mut app.rng).unwrap().unwrap();
    assert_eq!(compare_and_swap(&mut app.store, &staged), Ok(()));
    staged.commit();
    let staged = extension.refill(START, NONE, &mut app.rng).unwrap().unwrap();
    assert_eq!(staged.effects().put[0].0, AccountRow::OneTimePreKey(OneTimePreKeyId(1)), "the same id");
    assert_eq!(compare_and_swap(&mut app.store, &staged), Err("changed by another process"));
    drop(staged);
    let mut extension = app.store.load(LIMITS);
    assert!(extension.refill(START, NONE, &mut app.rng).unwrap().is_none(), "it is done");
    app.check();
}

#[test]
fn the_replay_memory_is_bounded_refuses_when_full_and_has_the_key_replaced() {
    let (mut bob, mut service) = Holder::stocked("bob", 3);
    let first = last_resort(&bob)[0];
    let mut replay = None;
    for seed in 0..u64::from(LIMITS.max_uses) {
        let rotates = bob.account.plan(START, service.counts()).rotate_last_resort;
        assert_eq!(rotates, seed >= 6, "from three quarters of 8 on: {seed}");
        let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, seed);
        bob.receive(&from, &message).unwrap();
        replay.get_or_insert(message);
    }
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 100);
    let full = FirstMessageError::UsedTooOften(first);
    assert_eq!(bob.receive(&from, &message), Err(full));
    // A replay under another name is told as such, also now.
    let mallory = Peer::new("mallory", &bob.address, 1).address;
    let reused = FirstMessageError::Accept(AcceptError::ReusedBaseKey);
    assert_eq!(bob.receive(&mallory, replay.as_ref().unwrap()), Err(reused));
    bob.restart();
    assert_eq!(bob.receive(&mallory, replay.as_ref().unwrap()), Err(reused), "after a restart");
    assert_eq!(bob.receive(&from, &message), Err(full));
    assert_eq!(bob.account.last_resort_uses().count(), 8);

    assert!(bob.maintain(&mut service), "another one is uploaded");
    assert_eq!(last_resort(&bob).len(), 2);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 101);
    bob.receive(&from, &message).unwrap();
    assert!(!bob.account.plan(START, service.counts()).rotate_last_resort);
    // The memory goes with its key, and not before.
    bob.advance(89 * DAY);
    bob.maintain(&mut service);
    assert!(last_resort(&bob).contains(&first));
    assert_eq!(bob.account.last_resort_uses().count(), 9);
    bob.advance(DAY);
    assert!(bob.delete_expired());
    assert!(!last_resort(&bob).contains(&first));
    assert_eq!(bob.account.last_resort_uses().count(), 1);
    assert!(!bob.store.rows.contains_key(&AccountRow::LastResortUses(first)));
    let gone = FirstMessageError::Gone(NamedPreKey::Kem(first));
    assert_eq!(bob.receive(&mallory, replay.as_ref().unwrap()), Err(gone));
}

#[test]
fn prekeys_that_were_never_ours_are_told_from_those_that_are_gone() {
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
    let never = |key| Err(FirstMessageError::NeverOurs(key));
    assert_eq!(bob.receive(&from, &message), never(NamedPreKey::Signed(signed)));
    let ours = service.bundle(&bob);
    bundle.signed_pre_key = ours.signed_pre_key;
    bundle.identity_key = ours.identity_key;
    bundle.kem_pre_key = ours.kem_pre_key;
    let one_time = bundle.one_time_pre_key.as_ref().unwrap().id;
    let (from, message) = stranger(bundle.clone(), &bob.address, 2);
    assert_eq!(bob.receive(&from, &message), never(NamedPreKey::OneTime(one_time)));
    bundle.one_time_pre_key = ours.one_time_pre_key;
    let (from, message) = stranger(bundle, &bob.address, 3);
    assert_eq!(bob.receive(&from, &message).as_deref(), Ok(&b"hello"[..]));
}

#[test]
fn prekeys_that_are_given_out_and_never_used_are_withdrawn_and_deleted_in_time() {
    let (mut bob, mut service) = Holder::stocked("bob", 6);
    let slow = stranger(service.bundle(&bob), &bob.address, 1);
    let mut withdrawn = None;
    for _ in 0..4 {
        // Somebody drains the service.
        service.one_time.clear();
        service.one_time_kem.clear();
        let plan = bob.account.plan(bob.now, service.counts());
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
    assert_eq!(bob.account.plan(bob.now, NONE).one_time, 0);
    bob.advance(89 * DAY);
    bob.maintain(&mut service);
    bob.receive(&slow.0, &slow.1).unwrap();
    bob.advance(DAY);
    bob.maintain(&mut service);
    assert!(bob.account.one_time_pre_keys().count() < 40, "there is room again");
    assert!(!service.one_time.is_empty());
}

#[test]
fn replaced_keys_are_never_more_than_the_limit_and_none_goes_before_its_time() {
    let limits = AccountLimits { max_retired: 3, ..LIMITS };
    let mut bob = Holder::with_limits("bob", limits, 7);
    let mut service = Service::default();
    bob.maintain(&mut service);
    for _ in 0..10 {
        bob.advance(2 * DAY);
        bob.maintain(&mut service);
    }
    assert_eq!((bob.account.signed_pre_keys().count(), last_resort(&bob).len()), (4, 4));
    assert!(!bob.account.plan(bob.now, service.counts()).rotates());
    // The first was replaced on day 2, the second on day 4.
    bob.advance(72 * DAY);
    assert!(bob.delete_expired());
    assert_eq!(bob.account.signed_pre_keys().count(), 3);
    assert!(bob.rotate());
}

#[test]
fn ids_end_at_24_bits_with_an_error() {
    let mut import = AccountImport::new(IdentityKeyPair::generate(&mut rng(1)), 7, START);
    for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
        import.next_id(space, (1 << 24) - 6);
    }
    let mut account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    account.refill(START, NONE, &mut rng(2)).unwrap().unwrap().commit();
    let upload = account.upload();
    assert_eq!(upload.one_time_pre_keys.last().unwrap().id.0, (1 << 24) - 3);
    account.confirm_uploaded(&upload, START).commit();
    let before = account.record();
    let exhausted = IdsExhausted { space: IdSpace::OneTime };
    assert_eq!(account.refill(START, NONE, &mut rng(3)).unwrap_err(), exhausted);
    assert_eq!(account.recover(None, START, &mut rng(3)).unwrap_err(), exhausted);
    assert_eq!(account.record().as_bytes(), before.as_bytes(), "nothing has changed");
    assert_eq!(account.next_id(IdSpace::OneTime), Some((1 << 24) - 2));
    assert_eq!(account.next_id(IdSpace::Kem), Some((1 << 24) - 1));
}

#[test]
fn tokens_are_bytes_and_compare_by_store_and_age() {
    let (mut bob, service) = Holder::stocked("bob", 8);
    let token = bob.account.token();
    let bytes = token.to_bytes();
    assert_eq!(StoreToken::from_bytes(&bytes), token);
    assert_eq!(bytes[16..24], bob.account.generation().to_le_bytes());
    assert_eq!(bytes[24..], [5, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0]);
    assert_eq!(bob.account.check(&token), StoreCheck::Fresh);
    assert_eq!(bob.account.check(&service.token.unwrap()), StoreCheck::Fresh, "an older one");
    bob.account.advance().commit();
    let newer = bob.account.token();
    assert_eq!(bob.account.check(&token), StoreCheck::Fresh);
    bob.restart();
    assert_eq!(bob.account.check(&newer), StoreCheck::Restored);
    let mut foreign = bytes;
    foreign[0] ^= 1;
    assert_eq!(bob.account.check(&StoreToken::from_bytes(&foreign)), StoreCheck::Restored);
}

#[test]
fn a_recovery_without_room_replaces_what_it_can() {
    let limits = AccountLimits { max_kept: 6, ..LIMITS };
    let mut bob = Holder::with_limits("bob", limits, 9);
    let mut service = Service::default();
    bob.maintain(&mut service);
    let old = stranger(service.bundle(&bob), &bob.address, 1);
    bob.recover(None);
    let upload = bob.account.upload();
    assert!(upload.replace_one_time && upload.one_time_pre_keys.is_empty());
    service.take(&upload);
    bob.confirm(&upload);
    assert_eq!(service.counts(), NONE);
    bob.receive(&old.0, &old.1).unwrap();
    bob.advance(90 * DAY);
    bob.maintain(&mut service);
    assert_eq!(service.counts(), ServiceCounts { one_time: 4, one_time_kem: 4 });
}

/// An upload from before a recovery says nothing about what the service has after it.
#[test]
fn a_confirmation_of_before_a_recovery_does_not_count_as_one_of_after_it() {
    let (mut bob, mut service) = Holder::stocked("bob", 10);
    service.one_time.clear();
    service.one_time_kem.clear();
    bob.recover(None);
    let before = bob.account.upload();
    bob.recover(None);
    bob.confirm(&before);
    assert!(bob.account.upload().replace_one_time);
}

#[test]
fn records_that_do_not_go_together_are_told() {
    let (mut bob, mut service) = Holder::stocked("bob", 11);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.receive(&from, &message).unwrap();
    let old = bob.store.clone();
    bob.refill(NONE);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 2);
    bob.receive(&from, &message).unwrap();
    let new = bob.store.clone();
    let load = |account: &[u8], rows: Vec<&Vec<u8>>| {
        Account::from_records(account, rows, LIMITS).map(|account| account.generation())
    };
    let rows = |store: &Store, without: Option<AccountRow>| -> Vec<Vec<u8>> {
        store.rows.iter().filter(|(row, _)| Some(**row) != without).map(|(_, bytes)| bytes.clone()).collect()
    };
    for row in new.rows.keys() {
        let rows = rows(&new, Some(*row));
        assert_eq!(load(&new.account, rows.iter().collect()), Err(AccountError::Missing(*row)));
    }
    let all = rows(&new, None);
    for row in &all {
        let twice: Vec<_> = all.iter().chain([row]).collect();
        assert!(matches!(load(&new.account, twice), Err(AccountError::Twice(_))));
    }
    let newer = load(&old.account, all.iter().collect());
    assert_eq!(newer, Err(AccountError::Newer(AccountRow::OneTimePreKey(OneTimePreKeyId(5)))));
    let older = rows(&old, None);
    let deleted = load(&new.account, older.iter().collect());
    assert_eq!(deleted, Err(AccountError::Deleted(AccountRow::OneTimePreKey(OneTimePreKeyId(1)))));
    let mut damaged = all.clone();
    damaged[3].pop();
    let error = AccountError::Row { at: 3, error: RecordError::Damaged };
    assert_eq!(load(&new.account, damaged.iter().collect()), Err(error));
    damaged[3] = new.account.clone();
    let error = AccountError::Row { at: 3, error: RecordError::WrongKind };
    assert_eq!(load(&new.account, damaged.iter().collect()), Err(error));
    damaged[3] = b"sr".to_vec();
    let error = AccountError::Row { at: 3, error: RecordError::NotARecord };
    assert_eq!(load(&new.account, damaged.iter().collect()), Err(error));
    let error = AccountError::Account(RecordError::WrongKind);
    assert_eq!(load(&all[0], all.iter().collect()), Err(error));
    let mut backwards = all;
    backwards.reverse();
    assert!(load(&new.account, backwards.iter().collect()).is_ok(), "in any order");
}

/// What is left of a damaged store goes on.
#[test]
fn a_damaged_store_is_salvaged() {
    let (mut bob, mut service) = Holder::stocked("bob", 12);
    let alice = stranger(service.bundle(&bob), &bob.address, 1);
    let carol = stranger(service.bundle(&bob), &bob.address, 2);
    let signed = AccountRow::SignedPreKey(SignedPreKeyId(1));
    let uses = AccountRow::LastResortUses(last_resort(&bob)[0]);
    let lost = AccountRow::OneTimePreKey(OneTimePreKeyId(2));
    bob.store.rows.remove(&lost).unwrap();
    bob.store.rows.remove(&uses).unwrap();
    // A row of an account that came further.
    let (mut twin, _) = Holder::stocked("bob", 12);
    twin.refill(NONE);
    let newer = AccountRow::OneTimePreKey(OneTimePreKeyId(5));
    bob.store.rows.insert(newer, twin.store.rows[&newer].clone());

    let (salvaged, errors) = Account::salvage(&bob.store.account, bob.store.rows.values(), LIMITS).unwrap();
    let expected = [AccountError::Newer(newer), AccountError::Missing(lost), AccountError::Missing(uses)];
    assert_eq!(errors, expected);
    let with_it = AccountRow::LastResortKemPreKey(last_resort(&bob)[0]);
    for row in [newer, lost, uses, with_it] {
        assert!(salvaged.effects().delete.contains(&row));
        bob.store.rows.remove(&row);
    }
    bob.store.account = salvaged.record().as_bytes().to_vec();
    bob.account = salvaged.commit();
    bob.check();
    assert!(bob.store.rows.contains_key(&signed));
    bob.receive(&alice.0, &alice.1).unwrap();
    let gone = FirstMessageError::Gone(NamedPreKey::OneTime(OneTimePreKeyId(2)));
    assert_eq!(bob.receive(&carol.0, &carol.1), Err(gone));
    bob.recover(Some(&service.token.unwrap()));
    bob.maintain(&mut service);
    let dave = stranger(service.bundle(&bob), &bob.address, 3);
    bob.receive(&dave.0, &dave.1).unwrap();
    assert_eq!(Account::salvage(b"sr", [b""], LIMITS).unwrap_err(), RecordError::NotARecord);
}

#[test]
fn a_damaged_account_record_is_refused_or_another_account() {
    let (mut bob, service) = Holder::stocked("bob", 13);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.receive(&from, &message).unwrap();
    let rows: Vec<_> = bob.store.rows.values().cloned().collect();
    for len in 0..bob.store.account.len() {
        let error = Account::from_records(&bob.store.account[..len], &rows, LIMITS).unwrap_err();
        assert!(matches!(error, AccountError::Account(_)), "{len}: {error:?}");
    }
    let longer = [&bob.store.account[..], &[0]].concat();
    let damaged = AccountError::Account(RecordError::Damaged);
    assert_eq!(Account::from_records(&longer, &rows, LIMITS).unwrap_err(), damaged);
    for at in 0..bob.store.account.len() {
        for bit in 0..8 {
            let mut flipped = bob.store.account.clone();
            flipped[at] ^= 1 << bit;
            if let Ok(account) = Account::from_records(&flipped, &rows, LIMITS) {
                assert_eq!(account.record().as_bytes(), masked(&flipped, &account), "byte {at}");
            }
        }
    }
    // Ids that are there and unused at once, or of two kinds.
    let ids = 4 + 8 + 16 + 64 + 4;
    let mut unsound = bob.store.account.clone();
    unsound[ids] = 2;
    assert_eq!(Account::from_records(&unsound, &rows, LIMITS).unwrap_err(), damaged);
    let mut unsound = bob.store.account.clone();
    unsound[ids + 7] = 2;
    assert_eq!(Account::from_records(&unsound, &rows, LIMITS).unwrap_err(), damaged, "an end beyond 24 bits");
}

/// A record with the private key as it was clamped when it was read.
fn masked(record: &[u8], account: &Account) -> Vec<u8> {
    let mut record = record.to_vec();
    let private = 4 + 8 + 16 + 32;
    record[private..private + 32].copy_from_slice(account.identity().private().as_bytes());
    record
}

#[test]
fn a_damaged_record_of_uses_is_refused() {
    let (mut bob, mut service) = Holder::stocked("bob", 14);
    for seed in 0..3 {
        let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, seed);
        bob.receive(&from, &message).unwrap();
    }
    service.one_time.clear();
    let row = AccountRow::LastResortUses(last_resort(&bob)[0]);
    let record = bob.store.rows[&row].clone();
    assert_eq!(record.len(), 4 + 4 + 4 + 3 * 36);
    let mut load = |bytes: Vec<u8>| {
        bob.store.rows.insert(row, bytes);
        Account::from_records(&bob.store.account, bob.store.rows.values(), LIMITS).map(drop)
    };
    for len in 4..record.len() {
        assert!(load(record[..len].to_vec()).is_err(), "{len}");
    }
    assert!(load([&record[..], &[0]].concat()).is_err());
    let mut swapped = record.clone();
    let (first, rest) = swapped[12..].split_at_mut(36);
    first.swap_with_slice(&mut rest[..36]);
    assert!(load(swapped).is_err(), "not in order");
    let mut twice = record.clone();
    twice.copy_within(12..48, 48);
    assert!(load(twice).is_err());
    assert!(load(record).is_ok());
}

/// The joint stage shows both parts, and changes neither before it is committed.
#[test]
fn session_and_account_are_stored_and_changed_together() {
    let (mut bob, mut service) = Holder::stocked("bob", 15);
    let mut alice = Peer::new("alice", &bob.address, 1);
    let first = alice.first(service.bundle(&bob), b"one");
    let second = alice.write(b"two").into_bytes();
    let mut session = bob.session(&alice.address);
    let before = (session.record(), bob.account.record());
    let message = PreKeySignalMessage::parse(&first).unwrap();
    let staged = bob.account.receive(&mut session, &message, Trust::Anyone, &mut bob.rng).unwrap();
    assert_eq!(&**staged.received(), b"one");
    let account = staged.account().unwrap();
    let used = [AccountRow::OneTimePreKey(OneTimePreKeyId(1)), AccountRow::OneTimeKemPreKey(KemPreKeyId(1))];
    assert_eq!(account.effects().delete, used);
    assert!(account.effects().put.is_empty());
    let effects = staged.session().effects();
    assert_eq!(effects.save_identity.as_ref(), Some(alice.identity.public()));
    assert_eq!((effects.delete_one_time_pre_key, &effects.kem_pre_key), (None, &None), "the account does");
    let after = (staged.session().record(), account.record());
    drop(staged);
    assert_eq!(session.record().as_bytes(), before.0.as_bytes());
    assert_eq!(bob.account.record().as_bytes(), before.1.as_bytes());
    // The generator went on, but the account's part is the same.
    let staged = bob.account.receive(&mut session, &message, Trust::Anyone, &mut bob.rng).unwrap();
    assert_eq!(staged.account().unwrap().record().as_bytes(), after.1.as_bytes());
    staged.commit();
    assert_eq!(bob.account.record().as_bytes(), after.1.as_bytes());
    let message = PreKeySignalMessage::parse(&second).unwrap();
    let staged = bob.account.receive(&mut session, &message, Trust::Anyone, &mut bob.rng).unwrap();
    assert!(staged.account().is_none());
    assert_eq!(&*staged.commit(), b"two");
}

/// A session that was retired is read, and leaves the one that came after it in its place.
#[test]
fn a_message_on_a_retired_session_leaves_the_current_one_alone() {
    let (mut bob, mut service) = Holder::stocked("bob", 17);
    let mut alice = Peer::new("alice", &bob.address, 1);
    let mut session = bob.session(&alice.address);
    let bundles = [(); 3].map(|()| service.bundle(&bob));
    let mut receive = |session: &mut Session, bytes: &[u8]| {
        let message = PreKeySignalMessage::parse(bytes).unwrap();
        let staged = bob.account.receive(session, &message, Trust::Anyone, &mut bob.rng).unwrap();
        let promised = staged.session().record();
        let text = staged.commit();
        assert_eq!(promised.as_bytes(), session.record().as_bytes());
        text.to_vec()
    };
    let mut late = Vec::new();
    let [first, second, third] = bundles;
    for (bundle, text) in [(first, b"one"), (second, b"two")] {
        let message = alice.first(bundle, text);
        assert_eq!(receive(&mut session, &message), text);
        late.push(alice.write(b"late").into_bytes());
    }
    let staged = session.retire();
    let promised = staged.record();
    staged.commit();
    assert_eq!(promised.as_bytes(), session.record().as_bytes());
    assert_eq!((session.has_current(), session.retired_len()), (false, 2));
    // Late ones of both are read while there is no current session, and while there is one.
    assert_eq!(receive(&mut session, &late[0]), b"late");
    assert!(!session.has_current());
    let message = alice.first(third, b"three");
    assert_eq!(receive(&mut session, &message), b"three");
    let base_key = *session.base_key().unwrap();
    assert_eq!(receive(&mut session, &late[1]), b"late");
    assert_eq!((session.base_key(), session.retired_len(), session.archived_len()), (Some(&base_key), 2, 2));
    // Archived and promoted as ever, between the retired ones.
    session.archive().commit();
    let message = alice.write(b"four").into_bytes();
    assert_eq!(receive(&mut session, &message), b"four");
    assert_eq!((session.base_key(), session.retired_len(), session.archived_len()), (Some(&base_key), 2, 2));
}

#[test]
fn one_last_resort_use_rewrites_one_small_row() {
    let (mut bob, mut service) = Holder::stocked("bob", 16);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    let mut session = bob.session(&from);
    let message = PreKeySignalMessage::parse(&message).unwrap();
    let staged = bob.account.receive(&mut session, &message, Trust::Anyone, &mut bob.rng).unwrap();
    let account = staged.account().unwrap();
    let put: Vec<_> =
        account.effects().put.iter().map(|(row, record)| (*row, record.as_bytes().len())).collect();
    assert_eq!(put, [(AccountRow::LastResortUses(KemPreKeyId(5)), 48)]);
    assert!(account.effects().delete.is_empty());
    assert!(account.record().as_bytes().len() < 400);
    drop(staged);
    service.one_time.clear();
}

/// Keys of another implementation.
struct Foreign {
    identity: IdentityKeyPair,
    rng: ChaCha20Rng,
}

impl Foreign {
    fn new() -> Self {
        let mut rng = rng(77);
        Self { identity: IdentityKeyPair::generate(&mut rng), rng }
    }

    fn import(&self) -> AccountImport {
        AccountImport::new(self.identity(), 0x12345, START)
    }

    fn identity(&self) -> IdentityKeyPair {
        IdentityKeyPair::from_record(self.identity.record().as_bytes()).unwrap()
    }

    fn signed(&mut self, id: u32, age: Duration) -> SignedPreKey {
        let made =
            accounts::later(START, Duration::ZERO).as_millis() - u64::try_from(age.as_millis()).unwrap();
        let made = subrosa::Timestamp::from_millis(made);
        SignedPreKey::generate(SignedPreKeyId(id), &self.identity, made, &mut self.rng)
    }

    fn kem(&mut self, id: u32, age: Duration) -> KemPreKey {
        let made = START.as_millis() - u64::try_from(age.as_millis()).unwrap();
        let made = subrosa::Timestamp::from_millis(made);
        KemPreKey::generate(KemPreKeyId(id), &self.identity, made, &mut self.rng)
    }

    fn one_time(&mut self, id: u32) -> OneTimePreKey {
        OneTimePreKey::generate(OneTimePreKeyId(id), &mut self.rng)
    }
}

#[test]
fn an_import_uses_the_newest_keys_and_keeps_the_older_ones_for_their_grace() {
    let mut foreign = Foreign::new();
    let mut import = foreign.import();
    for (id, age) in [(0, 5), (9, 1), (4, 3)] {
        import.signed_pre_key(foreign.signed(id, age * DAY)).unwrap();
        import.last_resort_kem_pre_key(foreign.kem(id, age * DAY).into()).unwrap();
    }
    let account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    assert_eq!(account.registration_id(), 0x12345);
    assert!(account.upload().is_empty());
    let full = ServiceCounts { one_time: 9, one_time_kem: 9 };
    assert!(!account.plan(START, full).rotates(), "the newest is a day old");
    assert!(account.plan(accounts::later(START, DAY), full).rotates());
    let expired = account.plan(accounts::later(START, 90 * DAY), full).expired;
    assert_eq!(expired.len(), 2 + 4, "{expired:?}");
    assert!(!expired.iter().any(|row| row.id() == 9));
    assert!(account.plan(accounts::later(START, 89 * DAY), full).expired.is_empty());
}

#[test]
fn an_import_continues_above_all_ids_or_where_it_is_told() {
    let mut foreign = Foreign::new();
    let mut import = foreign.import();
    for id in [3, 900, 0] {
        import.one_time_pre_key(foreign.one_time(id)).unwrap();
    }
    import.one_time_kem_pre_key(foreign.kem(500, DAY).into()).unwrap();
    import.last_resort_kem_pre_key(foreign.kem(700, DAY).into()).unwrap();
    import.next_id(IdSpace::Kem, 701);
    let account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    assert_eq!(account.next_id(IdSpace::OneTime), Some(900 + 65_536));
    assert_eq!(account.next_id(IdSpace::Signed), Some(1));
    assert_eq!(account.next_id(IdSpace::Kem), Some(701));

    // Deployed clients begin at random, and at 0 again after 2^24 - 1.
    let near_the_end = (1 << 24) - 10;
    let with = |foreign: &mut Foreign, next: Option<u32>| {
        let mut import = foreign.import();
        for id in [near_the_end, 0, 1, u32::MAX] {
            import.one_time_pre_key(foreign.one_time(id)).unwrap();
        }
        if let Some(next) = next {
            import.next_id(IdSpace::OneTime, next);
        }
        import.finish(LIMITS, &mut rng(1)).map(NewAccount::commit)
    };
    let exhausted = IdsExhausted { space: IdSpace::OneTime };
    assert_eq!(with(&mut foreign, None).unwrap_err(), exhausted, "it must be told");
    for next in [0, 1, near_the_end, 1 << 24, u32::MAX] {
        assert_eq!(with(&mut foreign, Some(next)).unwrap_err(), exhausted, "{next} is not free");
    }
    let mut account = with(&mut foreign, Some(2)).unwrap();
    assert_eq!(account.next_id(IdSpace::OneTime), Some(2));
    account.refill(START, NONE, &mut rng(2)).unwrap().unwrap().commit();
    let again = Account::from_records(
        account.record().as_bytes(),
        account.rows().iter().map(|(_, record)| record.as_bytes()),
        LIMITS,
    );
    assert_eq!(again.unwrap().next_id(IdSpace::OneTime), Some(6));
    // It ends before the next one that is there.
    let mut account = with(&mut foreign, Some(near_the_end - 3)).unwrap();
    assert_eq!(account.refill(START, NONE, &mut rng(2)).unwrap_err(), exhausted);
}

#[test]
fn an_import_refuses_what_is_not_sound() {
    let mut foreign = Foreign::new();
    let mut import = foreign.import();
    import.one_time_pre_key(foreign.one_time(1)).unwrap();
    let row = AccountRow::OneTimePreKey(OneTimePreKeyId(1));
    assert_eq!(import.one_time_pre_key(foreign.one_time(1)), Err(ImportError::Twice(row)));
    import.one_time_kem_pre_key(foreign.kem(1, DAY).into()).unwrap();
    let row = AccountRow::LastResortKemPreKey(KemPreKeyId(1));
    let twice = import.last_resort_kem_pre_key(foreign.kem(1, DAY).into());
    assert_eq!(twice, Err(ImportError::Twice(row)), "one-time and last-resort share their ids");
    import.last_resort_kem_pre_key(foreign.kem(2, DAY).into()).unwrap();
    let row = AccountRow::OneTimeKemPreKey(KemPreKeyId(2));
    assert_eq!(import.one_time_kem_pre_key(foreign.kem(2, DAY).into()), Err(ImportError::Twice(row)));

    let mut other = Foreign { identity: IdentityKeyPair::generate(&mut rng(5)), rng: rng(6) };
    let row = AccountRow::SignedPreKey(SignedPreKeyId(3));
    assert_eq!(import.signed_pre_key(other.signed(3, DAY)), Err(ImportError::NotSigned(row)));
    let row = AccountRow::OneTimeKemPreKey(KemPreKeyId(3));
    assert_eq!(import.one_time_kem_pre_key(other.kem(3, DAY).into()), Err(ImportError::NotSigned(row)));
    let row = AccountRow::LastResortKemPreKey(KemPreKeyId(3));
    assert_eq!(import.last_resort_kem_pre_key(other.kem(3, DAY).into()), Err(ImportError::NotSigned(row)));
    let base_key = *KeyPair::generate(&mut rng(7)).public();
    let used = KemPreKeyUse { kem: KemPreKeyId(1), signed: SignedPreKeyId(1), base_key };
    assert_eq!(import.used(&used), Err(ImportError::NoLastResort(KemPreKeyId(1))));
    let used = KemPreKeyUse { kem: KemPreKeyId(2), ..used };
    import.used(&used).unwrap();
    import.used(&used).unwrap();
    let account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    assert_eq!(account.last_resort_uses().collect::<Vec<_>>(), [used]);
    assert_eq!(account.rows().len(), 4);
}

#[test]
fn stored_keys_that_are_not_sound_are_refused() {
    let mut foreign = Foreign::new();
    let signed = foreign.signed(3, DAY).to_libsignal_record();
    let kem = foreign.kem(3, DAY).to_libsignal_record();
    let one_time = foreign.one_time(3).to_libsignal_record();
    let identity = foreign.identity.to_libsignal_record();
    assert_eq!(identity.len(), 69);
    let protobuf = |error| assert_eq!(error, StoredKeyError::InvalidProtobuf);
    protobuf(SignedPreKey::from_libsignal_record(&[9]).unwrap_err());
    protobuf(KemPreKey::from_libsignal_record(&[9]).unwrap_err());
    protobuf(OneTimePreKey::from_libsignal_record(&[9]).unwrap_err());
    protobuf(IdentityKeyPair::from_libsignal_record(&[9]).unwrap_err());
    let unsound = |error| assert_eq!(error, StoredKeyError::Unsound);
    unsound(SignedPreKey::from_libsignal_record(&[]).unwrap_err());
    unsound(KemPreKey::from_libsignal_record(&signed).unwrap_err());
    unsound(OneTimePreKey::from_libsignal_record(&kem).unwrap_err());
    unsound(IdentityKeyPair::from_libsignal_record(&identity[..35]).unwrap_err());
    let flipped = |record: &[u8], at: usize| {
        let mut record = record.to_vec();
        record[at] ^= 4;
        record
    };
    let mismatch = |error| assert_eq!(error, StoredKeyError::Mismatch);
    mismatch(SignedPreKey::from_libsignal_record(&flipped(&signed, 20)).unwrap_err());
    mismatch(OneTimePreKey::from_libsignal_record(&flipped(&one_time, 20)).unwrap_err());
    mismatch(IdentityKeyPair::from_libsignal_record(&flipped(&identity, 50)).unwrap_err());
    mismatch(KemPreKey::from_libsignal_record(&flipped(&kem, 500)).unwrap_err());
    assert_eq!(signed[71..73], [0x22, 64], "the signature's tag and length");
    let without = [&signed[..71], &signed[137..]].concat();
    let error = SignedPreKey::from_libsignal_record(&without).unwrap_err();
    assert_eq!(error, StoredKeyError::BadSignature);
    // Some of this is in the halves that nothing is computed from here; peers would notice.
    assert!(KemPreKey::from_libsignal_record(&flipped(&kem, 1_700)).is_ok());
}

/// A session's first messages can be received without the account, too, with its keys lent by the caller; the
/// effects say then what the account would do.
#[test]
fn a_session_tells_the_same_story_without_an_account() {
    let (bob, mut service) = Holder::stocked("bob", 18);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 1);
    let message = PreKeySignalMessage::parse(&message).unwrap();
    let mut session = Session::new(bob.address.clone(), from);
    let admission = session.admit(&bob.account.local(), &message, Trust::Anyone).unwrap();
    let subrosa::Admission::New(new) = admission else { panic!("there is no session") };
    let needed = new.needed();
    let row = |row| &bob.store.rows[&row];
    let signed = SignedPreKey::from_record(row(AccountRow::SignedPreKey(needed.signed))).unwrap();
    let one_time =
        OneTimePreKey::from_record(row(AccountRow::OneTimePreKey(needed.one_time.unwrap()))).unwrap();
    let kem =
        OneTimeKemPreKey::from_record(row(AccountRow::OneTimeKemPreKey(needed.kem.unwrap().kem))).unwrap();
    let keys = subrosa::ResponderKeys {
        signed: &signed,
        one_time: Some(one_time),
        kem: Some(subrosa::KemKey::OneTime(kem)),
    };
    let staged = new.accept(keys, &mut rng(1)).unwrap();
    assert_eq!(staged.effects().delete_one_time_pre_key, needed.one_time);
    assert!(staged.effects().kem_pre_key.is_some());
}
