// SPDX-License-Identifier: MIT OR Apache-2.0

//! Detection of a restored backup.

use super::Account;
use super::inventory::Inventory;
use crate::lease::Busy;
use crate::staged::Staged;

/// The progress of an account: 36 public bytes, kept where a backup of the account's store does not reach, such as at
/// the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupToken {
    /// Random; names the store that the account is kept in, from its beginning or last recovery on.
    pub(super) store: [u8; 16],
    /// Number of committed changes.
    generation: u64,
    /// The next id of each space: one-time, signed, KEM.
    pub(super) next_ids: [u32; 3],
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

    /// Reads the [byte form](Self::to_bytes). Any 36 bytes are some token.
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
    /// [Recover](Account::recover) it before any other use.
    Restored,
}

impl Account {
    /// The account's progress, to compare a restored store with. It is in each [upload](Self::upload). Store it at the
    /// service more often, such as after [`Self::advance`] at each start of the app, to detect backups that were made
    /// since.
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

    /// Compares the account with the newest token that is kept elsewhere. A token that is older than the account is
    /// fine: the app may have been stopped before it could put the newest one there. If a token should exist and is
    /// missing, treat that as [`BackupCheck::Restored`].
    ///
    /// The keeper of the token can cause needless recoveries, which cost sessions and ids, and can hide a restored
    /// backup by an old token.
    pub fn check(&self, token: &BackupToken) -> BackupCheck {
        if token.store == self.inventory.store && token.generation <= self.inventory.generation {
            BackupCheck::Fresh
        } else {
            BackupCheck::Restored
        }
    }
}
