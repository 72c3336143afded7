// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes and rows in plain types, and a store in memory of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use subrosa::account::Limits;
use subrosa::address::AccountName;
use subrosa::store::{Key, Memory, StaleStage, Write as Change, Writes};
use subrosa::{Record, os_rng};
use zeroize::Zeroizing;

use crate::account::{Account, AccountOptions};
use crate::error::Error;
use crate::group::{ReceiverKeys, SenderKey, format};
use crate::plain::{Address, array};
use crate::repair::RepairLog;
use crate::session::Session;
use crate::stage::Stage;

/// One change to a store: all those of a stage belong into one transaction.
#[derive(Clone)]
pub struct Write {
    /// The row's key.
    pub key: Vec<u8>,
    /// The record to put under it; none deletes the row.
    pub record: Option<Zeroizing<Vec<u8>>>,
    /// The generation of the state in the record: the row in the store must have the one before, or be absent for 1.
    pub generation: Option<u64>,
}

/// A row of a store.
#[derive(Clone)]
pub struct Row {
    /// The key.
    pub key: Vec<u8>,
    /// The record, which holds secrets.
    pub record: Zeroizing<Vec<u8>>,
    /// The generation of its state.
    pub generation: Option<u64>,
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, record, generation } = self;
        write!(
            f,
            "Write({} bytes under {key:?}, {generation:?})",
            record.as_ref().map_or(0, |record| record.len())
        )
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, record, generation } = self;
        write!(f, "Row({} bytes under {key:?}, {generation:?})", record.len())
    }
}

/// The writes of a stage, out of their byte form.
pub(crate) fn list(bytes: &[u8]) -> Result<Vec<Write>, Error> {
    let plain = |write: Change| {
        let key = write.key().to_bytes();
        match write {
            Change::Put { record, generation, .. } => {
                Write { key, record: Some(Zeroizing::new(record.as_bytes().to_vec())), generation }
            }
            Change::Delete { .. } => Write { key, record: None, generation: None },
        }
    };
    Ok(Writes::from_bytes(bytes)?.into_iter().map(plain).collect())
}

type Rows = BTreeMap<Vec<u8>, (Option<u64>, Zeroizing<Vec<u8>>)>;

/// A store in memory: for tests and prototypes, and to read states from rows of a real store.
#[derive(Default)]
pub struct Store(Mutex<Rows>);

impl Store {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of rows that were read from a real one.
    pub fn of_rows(rows: impl IntoIterator<Item = Row>) -> Self {
        let rows = rows.into_iter().map(|Row { key, record, generation }| (key, (generation, record)));
        Self(Mutex::new(rows.collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes all writes of a stage, or none.
    ///
    /// # Errors
    /// `StaleStage` if a state in the store is not the one before.
    pub fn apply<T: 'static>(&self, stage: &Stage<T>) -> Result<(), Error> {
        self.apply_writes(stage.writes()?)
    }

    /// Makes all writes, or none.
    pub fn apply_writes(&self, writes: Vec<Write>) -> Result<(), Error> {
        let mut rows = self.lock();
        for Write { key, generation, .. } in &writes {
            if let Some(generation) = generation {
                StaleStage::check(*generation, rows.get(key).map(|(held, _)| held.unwrap_or_default()))?;
            }
        }
        for Write { key, record, generation } in writes {
            match record {
                Some(record) => drop(rows.insert(key, (generation, record))),
                None => drop(rows.remove(&key)),
            }
        }
        Ok(())
    }

    /// Makes the writes of a stage and commits it.
    pub fn commit<T: 'static>(&self, stage: &Stage<T>) -> Result<T, Error> {
        self.apply(stage)?;
        stage.commit()
    }

    /// All rows.
    pub fn rows(&self) -> Vec<Row> {
        let mut all = Vec::new();
        for (key, (generation, record)) in &*self.lock() {
            all.push(Row { key: key.clone(), record: record.clone(), generation: *generation });
        }
        all
    }

    /// Puts a row that was read from a real store.
    pub fn put_row(&self, row: Row) {
        self.lock().insert(row.key, (row.generation, row.record));
    }

    /// All rows in bytes, in the form of [`Writes`]. They hold secrets.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut writes = Writes::default();
        for (key, (generation, record)) in &*self.lock() {
            let key = Key::from_bytes(key)?;
            let record = Record::parse(key.kind(), record)?;
            writes.extend([Change::Put { key, record, generation: *generation }]);
        }
        Ok(writes.to_bytes())
    }

    /// Reads rows in bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let row = |write: Write| {
            let Write { key, record, generation } = write;
            record.map(|record| Row { key, record, generation })
        };
        Ok(Self::of_rows(list(bytes)?.into_iter().filter_map(row)))
    }

    /// Deletes the session of a device that is no more.
    pub fn delete_session(&self, peer: &Address) {
        self.lock().remove(&Key::Session(peer.to_subrosa()).to_bytes());
    }

    /// The record under a key.
    #[cfg(feature = "omemo")]
    pub(crate) fn record(&self, key: &Key) -> Option<Zeroizing<Vec<u8>>> {
        self.lock().get(&key.to_bytes()).map(|(_, record)| record.clone())
    }

    /// The rows whose keys `wanted` names, for the crate to read states from.
    fn memory(&self, wanted: impl Fn(&Key) -> bool) -> Result<Memory, Error> {
        let mut writes = Vec::new();
        for (key, (generation, record)) in &*self.lock() {
            let key = Key::from_bytes(key)?;
            if wanted(&key) {
                let record = Record::parse(key.kind(), record)?;
                writes.push(Change::Put { key, record, generation: *generation });
            }
        }
        Ok(writes.into_iter().collect())
    }

    /// The account, if one is stored.
    pub fn account(&self, address: &Address, options: &AccountOptions) -> Result<Option<Account>, Error> {
        let limits: Limits = options.limits();
        let memory = self.memory(|key| !matches!(key, Key::Session(_) | Key::ReceiverKeys(..)))?;
        let account = memory.account(&address.to_subrosa(), limits)?;
        Ok(account.map(|account| Account::of(account, options)))
    }

    /// The sessions of an account with a device; empty if none are stored. They send what the account's options allow.
    pub fn session(&self, account: &Account, remote: &Address) -> Result<Session, Error> {
        let remote = remote.to_subrosa();
        let key = Key::Session(remote.clone());
        let account = account.0.lock();
        let session = self.memory(|found| *found == key)?.session(account.address(), &remote)?;
        Ok(Session::of(session.with_policy(account.config().policy)))
    }

    /// The identity key that is pinned for an account, 33 bytes.
    pub fn identity(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let name = AccountName::new(name);
        let key = Key::Identity(name.clone());
        Ok(self.memory(|found| *found == key)?.identity(&name)?.map(|identity| identity.encode().into()))
    }

    /// Our sender key of a distribution, if one is stored.
    pub fn sender_key(&self, distribution_id: Option<&str>) -> Result<Option<SenderKey>, Error> {
        let format = format(distribution_id)?;
        let key = Key::SenderKey(format);
        Ok(self.memory(|found| *found == key)?.sender_key(format)?.map(SenderKey::of))
    }

    /// The sender keys of a device; empty if none are stored.
    pub fn receiver_keys(
        &self,
        sender: &Address,
        distribution_id: Option<&str>,
    ) -> Result<ReceiverKeys, Error> {
        let (sender, format) = (sender.to_subrosa(), format(distribution_id)?);
        let key = Key::ReceiverKeys(sender.clone(), format);
        Ok(ReceiverKeys::of(self.memory(|found| *found == key)?.receiver_keys(&sender, format)?))
    }

    /// The repair log of a device; empty if none is stored.
    pub fn repair_log(&self, peer: &Address) -> Result<RepairLog, Error> {
        let peer = peer.to_subrosa();
        let key = Key::RepairLog(peer.clone());
        Ok(RepairLog::of(self.memory(|found| *found == key)?.repair_log(&peer)?))
    }

    /// The devices with which there are sessions, in order.
    pub fn peers(&self) -> Result<Vec<Address>, Error> {
        let memory = self.memory(|key| matches!(key, Key::Session(_)))?;
        Ok(memory.peers().map(Address::from).collect())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({} rows)", self.lock().len())
    }
}

/// A key that seals records, for a store that others can read. Kept apart from it.
pub struct RecordKey(subrosa::RecordKey);

impl RecordKey {
    /// A fresh key.
    pub fn generate() -> Self {
        Self(subrosa::RecordKey::generate(&mut os_rng()))
    }

    /// A key of 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = Zeroizing::new(array::<32>(bytes, "a record key")?);
        Ok(Self(subrosa::RecordKey::from_bytes(&bytes)))
    }

    /// The 32 bytes, for the place where the key is kept.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.as_bytes().to_vec())
    }

    /// Seals the record of a row.
    pub fn seal(&self, key: &[u8], record: &[u8]) -> Result<Vec<u8>, Error> {
        let record = Record::parse(Key::from_bytes(key)?.kind(), record)?;
        Ok(self.0.seal(&record, key, &mut os_rng())?)
    }

    /// Opens the record of a row.
    pub fn open(&self, key: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let record = self.0.open(Key::from_bytes(key)?.kind(), key, sealed)?;
        Ok(Zeroizing::new(record.as_bytes().to_vec()))
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey(..)")
    }
}
