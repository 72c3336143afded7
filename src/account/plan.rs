// SPDX-License-Identifier: MIT OR Apache-2.0

//! Upkeep of the prekeys, and when it is due.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::Account;
use super::ids::UpkeepError;
use super::inventory::Inventory;
use super::limits::{Limits, has_passed};
use super::row::Row;
use super::states::{PreKeyStates, Stage};
use super::upload::Upload;
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::writes::Key;

/// Numbers of one-time prekeys of a device that the service has left, as it says. The default, none, is right before the
/// first upload alone: after that [`maintain`](Account::maintain) would make a batch at each call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// One-time prekeys.
    pub one_time: u32,
    /// One-time KEM prekeys.
    pub one_time_kem: u32,
}

/// The upkeep that an account's prekeys need. A function of account, limits, counts and time, and of nothing else:
/// asked again it is the same, and empty once the upkeep is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "independent things to do")]
pub struct Plan {
    /// Number of one-time prekeys that [`Account::maintain`] generates.
    pub one_time: u32,
    /// Number of one-time KEM prekeys that it generates.
    pub one_time_kem: u32,
    /// Whether to replace the signed prekey.
    pub rotate_signed: bool,
    /// Whether to replace the last-resort KEM prekey: it is old, or was used often.
    pub rotate_last_resort: bool,
    /// Whether to retire all KEM prekeys: the account has some in use, and should have [none](Limits::kem_pre_keys).
    pub retire_kem: bool,
    /// Whether the next upload replaces all one-time prekeys that the service has: peers hold too many, or the service
    /// has more than we know of, because its store or ours was restored from a backup.
    pub replace_one_time: bool,
    /// Keys that were generated before and are not known to be uploaded: they are offered again.
    pub offer_again: Vec<Key>,
    /// Keys whose grace is over, and which are deleted.
    pub expired: Vec<Key>,
    /// Whether times that are kept are later than now: they are set to now, since some clock was wrong.
    pub correct_times: bool,
}

impl Plan {
    /// Returns whether there are keys to generate or to retire, or times to correct.
    const fn changes_keys(&self) -> bool {
        self.retire_kem
            || self.one_time > 0
            || self.one_time_kem > 0
            || self.rotate_signed
            || self.rotate_last_resort
            || self.correct_times
    }
}

impl Account {
    /// The upkeep that is due now. Changes nothing.
    #[must_use]
    pub fn plan(&self, counts: Counts, now: Timestamp) -> Plan {
        let mut inventory = self.inventory.clone();
        let correct_times = inventory.believe(now);
        let expired = inventory.expired(&self.limits, now).into_iter().map(Row::key).collect();
        Plan { expired, correct_times, ..self.plan_of(&inventory, counts, now) }
    }

    /// The plan for an inventory without expired keys and wrong times.
    fn plan_of(&self, inventory: &Inventory, counts: Counts, now: Timestamp) -> Plan {
        let limits = &self.limits;
        let want = [
            want(&inventory.one_time, counts.one_time, limits),
            want(&inventory.one_time_kem, counts.one_time_kem, limits),
        ];
        let kinds = want.get(..if limits.kem_pre_keys { 2 } else { 1 }).unwrap_or_default();
        let replace_one_time = inventory.replace
            || kinds.iter().any(|want| want.unknown_at_service || want.none_comes_back)
            || kinds.iter().any(|want| want.too_many_given_out && want.is_low(limits))
                && kinds.iter().all(|want| want.room >= limits.low.min(limits.batch));
        let [one_time, one_time_kem] = want.map(|want| want.generate(replace_one_time, limits));
        Plan {
            one_time,
            one_time_kem: if limits.kem_pre_keys { one_time_kem } else { 0 },
            rotate_signed: is_due(&inventory.signed, |since, _| {
                has_passed(limits.signed_lifetime, since, now)
            }),
            rotate_last_resort: limits.kem_pre_keys
                && is_due(&inventory.last_resort, |since, id| {
                    let uses = self.keys.last_resort.get(&id).map_or(0, |last_resort| last_resort.uses.len());
                    has_passed(limits.last_resort_lifetime, since, now) || uses >= limits.many_uses().max(1)
                }),
            retire_kem: !limits.kem_pre_keys && inventory.has_kem_in_use(),
            replace_one_time,
            offer_again: inventory.keys_at(Stage::Generated).map(Row::key).collect(),
            expired: Vec::new(),
            correct_times: false,
        }
    }

    /// Does the upkeep that is due: deletes keys whose [grace](Limits::grace) is over, replaces the signed and the
    /// last-resort KEM prekey if they are old, and generates one-time prekeys where few are left. `counts` are the
    /// service's. If nothing is due, nothing is written, and calling it twice does nothing more.
    ///
    /// Send the output to the service once that is stored, unless it [is empty](Upload::is_empty): the new keys, and
    /// those that were generated before and not [confirmed](Self::confirm_uploaded). The service gives out a replaced
    /// key until it confirms the new one; the account keeps it for its grace after that.
    ///
    /// Draws, in this order: 32 bytes for each one-time prekey; 128 for each one-time KEM prekey; 96 for a signed
    /// prekey; 128 for a last-resort KEM prekey.
    ///
    /// # Errors
    /// [`UpkeepError`].
    pub fn maintain(
        &mut self,
        counts: Counts,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Upload>, UpkeepError> {
        self.lease.free()?;
        let mut change = self.draft();
        let correct_times = change.inventory.believe(now);
        let expired = change.inventory.expired(&self.limits, now);
        let nothing_expired = expired.is_empty();
        for row in expired {
            change.delete(row);
        }
        let plan = Plan { correct_times, ..self.plan_of(&change.inventory, counts, now) };
        if nothing_expired && !plan.changes_keys() && plan.replace_one_time == self.inventory.replace {
            let upload = self.upload();
            return Ok(Staged::unchanged(upload));
        }
        change.inventory.replace = plan.replace_one_time;
        if plan.retire_kem {
            change.inventory.retire_kem(now);
        }
        let when = (&self.limits, now);
        change.generate_one_time(plan.one_time, when, rng);
        change.generate_one_time_kem(plan.one_time_kem, &self.identity, when, rng);
        // Without a free id what expires is deleted first, and the next upkeep has that one's.
        let mut rotated = Ok(());
        if plan.rotate_signed {
            rotated = change.generate_signed(&self.identity, when, rng);
        }
        if plan.rotate_last_resort {
            rotated = rotated.and(change.generate_last_resort(&self.identity, when, rng));
        }
        if nothing_expired {
            rotated?;
        }
        let upload = self.upload_after(&change);
        Ok(Staged::of(self, change, upload))
    }
}

/// The need for one-time prekeys of a kind.
#[derive(Clone, Copy, Debug)]
struct Want {
    /// Number of prekeys that are still to be uploaded.
    pending: u32,
    /// Number that the service has.
    at_service: u32,
    /// Number of further prekeys that may be kept.
    room: u32,
    /// Whether more were given out, and did not come back, than the limit allows.
    too_many_given_out: bool,
    /// Whether the service has more than can be uploaded.
    unknown_at_service: bool,
    /// Whether all that may be kept were given out, and none came back.
    none_comes_back: bool,
}

fn want<Id: Copy + Ord>(states: &PreKeyStates<Id>, at_service: u32, limits: &Limits) -> Want {
    let (uploaded, pending) = (states.count(Stage::Uploaded), states.count(Stage::Generated));
    let room = limits.max_kept.saturating_sub(states.len());
    Want {
        pending,
        at_service,
        room,
        too_many_given_out: uploaded.saturating_sub(at_service) > limits.max_given_out,
        // An upload may have arrived although its confirmation did not.
        unknown_at_service: at_service > uploaded.saturating_add(pending),
        none_comes_back: room == 0 && at_service == 0 && pending == 0 && uploaded > 0,
    }
}

impl Want {
    /// Whether there are too few at the service and on their way to it.
    const fn is_low(self, limits: &Limits) -> bool {
        self.pending.saturating_add(self.at_service) < limits.low
    }

    /// Number of prekeys to generate: a batch, what there is room for, or none.
    const fn generate(self, replace: bool, limits: &Limits) -> u32 {
        let left = if replace { 0 } else { self.at_service };
        let low = Self { at_service: left, ..self }.is_low(limits);
        let batch = if self.room < limits.batch { self.room } else { limits.batch };
        if low { batch } else { 0 }
    }
}

/// Returns whether to rotate the current key: there is none, or `is_old` holds for it. Not while a new one waits to be
/// uploaded.
fn is_due<Id: Copy + Ord>(states: &PreKeyStates<Id>, is_old: impl Fn(Timestamp, Id) -> bool) -> bool {
    states.count(Stage::Generated) == 0 && states.at(Stage::Uploaded).all(|(id, since)| is_old(since, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_of_keys_is_reason_enough() {
        let none = Plan { replace_one_time: true, ..Plan::default() };
        assert!(!none.changes_keys());
        for plan in [
            Plan { one_time: 1, ..none.clone() },
            Plan { one_time_kem: 1, ..none.clone() },
            Plan { rotate_signed: true, ..none.clone() },
            Plan { retire_kem: true, ..none.clone() },
            Plan { rotate_last_resort: true, ..none.clone() },
            Plan { correct_times: true, ..none },
        ] {
            assert!(plan.changes_keys(), "{plan:?}");
        }
    }
}
