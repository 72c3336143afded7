// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files that were written by half, or changed: an error, or what was stored; never another state.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use subrosa::store::Memory;
use subrosa_stores::StoreError;

use crate::subject::{InRedb, InSqlite, Opened, Subject};
use crate::world::{self, LIMITS, bob};

/// What opening a damaged store gives.
fn try_all(subject: &dyn Subject) -> Result<Vec<u64>, StoreError> {
    let store = subject.open_with(crate::subject::KEY)?;
    let memory: Memory = catch_unwind(AssertUnwindSafe(|| store.bulk())).map_err(|_| StoreError::Locked)?;
    let account = memory.account(&bob(), LIMITS)?;
    Ok(account.iter().map(subrosa::Account::generation).collect())
}

fn damaged(subject: &dyn Subject, generation: u64, damage: impl Fn(&mut Vec<u8>)) {
    let file = &subject.files()[0];
    let whole = fs::read(file).unwrap();
    let mut bytes = whole.clone();
    damage(&mut bytes);
    fs::write(file, &bytes).unwrap();
    // A database that panics about its file is not ours to mend; what matters is that no wrong state comes out.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(|| try_all(subject)));
    std::panic::set_hook(hook);
    if let Ok(Ok(found)) = outcome {
        assert!(found.iter().all(|found| *found <= generation), "a state from nowhere: {found:?}");
    }
    fs::write(file, &whole).unwrap();
}

fn all(subject: &dyn Subject) {
    let generation = {
        let mut store: Box<dyn Opened> = subject.open();
        world::account(&mut |writes| store.apply(writes.into()).unwrap()).generation()
    };
    let len = fs::read(&subject.files()[0]).unwrap().len();
    for part in 0..24 {
        damaged(subject, generation, |bytes| bytes.truncate(len * part / 24));
        damaged(subject, generation, |bytes| {
            let at = (len * part / 24).min(len - 1);
            bytes[at] ^= 0x55;
        });
        damaged(subject, generation, |bytes| {
            let at = len * part / 24;
            bytes[at..].iter_mut().take(4096).for_each(|byte| *byte = 0);
        });
    }
    assert_eq!(try_all(subject).unwrap(), [generation]);
}

#[test]
fn redb_gives_no_state_from_nowhere() {
    all(&InRedb::new());
}

#[test]
fn sqlite_gives_no_state_from_nowhere() {
    all(&InSqlite::new());
}

#[test]
fn a_file_of_something_else_is_no_store() {
    for subject in [&InRedb::new() as &dyn Subject, &InSqlite::new()] {
        drop(subject.open());
        fs::write(&subject.files()[0], b"#!/bin/sh\necho not a store\n".repeat(200)).unwrap();
        let refused = subject.open_with(crate::subject::KEY).err();
        assert!(matches!(refused, Some(StoreError::Damaged(_))), "{refused:?}");
    }
}

/// As a later version of this crate would leave them.
#[test]
fn a_newer_version_is_refused_by_its_number() {
    let subject = InSqlite::new();
    drop(subject.open());
    let file = rusqlite::Connection::open(&subject.files()[0]).unwrap();
    file.pragma_update(None, "user_version", 7).unwrap();
    drop(file);
    assert!(matches!(subject.open_with(crate::subject::KEY), Err(StoreError::NewerVersion(7))));

    let subject = InRedb::new();
    drop(subject.open());
    let file = redb::Database::create(&subject.files()[0]).unwrap();
    let transaction = file.begin_write().unwrap();
    let meta = redb::TableDefinition::<&str, &[u8]>::new("meta");
    transaction.open_table(meta).unwrap().insert("version", 7_u64.to_be_bytes().as_slice()).unwrap();
    transaction.commit().unwrap();
    drop(file);
    assert!(matches!(subject.open_with(crate::subject::KEY), Err(StoreError::NewerVersion(7))));
}
