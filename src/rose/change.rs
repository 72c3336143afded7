// SPDX-License-Identifier: MIT OR Apache-2.0

//! The changes of a session.

use alloc::boxed::Box;

use super::known::Known;
use super::report::{ReportKey, Token};
use super::sas::Run;
use super::state::{Effects, Extras, SessionState};
use crate::ratchet::rose as ratchet;

/// A state: one that is held, or the one that a change brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Held(usize),
    New,
}

/// A token that is kept with a state.
pub(crate) enum Kept {
    Ours(Box<ReportKey>),
    Theirs(Box<Token>),
}

impl Kept {
    pub(super) fn keep(self, state: &mut SessionState) {
        match self {
            Self::Ours(key) => state.our_token = Some(key),
            Self::Theirs(token) => state.their_token = Some(token),
        }
    }
}

/// A change of a session.
pub(crate) enum Change {
    /// None, but of the record's other parts.
    Nothing,
    /// A message was sent on a state.
    Sent {
        /// The state.
        at: usize,
        /// Its change.
        change: ratchet::Change,
    },
    /// A message was received on a state.
    Received {
        /// The state.
        at: usize,
        /// Its change.
        change: ratchet::Change,
        /// It becomes Hybrid.
        hybrid: bool,
    },
    /// A state is new.
    Begin {
        /// The state.
        state: Box<SessionState>,
        /// What is known of the device from now on.
        known: Known,
    },
    /// All states are retired: the record comes from a backup.
    Retire,
    /// The archived states go.
    DropArchived,
    /// The user decided on a comparison.
    Distrust(bool),
    /// A card of the device was seen.
    Seen(Known),
    /// A run of the comparison, on the current state.
    Run(Option<Box<Run>>),
    /// A report token of ours or of theirs, on the current state.
    Token(Kept),
}

impl Change {
    /// Whether what is known of the device changes.
    pub(super) const fn concerns_known(&self) -> bool {
        matches!(
            self,
            Self::Begin { .. } | Self::Received { hybrid: true, .. } | Self::Distrust(_) | Self::Seen(_)
        )
    }

    /// What the change does to the ratchet of a state, and beside it.
    pub(super) fn in_state(&self, slot: Slot, retired: bool) -> (Option<&ratchet::Change>, Effects) {
        let unchanged = Effects { retired, ..Effects::default() };
        match (self, slot) {
            (Self::Sent { at, change }, Slot::Held(held)) if *at == held => (Some(change), unchanged),
            (Self::Received { at, change, hybrid }, Slot::Held(held)) if *at == held => {
                (Some(change), Effects { answered: true, hybrid: *hybrid, retired })
            }
            _ => (None, unchanged),
        }
    }
}

impl Change {
    /// What is kept with a state afterwards.
    pub(super) fn extras_of<'a>(&'a self, slot: Slot, kept: Extras<'a>) -> Extras<'a> {
        match (self, slot) {
            (Self::Run(run), Slot::Held(0)) => Extras { run: run.as_deref(), ..kept },
            (Self::Token(Kept::Ours(key)), Slot::Held(0)) => Extras { our_token: Some(key), ..kept },
            (Self::Token(Kept::Theirs(token)), Slot::Held(0)) => Extras { their_token: Some(token), ..kept },
            _ => kept,
        }
    }
}
