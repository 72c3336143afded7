// SPDX-License-Identifier: MIT OR Apache-2.0

//! Recovery of an account that was restored from a backup.

use rand_core::CryptoRng;

use super::Account;
use super::backup::BackupToken;
use super::ids::{IdSpace, UpkeepError};
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
    /// Makes a restored account usable, as a new store of its own:
    ///
    /// * Ids continue 65,536 beyond all that the account and `token` know to be given out. Give the token if there is
    ///   one. Without it they continue up to 2^20 beyond that, at random, and only chance keeps ids apart that were
    ///   given out after the same backup was restored before.
    /// * Signed and last-resort KEM prekey are replaced, and a batch of one-time prekeys of each kind is
    ///   generated, if there is [room](super::Limits::max_kept). The next upload replaces all that the service has.
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
            inventory.ids.jump(space, seen.unwrap_or(0), JUMP + spread)?;
        }
        // Generated keys may have been uploaded since.
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
