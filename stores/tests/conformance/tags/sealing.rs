// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a thief of a store learns of its tags: in a sealed one nothing, in a plain one all.

use subrosa::rose::TagOwner;
use subrosa_stores::redb::RedbStore;
use subrosa_stores::sqlite::SqliteStore;
use subrosa_stores::{Sealing, Transaction};

use super::parties::name;
use super::scale::{key, rows};
use super::transactions::peers;
use crate::subject::{Opened, Subject};

const TAG: [u8; 16] = *b"tag on the wire!";

fn owners() -> [TagOwner; 2] {
    [TagOwner::Session(name("whose it is", 1)), TagOwner::Group(name("whose it is", 1), [9; 16])]
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

pub fn tags_and_who_expects_them_are_sealed(subject: &dyn Subject) {
    if !subject.is_whole() {
        return;
    }
    let mut store = subject.open();
    store.apply(Transaction::of(rows(owners().map(|owner| (TAG, owner))))).unwrap();
    let mut found = store.expecting(&TAG);
    found.sort_unstable();
    assert_eq!(found, owners());
    drop(store);
    let bytes = subject.bytes();
    let account = name("whose it is", 1).account();
    let secrets = [("tag", &TAG[..8]), ("name", &account[..]), ("group", &[9; 16])];
    let held: Vec<_> = secrets.iter().filter(|(_, secret)| holds(&bytes, secret)).collect();
    assert!(held.is_empty(), "{held:?}");
    // Nor do those of sessions that go on, whose names are keys of other rows.
    let (hub, _) = peers(subject, 20);
    let table: Vec<_> = hub.table().into_iter().collect();
    assert!(table.len() >= 20 * 32);
    drop(hub);
    let bytes = subject.bytes();
    for (tag, _) in table {
        assert!(!holds(&bytes, &tag[..8]), "{tag:?}");
    }
}

/// The key of a row is that of the record, byte for byte, as [`subrosa::store::Key`] has it.
#[test]
fn a_plain_store_keeps_tags_under_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["redb", "sqlite"].map(|name| folder.path().join(name));
    let stores: [Box<dyn Opened>; 2] = [
        Box::new(RedbStore::open(&paths[0], Sealing::Plain).unwrap()),
        Box::new(SqliteStore::open(&paths[1], Sealing::Plain).unwrap()),
    ];
    for (mut store, path) in stores.into_iter().zip(&paths) {
        store.apply(Transaction::of(rows(owners().map(|owner| (TAG, owner))))).unwrap();
        assert_eq!(store.expecting(&TAG), owners());
        drop(store);
        let bytes = std::fs::read(path).unwrap();
        for owner in owners() {
            assert!(holds(&bytes, &key(TAG, owner).to_bytes()), "{}", path.display());
        }
    }
}
