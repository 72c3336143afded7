// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving a message on one of the existing sessions.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use super::config::{Config, Policy, ReceiveLimits};
use super::error::{DecryptError, Forgery};
use super::manual::{Admission, NewSession};
use super::state::{SessionState, Version, same_account};
use super::{Change, Session, SessionChange, Slot, codec};
use crate::address::Address;
use crate::crypto::curve::PublicKey;
use crate::crypto::stack;
use crate::identity::{IdentityKey, Trust};
use crate::message::{Certified, Message, Parsed};
use crate::plaintext::Plaintext;
use crate::ratchet::double::{Header, Reach};
use crate::ratchet::triple;
use crate::ratchet::turns::Turns;
use crate::staged::Staged;
use crate::wire::prekey_message::PreKeySignalMessage;
use crate::wire::signal_message::SignalMessage;

/// Number of messages that one with a new ratchet key may skip on an archived session, unless its sender is certified;
/// and on one that is not among the newest. On all together, that is as many as on the current one.
const MAX_ARCHIVED_JUMP: u32 = 1_000;
const MAX_OLD_JUMP: u32 = 250;
const NEWEST: usize = 20;
/// Number of archived sessions on which a message of a certified sender may skip more.
const MAX_LONG_TRIES: usize = 1;

impl Session {
    /// Decrypts a message of either kind on one of the existing sessions, or finds that it asks for a new one. With an
    /// account, use [`Account::receive`](crate::Account::receive), which brings the prekeys.
    ///
    /// A message of kind `Whisper` is tried on the sessions that know its ratchet key; if none does, on the current one
    /// and then on the archived ones, newest first. The one that decrypts it becomes the current one, unless it is of
    /// another identity than the newest one, or of a lower version. Of a message of kind `PreKey` the base key names
    /// the session. `trust` decides about the identity in a `PreKey` message before anything else, and about the
    /// session's identity after a `Whisper` message was authenticated.
    ///
    /// Draws 32 bytes for each session of the message's version up to the one that decrypts it, unless that knows the
    /// message's ratchet key. Changes nothing until
    /// the stage is committed.
    ///
    /// # Errors
    /// [`DecryptError`]: `Busy`, `TooLong`, `WrongSession`, `IdentityMismatch` with the envelope's sender; then for a `PreKey`
    /// message `UntrustedIdentity`, `IdentityMismatch`, `Version3Refused`, `NoOneTimePreKey`; then what decrypting
    /// says.
    pub fn receive<'s, 'm>(
        &'s mut self,
        config: &Config<'m>,
        message: &'m Message<'_>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Admission<'s, 'm>, DecryptError> {
        self.receive_with(config, message, trust, rng)
    }

    pub(super) fn receive_with<'s, 'm>(
        &'s mut self,
        config: &Config<'m>,
        message: &'m Message<'_>,
        trust: Trust<'_>,
        turns: &mut impl Turns,
    ) -> Result<Admission<'s, 'm>, DecryptError> {
        self.lease.free()?;
        let len = message.as_bytes().len();
        if len > config.limits.message_len {
            return Err(DecryptError::TooLong { len });
        }
        if let Some(sender) = message.sender() {
            self.check_sender(sender, message)?;
        }
        let trial = Trial::of(config, message);
        match message.parsed() {
            Parsed::Whisper(whisper) => self.decrypt(whisper, &trial, trust, turns).map(Admission::Decrypted),
            Parsed::PreKey(first) => self.admit(config, first, &trial, trust, turns),
        }
    }

    /// Checks that session and message are of the envelope's sender.
    fn check_sender(&self, sender: Certified<'_>, message: &Message<'_>) -> Result<(), DecryptError> {
        if self.remote != *sender.address {
            return Err(DecryptError::WrongSession);
        }
        match message.parsed() {
            Parsed::PreKey(first) if sender.identity.public_key() != first.identity_key() => {
                Err(DecryptError::IdentityMismatch)
            }
            _ => Ok(()),
        }
    }

    fn decrypt(
        &mut self,
        message: &SignalMessage<'_>,
        trial: &Trial<'_>,
        trust: Trust<'_>,
        turns: &mut impl Turns,
    ) -> Result<Staged<'_, Plaintext>, DecryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (slot, opened) = self.open_any(message, None, trial, turns)?;
            let identity =
                self.state(slot).map(|state| state.remote_identity).ok_or(DecryptError::NoSession)?;
            if trial.sealed_by.is_some_and(|certified| *certified != identity) {
                return Err(DecryptError::IdentityMismatch);
            }
            if !trust.accepts(&identity) {
                return Err(DecryptError::UntrustedIdentity);
            }
            Ok(self.stage_received(slot, opened, trust))
        })
    }

    /// Stages a received message. It pins nothing: what was pinned since the session began is newer than the session.
    fn stage_received(&mut self, slot: Slot, opened: Opened, trust: Trust<'_>) -> Staged<'_, Plaintext> {
        let leads = self.may_lead(slot, trust);
        let change = SessionChange::new(Change::Received { slot, leads, change: opened.change });
        Staged::of(self, change, opened.plaintext)
    }

    /// Examines a message of kind `PreKey`: it may begin a session, or belong to an existing one.
    fn admit<'s, 'm>(
        &'s mut self,
        config: &Config<'m>,
        message: &'m PreKeySignalMessage<'_>,
        trial: &Trial<'_>,
        trust: Trust<'_>,
        turns: &mut impl Turns,
    ) -> Result<Admission<'s, 'm>, DecryptError> {
        let identity = IdentityKey::new(*message.identity_key());
        if !trust.accepts(&identity) {
            return Err(DecryptError::UntrustedIdentity);
        }
        let found = self.slots().find_map(|slot| {
            self.state(slot).map(|state| (slot, state)).filter(|(_, state)| {
                state.version.number() == message.version() && state.base_key == *message.base_key()
            })
        });
        if let Some((slot, state)) = found {
            if state.remote_identity != identity {
                return Err(DecryptError::IdentityMismatch);
            }
            return self.decrypt_named(message, slot, trial, trust, turns).map(Admission::Decrypted);
        }
        if message.version() == Version::V3.number() && config.policy != Policy::AllowVersion3 {
            return Err(DecryptError::Version3Refused);
        }
        if message.pre_key_id().is_none() && config.require_one_time {
            return Err(DecryptError::NoOneTimePreKey);
        }
        Ok(Admission::New(NewSession::new(self, message, *config, trust)))
    }

    /// Decrypts a message of kind `PreKey` whose session exists.
    fn decrypt_named(
        &mut self,
        message: &PreKeySignalMessage<'_>,
        slot: Slot,
        trial: &Trial<'_>,
        trust: Trust<'_>,
        turns: &mut impl Turns,
    ) -> Result<Staged<'_, Plaintext>, DecryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (slot, opened) = self.open_any(message.message(), Some(slot), trial, turns)?;
            let identity = IdentityKey::new(*message.identity_key());
            // Not the session that was found, if the inner message is of another version than its wrapper.
            if self.state(slot).is_none_or(|state| state.remote_identity != identity) {
                return Err(match trial.sealed_by {
                    Some(_) => DecryptError::IdentityMismatch,
                    None => DecryptError::UntrustedIdentity,
                });
            }
            Ok(self.stage_received(slot, opened, trust))
        })
    }

    /// Tries the sessions in order: the current one, then the archived ones, newest first. Those that know the
    /// message's ratchet key are tried alone, if there are any. If the message's wrapper named a session, that is the
    /// first to be tried, and unless it is of another version, its failure is final.
    fn open_any(
        &self,
        message: &SignalMessage<'_>,
        named: Option<Slot>,
        trial: &Trial<'_>,
        turns: &mut impl Turns,
    ) -> Result<(Slot, Opened), DecryptError> {
        let is_known = |slot: Slot| self.state(slot).is_some_and(|state| state.knows(message.ratchet_key()));
        let knowing = self.slots().filter(|slot| is_known(*slot)).count();
        let any_known = knowing > 0;
        let others = self.slots().filter(|slot| Some(*slot) != named);
        let (mut first_failure, mut long) = (None, MAX_LONG_TRIES);
        for slot in named.into_iter().chain(others) {
            let Some(state) = self.state(slot) else { continue };
            if any_known && named != Some(slot) && !is_known(slot) {
                if state.version.number() == message.version() {
                    turns.pass_over();
                }
                continue;
            }
            let reach = trial.reach(state, slot, (knowing > 1, long), self.addresses());
            long = long.saturating_sub(usize::from(slot != Slot::Current));
            match state.open(message, self.addresses(), reach, turns) {
                Ok(opened) => return Ok((slot, opened)),
                Err(DecryptError::Duplicate) => return Err(DecryptError::Duplicate),
                Err(failure) => {
                    let other_version = matches!(failure, DecryptError::Forged(Forgery::Version(_)));
                    if named == Some(slot) && !other_version {
                        return Err(failure);
                    }
                    first_failure.get_or_insert(failure);
                }
            }
        }
        Err(first_failure.unwrap_or(DecryptError::NoSession))
    }

    /// All sessions, in the order in which they are tried.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let current = self.current.as_ref().map(|_| Slot::Current);
        current.into_iter().chain((0..self.archived.len()).map(Slot::Archived))
    }

    /// Ours, and the peer's.
    pub(super) const fn addresses(&self) -> (&Address, &Address) {
        (&self.local, &self.remote)
    }

    pub(super) fn state(&self, slot: Slot) -> Option<&SessionState> {
        match slot {
            Slot::Current => self.current.as_deref(),
            Slot::Archived(at) => self.archived.get(at).map(Box::as_ref),
        }
    }
}

/// What decides how much a message may cost on a session.
pub(super) struct Trial<'m> {
    /// The identity that sealed the message, if it came in an envelope.
    sealed_by: Option<&'m IdentityKey>,
    limits: ReceiveLimits,
}

impl<'m> Trial<'m> {
    pub(super) fn of(config: &Config<'_>, message: &'m Message<'_>) -> Self {
        let sealed_by = message.sender().map(|sender| sender.identity);
        Self { sealed_by, limits: config.limits }
    }

    /// How far a message may reach in a session. Anybody can make up a message with a new ratchet key, which would be
    /// tried on all sessions: archived ones take few skipped messages with it, and none takes it before the peer can
    /// have one.
    pub(super) fn reach(
        &self,
        state: &SessionState,
        slot: Slot,
        (several_know, long): (bool, usize),
        (local, remote): (&Address, &Address),
    ) -> Reach {
        let ours = same_account((&state.local_identity, local), (&state.remote_identity, remote));
        let jump = self.limits.jump(ours);
        let short = match slot {
            Slot::Current => jump,
            Slot::Archived(at) if at < NEWEST => jump.min(MAX_ARCHIVED_JUMP),
            Slot::Archived(_) => jump.min(MAX_OLD_JUMP),
        };
        let new = if self.sealed_by.is_some() && long > 0 { jump } else { short };
        // A signed prekey is known to all sessions that were begun with it, and a hostile peer may take one ratchet key
        // for all of its.
        let known = if several_know { short } else { jump };
        // A retired session may have sent more than it knows.
        let expected = state.ratchet.double().has_sent() || state.retired;
        Reach { known, new: expected.then_some(new) }
    }
}

/// A message's place in the Double Ratchet.
fn header(message: &SignalMessage<'_>) -> Header {
    Header {
        ratchet_key: *message.ratchet_key(),
        counter: message.counter(),
        previous_counter: message.previous_counter(),
    }
}

/// An authentic message's plaintext, and the change that receiving it makes.
pub(super) struct Opened {
    pub(super) plaintext: Plaintext,
    pub(super) change: triple::Change,
}

impl SessionState {
    /// Returns whether their ratchet key began one of its receiving chains.
    pub(super) fn knows(&self, ratchet_key: &PublicKey) -> bool {
        self.ratchet.double().knows(ratchet_key)
    }

    /// Returns whether a message may be opened, as far as that costs nothing.
    pub(super) fn check(&self, message: &SignalMessage<'_>, reach: Reach) -> bool {
        self.ratchet.check(&header(message), message.pq_ratchet(), reach).is_ok()
    }

    /// Authenticates and decrypts a message from `remote` to `local` on this session.
    pub(super) fn open(
        &self,
        message: &SignalMessage<'_>,
        (local, remote): (&Address, &Address),
        reach: Reach,
        turns: &mut impl Turns,
    ) -> Result<Opened, DecryptError> {
        if message.version() != self.version.number() {
            return Err(Forgery::Version(message.version()).into());
        }
        let received = self.ratchet.receive(&header(message), message.pq_ratchet(), reach, turns);
        let (keys, change) = received?;
        codec::authenticate(self, &keys, message, local, remote)?;
        Ok(Opened { plaintext: codec::decrypt(self, &keys, message.body())?, change })
    }
}
