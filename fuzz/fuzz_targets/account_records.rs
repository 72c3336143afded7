// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of an account, each behind its length: its own, then its rows. What can be salvaged reads again as the
//! same, and goes on: each staged record is the one after the commit.

#![no_main]

#[path = "../support/staged.rs"]
mod staged;

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::store::Key;
use subrosa::{Account, Address, DeviceId, Staged, Timestamp, account};

fuzz_target!(|bytes: &[u8]| {
    let limits = account::Limits { batch: 1, low: 1, ..account::Limits::default() };
    let mut parts = parts(bytes);
    let Some((own, rows)) = parts.split_first_mut() else { return };
    let strict = Account::from_records(address(), own, rows.iter(), limits);
    let Ok((salvaged, errors)) = Account::salvage(address(), own, rows.iter(), limits) else {
        assert!(strict.is_err());
        return;
    };
    assert_eq!(strict.is_ok(), errors.is_empty());
    let (mut account, record) = staged::commit(salvaged, &Key::Account);
    staged::check(&account.record(), record.as_ref());
    check(&account, limits);

    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let (now, counts) = (Timestamp::from_secs(1_700_000_000), account::Counts::default());
    go_on(&mut account, |account| account.maintain(counts, now, &mut rng).ok());
    let upload = account.upload();
    go_on(&mut account, |account| account.confirm_uploaded(&upload, now).ok());
    assert!(account.upload().is_empty());
    go_on(&mut account, |account| account.recover(None, now, &mut rng).ok());
    check(&account, limits);
});

fn address() -> Address {
    Address::new("alice", DeviceId::PRIMARY)
}

/// Commits what an operation staged. If it staged a record, that is the one after the commit; if none, the record stays.
fn go_on<T>(account: &mut Account, operate: impl FnOnce(&mut Account) -> Option<Staged<'_, T>>) {
    let before = account.record();
    let Some(staged) = operate(account) else { return };
    let (_, record) = staged::commit(staged, &Key::Account);
    staged::check(&account.record(), Some(record.as_ref().unwrap_or(&before)));
}

/// Reads the account again.
fn check(account: &Account, limits: account::Limits) {
    let record = account.record();
    let rows = account.rows();
    let rows = rows.iter().map(|(_, record)| record.as_bytes());
    let again = Account::from_records(address(), record.as_bytes(), rows, limits).unwrap();
    assert_eq!(again.record().as_bytes(), record.as_bytes());
}

/// Cuts the input at lengths of two bytes.
fn parts(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((len, rest)) = bytes.split_first_chunk::<2>() {
        let (part, rest) = rest.split_at(usize::from(u16::from_le_bytes(*len)).min(rest.len()));
        parts.push(part);
        bytes = rest;
    }
    parts
}
