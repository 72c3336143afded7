// SPDX-License-Identifier: MIT OR Apache-2.0

//! The prekeys of a kind, and the stage of each.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::limits::{Limits, has_passed};
use crate::timestamp::Timestamp;

/// The stage of a prekey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Generated, and not known to be uploaded: offered to the service, again if need be.
    Generated,
    /// Confirmed by the service, which has it, or has given it out.
    Uploaded,
    /// The service no longer gives it out.
    Retired,
}

/// The stage of a prekey, and when it came to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyState {
    pub(super) stage: Stage,
    pub(super) since: Timestamp,
    /// The mark of its public key, and of the uses of a last-resort one, by which its rows are known.
    pub(super) mark: u32,
}

impl KeyState {
    /// The same key at a later stage. What was believed of the time before is not made younger by a clock that was set
    /// back.
    fn moved(self, stage: Stage, now: Timestamp) -> Self {
        Self { stage, since: now.max(self.since), ..self }
    }
}

/// The prekeys of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PreKeyStates<Id>(pub(super) BTreeMap<Id, KeyState>);

impl<Id> Default for PreKeyStates<Id> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Id: Copy + Ord> PreKeyStates<Id> {
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Those at a stage, by id.
    pub(super) fn at(&self, stage: Stage) -> impl Iterator<Item = (Id, Timestamp)> + '_ {
        self.0.iter().filter(move |(_, state)| state.stage == stage).map(|(id, state)| (*id, state.since))
    }

    pub(super) fn count(&self, stage: Stage) -> u32 {
        u32::try_from(self.at(stage).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn add(&mut self, id: Id, state: KeyState) {
        self.0.insert(id, state);
    }

    /// Sets times that are later than `now` to that: they are of a clock that was wrong. Returns whether there were any.
    pub(super) fn believe(&mut self, now: Timestamp) -> bool {
        let mut later = false;
        for state in self.0.values_mut().filter(|state| state.since > now) {
            (state.since, later) = (now, true);
        }
        later
    }

    /// Notes that the service gives out this key, which was made at `created`.
    pub(super) fn put_in_use(&mut self, id: Id, created: Timestamp) {
        if let Some(state) = self.0.get_mut(&id) {
            (state.stage, state.since) = (Stage::Uploaded, created);
        }
    }

    pub(super) fn set_mark(&mut self, id: Id, mark: u32) {
        if let Some(state) = self.0.get_mut(&id) {
            state.mark = mark;
        }
    }

    pub(super) fn remove(&mut self, id: Id) {
        self.0.remove(&id);
    }

    /// Moves all that are at a stage on to another.
    pub(super) fn advance(&mut self, from: Stage, to: Stage, now: Timestamp) {
        for state in self.0.values_mut().filter(|state| state.stage == from) {
            *state = state.moved(to, now);
        }
    }

    /// Notes that the service has this key now, in the place of the one before. Does nothing if that was noted before.
    pub(super) fn replace(&mut self, uploaded: Id, now: Timestamp) {
        if let Some(state) = self.0.get(&uploaded).copied().filter(|state| state.stage == Stage::Generated) {
            self.advance(Stage::Uploaded, Stage::Retired, now);
            self.add(uploaded, state.moved(Stage::Uploaded, now));
        }
    }

    /// Notes that the service has these keys now, too.
    pub(super) fn confirm(&mut self, uploaded: impl Iterator<Item = Id>, now: Timestamp) {
        for id in uploaded {
            if let Some(state) = self.0.get_mut(&id)
                && state.stage == Stage::Generated
            {
                *state = state.moved(Stage::Uploaded, now);
            }
        }
    }

    /// Those that no peer may use any more.
    pub(super) fn expired(&self, limits: &Limits, now: Timestamp) -> impl Iterator<Item = Id> + '_ {
        let grace = limits.grace;
        self.at(Stage::Retired).filter(move |(_, since)| has_passed(grace, *since, now)).map(|(id, _)| id)
    }

    /// The retired ones beyond the newest `max`.
    pub(super) fn surplus(&self, max: u32) -> impl Iterator<Item = Id> + use<Id> {
        self.oldest(Stage::Retired, self.count(Stage::Retired).saturating_sub(max))
    }

    /// The oldest `count` at a stage.
    pub(super) fn oldest(&self, stage: Stage, count: u32) -> impl Iterator<Item = Id> + use<Id> {
        let mut all: Vec<_> = self.at(stage).map(|(id, since)| (since, id)).collect();
        all.sort_unstable();
        all.into_iter().take(usize::try_from(count).unwrap_or(usize::MAX)).map(|(_, id)| id)
    }
}
