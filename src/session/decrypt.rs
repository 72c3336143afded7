// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving a message on one of the sessions.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use super::codec::{self, OpenError};
use super::state::SessionState;
use super::{Change, Session, SessionChange, SessionEffects, Slot};
use crate::address::{Address, same_account};
use crate::crypto::cbc::BadPadding;
use crate::crypto::stack;
use crate::identity::Trust;
use crate::plaintext::Plaintext;
use crate::ratchet::double::{DoubleRatchetError, Header};
use crate::ratchet::message_keys::MessageKeys;
use crate::ratchet::receiving::MAX_JUMP;
use crate::ratchet::triple::{self, ReceiveError};
use crate::staged::Staged;
use crate::wire::signal_message::SignalMessage;

/// Why a message was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecryptError {
    /// There is no session at all with this device. Tell the sender by a
    /// [`DecryptionErrorMessage`](crate::DecryptionErrorMessage).
    #[error("session not found")]
    NoSession,
    /// The message was decrypted before, or its key expired.
    #[error("message with old counter {chain_index} / {counter}")]
    Duplicate {
        /// The counter that the chain expects next.
        chain_index: u32,
        /// The message's counter.
        counter: u32,
    },
    /// No session could decrypt it. Carries what the most likely session said. Tell the sender by a
    /// [`DecryptionErrorMessage`](crate::DecryptionErrorMessage).
    #[error("decryption failed")]
    Undecryptable(#[source] Undecryptable),
    /// The message is authentic, but the caller does not trust the identity that it comes from.
    #[error("untrusted identity")]
    UntrustedIdentity,
}

/// What kept a session from decrypting a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undecryptable {
    /// The message is of another version than the session.
    #[error("unrecognized message version {0}")]
    Version(u8),
    /// The ratchets have no key for it.
    #[error(transparent)]
    Ratchet(#[from] ReceiveError),
    /// The MAC is wrong: the message was damaged or forged, or the states have diverged.
    #[error("MAC verification failed")]
    Mac,
    /// The message was sealed for another recipient, or by another sender.
    #[error("the message is for or from another address")]
    Addresses,
    /// The plaintext is not padded as it should be.
    #[error("failed to decrypt")]
    Padding,
}

impl From<OpenError> for Undecryptable {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Mac => Self::Mac,
            OpenError::Addresses => Self::Addresses,
        }
    }
}

impl From<BadPadding> for Undecryptable {
    fn from(BadPadding: BadPadding) -> Self {
        Self::Padding
    }
}

impl Session {
    /// Decrypts a message of kind `Whisper`, on the current session or, failing that, on an archived one,
    /// newest first, which then becomes the current one. `trust` is asked about the identity of the session
    /// that decrypted it, and so after the message was authenticated.
    ///
    /// Draws 32 bytes for each session tried that takes the message's ratchet key for a new one. Changes
    /// nothing until the stage is committed.
    ///
    /// # Errors
    /// [`DecryptError`].
    pub fn decrypt(
        &mut self,
        message: &SignalMessage<'_>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Self, Plaintext>, DecryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (slot, opened) =
                self.open_any(message, None, rng, |keys, body| codec::decrypt(&keys, body))?;
            let effects = self.received_from(slot, trust)?;
            Ok(self.stage(SessionChange(Change::Received(slot, opened.change)), effects, opened.plaintext))
        })
    }

    /// The effects of a message that a session decrypted, if its sender is trusted.
    pub(super) fn received_from(&self, slot: Slot, trust: Trust<'_>) -> Result<SessionEffects, DecryptError> {
        let identity = self.state(slot).map(|state| state.remote_identity).ok_or(DecryptError::NoSession)?;
        if !trust.accepts(&identity) {
            return Err(DecryptError::UntrustedIdentity);
        }
        Ok(SessionEffects::of(identity))
    }

    /// Tries the sessions in order: the current one, then the archived ones, newest first. If the message's
    /// wrapper named one, that is the first to be tried, and unless it is of another version, its failure is
    /// final. `decrypt` decrypts what was authenticated.
    pub(super) fn open_any<P>(
        &self,
        message: &SignalMessage<'_>,
        named: Option<Slot>,
        rng: &mut impl CryptoRng,
        decrypt: impl Fn(MessageKeys, &[u8]) -> Result<P, BadPadding>,
    ) -> Result<(Slot, Opened<P>), DecryptError> {
        let mut first_failure = None;
        let others = self.slots().filter(|slot| Some(*slot) != named);
        for slot in named.into_iter().chain(others) {
            let Some(state) = self.state(slot) else { continue };
            match state.open(message, (&self.local, &self.remote), rng, &decrypt) {
                Ok(opened) => return Ok((slot, opened)),
                Err(failure) => match failure.into_error() {
                    DecryptError::Undecryptable(Undecryptable::Version(_)) => {
                        first_failure.get_or_insert(failure);
                    }
                    DecryptError::Undecryptable(_) if named != Some(slot) => {
                        first_failure.get_or_insert(failure);
                    }
                    error => return Err(error),
                },
            }
        }
        Err(first_failure.map_or(DecryptError::NoSession, DecryptError::Undecryptable))
    }

    /// All sessions, in the order in which they are tried.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let current = self.current.as_ref().map(|_| Slot::Current);
        current.into_iter().chain((0..self.archived.len()).map(Slot::Archived))
    }

    pub(super) fn state(&self, slot: Slot) -> Option<&SessionState> {
        match slot {
            Slot::Current => self.current.as_deref(),
            Slot::Archived(at) => self.archived.get(at).map(Box::as_ref),
        }
    }
}

/// An authentic message's plaintext, and the change that receiving it makes.
pub(super) struct Opened<P> {
    pub(super) plaintext: P,
    pub(super) change: triple::Change,
}

impl SessionState {
    /// Authenticates and decrypts a message from `remote` to `local` on this session.
    pub(super) fn open<P>(
        &self,
        message: &SignalMessage<'_>,
        (local, remote): (&Address, &Address),
        rng: &mut impl CryptoRng,
        decrypt: impl FnOnce(MessageKeys, &[u8]) -> Result<P, BadPadding>,
    ) -> Result<Opened<P>, Undecryptable> {
        if message.version() != self.version.number() {
            return Err(Undecryptable::Version(message.version()));
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
        Ok(Opened { plaintext: decrypt(keys, message.body())?, change })
    }
}

impl Undecryptable {
    /// Duplicates are told apart from all other failures.
    pub(super) const fn into_error(self) -> DecryptError {
        match self {
            Self::Ratchet(ReceiveError::Double(DoubleRatchetError::Duplicate { chain_index, counter })) => {
                DecryptError::Duplicate { chain_index, counter }
            }
            failure => DecryptError::Undecryptable(failure),
        }
    }
}
