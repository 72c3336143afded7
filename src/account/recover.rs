// SPDX-License-Identifier: MIT OR Apache-2.0

//! Recovery of an account that was restored from a backup.

use alloc::vec::Vec;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};

use super::Account;
use super::backup::BackupToken;
use super::change::AccountChange;
use super::ids::{IdSpace, UpkeepError};
use super::row::Row;
use super::states::Stage;
use super::upload::Upload;
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// Number of ids of each space that are skipped when an account is recovered, for those that may have been given out
/// unknown to it.
const JUMP: u32 = 1 << 16;
/// Largest number of further ids that are skipped without a token, so that a backup that is restored twice does not
/// begin twice at the same id.
const SPREAD: u32 = 1 << 20;

impl Account {
    /// The digest of the keys that the service gives out more than once, to compare with the service's own: SHA-256 of
    /// identity key (33), id (8, big endian) and encoded key of the signed prekey, id (8) and encoded key of the
    /// last-resort KEM prekey; the last two where there is one. If the service finds another, its store was restored
    /// from a backup, or is wrong: [renew](Self::renew) the keys.
    #[must_use]
    pub fn published_digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new().chain_update(self.identity_key().encode());
        let signed = self.inventory.signed.at(Stage::Uploaded).last();
        if let Some(key) = signed.and_then(|(id, _)| self.keys.signed.get(&id)).map(|key| key.public()) {
            digest = digest.chain_update(u64::from(key.id.0).to_be_bytes()).chain_update(key.key.encode());
        }
        let last_resort = self.inventory.last_resort.at(Stage::Uploaded).last();
        if let Some(kept) = last_resort.and_then(|(id, _)| self.keys.last_resort.get(&id)) {
            let key = kept.key.public();
            digest = digest.chain_update(u64::from(key.id.0).to_be_bytes()).chain_update(key.key.encode());
        }
        digest.finalize().into()
    }

    /// Replaces all prekeys that the service has, whatever their age: for a service whose store was restored from a
    /// backup. The old ones stay for their [grace](super::Limits::grace). Draws as [`Account::maintain`] does.
    ///
    /// # Errors
    /// [`UpkeepError`].
    pub fn renew(
        &mut self,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Upload>, UpkeepError> {
        self.lease.free()?;
        let mut change = self.draft();
        self.renew_in(&mut change, now, rng)?;
        let upload = self.upload_after(&change);
        Ok(Staged::of(self, change, upload))
    }

    /// Makes a restored account usable, as a new store of its own:
    ///
    /// * Ids continue 65,536 beyond all that the account and `token` know to be given out. Give the token if there is
    ///   one. Without it they continue up to 2^20 beyond that, at random, and only chance keeps ids apart that were
    ///   given out after the same backup was restored before. Where fewer are free in a row, half of the longest row is
    ///   skipped.
    /// * Signed and last-resort KEM prekey are replaced, and a batch of one-time prekeys of each kind is
    ///   generated, or as many as there is [room](super::Limits::max_kept) for. The next upload replaces all that the service has.
    /// * The old keys stay until then, and for their [grace](super::Limits::grace), since peers may have fetched them.
    ///   Some may have been deleted since the backup was made, and be back.
    ///
    /// Retire all sessions ([`Session::retire`](crate::Session::retire)), best in the same transaction, and send the
    /// upload, which has the new token. A crash before that leads to another recovery, which does no harm. Draws 16
    /// bytes, without a token three times 4, then as [`Account::maintain`] does.
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
            inventory.skip_ids(space, seen.unwrap_or(0), JUMP + spread, self.limits.max_id);
        }
        self.renew_in(&mut change, now, rng)?;
        let upload = self.upload_after(&change);
        Ok(Staged::of(self, change, upload))
    }

    /// Deletes the oldest one-time prekeys that were never confirmed to be uploaded, as far as there is no room for a
    /// batch: an app that is stopped before each upload must not fill the account with keys that nobody has.
    fn make_room(&self, change: &mut AccountChange) {
        let surplus = |kept: u32| kept.saturating_add(self.limits.batch).saturating_sub(self.limits.max_kept);
        let inventory = &change.inventory;
        let one_time = inventory.one_time.oldest(Stage::Generated, surplus(inventory.one_time.len()));
        let kem = inventory.one_time_kem.oldest(Stage::Generated, surplus(inventory.one_time_kem.len()));
        let rows: Vec<_> = one_time.map(Row::OneTimePreKey).chain(kem.map(Row::OneTimeKemPreKey)).collect();
        for row in rows {
            change.delete(row);
        }
    }

    fn renew_in(
        &self,
        change: &mut AccountChange,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(), UpkeepError> {
        self.make_room(change);
        let inventory = &mut change.inventory;
        inventory.believe(now);
        // Generated keys may have been uploaded since.
        inventory.one_time.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.one_time_kem.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.signed.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.last_resort.advance(Stage::Generated, Stage::Uploaded, now);
        inventory.replace = true;
        let batch = |kept| self.limits.batch.min(self.limits.max_kept.saturating_sub(kept));
        let (one_time, kem) = (batch(inventory.one_time.len()), batch(inventory.one_time_kem.len()));
        let when = (&self.limits, now);
        change.generate_one_time(one_time, when, rng);
        if self.limits.kem_pre_keys {
            change.generate_one_time_kem(kem, &self.identity, when, rng);
        }
        change.generate_signed(&self.identity, when, rng)?;
        if self.limits.kem_pre_keys {
            change.generate_last_resort(&self.identity, when, rng)?;
        }
        Ok(())
    }
}
