// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is to be done about the prekeys, and when.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::Account;
use super::effects::AccountRow;
use super::ids::IdsExhausted;
use super::limits::{AccountLimits, has_passed};
use super::shelf::{Shelf, Stage};
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// How many one-time prekeys of a device the service has left, by its own account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceCounts {
    /// One-time prekeys.
    pub one_time: u32,
    /// One-time KEM prekeys.
    pub one_time_kem: u32,
}

/// What is to be done about an account's prekeys. A function of account, limits, counts and time, and of
/// nothing else: asked again it says the same, and once it was done it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefillPlan {
    /// How many one-time prekeys [`Account::refill`] generates.
    pub one_time: u32,
    /// How many one-time KEM prekeys it generates.
    pub one_time_kem: u32,
    /// Whether the signed prekey is to be replaced.
    pub rotate_signed: bool,
    /// Whether the last-resort KEM prekey is to be replaced: it is old, or was used often.
    pub rotate_last_resort: bool,
    /// Whether the next upload is to replace all one-time prekeys that the service has.
    pub replace_one_time: bool,
    /// Keys that were generated before, and for all we know not uploaded: to be offered again.
    pub offer_again: Vec<AccountRow>,
    /// What [`Account::delete_expired`] deletes.
    pub expired: Vec<AccountRow>,
}

impl RefillPlan {
    /// Whether [`Account::rotate`] would do something.
    #[must_use]
    pub const fn rotates(&self) -> bool {
        self.rotate_signed || self.rotate_last_resort
    }

    /// Whether [`Account::refill`] would do something.
    #[must_use]
    pub const fn generates(&self) -> bool {
        self.one_time > 0 || self.one_time_kem > 0 || self.rotates()
    }
}

impl Account {
    /// What is to be done now. Changes nothing.
    #[must_use]
    pub fn plan(&self, now: Timestamp, counts: ServiceCounts) -> RefillPlan {
        let (book, limits) = (&self.book, &self.limits);
        let want = [
            want(&book.one_time, counts.one_time, limits),
            want(&book.one_time_kem, counts.one_time_kem, limits),
        ];
        let replace_one_time = book.replace
            || want.iter().any(|want| want.too_many_given_out)
                && want.iter().all(|want| want.room >= limits.batch);
        let [one_time, one_time_kem] = want.map(|want| want.generate(replace_one_time, limits));
        RefillPlan {
            one_time,
            one_time_kem,
            rotate_signed: is_due(&book.signed, limits, |since, _| {
                has_passed(limits.signed_lifetime, since, now)
            }),
            rotate_last_resort: is_due(&book.last_resort, limits, |since, id| {
                let uses = self.keys.last_resort.get(&id).map_or(0, |last_resort| last_resort.uses.len());
                has_passed(limits.last_resort_lifetime, since, now) || uses >= limits.many_uses().max(1)
            }),
            replace_one_time,
            offer_again: book.keys_at(Stage::Generated).collect(),
            expired: book.expired(limits, now),
        }
    }

    /// Generates what the [plan](Self::plan) says: one-time prekeys in batches, and what [`Self::rotate`]
    /// does. Nothing, if nothing is needed: called twice at one time with the same counts it generates once.
    ///
    /// Draws, in this order: 32 bytes for each one-time prekey; 128 for each one-time KEM prekey; 96 for a
    /// signed prekey; 128 for a last-resort KEM prekey.
    ///
    /// # Errors
    /// [`IdsExhausted`].
    pub fn refill(
        &mut self,
        now: Timestamp,
        counts: ServiceCounts,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Staged<'_, Self, ()>>, IdsExhausted> {
        let plan = self.plan(now, counts);
        self.carry_out(&plan, now, rng)
    }

    /// Replaces the signed prekey and the last-resort KEM prekey, if it is time: generates new ones to be
    /// uploaded. The old ones are given out by the service until it [confirms](Self::confirm_uploaded) the new
    /// ones, and kept for [`AccountLimits::grace`] after that. Nothing is replaced before its replacement was
    /// confirmed, nor twice at one time. Draws as [`Self::refill`] does.
    ///
    /// # Errors
    /// [`IdsExhausted`].
    pub fn rotate(
        &mut self,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Staged<'_, Self, ()>>, IdsExhausted> {
        let plan = self.plan(now, ServiceCounts::default());
        let plan = RefillPlan { one_time: 0, one_time_kem: 0, replace_one_time: self.book.replace, ..plan };
        self.carry_out(&plan, now, rng)
    }

    /// Deletes the keys whose [grace](AccountLimits::grace) is over, and what is remembered of their uses.
    pub fn delete_expired(&mut self, now: Timestamp) -> Option<Staged<'_, Self, ()>> {
        let expired = self.book.expired(&self.limits, now);
        if expired.is_empty() {
            return None;
        }
        let mut change = self.draft();
        for row in expired {
            change.delete(row);
        }
        Some(self.stage(change, ()))
    }

    fn carry_out(
        &mut self,
        plan: &RefillPlan,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Staged<'_, Self, ()>>, IdsExhausted> {
        if !plan.generates() {
            return Ok(None);
        }
        let mut change = self.draft();
        change.book.replace = plan.replace_one_time;
        change.generate_one_time(plan.one_time, now, rng)?;
        change.generate_one_time_kem(plan.one_time_kem, &self.identity, now, rng)?;
        if plan.rotate_signed {
            change.generate_signed(&self.identity, now, rng)?;
        }
        if plan.rotate_last_resort {
            change.generate_last_resort(&self.identity, now, rng)?;
        }
        Ok(Some(self.stage(change, ())))
    }
}

/// What a kind of one-time prekeys is in want of.
#[derive(Clone, Copy, Debug)]
struct Want {
    /// How many are still to be uploaded.
    pending: u32,
    /// How many the service has.
    at_service: u32,
    /// How many more may be kept.
    room: u32,
    /// Whether more were given out, and did not come back, than the limit allows.
    too_many_given_out: bool,
}

fn want<Id: Copy + Ord>(shelf: &Shelf<Id>, at_service: u32, limits: &AccountLimits) -> Want {
    let given_out = shelf.count(Stage::Uploaded).saturating_sub(at_service);
    Want {
        pending: shelf.count(Stage::Generated),
        at_service,
        room: limits.max_kept.saturating_sub(shelf.len()),
        too_many_given_out: given_out > limits.max_given_out,
    }
}

impl Want {
    /// How many are to be generated: a batch, or none.
    const fn generate(self, replace: bool, limits: &AccountLimits) -> u32 {
        let left = if replace { 0 } else { self.at_service };
        let enough = self.pending.saturating_add(left) >= limits.low;
        if enough || self.room < limits.batch { 0 } else { limits.batch }
    }
}

/// Whether a key of a kind that has one in use is to be replaced: the one in use is old, in the eyes of
/// `is_old`, or there is none. Not while a new one waits to be uploaded.
fn is_due<Id: Copy + Ord>(
    shelf: &Shelf<Id>,
    limits: &AccountLimits,
    is_old: impl Fn(Timestamp, Id) -> bool,
) -> bool {
    shelf.count(Stage::Generated) == 0
        && shelf.count(Stage::Retired) < limits.max_retired
        && shelf.at(Stage::Uploaded).all(|(id, since)| is_old(since, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_to_generate_is_reason_enough() {
        let none = RefillPlan { replace_one_time: true, ..RefillPlan::default() };
        assert!(!none.generates() && !none.rotates());
        for plan in [
            RefillPlan { one_time: 1, ..none.clone() },
            RefillPlan { one_time_kem: 1, ..none.clone() },
            RefillPlan { rotate_signed: true, ..none.clone() },
            RefillPlan { rotate_last_resort: true, ..none },
        ] {
            assert!(plan.generates(), "{plan:?}");
            assert_eq!(plan.rotates(), plan.rotate_signed || plan.rotate_last_resort);
        }
    }
}
