// SPDX-License-Identifier: MIT OR Apache-2.0

//! The store of a test device: tables in memory, written in transactions, failing on demand.

use std::collections::{BTreeMap, BTreeSet};

use subrosa::prekey::KemPreKeyUse;
use subrosa::store::{Key, StaleStage, Write, Writes};
use subrosa::{Address, IdentityKey, Trust};

use super::Failure;

/// A table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    Sessions,
    Identities,
    SignedPreKeys,
    OneTimePreKeys,
    KemPreKeys,
    KemUses,
    RepairLogs,
}

/// Everything that a device keeps. A clone of it is a snapshot. All values are records as stored, so that each
/// operation of a test reads and writes them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Store {
    pub sessions: BTreeMap<Address, Vec<u8>>,
    pub identities: BTreeMap<Address, IdentityKey>,
    pub signed_pre_keys: BTreeMap<u32, Vec<u8>>,
    pub one_time_pre_keys: BTreeMap<u32, Vec<u8>>,
    pub one_time_kem_pre_keys: BTreeMap<u32, Vec<u8>>,
    pub last_resort_kem_pre_keys: BTreeMap<u32, Vec<u8>>,
    pub kem_uses: BTreeSet<[u8; 40]>,
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

    /// Applies the writes of an operation about `peer` in one transaction: all or nothing. A state that is not the one
    /// before the writes, a key that is deleted and not there, and a use that comes twice are defects. Identities are
    /// kept by address, as the recorded scenarios have it.
    pub fn apply(&mut self, faults: &Faults, peer: &Address, writes: Writes) -> Result<(), Failure> {
        let mut next = self.clone();
        for write in writes {
            match write {
                Write::Put { key: Key::Identity(name), record, generation: None } => {
                    assert_eq!(name, *peer.name());
                    faults.write(Table::Identities)?;
                    next.identities.insert(peer.clone(), IdentityKey::from_record(record.as_bytes())?);
                }
                Write::Put { key: Key::KemPreKeyUse(used), record, generation: None } => {
                    assert_eq!(KemPreKeyUse::from_record(record.as_bytes()), Ok(used));
                    faults.write(Table::KemUses)?;
                    assert!(next.kem_uses.insert(used.to_bytes()), "a use came twice");
                }
                Write::Put { key: Key::Session(address), record, generation: Some(generation) } => {
                    faults.write(Table::Sessions)?;
                    let held = next.sessions.insert(address, record.as_bytes().to_vec());
                    StaleStage::check(generation, held.map(|held| generation_of(&held))).unwrap();
                    assert_eq!(generation, generation_of(record.as_bytes()));
                }
                Write::Put { key: Key::RepairLog(address), record, generation: Some(generation) } => {
                    faults.write(Table::RepairLogs)?;
                    let held = next.repair_logs.insert(address, record.as_bytes().to_vec());
                    StaleStage::check(generation, held.map(|held| generation_of(&held))).unwrap();
                    assert_eq!(generation, generation_of(record.as_bytes()));
                }
                Write::Delete { key: Key::OneTimePreKey(id) } => {
                    faults.write(Table::OneTimePreKeys)?;
                    assert!(next.one_time_pre_keys.remove(&id.0).is_some(), "{id:?} is not there");
                }
                Write::Delete { key: Key::OneTimeKemPreKey(id) } => {
                    faults.write(Table::KemPreKeys)?;
                    assert!(next.one_time_kem_pre_keys.remove(&id.0).is_some(), "{id:?} is not there");
                }
                other => panic!("this kit does not know {other:?}"),
            }
        }
        *self = next;
        Ok(())
    }

    /// Asserts that two stores are alike, and says which table is not.
    #[track_caller]
    pub fn assert_same(&self, other: &Self) {
        assert!(self.sessions == other.sessions, "sessions differ");
        assert!(self.identities == other.identities, "identities differ");
        assert!(self.one_time_pre_keys == other.one_time_pre_keys, "one-time prekeys differ");
        assert!(self.one_time_kem_pre_keys == other.one_time_kem_pre_keys, "one-time KEM prekeys differ");
        assert!(self.kem_uses == other.kem_uses, "KEM uses differ");
        assert!(self.repair_logs == other.repair_logs, "repair logs differ");
        assert!(self == other, "signed or last-resort prekeys, or what was received, differ");
    }
}

/// The generation in a record, which all states' records begin with.
fn generation_of(record: &[u8]) -> u64 {
    u64::from_le_bytes(record[4..12].try_into().unwrap())
}
