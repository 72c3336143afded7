// SPDX-License-Identifier: MIT OR Apache-2.0

//! Finding out that an account was restored from a backup, and what is done then.

use rand_core::CryptoRng;

use super::Account;
use super::ids::{IdSpace, UpkeepError};
use super::inventory::Inventory;
use super::states::Stage;
use super::upload::Upload;
use crate::lease::Busy;
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// How many ids of each space are skipped when an account is recovered, for those that may have been given out
/// unknown to it.
const JUMP: u32 = 1 << 16;
/// Up to so many more if nothing tells how many were given out, so that a backup that is restored twice does
/// not begin twice at the same id.
const SPREAD: u32 = 1 << 20;

/// Says how far an account had come: 36 public bytes, kept where a backup of the account's store does not reach,
/// such as at the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupToken {
    /// Random; names the store that the account is kept in, from its beginning or last recovery on.
    pub(super) store: [u8; 16],
    /// How many changes were committed.
    generation: u64,
    /// The next id of each space: one-time, signed, KEM.
    next_ids: [u32; 3],
}

impl BackupToken {
    /// Length in bytes.
    pub const LEN: usize = 16 + 8 + 3 * 4;

    pub(super) const fn of(inventory: &Inventory, generation: u64) -> Self {
        let ids = &inventory.ids;
        Self {
            store: inventory.store,
            generation,
            next_ids: [ids.one_time.next, ids.signed.next, ids.kem.next],
        }
    }

    /// The token as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let [one_time, signed, kem] = self.next_ids.map(u32::to_le_bytes);
        let generation = self.generation.to_le_bytes();
        let mut bytes = [0; Self::LEN];
        let parts = [&self.store[..], &generation, &one_time, &signed, &kem];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] gave; whatever else the bytes are, they are some token.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let (mut store, mut generation) = ([0; 16], [0; 8]);
        let mut next_ids = [[0; 4]; 3];
        let parts = store.iter_mut().chain(&mut generation).chain(next_ids.iter_mut().flatten());
        for (to, from) in parts.zip(bytes) {
            *to = *from;
        }
        Self { store, generation: u64::from_le_bytes(generation), next_ids: next_ids.map(u32::from_le_bytes) }
    }
}

/// Whether an account is the newest there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum BackupCheck {
    /// Nothing speaks against it.
    Fresh,
    /// It is older than one that existed, or another has taken its place: it was restored from a backup.
    /// [Recover](Account::recover) it before anything else is done with it.
    Restored,
}

impl Account {
    /// How far the account has come. It is in each [upload](Self::upload); put it there more often, such as
    /// after [`Self::advance`] at each start of the app, and backups are detected that were made since.
    #[must_use]
    pub const fn token(&self) -> BackupToken {
        BackupToken::of(&self.inventory, self.inventory.generation)
    }

    /// Changes nothing but the [generation](Self::generation), for a [token](Self::token) that older backups
    /// don't know.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn advance(&mut self) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        let change = self.draft();
        Ok(Staged::of(self, change, ()))
    }

    /// Compares the account with the newest token that is kept elsewhere. A token that is older than the account
    /// is fine: the app may have been stopped before it could put the newest one there. If there should be a
    /// token and is none, the caller takes that for [`BackupCheck::Restored`].
    ///
    /// Whoever keeps the token can bring about recoveries that are not needed, which cost sessions and ids; and
    /// can hide a restored backup by an old token.
    pub fn check(&self, token: &BackupToken) -> BackupCheck {
        if token.store == self.inventory.store && token.generation <= self.inventory.generation {
            BackupCheck::Fresh
        } else {
            BackupCheck::Restored
        }
    }

    /// Makes a restored account usable, as a new store of its own:
    ///
    /// * Ids continue 65,536 beyond all that the account and `token` know to be given out. Give the token wherever
    ///   there is one. Without it they continue up to 2^20 beyond that, at random, and only chance keeps ids
    ///   apart that were given out after the same backup was restored before.
    /// * Signed and last-resort KEM prekey are replaced, and a batch of one-time prekeys of each kind is
    ///   generated, if there is [room](super::Limits::max_kept). The next upload replaces all that the service has.
    /// * The keys of before stay until then, and for their [grace](super::Limits::grace), since peers may have
    ///   fetched them. Some may have been deleted since the backup was made, and be back.
    ///
    /// Retire all sessions ([`Session::retire`](crate::Session::retire)), best in the same transaction, and send the
    /// upload, which has the new token. A crash before that leads to another recovery, which does no harm. Draws 16 bytes,
    /// without a token three times 4, then as [`Account::maintain`] does.
    ///
    /// # Errors
    /// [`UpkeepError`].
    pub fn recover(
        &mut self,
        token: Option<&BackupToken>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Upload>, UpkeepError> {
        self.lease.free()?;
        let mut change = self.draft();
        let inventory = &mut change.inventory;
        rng.fill_bytes(&mut inventory.store);
        for (at, space) in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem].into_iter().enumerate() {
            let seen = token.and_then(|token| token.next_ids.get(at).copied());
            let spread = if seen.is_some() { 0 } else { rng.next_u32() % SPREAD };
            inventory.ids.jump(space, seen.unwrap_or(0), JUMP + spread)?;
        }
        // What was generated may have been uploaded since.
        inventory.one_time.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.one_time_kem.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.signed.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.last_resort.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.replace = true;
        let room = |kept: u32| kept.saturating_add(self.limits.batch) <= self.limits.max_kept;
        let batch = |kept| if room(kept) { self.limits.batch } else { 0 };
        let (one_time, kem) = (batch(inventory.one_time.len()), batch(inventory.one_time_kem.len()));
        change.generate_one_time(one_time, now, rng)?;
        if self.limits.kem_pre_keys {
            change.generate_one_time_kem(kem, &self.identity, now, rng)?;
        }
        change.generate_signed(&self.identity, now, rng)?;
        if self.limits.kem_pre_keys {
            change.generate_last_resort(&self.identity, now, rng)?;
        }
        let upload = self.upload_after(&change);
        Ok(Staged::of(self, change, upload))
    }
}
