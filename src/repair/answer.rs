// SPDX-License-Identifier: MIT OR Apache-2.0

//! Answering a peer's device that could not decrypt.

use core::fmt;

use super::log::{RepairChange, RepairLog, RepairRefused};
use super::policy::RepairPolicy;
use crate::session::Session;
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::decryption_error::DecryptionErrorMessage;

/// What is to be sent again: to the device that asked, if the message was for it. *Only then*: the request
/// names a time and no more, and a peer may name that of a message for somebody else.
///
/// The message is to be encrypted anew and to bear its first timestamp, so that it is not taken for a new one. If
/// it is there no more and the session was reset, send something else, such as an empty message, so that the
/// peer gets to know the new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resend {
    /// When it was first sent.
    pub timestamp: Timestamp,
    /// Whether the session was archived: a new one is needed, from a bundle.
    pub reset: bool,
    /// Whether it was a group message: the sender key is to be sent, too.
    pub group: bool,
}

/// The answer to a request, prepared but not made: a stage of the log, and of the session if that is reset.
/// Both are to be stored *in one transaction*; then both changes are made at once.
#[must_use = "dropping a stage rolls it back"]
pub struct RepairAnswer<'l, 's> {
    log: Staged<'l, RepairLog, Resend>,
    session: Option<Staged<'s, Session, ()>>,
}

impl RepairLog {
    /// Answers the request of a device with which we hold `session`: whether that is reset, and what is to be
    /// sent again. It is reset if the message that failed was of our current session and its current ratchet
    /// key; otherwise it was a late one of a session that both have left behind.
    ///
    /// The caller has made sure who sent the request: a sealed sender who was verified, or, without an
    /// envelope, the service's word for it.
    ///
    /// # Errors
    /// [`RepairRefused`]. Nothing is to be done then, nor is the session reset: if it is broken, the request for
    /// the next message that is sent on it will tell.
    pub fn answer<'l, 's>(
        &'l mut self,
        session: &'s mut Session,
        request: &DecryptionErrorMessage,
        policy: &RepairPolicy,
        now: Timestamp,
    ) -> Result<RepairAnswer<'l, 's>, RepairRefused> {
        if request.device_id() != u32::from(session.local().device().get()) {
            return Err(RepairRefused::OtherDevice(request.device_id()));
        }
        let timestamp = Timestamp::from_millis(request.timestamp());
        let answered = self.allow_resend(timestamp, policy, now)?;
        let reset = request.ratchet_key().is_some_and(|key| session.current_ratchet_key_matches(key));
        if reset {
            self.allow_reset(policy, now)?;
        }
        let resend = Resend { timestamp, reset, group: request.ratchet_key().is_none() };
        let change = RepairChange {
            answered: Some(answered),
            reset: reset.then_some(answered),
            ..RepairChange::default()
        };
        Ok(RepairAnswer { log: self.stage(change, resend), session: reset.then(|| session.archive()) })
    }
}

impl<'l, 's> RepairAnswer<'l, 's> {
    /// The stage of the log: its record.
    pub const fn log(&self) -> &Staged<'l, RepairLog, Resend> {
        &self.log
    }

    /// The stage of the session, if that is reset: its record.
    #[must_use]
    pub const fn session(&self) -> Option<&Staged<'s, Session, ()>> {
        self.session.as_ref()
    }

    /// Makes both changes and tells what is to be sent again. The caller vouches that both records are stored
    /// durably.
    #[must_use]
    pub fn commit(self) -> Resend {
        let Self { log, session } = self;
        if let Some(session) = session {
            session.commit();
        }
        log.commit()
    }

    /// Has `store` store both records, then makes both changes and tells what is to be sent again.
    ///
    /// # Errors
    /// What `store` returned; then nothing has changed.
    pub fn commit_with<E>(self, store: impl FnOnce(&Self) -> Result<(), E>) -> Result<Resend, E> {
        store(&self)?;
        Ok(self.commit())
    }
}

impl fmt::Debug for RepairAnswer<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log: _, session } = self;
        write!(f, "RepairAnswer({})", if session.is_some() { "reset" } else { "no reset" })
    }
}
