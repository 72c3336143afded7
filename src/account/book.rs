// SPDX-License-Identifier: MIT OR Apache-2.0

//! What an account knows about itself, without its keys: small, so that a stage holds a new one.

use alloc::vec::Vec;

use super::effects::AccountRow;
use super::ids::{Allocator, IdSpace, IdsExhausted};
use super::limits::AccountLimits;
use super::shelf::{KeyState, Shelf, Stage};
use crate::identity::IdentityKeyPair;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;

/// Newest format of account records.
const RECORD_VERSION: u8 = 1;
/// Length of what a record holds apart from its lists, in bytes.
const FIXED_LEN: usize = 8 + 16 + 32 + 32 + 4 + 3 * 8 + 1 + 4 * 4;
/// Length of an entry of its lists.
const ENTRY_LEN: usize = 4 + 1 + 8;

/// What an account knows about itself.
#[derive(Clone, Debug)]
pub(super) struct Book {
    /// How many changes were committed.
    pub(super) generation: u64,
    /// Random, and another one after each recovery.
    pub(super) store: [u8; 16],
    pub(super) registration_id: u32,
    pub(super) ids: Allocator,
    /// Whether the next upload replaces all one-time prekeys that the service has.
    pub(super) replace: bool,
    pub(super) one_time: Shelf<OneTimePreKeyId>,
    pub(super) signed: Shelf<SignedPreKeyId>,
    pub(super) one_time_kem: Shelf<KemPreKeyId>,
    pub(super) last_resort: Shelf<KemPreKeyId>,
}

impl Book {
    pub(super) fn new(registration_id: u32, store: [u8; 16]) -> Self {
        Self {
            generation: 0,
            store,
            registration_id,
            ids: Allocator::new(),
            replace: false,
            one_time: Shelf::default(),
            signed: Shelf::default(),
            one_time_kem: Shelf::default(),
            last_resort: Shelf::default(),
        }
    }

    pub(super) fn remove(&mut self, row: AccountRow) {
        match row {
            AccountRow::OneTimePreKey(id) => self.one_time.remove(id),
            AccountRow::SignedPreKey(id) => self.signed.remove(id),
            AccountRow::OneTimeKemPreKey(id) => self.one_time_kem.remove(id),
            AccountRow::LastResortKemPreKey(id) => self.last_resort.remove(id),
            AccountRow::LastResortUses(_) => {}
        }
    }

    pub(super) fn has(&self, row: AccountRow) -> bool {
        match row {
            AccountRow::OneTimePreKey(id) => self.one_time.0.contains_key(&id),
            AccountRow::SignedPreKey(id) => self.signed.0.contains_key(&id),
            AccountRow::OneTimeKemPreKey(id) => self.one_time_kem.0.contains_key(&id),
            AccountRow::LastResortKemPreKey(id) | AccountRow::LastResortUses(id) => {
                self.last_resort.0.contains_key(&id)
            }
        }
    }

    /// All rows that belong to it.
    pub(super) fn rows(&self) -> impl Iterator<Item = AccountRow> + '_ {
        let one_time = self.one_time.0.keys().map(|id| AccountRow::OneTimePreKey(*id));
        let signed = self.signed.0.keys().map(|id| AccountRow::SignedPreKey(*id));
        let kem = self.one_time_kem.0.keys().map(|id| AccountRow::OneTimeKemPreKey(*id));
        let last_resort = self.last_resort.0.keys();
        let last_resort = last_resort
            .flat_map(|id| [AccountRow::LastResortKemPreKey(*id), AccountRow::LastResortUses(*id)]);
        one_time.chain(signed).chain(kem).chain(last_resort)
    }

    /// The rows of keys at a stage.
    pub(super) fn keys_at(&self, stage: Stage) -> impl Iterator<Item = AccountRow> + '_ {
        let one_time = self.one_time.at(stage).map(|(id, _)| AccountRow::OneTimePreKey(id));
        let signed = self.signed.at(stage).map(|(id, _)| AccountRow::SignedPreKey(id));
        let kem = self.one_time_kem.at(stage).map(|(id, _)| AccountRow::OneTimeKemPreKey(id));
        let last_resort = self.last_resort.at(stage).map(|(id, _)| AccountRow::LastResortKemPreKey(id));
        one_time.chain(signed).chain(kem).chain(last_resort)
    }

    /// The rows of keys whose time is over.
    pub(super) fn expired(&self, limits: &AccountLimits, now: Timestamp) -> Vec<AccountRow> {
        let mut rows = Vec::new();
        rows.extend(self.one_time.expired(limits, now).map(AccountRow::OneTimePreKey));
        rows.extend(self.signed.expired(limits, now).map(AccountRow::SignedPreKey));
        rows.extend(self.one_time_kem.expired(limits, now).map(AccountRow::OneTimeKemPreKey));
        let last_resort = self.last_resort.expired(limits, now);
        rows.extend(
            last_resort.flat_map(|id| [AccountRow::LastResortKemPreKey(id), AccountRow::LastResortUses(id)]),
        );
        rows
    }

    /// Whether a row's id was never given out.
    pub(super) const fn is_unused(&self, row: AccountRow) -> bool {
        let space = match row {
            AccountRow::OneTimePreKey(_) => IdSpace::OneTime,
            AccountRow::SignedPreKey(_) => IdSpace::Signed,
            _ => IdSpace::Kem,
        };
        self.ids.unused(space).contains(row.id())
    }

    pub(super) fn next_signed(&mut self, now: Timestamp) -> Result<SignedPreKeyId, IdsExhausted> {
        let id = SignedPreKeyId(self.ids.take(IdSpace::Signed, 1)?.start);
        self.signed.add(id, Stage::Generated, now);
        Ok(id)
    }

    pub(super) fn next_last_resort(&mut self, now: Timestamp) -> Result<KemPreKeyId, IdsExhausted> {
        let id = KemPreKeyId(self.ids.take(IdSpace::Kem, 1)?.start);
        self.last_resort.add(id, Stage::Generated, now);
        Ok(id)
    }
}

/// The record.
impl Book {
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
        write_shelf(&self.one_time, |id| id.0, &mut writer);
        write_shelf(&self.signed, |id| id.0, &mut writer);
        write_shelf(&self.one_time_kem, |id| id.0, &mut writer);
        write_shelf(&self.last_resort, |id| id.0, &mut writer);
        writer.finish()
    }

    pub(super) fn from_record(bytes: &[u8]) -> Result<(Self, IdentityKeyPair), RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::Account, RECORD_VERSION, bytes)?;
        let (generation, store) = (reader.u64()?, reader.array()?);
        let identity = IdentityKeyPair::from_halves(reader.array()?, &reader.secret::<32>()?);
        let mut book = Self::new(reader.u32()?, store);
        book.generation = generation;
        for unused in [&mut book.ids.one_time, &mut book.ids.signed, &mut book.ids.kem] {
            (unused.next, unused.end) = (reader.u32()?, reader.u32()?);
        }
        book.replace = reader.flag()?;
        book.one_time = read_shelf(OneTimePreKeyId, &mut reader)?;
        book.signed = read_shelf(SignedPreKeyId, &mut reader)?;
        book.one_time_kem = read_shelf(KemPreKeyId, &mut reader)?;
        book.last_resort = read_shelf(KemPreKeyId, &mut reader)?;
        reader.finish()?;
        if book.is_sound() { Ok((book, identity)) } else { Err(RecordError::Damaged) }
    }

    /// Whether no id is unused and used, or used twice.
    fn is_sound(&self) -> bool {
        self.ids.is_sound()
            && !self.rows().any(|row| self.is_unused(row))
            && !self.last_resort.0.keys().any(|id| self.one_time_kem.0.contains_key(id))
    }
}

fn write_shelf<Id: Copy>(shelf: &Shelf<Id>, number: fn(Id) -> u32, writer: &mut RecordWriter) {
    writer.put_count(shelf.0.len());
    for (id, KeyState { stage, since }) in &shelf.0 {
        writer.put_u32(number(*id));
        writer.put_u8(match stage {
            Stage::Generated => 0,
            Stage::Uploaded => 1,
            Stage::Retired => 2,
        });
        writer.put_u64(since.as_millis());
    }
}

fn read_shelf<Id: Copy + Ord>(
    id: fn(u32) -> Id,
    reader: &mut RecordReader<'_>,
) -> Result<Shelf<Id>, RecordError> {
    let mut shelf = Shelf::default();
    for _ in 0..reader.count(ENTRY_LEN)? {
        let id = id(reader.u32()?);
        if shelf.0.last_key_value().is_some_and(|(last, _)| *last >= id) {
            return Err(RecordError::Damaged);
        }
        let stage = match reader.u8()? {
            0 => Stage::Generated,
            1 => Stage::Uploaded,
            2 => Stage::Retired,
            _ => return Err(RecordError::Damaged),
        };
        shelf.add(id, stage, Timestamp::from_millis(reader.u64()?));
    }
    Ok(shelf)
}
