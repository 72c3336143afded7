// SPDX-License-Identifier: MIT OR Apache-2.0

//! Answers to a peer's device that could not decrypt.

use super::log::{RepairChange, RepairLog, RepairRefused};
use super::policy::RepairPolicy;
use crate::session::Session;
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::decryption_error::DecryptionErrorMessage;

/// The message to send again: to the device that asked, and *only if* the message was for it. The request names a time
/// and no more, and a peer may name that of a message for somebody else.
///
/// Encrypt the message anew and give it its first timestamp, so that it is not taken for a new one. If it is gone and
/// the session was reset, send something else, such as an empty message, so that the peer learns of the new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resend {
    /// When it was first sent.
    pub timestamp: Timestamp,
    /// Whether the session was archived: a new one is needed, from a bundle.
    pub reset: bool,
    /// Whether it was a group message: send the sender key, too.
    pub group: bool,
}

impl RepairLog {
    /// Answers the request of a device with which we hold `session`: resets that if need be, and names the message to
    /// send again. Log and session are staged together. The session is reset if the message that failed was of the
    /// current session and its current ratchet key; otherwise it was a late one of a session that both have left
    /// behind.
    ///
    /// The caller knows who sent the request: from a verified sealed sender, or, without an envelope, from the service.
    ///
    /// # Errors
    /// [`RepairRefused`]. Do nothing then; the session is not reset either. If it is broken, the request for the next
    /// message on it will tell.
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
