// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stores, as the rules see them.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use subrosa::RecordKey;
#[cfg(feature = "rose")]
use subrosa::rose::{self, DeviceName, RoseKey, TagOwner};
use subrosa::store::{Key, Memory, Write};
use subrosa_stores::postgres::PostgresStore;
use subrosa_stores::redb::RedbStore;
use subrosa_stores::sqlite::SqliteStore;
use subrosa_stores::{Backend, Entry, Queue, Store, StoreError, Transaction};
use tempfile::TempDir;

pub const KEY: [u8; 32] = [7; 32];

/// A store that can be opened.
pub trait Subject {
    fn new() -> Self
    where
        Self: Sized;
    fn open(&self) -> Box<dyn Opened> {
        self.open_with(KEY).unwrap()
    }
    fn open_with(&self, key: [u8; 32]) -> Result<Box<dyn Opened>, StoreError>;
    /// What another process opens it by; none if there can't be one.
    fn place(&self) -> Option<String> {
        None
    }
    /// Whether it can be opened twice at a time.
    fn is_shared(&self) -> bool {
        true
    }
    /// Whether there are outbox, inbox and sealing: the crate's own store has none.
    fn is_whole(&self) -> bool {
        true
    }
    /// The files that it lies in.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
    /// What a thief of the store gets.
    fn bytes(&self) -> Vec<u8> {
        self.files().iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
    }
}

/// An open store.
pub trait Opened {
    fn apply(&mut self, transaction: Transaction) -> Result<(), StoreError>;
    fn bulk(&self) -> Memory;
    fn read(&self, key: &Key) -> Memory;
    fn entries(&self, queue: Queue) -> Vec<Entry>;
    #[cfg(feature = "rose")]
    fn expecting(&self, message: &[u8]) -> Vec<TagOwner>;
    #[cfg(feature = "rose")]
    fn rose_session(&self, remote: DeviceName) -> rose::Session;
}

impl<B: Backend> Opened for Store<B> {
    fn apply(&mut self, transaction: Transaction) -> Result<(), StoreError> {
        Self::apply(self, transaction)
    }
    fn bulk(&self) -> Memory {
        Self::bulk(self).unwrap()
    }
    fn read(&self, key: &Key) -> Memory {
        Self::read(self, [key]).unwrap()
    }
    fn entries(&self, queue: Queue) -> Vec<Entry> {
        Self::entries(self, queue).unwrap()
    }
    #[cfg(feature = "rose")]
    fn expecting(&self, message: &[u8]) -> Vec<TagOwner> {
        Self::expecting(self, message).unwrap()
    }
    #[cfg(feature = "rose")]
    fn rose_session(&self, remote: DeviceName) -> rose::Session {
        Self::rose_session(self, remote).unwrap()
    }
}

/// The crate's store in memory, which all that open it share.
pub struct InMemory(Rc<RefCell<Memory>>);

impl Subject for InMemory {
    fn new() -> Self {
        Self(Rc::default())
    }
    fn open_with(&self, _: [u8; 32]) -> Result<Box<dyn Opened>, StoreError> {
        Ok(Box::new(Self(Rc::clone(&self.0))))
    }
    fn is_whole(&self) -> bool {
        false
    }
}

impl Opened for InMemory {
    fn apply(&mut self, transaction: Transaction) -> Result<(), StoreError> {
        Ok(self.0.borrow_mut().apply(transaction.into_writes())?)
    }
    fn bulk(&self) -> Memory {
        let memory = self.0.borrow();
        let put = |key: &Key| {
            let record = memory.get(key).unwrap();
            let record = subrosa::Record::parse(key.kind(), record.as_bytes()).unwrap();
            Write::Put { key: key.clone(), record, generation: None }
        };
        memory.keys().map(put).collect()
    }
    fn read(&self, _: &Key) -> Memory {
        self.bulk()
    }
    fn entries(&self, _: Queue) -> Vec<Entry> {
        Vec::new()
    }
    #[cfg(feature = "rose")]
    fn expecting(&self, message: &[u8]) -> Vec<TagOwner> {
        rose::find(message, self.0.borrow().keys().cloned()).collect()
    }
    #[cfg(feature = "rose")]
    fn rose_session(&self, remote: DeviceName) -> rose::Session {
        let memory = self.0.borrow();
        let Some(record) = memory.get(&Key::Rose(RoseKey::Session(remote))) else {
            return rose::Session::new(remote);
        };
        rose::Session::from_record(record.as_bytes(), remote).unwrap()
    }
}

/// A file of redb.
pub struct InRedb(TempDir);

/// A file of SQLite.
pub struct InSqlite(TempDir);

pub fn open_redb(path: &Path, key: [u8; 32]) -> Result<Box<dyn Opened>, StoreError> {
    Ok(Box::new(RedbStore::open(path, RecordKey::from_bytes(&key))?))
}

pub fn open_sqlite(path: &Path, key: [u8; 32]) -> Result<Box<dyn Opened>, StoreError> {
    Ok(Box::new(SqliteStore::open(path, RecordKey::from_bytes(&key))?))
}

impl Subject for InRedb {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn open_with(&self, key: [u8; 32]) -> Result<Box<dyn Opened>, StoreError> {
        open_redb(&self.0.path().join("store"), key)
    }
    fn place(&self) -> Option<String> {
        Some(format!("redb {}", self.0.path().join("store").display()))
    }
    fn is_shared(&self) -> bool {
        false
    }
    fn files(&self) -> Vec<PathBuf> {
        vec![self.0.path().join("store")]
    }
}

impl Subject for InSqlite {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn open_with(&self, key: [u8; 32]) -> Result<Box<dyn Opened>, StoreError> {
        open_sqlite(&self.0.path().join("store"), key)
    }
    fn place(&self) -> Option<String> {
        Some(format!("sqlite {}", self.0.path().join("store").display()))
    }
    fn files(&self) -> Vec<PathBuf> {
        ["store", "store-wal"]
            .map(|name| self.0.path().join(name))
            .into_iter()
            .filter(|file| file.exists())
            .collect()
    }
}

/// A store on a server, of a name that no other has.
pub struct InPostgres(String);

/// A store on a server, and what runs it.
pub struct OnServer {
    runtime: tokio::runtime::Runtime,
    store: PostgresStore,
}

pub fn server() -> String {
    std::env::var("SUBROSA_POSTGRES").expect("SUBROSA_POSTGRES names the server")
}

pub fn open_postgres(name: &str, key: [u8; 32]) -> Result<OnServer, StoreError> {
    open_postgres_at(&server(), name, key)
}

pub fn open_postgres_at(server: &str, name: &str, key: [u8; 32]) -> Result<OnServer, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(async { drop(connection.await) });
        PostgresStore::open(client, name, RecordKey::from_bytes(&key)).await
    })?;
    Ok(OnServer { runtime, store })
}

impl OnServer {
    pub fn execute(&self, statement: &str) {
        self.runtime.block_on(self.store.client().batch_execute(statement)).unwrap();
    }
    /// The cells of what a statement selects, one after the other.
    pub fn select(&self, statement: &str, name: &str) -> Vec<u8> {
        let found = self.runtime.block_on(self.store.client().query(statement, &[&name])).unwrap();
        found.iter().flat_map(|row| row.get::<_, Vec<u8>>(0)).collect()
    }
}

impl Subject for InPostgres {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [a, b, ..] = *RecordKey::generate(&mut subrosa::os_rng()).as_bytes();
        Self(format!("{}-{number}-{a}-{b}", std::process::id()))
    }
    fn open_with(&self, key: [u8; 32]) -> Result<Box<dyn Opened>, StoreError> {
        Ok(Box::new(open_postgres(&self.0, key)?))
    }
    fn place(&self) -> Option<String> {
        Some(format!("postgres {}", self.0))
    }
    fn bytes(&self) -> Vec<u8> {
        let store = open_postgres(&self.0, KEY).unwrap();
        let rows = store.select("SELECT key || value FROM subrosa_rows WHERE store = $1", &self.0);
        let entries = store.select("SELECT value FROM subrosa_entries WHERE store = $1", &self.0);
        assert!(!rows.is_empty());
        [rows, entries].concat()
    }
}

impl Opened for OnServer {
    fn apply(&mut self, transaction: Transaction) -> Result<(), StoreError> {
        self.runtime.block_on(self.store.apply(transaction))
    }
    fn bulk(&self) -> Memory {
        self.runtime.block_on(self.store.bulk()).unwrap()
    }
    fn read(&self, key: &Key) -> Memory {
        self.runtime.block_on(self.store.read([key])).unwrap()
    }
    fn entries(&self, queue: Queue) -> Vec<Entry> {
        self.runtime.block_on(self.store.entries(queue)).unwrap()
    }
    #[cfg(feature = "rose")]
    fn expecting(&self, message: &[u8]) -> Vec<TagOwner> {
        self.runtime.block_on(self.store.expecting(message)).unwrap()
    }
    #[cfg(feature = "rose")]
    fn rose_session(&self, remote: DeviceName) -> rose::Session {
        self.runtime.block_on(self.store.rose_session(remote)).unwrap()
    }
}

/// Opens what [`Subject::place`] says.
pub fn open_place(place: &str) -> Box<dyn Opened> {
    let (kind, place) = place.split_once(' ').unwrap();
    match kind {
        "redb" => open_redb(Path::new(place), KEY).unwrap(),
        "sqlite" => open_sqlite(Path::new(place), KEY).unwrap(),
        _ => Box::new(open_postgres(place, KEY).unwrap()),
    }
}
