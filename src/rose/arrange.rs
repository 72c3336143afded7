// SPDX-License-Identifier: MIT OR Apache-2.0

//! The order of a session's states after a change (rose 36 §4).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::change::{Change, Slot};
use super::state::SessionState;

/// Greatest number of states.
pub(super) const MAX_STATES: usize = 3;

/// The states that are held.
type States = [Box<SessionState>];

/// The states after a change, the current one first, and whether each is retired.
#[derive(Debug)]
pub(super) struct Arrangement {
    pub(super) slots: Vec<(Slot, bool)>,
}

impl Arrangement {
    /// The order as it is.
    pub(super) fn unchanged(states: &States) -> Self {
        let held = states.iter().enumerate();
        Self { slots: held.map(|(at, state)| (Slot::Held(at), state.retired)).collect() }
    }

    /// The order after a change.
    pub(super) fn after(states: &States, change: &Change) -> Self {
        let mut order = Self::unchanged(states);
        match change {
            Change::Received { at, hybrid, .. } => order.received(*at, *hybrid),
            Change::Begin { state, .. } => {
                order.begin(states.first().map(|current| &**current), state);
                order.evict(states, state);
            }
            Change::Retire => order.slots.iter_mut().for_each(|(_, retired)| *retired = true),
            Change::DropArchived => order.slots.truncate(1),
            _ => {}
        }
        order
    }

    /// A state that becomes Hybrid retires the others, and one that opens a message becomes current; but not if it is
    /// retired itself.
    fn received(&mut self, at: usize, hybrid: bool) {
        let Some((slot, false)) = self.slots.get(at).copied() else { return };
        if hybrid {
            self.slots
                .iter_mut()
                .filter(|(other, _)| *other != slot)
                .for_each(|(_, retired)| *retired = true);
        }
        let moved = self.slots.remove(at);
        self.slots.insert(0, moved);
    }

    /// A new state becomes current, unless both sides began at once and ours has the smaller `TH`.
    fn begin(&mut self, current: Option<&SessionState>, new: &SessionState) {
        let ours = current.filter(|current| current.unanswered.is_some() && new.is_responder());
        if ours.is_some_and(|ours| ours.transcript < new.transcript) {
            self.slots.insert(1, (Slot::New, true));
        } else {
            self.slots.insert(0, (Slot::New, new.retired));
        }
    }

    /// At the fourth state one of the archived goes: the oldest retired one, else the oldest received one that is not
    /// Hybrid, else the oldest that is not Hybrid, else the oldest.
    fn evict(&mut self, states: &States, new: &SessionState) {
        if self.slots.len() <= MAX_STATES {
            return;
        }
        let state = |slot: Slot| match slot {
            Slot::Held(at) => states.get(at).map_or(new, |state| state),
            Slot::New => new,
        };
        let oldest = |goes: &dyn Fn(&(Slot, bool)) -> bool| {
            self.slots.iter().enumerate().skip(1).rev().find(|(_, slot)| goes(slot)).map(|(at, _)| at)
        };
        let at = oldest(&|(_, retired)| *retired)
            .or_else(|| oldest(&|(slot, _)| state(*slot).is_responder() && !state(*slot).is_hybrid()))
            .or_else(|| oldest(&|(slot, _)| !state(*slot).is_hybrid()))
            .or_else(|| oldest(&|_| true));
        if let Some(at) = at {
            self.slots.remove(at);
        }
    }

    /// Puts the states into this order.
    #[expect(clippy::vec_box, reason = "moving one must move no secrets")]
    pub(super) fn apply(self, states: &mut Vec<Box<SessionState>>, mut new: Option<Box<SessionState>>) {
        let unchanged = self.slots.len() == states.len() && new.is_none();
        if unchanged && self.slots.iter().enumerate().all(|(at, (slot, _))| *slot == Slot::Held(at)) {
            for (state, (_, retired)) in states.iter_mut().zip(self.slots) {
                state.retired = retired;
            }
            return;
        }
        let mut held: Vec<Option<Box<SessionState>>> = states.drain(..).map(Some).collect();
        for (slot, retired) in self.slots {
            let state = match slot {
                Slot::Held(at) => held.get_mut(at).and_then(Option::take),
                Slot::New => new.take(),
            };
            if let Some(mut state) = state {
                state.retired = retired;
                states.push(state);
            }
        }
    }
}
