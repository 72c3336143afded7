// SPDX-License-Identifier: MIT OR Apache-2.0

//! The store of a test device: records in memory, written in transactions, failing on demand.

use std::collections::BTreeMap;

use subrosa::prekey::KemPreKeyUse;
use subrosa::session::Policy;
use subrosa::store::{Key, RecordKind, StaleStage, Write, Writes};
use subrosa::{Address, IdentityKey, RecordError, Session, Trust};

use super::Failure;

/// A table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    Account,
    Sessions,
    Identities,
    SignedPreKeys,
    OneTimePreKeys,
    KemPreKeys,
    KemUses,
    RepairLogs,
}

impl Table {
    fn of(key: &Key) -> Self {
        match key {
            Key::Account => Self::Account,
            Key::Session(_) => Self::Sessions,
            Key::Identity(_) => Self::Identities,
            Key::SignedPreKey(_) => Self::SignedPreKeys,
            Key::OneTimePreKey(_) => Self::OneTimePreKeys,
            Key::OneTimeKemPreKey(_) | Key::LastResortKemPreKey(_) => Self::KemPreKeys,
            Key::KemPreKeyUse(_) | Key::LastResortUses(_) => Self::KemUses,
            Key::RepairLog(_) => Self::RepairLogs,
            other => panic!("this kit does not know {other:?}"),
        }
    }
}

/// Everything that a device keeps. A clone of it is a snapshot, or a backup. All values are records as stored, so that
/// each operation of a test reads and writes them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Store {
    /// The record of the account, if the device has one.
    pub account: Vec<u8>,
    /// Prekeys, and the uses of those of last resort.
    pub rows: BTreeMap<Key, Vec<u8>>,
    pub sessions: BTreeMap<Address, Vec<u8>>,
    pub identities: BTreeMap<Address, IdentityKey>,
    pub repair_logs: BTreeMap<Address, Vec<u8>>,
    /// Plaintexts that were received, oldest first.
    pub inbox: Vec<Vec<u8>>,
}

/// Which tables fail, until this is changed. Not part of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub reads: Vec<Table>,
    pub writes: Vec<Table>,
}

impl Faults {
    pub fn read(&self, table: Table) -> Result<(), Failure> {
        if self.reads.contains(&table) { Err(Failure::Store(table)) } else { Ok(()) }
    }

    fn write(&self, table: Table) -> Result<(), Failure> {
        if self.writes.contains(&table) { Err(Failure::Store(table)) } else { Ok(()) }
    }
}

/// How a device decides about identities, in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustRule {
    #[default]
    FirstUse,
    Anyone,
    Nobody,
}

impl Store {
    /// What a rule says about the identity of `peer`.
    pub fn trust(&self, peer: &Address, rule: TrustRule) -> Trust<'_> {
        match rule {
            TrustRule::FirstUse => Trust::on_first_use(self.identities.get(peer)),
            TrustRule::Anyone => Trust::Anyone,
            TrustRule::Nobody => Trust::Nobody,
        }
    }

    /// The session of `local` with `peer`; an empty one if there is none.
    pub fn session(&self, local: &Address, peer: &Address, policy: Policy) -> Result<Session, RecordError> {
        let (local, remote) = (local.clone(), peer.clone());
        let session = match self.sessions.get(peer) {
            None => Session::new(local, remote),
            Some(record) => Session::from_record(record, local, remote)?,
        };
        Ok(session.with_policy(policy))
    }

    /// How many rows of a kind there are.
    pub fn count(&self, kind: RecordKind) -> usize {
        self.rows.keys().filter(|key| key.kind() == kind).count()
    }

    /// The record of the highest id of a kind.
    #[track_caller]
    pub fn newest(&self, kind: RecordKind) -> &[u8] {
        self.rows.iter().rfind(|(key, _)| key.kind() == kind).expect("no such record").1
    }

    /// Applies the writes of a stage in one transaction: all, or nothing if a table fails.
    pub fn apply_unless(&mut self, faults: &Faults, writes: Writes) -> Result<(), Failure> {
        writes.iter().try_for_each(|write| faults.write(Table::of(write.key())))?;
        Ok(self.apply(writes)?)
    }

    /// Applies the writes of a stage. A state that is not the one before the writes, a key that is deleted and not
    /// there, and one that is written over a live one are defects. Identities are kept by address, as the recorded
    /// scenarios have it: for each device of the account whose session is written, too.
    pub fn apply(&mut self, writes: Writes) -> Result<(), RecordError> {
        let peers: Vec<Address> = writes.iter().filter_map(peer).cloned().collect();
        for write in writes {
            match write {
                Write::Put { key: Key::Identity(name), record, generation: None } => {
                    let identity = IdentityKey::from_record(record.as_bytes())?;
                    let mut devices = peers.iter().filter(|peer| *peer.name() == name).peekable();
                    assert!(devices.peek().is_some(), "no session with {name} is written");
                    self.identities.extend(devices.map(|device| (device.clone(), identity)));
                }
                Write::Put { key, record, generation: Some(generation) } => {
                    let record = record.as_bytes().to_vec();
                    assert_eq!(generation, generation_of(&record));
                    let held = match key {
                        Key::Account => Some(std::mem::replace(&mut self.account, record)),
                        Key::Session(peer) => self.sessions.insert(peer, record),
                        Key::RepairLog(peer) => self.repair_logs.insert(peer, record),
                        other => panic!("this kit does not know {other:?}"),
                    };
                    let held = held.filter(|held| !held.is_empty());
                    StaleStage::check(generation, held.map(|held| generation_of(&held))).unwrap();
                }
                Write::Put { key, record, generation: None } => {
                    if let Key::KemPreKeyUse(used) = &key {
                        assert_eq!(KemPreKeyUse::from_record(record.as_bytes()).as_ref(), Ok(used));
                    }
                    let again = matches!(key, Key::LastResortUses(_));
                    let before = self.rows.insert(key.clone(), record.as_bytes().to_vec());
                    assert!(again || before.is_none(), "{key:?} is written over a live one");
                }
                Write::Delete { key } => assert!(self.rows.remove(&key).is_some(), "{key:?} is not there"),
            }
        }
        Ok(())
    }

    /// Asserts that two stores are alike, and says which table is not.
    #[track_caller]
    pub fn assert_same(&self, other: &Self) {
        assert!(self.account == other.account, "accounts differ");
        for key in self.rows.keys().chain(other.rows.keys()) {
            assert!(self.rows.get(key) == other.rows.get(key), "{key:?} differs");
        }
        assert!(self.sessions == other.sessions, "sessions differ");
        assert!(self.identities == other.identities, "identities differ");
        assert!(self.repair_logs == other.repair_logs, "repair logs differ");
        assert!(self == other, "what was received differs");
    }
}

/// With whom the session is that is written.
fn peer(write: &Write) -> Option<&Address> {
    match write.key() {
        Key::Session(peer) => Some(peer),
        _ => None,
    }
}

/// The generation in a record, which all states' records begin with.
fn generation_of(record: &[u8]) -> u64 {
    u64::from_le_bytes(record[4..12].try_into().unwrap())
}
