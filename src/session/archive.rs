// SPDX-License-Identifier: MIT OR Apache-2.0

//! Archiving sessions, and making archived ones current again.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::state::{Pending, SessionState};
use super::{Change, Session, SessionChange, SessionEffects, Slot};
use crate::ratchet::triple;
use crate::record::RecordWriter;
use crate::staged::Staged;

/// How many archived sessions are kept. The oldest goes first.
pub(super) const MAX_ARCHIVED: usize = 40;

impl Session {
    /// Archives the current session, so that the next message needs a new one. What the peer still sends
    /// on it is decrypted, and makes it current again. Without a current session nothing but the
    /// generation changes.
    pub fn archive(&mut self) -> Staged<'_, Self, ()> {
        self.stage(SessionChange(Change::Archive), SessionEffects::default(), ())
    }

    pub(super) fn archive_now(&mut self) {
        if let Some(mut state) = self.current.take() {
            state.pending = None;
            self.archived.truncate(MAX_ARCHIVED - 1);
            self.archived.push_front(state);
        }
    }

    pub(super) fn promote(&mut self, state: Box<SessionState>) {
        self.archive_now();
        self.current = Some(state);
    }
}

/// A session as it will be after a change.
pub(super) struct StateView<'a> {
    state: &'a SessionState,
    pending: Option<&'a Pending>,
    change: Option<&'a triple::Change>,
}

impl<'a> StateView<'a> {
    fn as_is(state: &'a SessionState) -> Self {
        Self { state, pending: state.pending.as_ref(), change: None }
    }

    fn archived(state: &'a SessionState) -> Self {
        Self { state, pending: None, change: None }
    }

    pub(super) fn write(&self, writer: &mut RecordWriter) {
        self.state.write(self.pending, self.change, writer);
    }
}

/// All sessions as they will be after a change.
pub(super) struct View<'a> {
    pub(super) current: Option<StateView<'a>>,
    /// Newest first.
    pub(super) archived: Vec<StateView<'a>>,
}

impl<'a> View<'a> {
    pub(super) fn after(session: &'a Session, change: Option<&'a SessionChange>) -> Self {
        let current = session.current.as_deref();
        let mut archived: Vec<&SessionState> = session.archived.iter().map(Box::as_ref).collect();
        let current = match change.map(|change| &change.0) {
            None => current.map(StateView::as_is),
            Some(Change::Sent(change)) => {
                current.map(|state| StateView { change: Some(change), ..StateView::as_is(state) })
            }
            Some(Change::Received(slot, change)) => {
                let state = match *slot {
                    Slot::Current => current,
                    Slot::Archived(at) => {
                        let promoted = archived.remove(at);
                        push_front(&mut archived, current);
                        Some(promoted)
                    }
                };
                state.map(|state| StateView { change: Some(change), ..StateView::archived(state) })
            }
            Some(Change::Begin(state)) => {
                push_front(&mut archived, current);
                Some(StateView::as_is(state))
            }
            Some(Change::Archive) => {
                push_front(&mut archived, current);
                None
            }
        };
        Self { current, archived: archived.into_iter().map(StateView::archived).collect() }
    }
}

/// Archives `state`, if there is one.
fn push_front<'a>(archived: &mut Vec<&'a SessionState>, state: Option<&'a SessionState>) {
    if let Some(state) = state {
        archived.truncate(MAX_ARCHIVED - 1);
        archived.insert(0, state);
    }
}
