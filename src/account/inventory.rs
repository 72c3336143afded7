// SPDX-License-Identifier: MIT OR Apache-2.0

//! The account without its keys: small, so that a stage holds a new one.

use alloc::vec::Vec;

use super::ids::{Allocator, IdSpace, UpkeepError};
use super::limits::Limits;
use super::row::Row;
use super::states::{KeyState, PreKeyStates, Stage};
use crate::identity::IdentityKeyPair;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;

/// Newest format of account records.
const RECORD_VERSION: u8 = 1;
/// Length of a record without its lists, in bytes.
const FIXED_LEN: usize = 8 + 16 + 32 + 32 + 4 + 3 * 8 + 1 + 4 * 4;
/// Length of an entry of its lists.
const ENTRY_LEN: usize = 4 + 1 + 8;

/// The account without its keys.
#[derive(Clone, Debug)]
pub(super) struct Inventory {
    /// Number of committed changes.
    pub(super) generation: u64,
    /// Random, and another one after each recovery.
    pub(super) store: [u8; 16],
    pub(super) registration_id: u32,
    pub(super) ids: Allocator,
    /// Whether the next upload replaces all one-time prekeys that the service has.
    pub(super) replace: bool,
    pub(super) one_time: PreKeyStates<OneTimePreKeyId>,
    pub(super) signed: PreKeyStates<SignedPreKeyId>,
    pub(super) one_time_kem: PreKeyStates<KemPreKeyId>,
    pub(super) last_resort: PreKeyStates<KemPreKeyId>,
}

impl Inventory {
    pub(super) fn new(registration_id: u32, store: [u8; 16], max_id: u32) -> Self {
        Self {
            generation: 0,
            store,
            registration_id,
            ids: Allocator::new(max_id),
            replace: false,
            one_time: PreKeyStates::default(),
            signed: PreKeyStates::default(),
            one_time_kem: PreKeyStates::default(),
            last_resort: PreKeyStates::default(),
        }
    }

    pub(super) fn remove(&mut self, row: Row) {
        match row {
            Row::OneTimePreKey(id) => self.one_time.remove(id),
            Row::SignedPreKey(id) => self.signed.remove(id),
            Row::OneTimeKemPreKey(id) => self.one_time_kem.remove(id),
            Row::LastResortKemPreKey(id) => self.last_resort.remove(id),
            Row::LastResortUses(_) => {}
        }
    }

    pub(super) fn has(&self, row: Row) -> bool {
        match row {
            Row::OneTimePreKey(id) => self.one_time.0.contains_key(&id),
            Row::SignedPreKey(id) => self.signed.0.contains_key(&id),
            Row::OneTimeKemPreKey(id) => self.one_time_kem.0.contains_key(&id),
            Row::LastResortKemPreKey(id) | Row::LastResortUses(id) => self.last_resort.0.contains_key(&id),
        }
    }

    /// All rows that belong to it.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let one_time = self.one_time.0.keys().map(|id| Row::OneTimePreKey(*id));
        let signed = self.signed.0.keys().map(|id| Row::SignedPreKey(*id));
        let kem = self.one_time_kem.0.keys().map(|id| Row::OneTimeKemPreKey(*id));
        let last_resort = self.last_resort.0.keys();
        let last_resort =
            last_resort.flat_map(|id| [Row::LastResortKemPreKey(*id), Row::LastResortUses(*id)]);
        one_time.chain(signed).chain(kem).chain(last_resort)
    }

    /// The rows of keys at a stage.
    pub(super) fn keys_at(&self, stage: Stage) -> impl Iterator<Item = Row> + '_ {
        let one_time = self.one_time.at(stage).map(|(id, _)| Row::OneTimePreKey(id));
        let signed = self.signed.at(stage).map(|(id, _)| Row::SignedPreKey(id));
        let kem = self.one_time_kem.at(stage).map(|(id, _)| Row::OneTimeKemPreKey(id));
        let last_resort = self.last_resort.at(stage).map(|(id, _)| Row::LastResortKemPreKey(id));
        one_time.chain(signed).chain(kem).chain(last_resort)
    }

    /// Returns whether there are KEM prekeys that are not retired.
    pub(super) fn has_kem_in_use(&self) -> bool {
        let in_use = [Stage::Generated, Stage::Uploaded];
        in_use.into_iter().any(|stage| self.one_time_kem.count(stage) + self.last_resort.count(stage) > 0)
    }

    /// Retires all KEM prekeys.
    pub(super) fn retire_kem(&mut self, now: Timestamp) {
        for stage in [Stage::Generated, Stage::Uploaded] {
            self.one_time_kem.advance(stage, Stage::Retired, now);
            self.last_resort.advance(stage, Stage::Retired, now);
        }
    }

    /// The rows of keys whose time is over.
    pub(super) fn expired(&self, limits: &Limits, now: Timestamp) -> Vec<Row> {
        let mut rows = Vec::new();
        rows.extend(self.one_time.expired(limits, now).map(Row::OneTimePreKey));
        rows.extend(self.signed.expired(limits, now).map(Row::SignedPreKey));
        rows.extend(self.one_time_kem.expired(limits, now).map(Row::OneTimeKemPreKey));
        let last_resort = self.last_resort.expired(limits, now);
        rows.extend(last_resort.flat_map(|id| [Row::LastResortKemPreKey(id), Row::LastResortUses(id)]));
        rows
    }

    /// Returns whether a row's id was never given out.
    pub(super) const fn is_unused(&self, row: Row) -> bool {
        let space = match row {
            Row::OneTimePreKey(_) => IdSpace::OneTime,
            Row::SignedPreKey(_) => IdSpace::Signed,
            _ => IdSpace::Kem,
        };
        self.ids.unused(space).contains(row.id())
    }

    pub(super) fn next_signed(&mut self, now: Timestamp) -> Result<SignedPreKeyId, UpkeepError> {
        let id = SignedPreKeyId(self.ids.take(IdSpace::Signed, 1)?.start);
        self.signed.add(id, Stage::Generated, now);
        Ok(id)
    }

    pub(super) fn next_last_resort(&mut self, now: Timestamp) -> Result<KemPreKeyId, UpkeepError> {
        let id = KemPreKeyId(self.ids.take(IdSpace::Kem, 1)?.start);
        self.last_resort.add(id, Stage::Generated, now);
        Ok(id)
    }
}

/// The record.
impl Inventory {
    pub(super) fn record(&self, identity: &IdentityKeyPair, generation: u64) -> Record {
        let capacity = FIXED_LEN + ENTRY_LEN * self.rows().count();
        let mut writer = RecordWriter::new(RecordKind::Account, RECORD_VERSION, capacity);
        writer.put_u64(generation);
        writer.put_array(&self.store);
        writer.put_array(identity.public().public_key().as_bytes());
        writer.put_array(identity.private().as_bytes());
        writer.put_u32(self.registration_id);
        for unused in [self.ids.one_time, self.ids.signed, self.ids.kem] {
            writer.put_u32(unused.next);
            writer.put_u32(unused.end);
        }
        writer.put_flag(self.replace);
        write_states(&self.one_time, |id| id.0, &mut writer);
        write_states(&self.signed, |id| id.0, &mut writer);
        write_states(&self.one_time_kem, |id| id.0, &mut writer);
        write_states(&self.last_resort, |id| id.0, &mut writer);
        writer.finish()
    }

    pub(super) fn from_record(bytes: &[u8]) -> Result<(Self, IdentityKeyPair), RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::Account, RECORD_VERSION, bytes)?;
        let (generation, store) = (reader.u64()?, reader.array()?);
        let identity = IdentityKeyPair::from_halves(reader.array()?, &reader.secret::<32>()?);
        let mut inventory = Self::new(reader.u32()?, store, 0);
        inventory.generation = generation;
        for unused in [&mut inventory.ids.one_time, &mut inventory.ids.signed, &mut inventory.ids.kem] {
            (unused.next, unused.end) = (reader.u32()?, reader.u32()?);
        }
        inventory.replace = reader.flag()?;
        inventory.one_time = read_states(OneTimePreKeyId, &mut reader)?;
        inventory.signed = read_states(SignedPreKeyId, &mut reader)?;
        inventory.one_time_kem = read_states(KemPreKeyId, &mut reader)?;
        inventory.last_resort = read_states(KemPreKeyId, &mut reader)?;
        reader.finish()?;
        if inventory.is_sound() { Ok((inventory, identity)) } else { Err(RecordError::Damaged) }
    }

    /// Returns whether no id is unused and used, or used twice.
    fn is_sound(&self) -> bool {
        self.ids.is_sound()
            && !self.rows().any(|row| self.is_unused(row))
            && !self.last_resort.0.keys().any(|id| self.one_time_kem.0.contains_key(id))
    }
}

fn write_states<Id: Copy>(states: &PreKeyStates<Id>, number: fn(Id) -> u32, writer: &mut RecordWriter) {
    writer.put_count(states.0.len());
    for (id, KeyState { stage, since }) in &states.0 {
        writer.put_u32(number(*id));
        writer.put_u8(match stage {
            Stage::Generated => 0,
            Stage::Uploaded => 1,
            Stage::Retired => 2,
        });
        writer.put_u64(since.as_millis());
    }
}

fn read_states<Id: Copy + Ord>(
    id: fn(u32) -> Id,
    reader: &mut RecordReader<'_>,
) -> Result<PreKeyStates<Id>, RecordError> {
    let mut states = PreKeyStates::default();
    for _ in 0..reader.count(ENTRY_LEN)? {
        let id = id(reader.u32()?);
        if states.0.last_key_value().is_some_and(|(last, _)| *last >= id) {
            return Err(RecordError::Damaged);
        }
        let stage = match reader.u8()? {
            0 => Stage::Generated,
            1 => Stage::Uploaded,
            2 => Stage::Retired,
            _ => return Err(RecordError::Damaged),
        };
        states.add(id, stage, Timestamp::from_millis(reader.u64()?));
    }
    Ok(states)
}
