// SPDX-License-Identifier: MIT OR Apache-2.0

//! The store of a test device: tables in memory, written in transactions, failing on demand.

use std::collections::{BTreeMap, BTreeSet};

use subrosa::{Address, IdentityKey, KemPreKeyEffect, Record, SessionEffects, Trust};

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

    /// Writes a session's record and its effects in one transaction: all or nothing.
    pub fn write(
        &mut self,
        faults: &Faults,
        peer: &Address,
        record: &Record,
        effects: &SessionEffects,
    ) -> Result<(), Failure> {
        let mut next = self.clone();
        if let Some(identity) = effects.save_identity {
            faults.write(Table::Identities)?;
            next.identities.insert(peer.clone(), identity);
        }
        if let Some(id) = effects.delete_one_time_pre_key {
            faults.write(Table::OneTimePreKeys)?;
            assert!(
                next.one_time_pre_keys.remove(&id.0).is_some(),
                "an effect deletes a key that is not there"
            );
        }
        match &effects.kem_pre_key {
            None => {}
            Some(KemPreKeyEffect::Delete(id)) => {
                faults.write(Table::KemPreKeys)?;
                let removed = next.one_time_kem_pre_keys.remove(&id.0);
                assert!(removed.is_some(), "an effect deletes a key that is not there");
            }
            Some(KemPreKeyEffect::Remember(kem_use)) => {
                faults.write(Table::KemUses)?;
                assert!(next.kem_uses.insert(kem_use.to_bytes()), "a use came twice");
            }
            Some(other) => panic!("an effect that this kit does not know: {other:?}"),
        }
        faults.write(Table::Sessions)?;
        next.sessions.insert(peer.clone(), record.as_bytes().to_vec());
        *self = next;
        Ok(())
    }

    /// Writes the repair log of a peer.
    pub fn write_log(&mut self, faults: &Faults, peer: &Address, record: &Record) -> Result<(), Failure> {
        faults.write(Table::RepairLogs)?;
        self.repair_logs.insert(peer.clone(), record.as_bytes().to_vec());
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
