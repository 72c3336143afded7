// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving a message on one of the existing sessions.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use super::config::{Config, Policy};
use super::error::{DecryptError, Forgery};
use super::manual::{Admission, NewSession};
use super::state::{SessionState, Version, same_account};
use super::{Change, Session, SessionChange, Slot, codec};
use crate::address::Address;
use crate::crypto::stack;
use crate::identity::{IdentityKey, Trust};
use crate::message::{Certified, Message, Parsed};
use crate::plaintext::Plaintext;
use crate::ratchet::double::Header;
use crate::ratchet::receiving::MAX_JUMP;
use crate::ratchet::triple;
use crate::staged::Staged;
use crate::wire::prekey_message::PreKeySignalMessage;
use crate::wire::signal_message::SignalMessage;

impl Session {
    /// Decrypts a message of either kind on one of the existing sessions, or finds that it asks for a new one. With an
    /// account, use [`Account::receive`](crate::Account::receive), which brings the prekeys.
    ///
    /// A message of kind `Whisper` is tried on the current session and then on the archived ones, newest first; the one
    /// that decrypts it becomes the current one. Of a message of kind `PreKey` the base key names the session. `trust`
    /// decides about the identity in a `PreKey` message before anything else, and about the session's identity after a
    /// `Whisper` message was authenticated.
    ///
    /// Draws 32 bytes for each session tried that takes the message's ratchet key for a new one. Changes nothing until
    /// the stage is committed.
    ///
    /// # Errors
    /// [`DecryptError`]: `Busy`, `WrongSession`, `IdentityMismatch` with the envelope's sender; then for a `PreKey`
    /// message `UntrustedIdentity`, `IdentityMismatch`, `Version3Refused`, `NoOneTimePreKey`; then what decrypting
    /// says.
    pub fn receive<'s, 'm>(
        &'s mut self,
        config: &Config<'m>,
        message: &'m Message<'_>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Admission<'s, 'm>, DecryptError> {
        self.lease.free()?;
        if let Some(sender) = message.sender() {
            self.check_sender(sender, message)?;
        }
        match message.parsed() {
            Parsed::Whisper(whisper) => {
                let certified = message.sender().map(|sender| sender.identity);
                self.decrypt(whisper, certified, trust, rng).map(Admission::Decrypted)
            }
            Parsed::PreKey(first) => self.admit(config, first, trust, rng, message.sender().is_some()),
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
        certified: Option<&IdentityKey>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Plaintext>, DecryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (slot, opened) = self.open_any(message, None, rng)?;
            let identity =
                self.state(slot).map(|state| state.remote_identity).ok_or(DecryptError::NoSession)?;
            if certified.is_some_and(|certified| *certified != identity) {
                return Err(DecryptError::IdentityMismatch);
            }
            if !trust.accepts(&identity) {
                return Err(DecryptError::UntrustedIdentity);
            }
            let change = SessionChange::new(Change::Received(slot, opened.change)).pinning(identity, trust);
            Ok(Staged::of(self, change, opened.plaintext))
        })
    }

    /// Examines a message of kind `PreKey`: it may begin a session, or belong to an existing one.
    fn admit<'s, 'm>(
        &'s mut self,
        config: &Config<'m>,
        message: &'m PreKeySignalMessage<'_>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
        sealed: bool,
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
            let mismatch =
                if sealed { DecryptError::IdentityMismatch } else { DecryptError::UntrustedIdentity };
            return self.decrypt_named(message, slot, trust, rng, mismatch).map(Admission::Decrypted);
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
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
        mismatch: DecryptError,
    ) -> Result<Staged<'_, Plaintext>, DecryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (slot, opened) = self.open_any(message.message(), Some(slot), rng)?;
            let identity = IdentityKey::new(*message.identity_key());
            // Not the session that was found, if the inner message is of another version than its wrapper.
            if self.state(slot).is_none_or(|state| state.remote_identity != identity) {
                return Err(mismatch);
            }
            let change = SessionChange::new(Change::Received(slot, opened.change)).pinning(identity, trust);
            Ok(Staged::of(self, change, opened.plaintext))
        })
    }

    /// Tries the sessions in order: the current one, then the archived ones, newest first. If the message's wrapper
    /// named one, that is the first to be tried, and unless it is of another version, its failure is final.
    fn open_any(
        &self,
        message: &SignalMessage<'_>,
        named: Option<Slot>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Slot, Opened), DecryptError> {
        let mut first_failure = None;
        let others = self.slots().filter(|slot| Some(*slot) != named);
        for slot in named.into_iter().chain(others) {
            let Some(state) = self.state(slot) else { continue };
            match state.open(message, (&self.local, &self.remote), rng) {
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
    fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let current = self.current.as_ref().map(|_| Slot::Current);
        current.into_iter().chain((0..self.archived.len()).map(Slot::Archived))
    }

    fn state(&self, slot: Slot) -> Option<&SessionState> {
        match slot {
            Slot::Current => self.current.as_deref(),
            Slot::Archived(at) => self.archived.get(at).map(Box::as_ref),
        }
    }
}

/// An authentic message's plaintext, and the change that receiving it makes.
pub(super) struct Opened {
    pub(super) plaintext: Plaintext,
    pub(super) change: triple::Change,
}

impl SessionState {
    /// Authenticates and decrypts a message from `remote` to `local` on this session.
    pub(super) fn open(
        &self,
        message: &SignalMessage<'_>,
        (local, remote): (&Address, &Address),
        rng: &mut impl CryptoRng,
    ) -> Result<Opened, DecryptError> {
        if message.version() != self.version.number() {
            return Err(Forgery::Version(message.version()).into());
        }
        let header = Header {
            ratchet_key: *message.ratchet_key(),
            counter: message.counter(),
            previous_counter: message.previous_counter(),
        };
        let max_jump = || {
            let ours = same_account((&self.local_identity, local), (&self.remote_identity, remote));
            if ours { u32::MAX } else { MAX_JUMP }
        };
        let (keys, change) = self.ratchet.receive(&header, message.pq_ratchet(), max_jump, rng)?;
        codec::authenticate(self, &keys, message, local, remote)?;
        Ok(Opened { plaintext: codec::decrypt(&keys, message.body())?, change })
    }
}
