// SPDX-License-Identifier: MIT OR Apache-2.0

//! Import: an account of keys that were made elsewhere.

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;

use super::Account;
use super::ids::{FreeIds, IdSpace, UpkeepError};
use super::inventory::Inventory;
use super::keys::{Keys, LastResort, mark_of};
use super::limits::Limits;
use super::row::Row;
use super::states::{KeyState, Stage};
use super::uses::Uses;
use crate::address::Address;
use crate::crypto::xeddsa::Signature;
use crate::identity::IdentityKeyPair;
use crate::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey,
};
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::writes::Key;

/// Distance from the highest imported id at which an account continues that was not told where. Ids of keys that were
/// used up lie there.
const JUMP: u32 = 1 << 16;

/// The reason that a key cannot be imported. It is left out; the others stay.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is a key of this id already. KEM prekeys, one-time and last-resort, share their ids.
    #[error("{0:?} was given twice")]
    Twice(Key),
    /// The key's signature is not this identity's, so that peers would refuse it. Perhaps the device has two
    /// identities, and it belongs to the other one.
    #[error("{0:?} is not signed by this identity")]
    NotSigned(Key),
    /// The use of a last-resort KEM prekey that is not there. Give the keys first.
    #[error("no last-resort KEM prekey {0:?}; give the keys first")]
    NoLastResort(KemPreKeyId),
}

/// An account that takes over the keys of another implementation, such as libsignal, whose stored keys the feature
/// `libsignal` reads.
///
/// All keys count as uploaded. The newest signed and the newest last-resort one are those in use; the older ones
/// are kept for a whole [grace](Limits::grace) from now on.
pub struct Import {
    address: Address,
    identity: IdentityKeyPair,
    inventory: Inventory,
    keys: Keys,
    next: [(IdSpace, Option<u32>); 3],
    now: Timestamp,
}

impl Import {
    /// An import that has only the identity and the registration id, any `u32`. Both must stay as they are.
    #[must_use]
    pub fn new(address: Address, identity: IdentityKeyPair, registration_id: u32, now: Timestamp) -> Self {
        let next = [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem].map(|space| (space, None));
        let inventory = Inventory::new(registration_id, [0; 16], 0);
        Self { address, identity, inventory, keys: Keys::default(), next, now }
    }

    /// Takes over a one-time prekey.
    ///
    /// # Errors
    /// [`ImportError::Twice`].
    pub fn one_time_pre_key(&mut self, key: OneTimePreKey) -> Result<(), ImportError> {
        let id = key.id();
        self.check_new(Row::OneTimePreKey(id))?;
        let mark = mark_of(key.public().key.as_bytes());
        self.inventory.one_time.add(id, self.imported(Stage::Uploaded, mark));
        self.keys.one_time.insert(id, Box::new(key));
        Ok(())
    }

    /// Takes over a signed prekey.
    ///
    /// # Errors
    /// [`ImportError`]: `Twice`, `NotSigned`.
    pub fn signed_pre_key(&mut self, key: SignedPreKey) -> Result<(), ImportError> {
        let (id, row) = (key.id(), Row::SignedPreKey(key.id()));
        self.check_new(row)?;
        self.check_signature(row, &key.public().key.encode(), &key.public().signature)?;
        let mark = mark_of(&key.public().signature);
        self.inventory.signed.add(id, self.imported(Stage::Retired, mark));
        self.keys.signed.insert(id, Box::new(key));
        Ok(())
    }

    /// Takes over a KEM prekey as a one-time one.
    ///
    /// # Errors
    /// [`ImportError`]: `Twice`, `NotSigned`.
    pub fn one_time_kem_pre_key(&mut self, key: OneTimeKemPreKey) -> Result<(), ImportError> {
        let (id, row) = (key.id(), Row::OneTimeKemPreKey(key.id()));
        self.check_new(row)?;
        self.check_signature(row, &key.public().key.encode(), &key.public().signature)?;
        let mark = mark_of(&key.public().signature);
        self.inventory.one_time_kem.add(id, self.imported(Stage::Uploaded, mark));
        self.keys.one_time_kem.insert(id, key);
        Ok(())
    }

    /// Takes over a last-resort KEM prekey.
    ///
    /// # Errors
    /// [`ImportError`]: `Twice`, `NotSigned`.
    pub fn last_resort_kem_pre_key(&mut self, key: LastResortKemPreKey) -> Result<(), ImportError> {
        let (id, row) = (key.id(), Row::LastResortKemPreKey(key.id()));
        self.check_new(row)?;
        self.check_signature(row, &key.public().key.encode(), &key.public().signature)?;
        self.inventory.last_resort.add(id, self.imported(Stage::Retired, 0));
        self.keys.last_resort.insert(id, LastResort { key, uses: Uses::default() });
        Ok(())
    }

    /// Takes over a use of a last-resort KEM prekey. A repeated use counts once.
    ///
    /// # Errors
    /// [`ImportError::NoLastResort`].
    pub fn used(&mut self, used: &KemPreKeyUse) -> Result<(), ImportError> {
        let kept = self.keys.last_resort.get_mut(&used.kem);
        kept.ok_or(ImportError::NoLastResort(used.kem))?.uses.insert(used);
        Ok(())
    }

    /// The id to continue from in a space: one above all that were given out, which other implementations store too.
    /// Ids are given out from there up to the next one in use, for implementations that began again at 0. One above
    /// [`Limits::max_id`] stands for the first. If it is not given, ids continue 65,536 above the highest one in use, or
    /// in the largest gap between those in use where that leaves too few.
    pub fn next_id(&mut self, space: IdSpace, next: u32) {
        for (of, given) in &mut self.next {
            if *of == space {
                *given = Some(next);
            }
        }
    }

    /// Makes the account, with the writes of all its records. Draws 16 bytes, which name the store.
    ///
    /// # Errors
    /// [`UpkeepError`]: `Limits`; `NoFreeId` if there is no id to continue from, or the given one is there.
    pub fn finish(
        self,
        limits: Limits,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'static, Account>, UpkeepError> {
        limits.check()?;
        let Self { address, identity, mut inventory, keys, next, now } = self;
        rng.fill_bytes(&mut inventory.store);
        for (space, next) in next {
            let free = free(&inventory.ids_in_use(space), next, limits.max_id);
            *inventory.ids.free_mut(space) = free.ok_or(UpkeepError::NoFreeId(space))?;
        }
        // A key from the future was made by a wrong clock.
        let signed = keys.signed.values().map(|key| (key.created().min(now), key.id()));
        if let Some((created, id)) = signed.max() {
            inventory.signed.put_in_use(id, created);
        }
        let last_resort = keys.last_resort.values().map(|kept| (kept.key.created().min(now), kept.key.id()));
        if let Some((created, id)) = last_resort.max() {
            inventory.last_resort.put_in_use(id, created);
        }
        for (id, kept) in &keys.last_resort {
            inventory.last_resort.set_mark(*id, kept.mark());
        }
        Ok(Account::of(address, identity, inventory, keys, limits).stage_new())
    }

    /// The state of an imported key.
    const fn imported(&self, stage: Stage, mark: u32) -> KeyState {
        KeyState { stage, since: self.now, mark }
    }

    fn check_new(&self, row: Row) -> Result<(), ImportError> {
        let there = match row {
            Row::OneTimeKemPreKey(id) | Row::LastResortKemPreKey(id) => {
                self.keys.one_time_kem.contains_key(&id) || self.keys.last_resort.contains_key(&id)
            }
            _ => self.inventory.has(row),
        };
        if there { Err(ImportError::Twice(row.key())) } else { Ok(()) }
    }

    fn check_signature(&self, row: Row, key: &[u8], signature: &Signature) -> Result<(), ImportError> {
        let signed = self.identity.public().verify(&[key], signature);
        if signed { Ok(()) } else { Err(ImportError::NotSigned(row.key())) }
    }
}

/// The ids to continue with, beside those in use.
fn free(in_use: &[u32], next: Option<u32>, max_id: u32) -> Option<FreeIds> {
    let all = FreeIds::all(max_id);
    let from = |next: u32| {
        let end = in_use.iter().copied().filter(|id| *id >= next).min().unwrap_or(all.end).min(all.end);
        FreeIds { next, end: end.max(next) }
    };
    let free = match next {
        Some(next) if all.contains(next) => from(next),
        Some(_) => from(all.next),
        None => {
            let highest = in_use.iter().copied().filter(|id| all.contains(*id)).max();
            let above = highest.map_or(all, |highest| from(highest + 1));
            if above.len() > 2 * JUMP || above == all {
                above.after(if highest.is_some() { JUMP - 1 } else { 0 })
            } else {
                FreeIds::largest_gap(in_use.to_vec(), max_id).after(JUMP)
            }
        }
    };
    (free.len() > 0).then_some(free)
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address: _, identity: _, inventory, keys: _, next: _, now: _ } = self;
        write!(f, "Import({}, {} records)", inventory.registration_id, inventory.rows().count())
    }
}
