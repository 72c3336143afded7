// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which prekeys of a kind there are, and how far each has come.

use alloc::collections::BTreeMap;

use super::limits::{Limits, has_passed};
use crate::timestamp::Timestamp;

/// How far a prekey has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Generated, and for all we know not uploaded: to be offered to the service, again if need be.
    Generated,
    /// The service confirmed that it has it, or had until it gave it out.
    Uploaded,
    /// The service no longer gives it out.
    Retired,
}

/// How far a prekey has come, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyState {
    pub(super) stage: Stage,
    pub(super) since: Timestamp,
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

    pub(super) fn add(&mut self, id: Id, stage: Stage, since: Timestamp) {
        self.0.insert(id, KeyState { stage, since });
    }

    pub(super) fn remove(&mut self, id: Id) {
        self.0.remove(&id);
    }

    /// Moves all that are at a stage on to another.
    pub(super) fn advance(&mut self, from: Stage, to: Stage, now: Timestamp) {
        for state in self.0.values_mut().filter(|state| state.stage == from) {
            *state = KeyState { stage: to, since: now };
        }
    }

    /// The service has this key now, and not the one before. Nothing, if that was noted before.
    pub(super) fn replace(&mut self, uploaded: Id, now: Timestamp) {
        if self.0.get(&uploaded).is_some_and(|state| state.stage == Stage::Generated) {
            self.advance(Stage::Uploaded, Stage::Retired, now);
            self.add(uploaded, Stage::Uploaded, now);
        }
    }

    /// The service has these keys now, too.
    pub(super) fn confirm(&mut self, uploaded: impl Iterator<Item = Id>, now: Timestamp) {
        for id in uploaded {
            if let Some(state) = self.0.get_mut(&id)
                && state.stage == Stage::Generated
            {
                *state = KeyState { stage: Stage::Uploaded, since: now };
            }
        }
    }

    /// Those that no peer may use any more.
    pub(super) fn expired(&self, limits: &Limits, now: Timestamp) -> impl Iterator<Item = Id> + '_ {
        let grace = limits.grace;
        self.at(Stage::Retired).filter(move |(_, since)| has_passed(grace, *since, now)).map(|(id, _)| id)
    }
}
