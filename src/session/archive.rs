// SPDX-License-Identifier: MIT OR Apache-2.0

//! Archived sessions, and their return.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::state::{Pending, SessionState};
use super::{Change, Session, SessionChange, Slot};
use crate::identity::Trust;
use crate::lease::Busy;
use crate::ratchet::triple;
use crate::record::RecordWriter;
use crate::staged::Staged;

/// Number of archived sessions that are kept. The oldest goes first.
pub(super) const MAX_ARCHIVED: usize = 40;

impl Session {
    /// Archives the current session, so that the next message needs a new one. Messages that the peer still sends on it
    /// are decrypted, and make it current again if it is of the newest identity and version. Without a current session
    /// only the generation changes.
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

    /// The current session, or the one that was last.
    pub(super) fn newest(&self) -> Option<&SessionState> {
        self.current.as_deref().or_else(|| self.archived.front().map(Box::as_ref))
    }

    /// Returns whether the session that a message was received on may become the current one. An archived one may not
    /// if it is retired, of a lower version than the newest, or of another identity than that, unless `trust` has it
    /// pinned: what comes late must not bring back what was left.
    pub(super) fn may_lead(&self, slot: Slot, trust: Trust<'_>) -> bool {
        let Some((state, newest)) = self.state(slot).zip(self.newest()) else { return false };
        let same_identity = state.remote_identity == newest.remote_identity;
        slot == Slot::Current
            || !state.retired
                && state.version.number() >= newest.version.number()
                && (same_identity || trust.is_pinned())
    }

    /// Returns whether a session that the peer begins may become the current one. Not if it is of a lower version than
    /// the newest, or of an identity that another has followed, unless `trust` has it pinned.
    pub(super) fn may_begin(&self, state: &SessionState, pinned: bool) -> bool {
        let Some(newest) = self.newest() else { return true };
        let identity = state.remote_identity;
        let followed = identity != newest.remote_identity
            && self.archived.iter().any(|archived| archived.remote_identity == identity);
        state.version.number() >= newest.version.number() && (pinned || !followed)
    }

    /// Files a session of an identity or a version that was left behind the newest one.
    pub(super) fn file_now(&mut self, state: Box<SessionState>) {
        let at = place_behind_newest(self.current.is_some(), self.archived.len());
        self.archived.truncate(MAX_ARCHIVED - 1);
        self.archived.insert(at, state);
    }

    /// The session that a message was received on, in its new place.
    pub(super) fn receiver_now(&mut self, slot: Slot, leads: bool) -> Option<&mut SessionState> {
        if let Slot::Archived(at) = slot {
            if !leads {
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
            Some(Change::Received { slot: Slot::Current, leads: _, change }) => {
                current.map(|state| StateView { change: Some(change), ..StateView::archived(state) })
            }
            Some(Change::Received { slot: Slot::Archived(at), leads: false, change }) => {
                if let Some(state) = archived.get_mut(*at) {
                    state.change = Some(change);
                }
                current.map(StateView::as_is)
            }
            Some(Change::Received { slot: Slot::Archived(at), leads: true, change }) => {
                let promoted = archived.remove(*at);
                push_front(&mut archived, current);
                Some(StateView { change: Some(change), ..promoted })
            }
            Some(Change::Begin { state, leads: true }) => {
                push_front(&mut archived, current);
                Some(StateView::as_is(state))
            }
            Some(Change::Begin { state, leads: false }) => {
                let at = place_behind_newest(current.is_some(), archived.len());
                archived.truncate(MAX_ARCHIVED - 1);
                archived.insert(at, StateView::archived(state));
                current.map(StateView::as_is)
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

/// The place among the archived sessions that is next to the newest one.
const fn place_behind_newest(has_current: bool, archived: usize) -> usize {
    if has_current || archived == 0 { 0 } else { 1 }
}

/// Archives `state`, if there is one.
fn push_front<'a>(archived: &mut Vec<StateView<'a>>, state: Option<&'a SessionState>) {
    if let Some(state) = state {
        archived.truncate(MAX_ARCHIVED - 1);
        archived.insert(0, StateView::archived(state));
    }
}
