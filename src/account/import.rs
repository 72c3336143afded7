// SPDX-License-Identifier: MIT OR Apache-2.0

//! Moving in: an account of keys that were made elsewhere.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::book::Book;
use super::effects::AccountRow;
use super::ids::{IDS_END, IdSpace, IdsExhausted, UnusedIds};
use super::keys::{Keys, LastResort};
use super::limits::AccountLimits;
use super::shelf::Stage;
use super::uses::Uses;
use super::{Account, NewAccount};
use crate::crypto::xeddsa::Signature;
use crate::identity::IdentityKeyPair;
use crate::prekey::{KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use crate::session::KemPreKeyUse;
use crate::timestamp::Timestamp;

/// How far above the highest imported id an account continues that was not told where. Ids of keys that were
/// used up lie there.
const JUMP: u32 = 1 << 16;

/// Why a key can't be taken over. It is left out; the others stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// There is a key of this id already. KEM prekeys, one-time and last-resort, share their ids.
    #[error("{0:?} came twice")]
    Twice(AccountRow),
    /// The key's signature is not this identity's, so that peers would refuse it. Perhaps the device has two
    /// identities, and it belongs to the other one.
    #[error("{0:?} is not signed by this identity")]
    NotSigned(AccountRow),
    /// The use of a last-resort KEM prekey that is not there. Give the keys first.
    #[error("no last-resort KEM prekey {0:?}")]
    NoLastResort(KemPreKeyId),
}

/// An account that takes over the keys of another implementation, such as libsignal, whose stored keys have their
/// own readers: [`IdentityKeyPair::from_libsignal_record`], [`OneTimePreKey::from_libsignal_record`],
/// [`SignedPreKey::from_libsignal_record`], [`KemPreKey::from_libsignal_record`](crate::KemPreKey::from_libsignal_record).
///
/// All keys count as uploaded. The newest signed and the newest last-resort one are those in use; the older ones
/// are kept for a whole [grace](AccountLimits::grace) from now on.
pub struct AccountImport {
    identity: IdentityKeyPair,
    book: Book,
    keys: Keys,
    next: [(IdSpace, Option<u32>); 3],
    now: Timestamp,
}

impl AccountImport {
    /// An import of nothing yet but the identity and the registration id, any `u32`, which both must stay what they
    /// are.
    #[must_use]
    pub fn new(identity: IdentityKeyPair, registration_id: u32, now: Timestamp) -> Self {
        let next = [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem].map(|space| (space, None));
        Self { identity, book: Book::new(registration_id, [0; 16]), keys: Keys::default(), next, now }
    }

    /// Takes over a one-time prekey.
    ///
    /// # Errors
    /// [`ImportError::Twice`].
    pub fn one_time_pre_key(&mut self, key: OneTimePreKey) -> Result<(), ImportError> {
        let id = key.id();
        self.check_new(AccountRow::OneTimePreKey(id))?;
        self.book.one_time.add(id, Stage::Uploaded, self.now);
        self.keys.one_time.insert(id, Box::new(key));
        Ok(())
    }

    /// Takes over a signed prekey.
    ///
    /// # Errors
    /// [`ImportError`]: `Twice`, `NotSigned`.
    pub fn signed_pre_key(&mut self, key: SignedPreKey) -> Result<(), ImportError> {
        let (id, row) = (key.id(), AccountRow::SignedPreKey(key.id()));
        self.check_new(row)?;
        self.check_signature(row, &key.public().key.encode(), &key.public().signature)?;
        self.book.signed.add(id, Stage::Retired, self.now);
        self.keys.signed.insert(id, Box::new(key));
        Ok(())
    }

    /// Takes over a KEM prekey as a one-time one.
    ///
    /// # Errors
    /// [`ImportError`]: `Twice`, `NotSigned`.
    pub fn one_time_kem_pre_key(&mut self, key: OneTimeKemPreKey) -> Result<(), ImportError> {
        let (id, row) = (key.id(), AccountRow::OneTimeKemPreKey(key.id()));
        self.check_new(row)?;
        self.check_signature(row, &key.public().key.encode(), &key.public().signature)?;
        self.book.one_time_kem.add(id, Stage::Uploaded, self.now);
        self.keys.one_time_kem.insert(id, key);
        Ok(())
    }

    /// Takes over a KEM prekey as one of last resort.
    ///
    /// # Errors
    /// [`ImportError`]: `Twice`, `NotSigned`.
    pub fn last_resort_kem_pre_key(&mut self, key: LastResortKemPreKey) -> Result<(), ImportError> {
        let (id, row) = (key.id(), AccountRow::LastResortKemPreKey(key.id()));
        self.check_new(row)?;
        self.check_signature(row, &key.public().key.encode(), &key.public().signature)?;
        self.book.last_resort.add(id, Stage::Retired, self.now);
        self.keys.last_resort.insert(id, LastResort { key, uses: Uses::default() });
        Ok(())
    }

    /// Takes over that a last-resort KEM prekey was used. A use that comes twice is taken once.
    ///
    /// # Errors
    /// [`ImportError::NoLastResort`].
    pub fn used(&mut self, used: &KemPreKeyUse) -> Result<(), ImportError> {
        let kept = self.keys.last_resort.get_mut(&used.kem);
        kept.ok_or(ImportError::NoLastResort(used.kem))?.uses.insert(used);
        Ok(())
    }

    /// The id to continue from in a space: one above all that were given out, which other implementations store
    /// too. Ids are given out from there up to the next one that is there, for those that began again at 0. If it is
    /// not given, ids continue 65,536 above the highest that is there.
    pub fn next_id(&mut self, space: IdSpace, next: u32) {
        for (of, given) in &mut self.next {
            if *of == space {
                *given = Some(next);
            }
        }
    }

    /// The account, and all records to be stored. Draws 16 bytes, which name the store.
    ///
    /// # Errors
    /// [`IdsExhausted`]: there is no id to continue from, or the given one is there. Lies the highest too near the
    /// end of the 24 bits, [`Self::next_id`] must be given.
    pub fn finish(self, limits: AccountLimits, rng: &mut impl CryptoRng) -> Result<NewAccount, IdsExhausted> {
        let Self { identity, mut book, keys, next, now: _ } = self;
        rng.fill_bytes(&mut book.store);
        for (space, next) in next {
            *book.ids.unused_mut(space) = unused(&taken(&book, space), next).ok_or(IdsExhausted { space })?;
        }
        if let Some(newest) = keys.signed.values().max_by_key(|key| (key.created(), key.id())) {
            book.signed.add(newest.id(), Stage::Uploaded, newest.created());
        }
        let last_resort = keys.last_resort.values().map(|last_resort| &last_resort.key);
        if let Some(newest) = last_resort.max_by_key(|key| (key.created(), key.id())) {
            book.last_resort.add(newest.id(), Stage::Uploaded, newest.created());
        }
        Ok(NewAccount::new(Account::of(identity, book, keys, limits)))
    }

    fn check_new(&self, row: AccountRow) -> Result<(), ImportError> {
        let there = match row {
            AccountRow::OneTimeKemPreKey(id) | AccountRow::LastResortKemPreKey(id) => {
                self.keys.one_time_kem.contains_key(&id) || self.keys.last_resort.contains_key(&id)
            }
            _ => self.book.has(row),
        };
        if there { Err(ImportError::Twice(row)) } else { Ok(()) }
    }

    fn check_signature(&self, row: AccountRow, key: &[u8], signature: &Signature) -> Result<(), ImportError> {
        let signed = self.identity.public().verify(&[key], signature);
        if signed { Ok(()) } else { Err(ImportError::NotSigned(row)) }
    }
}

/// The ids of a space that are there.
fn taken(book: &Book, space: IdSpace) -> Vec<u32> {
    match space {
        IdSpace::OneTime => book.one_time.0.keys().map(|id| id.0).collect(),
        IdSpace::Signed => book.signed.0.keys().map(|id| id.0).collect(),
        IdSpace::Kem => book.one_time_kem.0.keys().chain(book.last_resort.0.keys()).map(|id| id.0).collect(),
    }
}

/// The ids to go on with, beside those that are taken.
fn unused(taken: &[u32], next: Option<u32>) -> Option<UnusedIds> {
    let highest = taken.iter().copied().filter(|id| *id < IDS_END).max();
    let next = match (next, highest) {
        (Some(next), _) => next,
        (None, Some(highest)) => highest + JUMP,
        (None, None) => return Some(UnusedIds::all()),
    };
    let end = taken.iter().copied().filter(|id| *id >= next).min().unwrap_or(IDS_END).min(IDS_END);
    (next < end).then_some(UnusedIds { next, end })
}

impl fmt::Debug for AccountImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity: _, book, keys: _, next: _, now: _ } = self;
        write!(f, "AccountImport({}, {} records)", book.registration_id, book.rows().count())
    }
}
