// SPDX-License-Identifier: MIT OR Apache-2.0

//! The account without its keys: small, so that a stage holds a new one.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use super::ids::{Allocator, FreeIds, IdSpace};
use super::limits::Limits;
use super::row::Row;
use super::states::{KeyState, PreKeyStates, Stage};
use crate::address::{Address, mark};
use crate::identity::IdentityKeyPair;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;

/// Newest format of account records: 2 added the address and the marks of keys.
const RECORD_VERSION: u8 = 2;
/// Length of a record without its lists, in bytes.
const FIXED_LEN: usize = 8 + 8 + 16 + 32 + 32 + 4 + 3 * 8 + 1 + 4 * 4;
/// Length of an entry of its lists in format 1; the mark came later.
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

    /// Returns whether the key of a row has the mark that is known of it. If none are known, it is from now on.
    pub(super) fn knows(&mut self, row: Row, mark: Option<u32>, marked: bool) -> bool {
        let state = match row {
            Row::OneTimePreKey(id) => self.one_time.0.get_mut(&id),
            Row::SignedPreKey(id) => self.signed.0.get_mut(&id),
            Row::OneTimeKemPreKey(id) => self.one_time_kem.0.get_mut(&id),
            Row::LastResortKemPreKey(id) | Row::LastResortUses(id) => self.last_resort.0.get_mut(&id),
        };
        match (state, mark) {
            (Some(state), Some(mark)) if marked => state.mark == mark,
            (Some(state), Some(mark)) => {
                state.mark = mark;
                true
            }
            (state, _) => state.is_some(),
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

    /// The rows of keys whose time is over, or that are too many.
    pub(super) fn expired(&self, limits: &Limits, now: Timestamp) -> Vec<Row> {
        let signed: BTreeSet<_> =
            self.signed.expired(limits, now).chain(self.signed.surplus(limits.max_retired)).collect();
        let last_resort = self.last_resort.expired(limits, now);
        let last_resort: BTreeSet<_> =
            last_resort.chain(self.last_resort.surplus(limits.max_retired)).collect();
        let mut rows = Vec::new();
        rows.extend(self.one_time.expired(limits, now).map(Row::OneTimePreKey));
        rows.extend(signed.into_iter().map(Row::SignedPreKey));
        rows.extend(self.one_time_kem.expired(limits, now).map(Row::OneTimeKemPreKey));
        let last_resort = last_resort.into_iter();
        rows.extend(last_resort.flat_map(|id| [Row::LastResortKemPreKey(id), Row::LastResortUses(id)]));
        rows
    }

    /// Returns whether a row's id is among those to be given out next.
    pub(super) const fn is_unused(&self, row: Row) -> bool {
        self.ids.free(row.space()).contains(row.id())
    }

    /// The ids of a space that are those of keys.
    pub(super) fn ids_in_use(&self, space: IdSpace) -> Vec<u32> {
        match space {
            IdSpace::OneTime => self.one_time.0.keys().map(|id| id.0).collect(),
            IdSpace::Signed => self.signed.0.keys().map(|id| id.0).collect(),
            IdSpace::Kem => {
                self.one_time_kem.0.keys().chain(self.last_resort.0.keys()).map(|id| id.0).collect()
            }
        }
    }

    /// Takes free ids of a space: `count`, or as many as there are together. After the last one ids begin again where
    /// most are free; the service must then forget the keys that it has, since it passes over lower ids.
    /// None is one of `freed`, those of keys that are deleted by the same change.
    pub(super) fn take_ids(
        &mut self,
        space: IdSpace,
        count: u32,
        max_id: u32,
        freed: impl Iterator<Item = Row>,
    ) -> Range<u32> {
        if self.ids.free(space).len() < count {
            let mut in_use = self.ids_in_use(space);
            in_use.extend(freed.filter(|row| row.space() == space).map(Row::id));
            let gap = FreeIds::largest_gap(in_use, max_id);
            if gap.len() > self.ids.free(space).len() {
                *self.ids.free_mut(space) = gap;
                self.replace = true;
            }
        }
        self.ids.free_mut(space).take(count)
    }

    /// Skips `distance` ids beyond the next one and beyond `seen`; fewer if there are not so many.
    pub(super) fn skip_ids(&mut self, space: IdSpace, seen: u32, distance: u32, max_id: u32) {
        let free = self.ids.free(space);
        let beyond = FreeIds { next: seen.clamp(free.next, free.end), ..free };
        *self.ids.free_mut(space) = if beyond.len() > distance {
            beyond.after(distance)
        } else {
            let gap = FreeIds::largest_gap(self.ids_in_use(space), max_id);
            if gap.len() > beyond.len() { gap.after(distance) } else { beyond.after(distance) }
        };
    }

    /// Sets times that are later than `now` to that. Returns whether there were any. Not by a clock that stands before
    /// this crate was written.
    pub(super) fn believe(&mut self, now: Timestamp) -> bool {
        now.is_plausible()
            && [
                self.one_time.believe(now),
                self.signed.believe(now),
                self.one_time_kem.believe(now),
                self.last_resort.believe(now),
            ]
            .contains(&true)
    }
}

/// The record.
impl Inventory {
    pub(super) fn record(&self, owner: &Address, identity: &IdentityKeyPair, generation: u64) -> Record {
        let capacity = FIXED_LEN + (ENTRY_LEN + 4) * self.rows().count();
        let mut writer = RecordWriter::new(RecordKind::Account, RECORD_VERSION, capacity);
        writer.put_u64(generation);
        writer.put_u64(mark(&[owner]));
        writer.put_array(&self.store);
        writer.put_array(identity.public().public_key().as_bytes());
        writer.put_array(identity.private().as_bytes());
        writer.put_u32(self.registration_id);
        for free in [self.ids.one_time, self.ids.signed, self.ids.kem] {
            writer.put_u32(free.next);
            writer.put_u32(free.end);
        }
        writer.put_flag(self.replace);
        write_states(&self.one_time, |id| id.0, &mut writer);
        write_states(&self.signed, |id| id.0, &mut writer);
        write_states(&self.one_time_kem, |id| id.0, &mut writer);
        write_states(&self.last_resort, |id| id.0, &mut writer);
        writer.finish()
    }

    /// The account without its keys, its identity, and whether it has the marks of its keys: those of an older format
    /// are 0.
    pub(super) fn from_record(
        bytes: &[u8],
        owner: &Address,
    ) -> Result<(Self, IdentityKeyPair, bool), RecordError> {
        let (mut reader, version) = RecordReader::open(RecordKind::Account, RECORD_VERSION, bytes)?;
        let (marked, generation) = (version > 1, reader.u64()?);
        if marked {
            reader.owner(mark(&[owner]))?;
        }
        let store = reader.array()?;
        let identity = IdentityKeyPair::from_halves(reader.array()?, &reader.secret::<32>()?);
        let mut inventory = Self::new(reader.u32()?, store, 0);
        inventory.generation = generation;
        for free in [&mut inventory.ids.one_time, &mut inventory.ids.signed, &mut inventory.ids.kem] {
            (free.next, free.end) = (reader.u32()?, reader.u32()?);
        }
        inventory.replace = reader.flag()?;
        inventory.one_time = read_states(OneTimePreKeyId, marked, &mut reader)?;
        inventory.signed = read_states(SignedPreKeyId, marked, &mut reader)?;
        inventory.one_time_kem = read_states(KemPreKeyId, marked, &mut reader)?;
        inventory.last_resort = read_states(KemPreKeyId, marked, &mut reader)?;
        reader.finish()?;
        if inventory.is_sound() { Ok((inventory, identity, marked)) } else { Err(RecordError::Damaged) }
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
    for (id, KeyState { stage, since, mark }) in &states.0 {
        writer.put_u32(number(*id));
        writer.put_u8(match stage {
            Stage::Generated => 0,
            Stage::Uploaded => 1,
            Stage::Retired => 2,
        });
        writer.put_u64(since.as_millis());
        writer.put_u32(*mark);
    }
}

fn read_states<Id: Copy + Ord>(
    id: fn(u32) -> Id,
    marked: bool,
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
        let since = Timestamp::from_millis(reader.u64()?);
        let mark = if marked { reader.u32()? } else { 0 };
        states.add(id, KeyState { stage, since, mark });
    }
    Ok(states)
}
