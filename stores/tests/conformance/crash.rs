// SPDX-License-Identifier: MIT OR Apache-2.0

//! Processes that are killed, and connections that are lost.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use subrosa_stores::{Queue, StoreError, Transaction};

use crate::subject::{KEY, Subject, open_place, open_postgres};
use crate::world::{self, LIMITS, bob};

const PLACE: &str = "SUBROSA_KILLED_PLACE";

/// The process that is killed: it stores one change after the other, each with an entry that names it.
#[test]
#[ignore = "started by others, which kill it"]
fn child() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let mut store = open_place(&place);
    let mut account = store.bulk().account(&bob(), LIMITS).unwrap().unwrap();
    loop {
        let staged = account.advance().unwrap();
        let next = store.entries(Queue::Inbox).len() as u64;
        store.apply(Transaction::of(staged.writes()).received("n", &next.to_le_bytes())).unwrap();
        staged.commit();
    }
}

pub fn killed_at_any_time_nothing_is_half_stored(subject: &dyn Subject) {
    let Some(place) = subject.place() else { return };
    let before = {
        let mut store = subject.open();
        world::account(&mut |writes| store.apply(writes.into()).unwrap()).generation()
    };
    let mut last = 0;
    for round in 0..8_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--ignored", "--nocapture"])
            .env(PLACE, &place)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(120 + 13 * round));
        child.kill().unwrap(); // SIGKILL, in the middle of whatever it does.
        child.wait().unwrap();
        let store = subject.open();
        let generation = store.bulk().account(&bob(), LIMITS).unwrap().unwrap().generation();
        let entries = store.entries(Queue::Inbox);
        assert_eq!(generation - before, entries.len() as u64, "state and entry are stored together");
        for (n, entry) in entries.iter().enumerate() {
            assert_eq!(entry.content.as_slice(), (n as u64).to_le_bytes());
        }
        assert!(entries.len() as u64 >= last);
        last = entries.len() as u64;
    }
    assert!(last > 0, "the child stored nothing");
}

/// The server ends the connection between two transactions, or in one.
pub fn a_connection_lost_in_a_transaction_changes_nothing(subject: &dyn Subject) {
    let mut store = subject.open();
    let mut account = world::account(&mut |writes| store.apply(writes.into()).unwrap());
    let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
    open_postgres("admin", KEY).unwrap().execute(all);
    let staged = account.advance().unwrap();
    let lost = store.apply(staged.writes().into());
    assert!(matches!(lost, Err(StoreError::Database(_) | StoreError::InDoubt(_))), "{lost:?}");
    drop((staged, store));
    // Opened again, the state is whole and the same stage is made anew.
    let mut store = subject.open();
    let mut read = store.bulk().account(&bob(), LIMITS).unwrap().unwrap();
    assert_eq!(read.generation(), account.generation());
    read.advance().unwrap().commit_with(|writes| store.apply(writes.into())).unwrap();
}
