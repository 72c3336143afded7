// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of accounts: those that do not go together, and damaged ones.

use crate::accounts::{Holder, LIMITS, NONE, Store, stranger};

use subrosa::account::LoadError;
use subrosa::prekey::{OneTimePreKeyId, SignedPreKeyId};
use subrosa::store;
use subrosa::{Account, DecryptError, NamedPreKey, RecordError};

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
    let rows = |store: &Store, without: Option<store::Key>| -> Vec<Vec<u8>> {
        store.rows.iter().filter(|(row, _)| Some(**row) != without).map(|(_, bytes)| bytes.clone()).collect()
    };
    for row in new.rows.keys() {
        let rows = rows(&new, Some(*row));
        assert_eq!(load(&new.account, rows.iter().collect()), Err(LoadError::Missing(*row)));
    }
    let all = rows(&new, None);
    for row in &all {
        let twice: Vec<_> = all.iter().chain([row]).collect();
        assert!(matches!(load(&new.account, twice), Err(LoadError::Twice(_))));
    }
    let newer = load(&old.account, all.iter().collect());
    assert_eq!(newer, Err(LoadError::Newer(store::Key::OneTimePreKey(OneTimePreKeyId(5)))));
    let older = rows(&old, None);
    let deleted = load(&new.account, older.iter().collect());
    assert_eq!(deleted, Err(LoadError::Deleted(store::Key::OneTimePreKey(OneTimePreKeyId(1)))));
    let mut damaged = all.clone();
    damaged[3].pop();
    let error = LoadError::Row { at: 3, error: RecordError::Damaged };
    assert_eq!(load(&new.account, damaged.iter().collect()), Err(error));
    damaged[3] = new.account.clone();
    let error = LoadError::Row { at: 3, error: RecordError::WrongKind };
    assert_eq!(load(&new.account, damaged.iter().collect()), Err(error));
    damaged[3] = b"sr".to_vec();
    let error = LoadError::Row { at: 3, error: RecordError::NotARecord };
    assert_eq!(load(&new.account, damaged.iter().collect()), Err(error));
    let error = LoadError::Account(RecordError::WrongKind);
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
    let signed = store::Key::SignedPreKey(SignedPreKeyId(1));
    let uses = store::Key::LastResortUses(bob.last_resort()[0]);
    let lost = store::Key::OneTimePreKey(OneTimePreKeyId(2));
    bob.store.rows.remove(&lost).unwrap();
    bob.store.rows.remove(&uses).unwrap();
    // A row of an account that came further.
    let (mut twin, _) = Holder::stocked("bob", 12);
    twin.refill(NONE);
    let newer = store::Key::OneTimePreKey(OneTimePreKeyId(5));
    bob.store.rows.insert(newer, twin.store.rows[&newer].clone());

    let (salvaged, errors) = Account::salvage(&bob.store.account, bob.store.rows.values(), LIMITS).unwrap();
    let expected = [LoadError::Newer(newer), LoadError::Missing(lost), LoadError::Missing(uses)];
    assert_eq!(errors, expected);
    let with_it = store::Key::LastResortKemPreKey(bob.last_resort()[0]);
    for row in [newer, lost, uses, with_it] {
        assert!(salvaged.effects().delete.contains(&row));
        bob.store.rows.remove(&row);
    }
    bob.store.account = salvaged.record().as_bytes().to_vec();
    bob.account = salvaged.commit();
    bob.check();
    assert!(bob.store.rows.contains_key(&signed));
    bob.receive(&alice.0, &alice.1).unwrap();
    let gone = DecryptError::Gone(NamedPreKey::OneTime(OneTimePreKeyId(2)));
    assert_eq!(bob.receive(&carol.0, &carol.1), Err(gone));
    bob.recover(Some(&service.token.unwrap()));
    bob.maintain(&mut service);
    let dave = stranger(service.bundle(&bob), &bob.address, 3);
    bob.receive(&dave.0, &dave.1).unwrap();
    assert_eq!(Account::salvage(b"sr", [b""], LIMITS).unwrap_err(), RecordError::NotARecord);
}

/// A last-resort KEM prekey goes together with its uses, whichever of them is lost.
#[test]
fn what_is_left_of_a_last_resort_kem_pre_key_is_dropped() {
    let (mut bob, _) = Holder::stocked("bob", 15);
    let id = bob.last_resort()[0];
    let both = [store::Key::LastResortKemPreKey(id), store::Key::LastResortUses(id)];
    for lost in both {
        let row = bob.store.rows.remove(&lost).unwrap();
        let (salvaged, errors) =
            Account::salvage(&bob.store.account, bob.store.rows.values(), LIMITS).unwrap();
        assert_eq!(errors, [LoadError::Missing(lost)]);
        assert_eq!(salvaged.effects().delete, both);
        bob.store.rows.insert(lost, row);
    }
}

#[test]
fn a_damaged_account_record_is_refused_or_another_account() {
    let (mut bob, service) = Holder::stocked("bob", 13);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.receive(&from, &message).unwrap();
    let rows: Vec<_> = bob.store.rows.values().cloned().collect();
    for len in 0..bob.store.account.len() {
        let error = Account::from_records(&bob.store.account[..len], &rows, LIMITS).unwrap_err();
        assert!(matches!(error, LoadError::Account(_)), "{len}: {error:?}");
    }
    let longer = [&bob.store.account[..], &[0]].concat();
    let damaged = LoadError::Account(RecordError::Damaged);
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
    let row = store::Key::LastResortUses(bob.last_resort()[0]);
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
