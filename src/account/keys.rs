// SPDX-License-Identifier: MIT OR Apache-2.0

//! The private halves.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::row::Row;
use super::uses::Uses;
use crate::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use crate::record::{Mark, Record};

/// A last-resort KEM prekey and its uses.
#[derive(Debug)]
pub(super) struct LastResort {
    pub(super) key: LastResortKemPreKey,
    pub(super) uses: Uses,
}

/// Prekeys with their private halves. Those that would lie in the maps themselves are boxed: a map that grows moves its
/// entries, and does not wipe their old places.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) one_time: BTreeMap<OneTimePreKeyId, Box<OneTimePreKey>>,
    pub(super) signed: BTreeMap<SignedPreKeyId, Box<SignedPreKey>>,
    pub(super) one_time_kem: BTreeMap<KemPreKeyId, OneTimeKemPreKey>,
    pub(super) last_resort: BTreeMap<KemPreKeyId, LastResort>,
}

/// The mark of a key, by its public half or that one's signature.
pub(super) fn mark_of(public: &[u8]) -> u32 {
    Mark::new().with(public).to_u32()
}

impl LastResort {
    /// The mark of the key and its uses.
    pub(super) fn mark(&self) -> u32 {
        mark_of(&self.key.public().signature) ^ self.uses.mark()
    }
}

impl Keys {
    pub(super) fn add(&mut self, more: Self) {
        let Self { one_time, signed, one_time_kem, last_resort } = more;
        self.one_time.extend(one_time);
        self.signed.extend(signed);
        self.one_time_kem.extend(one_time_kem);
        self.last_resort.extend(last_resort);
    }

    /// Deletes a row. The uses of a last-resort KEM prekey go with it.
    pub(super) fn delete(&mut self, row: Row) {
        match row {
            Row::OneTimePreKey(id) => drop(self.one_time.remove(&id)),
            Row::SignedPreKey(id) => drop(self.signed.remove(&id)),
            Row::OneTimeKemPreKey(id) => drop(self.one_time_kem.remove(&id)),
            Row::LastResortKemPreKey(id) => drop(self.last_resort.remove(&id)),
            Row::LastResortUses(_) => {}
        }
    }

    /// All rows.
    pub(super) fn rows(&self) -> Vec<(Row, Record)> {
        let Self { one_time, signed, one_time_kem, last_resort } = self;
        let mut rows =
            Vec::with_capacity(one_time.len() + signed.len() + one_time_kem.len() + 2 * last_resort.len());
        rows.extend(one_time.iter().map(|(id, key)| (Row::OneTimePreKey(*id), key.record())));
        rows.extend(signed.iter().map(|(id, key)| (Row::SignedPreKey(*id), key.record())));
        rows.extend(one_time_kem.iter().map(|(id, key)| (Row::OneTimeKemPreKey(*id), key.record())));
        for (id, LastResort { key, uses }) in last_resort {
            rows.push((Row::LastResortKemPreKey(*id), key.record()));
            rows.push((Row::LastResortUses(*id), uses.record(*id, None)));
        }
        rows
    }
}
