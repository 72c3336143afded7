// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of an account, each behind its length: its own, then its rows. What can be salvaged reads again as the
//! same, and goes on: each staged record is the one after the commit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::{Account, Staged, Timestamp, account};

fuzz_target!(|bytes: &[u8]| {
    let limits = account::Limits { batch: 1, low: 1, ..account::Limits::default() };
    let mut parts = parts(bytes);
    let Some((own, rows)) = parts.split_first_mut() else { return };
    let strict = Account::from_records(own, rows.iter(), limits);
    let Ok((salvaged, errors)) = Account::salvage(own, rows.iter(), limits) else {
        assert!(strict.is_err());
        return;
    };
    assert_eq!(strict.is_ok(), errors.is_empty());
    let mut account = salvaged.commit();
    check(&account, limits);

    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let (now, counts) = (Timestamp::from_secs(1_700_000_000), account::Counts::default());
    if let Some(staged) = account.delete_expired(now) {
        commit(staged);
    }
    if let Ok(Some(staged)) = account.refill(now, counts, &mut rng) {
        commit(staged);
    }
    let upload = account.upload();
    commit(account.confirm_uploaded(&upload, now));
    assert!(account.upload().is_empty());
    if let Ok(staged) = account.recover(None, now, &mut rng) {
        commit(staged);
    }
    check(&account, limits);
});

fn commit(staged: Staged<'_, Account, ()>) {
    drop(staged.record());
    staged.commit();
}

/// Reads the account again.
fn check(account: &Account, limits: account::Limits) {
    let record = account.record();
    let rows = account.rows();
    let rows = rows.iter().map(|(_, record)| record.as_bytes());
    let again = Account::from_records(record.as_bytes(), rows, limits).unwrap();
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
