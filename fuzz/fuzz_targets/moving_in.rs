// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device of libsignal's moves in: its identity, then any of its records, each behind its length and a byte that
//! says what it is taken for. The account goes on, and gives out no id that is there; sessions are given back as
//! they came.

#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{IdSpace, ImportError};
use subrosa::keys::PublicKey;
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::store::{Key, Write};
use subrosa::{Account, Address, DeviceId, IdentityKeyPair, Session, Timestamp, account};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = parts(bytes).into_iter();
    let Some(identity) = parts.next().and_then(|part| IdentityKeyPair::from_libsignal_record(part).ok())
    else {
        return;
    };
    let limits = account::Limits { batch: 2, low: 1, ..account::Limits::default() };
    let now = Timestamp::from_secs(1_700_000_000);
    let mut import = account::Import::new(alice(), identity, 5, now);
    for part in parts {
        let Some((kind, record)) = part.split_first() else { continue };
        let _ = take(&mut import, *kind, record);
    }
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let Ok(new) = import.finish(limits, &mut rng) else { return };
    let mut account = new.commit();
    let there = rows(&account);
    if let Ok(staged) = account.maintain(account::Counts::default(), now, &mut rng) {
        for write in &staged.writes() {
            // Uses of a last-resort key are written with that key.
            let again = matches!(write.key(), Key::LastResortUses(_));
            let added = matches!(write, Write::Put { .. }) && !again;
            assert!(!added || !there.contains(write.key()), "an id is given out twice");
        }
        staged.commit();
    }
    let record = account.record();
    let records = account.rows();
    let records = records.iter().map(|(_, record)| record.as_bytes());
    let again = Account::from_records(alice(), record.as_bytes(), records, limits).unwrap();
    assert_eq!(rows(&again), rows(&account));
    for key in account.one_time_pre_keys() {
        assert_eq!(OneTimePreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap().id(), key.id());
    }
});

fn alice() -> Address {
    Address::new("alice", DeviceId::PRIMARY)
}

/// Whether it was taken over, if it is what it is taken for.
fn take(import: &mut account::Import, kind: u8, record: &[u8]) -> Option<Result<(), ImportError>> {
    let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    match kind % 7 {
        0 => OneTimePreKey::from_libsignal_record(record).ok().map(|key| import.one_time_pre_key(key)),
        1 => SignedPreKey::from_libsignal_record(record).ok().map(|key| import.signed_pre_key(key)),
        2 => {
            let key = OneTimeKemPreKey::from_libsignal_record(record);
            key.ok().map(|key| import.one_time_kem_pre_key(key))
        }
        3 => {
            let key = LastResortKemPreKey::from_libsignal_record(record);
            key.ok().map(|key| import.last_resort_kem_pre_key(key))
        }
        4 => {
            let base_key = record.last_chunk().map_or([9; 32], |key| *key);
            let used = KemPreKeyUse {
                kem: KemPreKeyId(number(record)),
                signed: SignedPreKeyId(number(record.get(4..).unwrap_or_default())),
                base_key: PublicKey::from_bytes(base_key),
            };
            Some(import.used(&used))
        }
        5 => {
            let spaces = [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem];
            let space = spaces[usize::from(record.get(4).copied().unwrap_or_default()) % 3];
            import.next_id(space, number(record));
            None
        }
        _ => {
            session(record);
            None
        }
    }
}

fn session(record: &[u8]) {
    let read = |record: &[u8]| {
        Session::from_libsignal_record(record, alice(), Address::new("bob", DeviceId::PRIMARY))
    };
    if let Ok(session) = read(record) {
        let given_back = session.to_libsignal_record();
        assert_eq!(*read(&given_back).unwrap().to_libsignal_record(), *given_back);
    }
}

fn rows(account: &Account) -> BTreeSet<Key> {
    account.rows().into_iter().map(|(key, _)| key).collect()
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
