// SPDX-License-Identifier: MIT OR Apache-2.0

//! Answering a peer's device that could not decrypt.

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

impl RepairLog {
    /// Answers the request of a device with which we hold `session`: whether that is reset, and what is to be
    /// sent again. Log and session are staged together. It is reset if the message that failed was of our current session and its current ratchet
    /// key; otherwise it was a late one of a session that both have left behind.
    ///
    /// The caller has made sure who sent the request: a sealed sender who was verified, or, without an
    /// envelope, the service's word for it.
    ///
    /// # Errors
    /// [`RepairRefused`]. Nothing is to be done then, nor is the session reset: if it is broken, the request for
    /// the next message that is sent on it will tell.
    pub fn answer<'a>(
        &'a mut self,
        session: &'a mut Session,
        request: &DecryptionErrorMessage,
        policy: &RepairPolicy,
        now: Timestamp,
    ) -> Result<Staged<'a, Resend>, RepairRefused> {
        self.lease.free()?;
        if *session.remote() != self.peer {
            return Err(RepairRefused::OtherPeer);
        }
        if request.device() != session.local().device() {
            return Err(RepairRefused::OtherDevice(request.device()));
        }
        let timestamp = request.timestamp();
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
        let archived = if reset { Some(session.archive()?) } else { None };
        let staged = Staged::of(self, change, resend);
        Ok(match archived {
            Some(archived) => staged.and(archived),
            None => staged,
        })
    }
}
