// SPDX-License-Identifier: MIT OR Apache-2.0

//! Disks that are full, or take no writes. `ci/stores.sh` mounts them.

use std::path::{Path, PathBuf};

use subrosa_stores::{Queue, StoreError, Transaction};

use crate::subject::{
    KEY, Opened, open_place, open_postgres, open_postgres_at, open_redb, open_sqlite, server,
};
use crate::world::{self, LIMITS, bob};

type Open = fn(&Path, [u8; 32]) -> Result<Box<dyn Opened>, StoreError>;

const STORES: [(&str, Open); 2] = [("redb", open_redb), ("sqlite", open_sqlite)];

fn folder(variable: &str) -> PathBuf {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names the disk")).into()
}

fn generation(store: &dyn Opened) -> u64 {
    store.bulk().account(&bob(), LIMITS).unwrap().unwrap().generation()
}

#[test]
#[ignore = "needs a small disk: ci/stores.sh mounts one"]
fn on_a_full_disk_nothing_is_half_stored() {
    let folder = folder("SUBROSA_SMALL_DISK");
    for (name, open) in STORES {
        let path = folder.join(name);
        std::fs::write(folder.join("ballast"), vec![0; 1 << 18]).unwrap();
        let mut store = open(&path, KEY).unwrap();
        let mut account = world::account(&mut |writes| store.apply(writes.into()).unwrap());
        let mut stored = 0;
        let error = loop {
            let staged = account.advance().unwrap();
            match store.apply(Transaction::of(staged.writes()).received("n", &vec![0x5A; 20_000])) {
                Ok(()) => staged.commit(),
                Err(error) => break error,
            }
            stored += 1;
            assert!(stored < 10_000, "the disk is never full");
        };
        assert!(matches!(error, StoreError::Full(_) | StoreError::InDoubt(_)), "{name}: {error:?}");
        drop(store);
        std::fs::remove_file(folder.join("ballast")).unwrap(); // Somebody makes room.
        let store = open(&path, KEY).unwrap();
        let (entries, held) = (store.entries(Queue::Inbox).len(), generation(&*store));
        let after = held - (account.generation() - stored as u64);
        assert_eq!(entries as u64, after, "{name}: state and entry are stored together");
        assert!(entries == stored || (error.is_in_doubt() && entries == stored + 1), "{name}");
        drop(store);
        for file in std::fs::read_dir(&folder).unwrap() {
            std::fs::remove_file(file.unwrap().path()).unwrap();
        }
    }
}

#[test]
#[ignore = "needs two disks: ci/stores.sh mounts them"]
fn a_read_only_disk_is_named() {
    let (writable, read_only) = (folder("SUBROSA_READ_ONLY_SOURCE"), folder("SUBROSA_READ_ONLY_DISK"));
    for (name, open) in STORES {
        let path = writable.join(name);
        if !path.exists() {
            let mut store = open(&path, KEY).unwrap();
            world::account(&mut |writes| store.apply(writes.into()).unwrap());
        }
        let refused = open(&read_only.join(name), KEY).err();
        assert!(matches!(refused, Some(StoreError::ReadOnly(_))), "{name}: {refused:?}");
        let new = open(&read_only.join("new"), KEY).err();
        assert!(matches!(new, Some(StoreError::ReadOnly(_))), "{name}: {new:?}");
    }
}

#[test]
#[ignore = "needs a server: ci/stores.sh starts one"]
fn a_server_that_takes_no_writes_is_named() {
    let mut store = open_place("postgres read-only");
    let mut account = world::account(&mut |writes| store.apply(writes.into()).unwrap());
    let before = generation(&*store);
    let server = format!("{} options='-c default_transaction_read_only=on'", server());
    let refused = open_postgres_at(&server, "read-only", KEY).err();
    assert!(matches!(refused, Some(StoreError::ReadOnly(_))), "{refused:?}");
    // A server that becomes a replica while the store is open.
    let mut late = open_postgres("read-only", KEY).unwrap();
    late.execute("SET default_transaction_read_only = on");
    let refused = Opened::apply(&mut late, account.advance().unwrap().writes().into()).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused:?}");
    assert_eq!(generation(&*store), before);
}

#[test]
#[ignore = "needs a server with a small table space: ci/stores.sh makes it"]
fn a_server_with_a_full_disk_is_named() {
    let mut store = open_place("postgres full");
    let mut account = world::account(&mut |writes| store.apply(writes.into()).unwrap());
    admin("ALTER TABLE subrosa_entries SET TABLESPACE small");
    let mut stored = 0_u64;
    let error = loop {
        let staged = account.advance().unwrap();
        match store.apply(Transaction::of(staged.writes()).received("n", &vec![0x5A; 100_000])) {
            Ok(()) => staged.commit(),
            Err(error) => break error,
        }
        stored += 1;
        assert!(stored < 10_000, "the disk is never full");
    };
    let (held, entries) = (generation(&*store), store.entries(Queue::Inbox).len() as u64);
    admin("ALTER TABLE subrosa_entries SET TABLESPACE pg_default");
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    assert_eq!((held, entries), (account.generation(), stored));
}

/// Runs a statement as the server's owner.
fn admin(statement: &str) {
    open_postgres("admin", KEY).unwrap().execute(statement);
}
