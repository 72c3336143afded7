// SPDX-License-Identifier: MIT OR Apache-2.0

//! Archived sessions, and their return.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::state::{Pending, SessionState};
use super::{Change, Session, SessionChange, Slot};
use crate::lease::Busy;
use crate::ratchet::triple;
use crate::record::RecordWriter;
use crate::staged::Staged;

/// Number of archived sessions that are kept. The oldest goes first.
pub(super) const MAX_ARCHIVED: usize = 40;

impl Session {
    /// Archives the current session, so that the next message needs a new one. Messages that the peer still sends on it
    /// are decrypted, and make it current again. Without a current session only the generation changes.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn archive(&mut self) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        Ok(Staged::of(self, SessionChange::new(Change::Archive), ()))
    }

    /// Archives all sessions for good. Messages that the peer still sends on them are decrypted, but none of them
    /// becomes the current one again, so that nothing is sent before a new one was begun. For sessions that were
    /// [restored](crate::Account::check) from a backup: sending on them could repeat keys that were used since.
    ///
    /// Messages that were received after the backup was made decrypt a second time.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn retire(&mut self) -> Result<Staged<'_, ()>, Busy> {
        self.lease.free()?;
        Ok(Staged::of(self, SessionChange::new(Change::Retire), ()))
    }

    /// Number of archived sessions that are [retired](Self::retire).
    #[must_use]
    pub fn retired_len(&self) -> usize {
        self.archived.iter().filter(|state| state.retired).count()
    }

    pub(super) fn retire_now(&mut self) {
        self.archive_now();
        for state in &mut self.archived {
            state.retired = true;
        }
    }

    /// The session that a message was received on, in its new place.
    pub(super) fn receiver_now(&mut self, slot: Slot) -> Option<&mut SessionState> {
        if let Slot::Archived(at) = slot {
            if self.archived.get(at).is_some_and(|state| state.retired) {
                return self.archived.get_mut(at).map(Box::as_mut);
            }
            let state = self.archived.remove(at)?;
            self.promote(state);
        }
        self.current.as_deref_mut()
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
    retired: bool,
    change: Option<&'a triple::Change>,
}

impl<'a> StateView<'a> {
    fn as_is(state: &'a SessionState) -> Self {
        Self { state, pending: state.pending.as_deref(), retired: state.retired, change: None }
    }

    fn archived(state: &'a SessionState) -> Self {
        Self { state, pending: None, retired: state.retired, change: None }
    }

    pub(super) fn write(&self, writer: &mut RecordWriter) {
        self.state.write((self.pending, self.retired), self.change, writer);
    }
}

/// All sessions as they will be after a change.
pub(super) struct View<'a> {
    pub(super) current: Option<StateView<'a>>,
    /// Newest first.
    pub(super) archived: Vec<StateView<'a>>,
}

impl<'a> View<'a> {
    pub(super) fn after(session: &'a Session, change: Option<&'a Change>) -> Self {
        let current = session.current.as_deref();
        let mut archived: Vec<StateView<'_>> =
            session.archived.iter().map(|state| StateView::archived(state)).collect();
        let current = match change {
            None => current.map(StateView::as_is),
            Some(Change::Sent(change)) => {
                current.map(|state| StateView { change: Some(change), ..StateView::as_is(state) })
            }
            Some(Change::Received(Slot::Current, change)) => {
                current.map(|state| StateView { change: Some(change), ..StateView::archived(state) })
            }
            Some(Change::Received(Slot::Archived(at), change)) => match archived.get_mut(*at) {
                Some(state) if state.retired => {
                    state.change = Some(change);
                    current.map(StateView::as_is)
                }
                _ => {
                    let promoted = archived.remove(*at);
                    push_front(&mut archived, current);
                    Some(StateView { change: Some(change), ..promoted })
                }
            },
            Some(Change::Begin(state)) => {
                push_front(&mut archived, current);
                Some(StateView::as_is(state))
            }
            Some(Change::Archive) => {
                push_front(&mut archived, current);
                None
            }
            Some(Change::Retire) => {
                push_front(&mut archived, current);
                for state in &mut archived {
                    state.retired = true;
                }
                None
            }
        };
        Self { current, archived }
    }
}

/// Archives `state`, if there is one.
fn push_front<'a>(archived: &mut Vec<StateView<'a>>, state: Option<&'a SessionState>) {
    if let Some(state) = state {
        archived.truncate(MAX_ARCHIVED - 1);
        archived.insert(0, StateView::archived(state));
    }
}
