// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of accounts: those that do not go together, and damaged ones.

use crate::accounts::{Holder, LIMITS, NONE, stranger};
use crate::deleted;
use crate::device::Store;

use subrosa::account::LoadError;
use subrosa::prekey::{OneTimePreKeyId, SignedPreKeyId};
use subrosa::store::{Key, Write};
use subrosa::{Account, Address, DecryptError, RecordError, Staged};

#[test]
fn records_of_different_times_are_refused() {
    let (mut bob, mut service) = Holder::stocked("bob", 11);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.receive(&from, &message).unwrap();
    let old = bob.store.clone();
    bob.upkeep(NONE);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 2);
    bob.receive(&from, &message).unwrap();
    let new = bob.store.clone();
    let load = |account: &[u8], rows: Vec<&Vec<u8>>| {
        Account::from_records(bob.address.clone(), account, rows, LIMITS).map(|account| account.generation())
    };
    let rows = |store: &Store, without: Option<&Key>| -> Vec<Vec<u8>> {
        store.rows.iter().filter(|(row, _)| Some(*row) != without).map(|(_, bytes)| bytes.clone()).collect()
    };
    for row in new.rows.keys() {
        let rows = rows(&new, Some(row));
        assert_eq!(load(&new.account, rows.iter().collect()), Err(LoadError::Missing(row.clone())));
    }
    let all = rows(&new, None);
    for row in &all {
        let twice: Vec<_> = all.iter().chain([row]).collect();
        assert!(matches!(load(&new.account, twice), Err(LoadError::Twice(_))));
    }
    let newer = load(&old.account, all.iter().collect());
    assert_eq!(newer, Err(LoadError::Newer(Key::OneTimePreKey(OneTimePreKeyId(5)))));
    let older = rows(&old, None);
    let deleted = load(&new.account, older.iter().collect());
    assert_eq!(deleted, Err(LoadError::Deleted(Key::OneTimePreKey(OneTimePreKeyId(1)))));
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

type Salvaged = (Staged<'static, Account>, Vec<LoadError>);

fn salvage(holder: &Holder) -> Result<Salvaged, LoadError> {
    let Store { account, rows, .. } = &holder.store;
    Account::salvage(holder.address.clone(), account, rows.values(), LIMITS)
}

/// What is left of a damaged store goes on.
#[test]
fn a_damaged_store_is_salvaged() {
    let (mut bob, mut service) = Holder::stocked("bob", 12);
    let alice = stranger(service.bundle(&bob), &bob.address, 1);
    let carol = stranger(service.bundle(&bob), &bob.address, 2);
    let signed = Key::SignedPreKey(SignedPreKeyId(1));
    let uses = Key::LastResortUses(bob.last_resort()[0]);
    let lost = Key::OneTimePreKey(OneTimePreKeyId(2));
    bob.store.rows.remove(&lost).unwrap();
    bob.store.rows.remove(&uses).unwrap();
    // A row of an account that came further.
    let (mut twin, _) = Holder::stocked("bob", 12);
    twin.upkeep(NONE);
    let newer = Key::OneTimePreKey(OneTimePreKeyId(5));
    bob.store.rows.insert(newer.clone(), twin.store.rows[&newer].clone());

    let generation = bob.account.generation();
    let (staged, errors) = salvage(&bob).unwrap();
    let expected =
        [LoadError::Newer(newer.clone()), LoadError::Missing(lost.clone()), LoadError::Missing(uses.clone())];
    assert_eq!(errors, expected);
    let with_it = Key::LastResortKemPreKey(bob.last_resort()[0]);
    let writes = staged.writes();
    assert_eq!(deleted(&writes), [newer, lost, uses, with_it].into());
    for write in writes {
        match write {
            Write::Put { key: Key::Account, record, generation: Some(written) } => {
                assert_eq!(written, generation + 1);
                bob.store.account = record.as_bytes().to_vec();
            }
            Write::Delete { key } => drop(bob.store.rows.remove(&key)),
            other @ Write::Put { .. } => panic!("{other:?}"),
        }
    }
    bob.account = staged.commit();
    assert_eq!(bob.account.generation(), generation + 1);
    bob.check();
    assert!(bob.store.rows.contains_key(&signed));
    bob.receive(&alice.0, &alice.1).unwrap();
    let gone = DecryptError::MissingPreKey { key: Key::OneTimePreKey(OneTimePreKeyId(2)), issued: true };
    assert_eq!(bob.receive(&carol.0, &carol.1), Err(gone));
    bob.recover(Some(&service.token.unwrap()));
    bob.maintain(&mut service);
    let dave = stranger(service.bundle(&bob), &bob.address, 3);
    bob.receive(&dave.0, &dave.1).unwrap();
    let unreadable = LoadError::Account(RecordError::NotARecord);
    assert_eq!(Account::salvage(bob.address, b"sr", [b""], LIMITS).unwrap_err(), unreadable);
}

/// A last-resort KEM prekey goes together with its uses, whichever of them is lost.
#[test]
fn a_last_resort_kem_pre_key_is_dropped_without_its_uses() {
    let (mut bob, _) = Holder::stocked("bob", 15);
    let id = bob.last_resort()[0];
    let both = [Key::LastResortKemPreKey(id), Key::LastResortUses(id)];
    for lost in both.clone() {
        let row = bob.store.rows.remove(&lost).unwrap();
        let (staged, errors) = salvage(&bob).unwrap();
        assert_eq!(errors, [LoadError::Missing(lost.clone())]);
        assert_eq!(deleted(&staged.writes()), both.clone().into());
        drop(staged);
        bob.store.rows.insert(lost, row);
    }
}

#[test]
fn a_damaged_account_record_is_refused_or_another_account() {
    let (mut bob, service) = Holder::stocked("bob", 13);
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.receive(&from, &message).unwrap();
    let load =
        |account: &[u8]| Account::from_records(bob.address.clone(), account, bob.store.rows.values(), LIMITS);
    for len in 0..bob.store.account.len() {
        let error = load(&bob.store.account[..len]).unwrap_err();
        assert!(matches!(error, LoadError::Account(_)), "{len}: {error:?}");
    }
    let longer = [&bob.store.account[..], &[0]].concat();
    let damaged = LoadError::Account(RecordError::Damaged);
    assert_eq!(load(&longer).unwrap_err(), damaged);
    for at in 0..bob.store.account.len() {
        for bit in 0..8 {
            let mut flipped = bob.store.account.clone();
            flipped[at] ^= 1 << bit;
            if let Ok(account) = load(&flipped) {
                assert_eq!(account.record().as_bytes(), masked(&flipped, &account), "byte {at}");
            }
        }
    }
    // Ids that are there and unused at once, or of two kinds.
    let ids = 4 + 8 + 8 + 16 + 64 + 4;
    let mut unsound = bob.store.account.clone();
    unsound[ids] = 2;
    assert_eq!(load(&unsound).unwrap_err(), damaged);
    let mut ends_at = bob.store.account.clone();
    ends_at[ids + 4..ids + 8].copy_from_slice(&(1_u32 << 31).to_le_bytes());
    assert!(load(&ends_at).is_ok());
    ends_at[ids + 4] = 1;
    assert_eq!(load(&ends_at).unwrap_err(), damaged, "an id beyond 31 bits");
}

/// A record with the private key as it was clamped when it was read.
fn masked(record: &[u8], account: &Account) -> Vec<u8> {
    let mut record = record.to_vec();
    let private = 4 + 8 + 8 + 16 + 32;
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
    let row = Key::LastResortUses(bob.last_resort()[0]);
    let record = bob.store.rows[&row].clone();
    assert_eq!(record.len(), 4 + 4 + 4 + 3 * 36);
    let mut load = |bytes: Vec<u8>| {
        bob.store.rows.insert(row.clone(), bytes);
        let (address, rows) = (bob.address.clone(), bob.store.rows.values());
        Account::from_records(address, &bob.store.account, rows, LIMITS).map(drop)
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

/// Rows of another account, or of another time, do not load beside an account's record.
#[test]
fn rows_of_two_accounts_or_times_do_not_go_together() {
    let (mut bob, service) = Holder::stocked("bob", 21);
    let (twin, _) = Holder::stocked("bob", 22);
    assert_eq!(bob.rows(), twin.rows(), "the same ids");
    let load = |store: &Store| {
        Account::from_records(bob.address.clone(), &store.account, store.rows.values(), LIMITS).map(drop)
    };
    assert_eq!(load(&bob.store), Ok(()));
    for (key, row) in &twin.store.rows {
        let mut mixed = bob.store.clone();
        mixed.rows.insert(key.clone(), row.clone());
        // An empty list of uses is that of any key.
        match (key, load(&mixed)) {
            (Key::LastResortUses(_), Ok(())) => {}
            (Key::LastResortKemPreKey(id), Err(LoadError::Foreign(found))) => {
                assert_eq!(found, Key::LastResortUses(*id));
            }
            (_, outcome) => assert_eq!(outcome, Err(LoadError::Foreign(key.clone()))),
        }
    }
    let others =
        Account::from_records(Address::new("eve", 1), &bob.store.account, bob.store.rows.values(), LIMITS);
    assert_eq!(others.map(drop), Err(LoadError::Account(RecordError::OtherOwner)));

    // A stale list of uses would let a replay through.
    let before = bob.store.clone();
    let (from, message) = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.receive(&from, &message).unwrap();
    let uses = Key::LastResortUses(bob.last_resort()[0]);
    let mut stale = bob.store.clone();
    stale.rows.insert(uses.clone(), before.rows[&uses].clone());
    let load = |store: &Store| {
        Account::from_records(bob.address.clone(), &store.account, store.rows.values(), LIMITS).map(drop)
    };
    assert_eq!(load(&stale), Err(LoadError::Foreign(uses.clone())));
    let mut newer = before;
    newer.rows.insert(uses.clone(), bob.store.rows[&uses].clone());
    assert_eq!(load(&newer), Err(LoadError::Foreign(uses)));
    // Salvaged, the account goes on without what does not belong to it.
    let staged = Account::salvage(bob.address.clone(), &stale.account, stale.rows.values(), LIMITS);
    let (staged, errors) = staged.unwrap();
    assert!(errors.iter().any(|error| matches!(error, LoadError::Foreign(_))), "{errors:?}");
    assert_eq!(staged.commit().last_resort_kem_pre_keys().count(), 0);
}
