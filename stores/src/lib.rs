// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stores for [`subrosa`]: what a messenger keeps, in one transaction, on a disk or a server.
//!
//! | feature | store | for |
//! | --- | --- | --- |
//! | `redb` (default) | [`RedbStore`](redb::RedbStore) | one process; pure Rust, one file |
//! | `sqlite` | [`SqliteStore`](sqlite::SqliteStore) | one device, several processes; SQLite is compiled along |
//! | `postgres` | [`PostgresStore`](postgres::PostgresStore) | services and bots, with many accounts; awaited |
//!
//! Each store does the same:
//!
//! * It makes all of a [`Transaction`] or nothing: the [`Writes`](subrosa::store::Writes) of stages, texts that were
//!   received, messages that must be sent. A crash loses neither, and repeats neither.
//! * It compares generations, and refuses a stage that was made from an outdated state with [`StoreError::Stale`]: with
//!   two processes on one store, one of them reads back and repeats.
//! * It seals each record and each entry with a [`RecordKey`](subrosa::RecordKey), unless told [`Sealing::Plain`].
//!   Sealing hides contents; the keys of rows, and so the names of peers, stay readable, and an old copy of the whole
//!   store still opens: see [`Account::check`](subrosa::Account::check). The tags that are expected, with the feature
//!   `rose`, are hidden as well: without the key the store does not tell whose the next messages are.
//! * It reads states back one by one, or all at once by `bulk`, into a [`Memory`](subrosa::store::Memory).
//! * It has a version, and migrates older ones when it is opened.
//!
//! ```
//! # #[cfg(feature = "redb")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use subrosa::account::{Counts, Limits};
//! use subrosa::{Account, Address, Message, RecordKey, Timestamp, Trust, os_rng};
//! use subrosa_stores::redb::RedbStore;
//! use subrosa_stores::{Queue, Transaction};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("bob.redb");
//! # let (mut rng, now) = (os_rng(), Timestamp::now());
//! let key = RecordKey::generate(&mut rng); // Kept in the operating system's key store.
//! let mut store = RedbStore::open(&path, key)?;
//! let staged = Account::generate(Address::new("bob", 1), Limits::default(), &mut rng)?;
//! let mut bob = staged.commit_with(|writes| store.apply(writes))?;
//! let mut upload = bob.maintain(Counts::default(), now, &mut rng)?.commit_with(|writes| store.apply(writes))?;
//!
//! # let alice = Account::generate(Address::new("alice", 1), Limits::default(), &mut rng)?.commit();
//! # let bundle = upload.next_bundle().ok_or("no prekeys")?.verify(Trust::Anyone)?;
//! # let mut with_bob = alice.new_session(bob.address());
//! # with_bob.initiate(&alice.config(), bundle, now, &mut rng)?.commit();
//! # let hello = with_bob.encrypt(b"hello", Trust::Anyone, now, &mut rng)?.commit();
//! // A text is stored with the state that it was read by: a crash loses neither.
//! let mut session = store.session(bob.address(), alice.address())?;
//! let staged = bob.receive(&mut session, &Message::try_from(&hello)?, Trust::Anyone, &mut rng)?;
//! staged.commit_with_output(|writes, text| store.apply(Transaction::of(writes).received("alice.1", text)))?;
//! for entry in store.entries(Queue::Inbox)? {
//!     println!("{} wrote {} bytes", entry.name, entry.content.len()); // Show it; then:
//!     store.apply(Transaction::new().done(Queue::Inbox, entry.id))?;
//! }
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "redb"))]
//! # fn main() {}
//! ```
//!
//! # A transaction that may or may not have happened
//!
//! [`StoreError::is_in_doubt`] tells. Drop the stage then, open the store again, and read the states back: what is
//! stored is what happened, and the inbox and outbox say whether the message was among it.

#![cfg_attr(
    not(any(feature = "redb", feature = "sqlite", feature = "postgres")),
    allow(dead_code, reason = "no store is asked for")
)]

#[cfg(any(feature = "redb", feature = "sqlite", feature = "postgres"))]
mod account_kinds;
mod cells;
mod changes;
mod error;
#[cfg(any(feature = "redb", feature = "sqlite"))]
mod local;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redb")]
pub mod redb;
#[cfg(all(feature = "rose", any(feature = "redb", feature = "sqlite", feature = "postgres")))]
mod rose_rows;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod transaction;

pub use cells::Sealing;
pub use error::StoreError;
#[cfg(any(feature = "redb", feature = "sqlite"))]
pub use local::{Backend, Store};
pub use transaction::{Entry, Queue, Transaction};
