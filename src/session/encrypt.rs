// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sending a message on the current session.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::codec;
use super::state::{Pending, SessionState, Version};
use super::{Change, Session, SessionChange};
use crate::address::message_addresses;
use crate::crypto::stack;
use crate::identity::Trust;
use crate::lease::Busy;
use crate::ratchet::triple::{SendError, Sending};
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::ciphertext::Ciphertext;
use crate::wire::message::MessageKind;
use crate::wire::prekey_message::{KyberPart, PreKeyMessageParts};

/// The reason that a message could not be sent. None of these is the peer's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// An owned stage of the session is still open. The caller's to wait for.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// There is no current session: fetch a bundle and [initiate](Session::initiate) one.
    #[error("no session with this device; begin one from a bundle")]
    NoSession,
    /// The session was begun more than 30 days ago and the peer never answered: begin another.
    #[error("no answer for 30 days; begin another session")]
    Stale,
    /// The caller does not trust the identity that the session is with.
    #[error("the peer's identity key is not trusted")]
    UntrustedIdentity,
    /// The session is of version 3, which the session's [policy](Session::with_policy) does not allow: begin another,
    /// or allow it.
    #[error("version 3 is not allowed for sending")]
    Version3Refused,
    /// The ratchet has no key left: begin another session.
    #[error("the session has no more keys; begin another")]
    Exhausted,
}

impl From<SendError> for EncryptError {
    fn from(_: SendError) -> Self {
        Self::Exhausted
    }
}

impl Session {
    /// Encrypts `plaintext`, of any length, on the current session. `trust` decides about the session's remote
    /// identity. Adds 1 to 16 bytes of padding and no other.
    ///
    /// Changes nothing until the stage is committed; a stage that is dropped uses up no counter.
    ///
    /// # Errors
    /// [`EncryptError`], in the order of its variants.
    pub fn encrypt(
        &mut self,
        plaintext: &[u8],
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Ciphertext>, EncryptError> {
        self.encrypt_then(plaintext, trust, now, rng, |_, message, _| Ok(message))
    }

    /// [`Self::encrypt`], whose message `then` turns into another output. The session is unchanged then.
    pub(crate) fn encrypt_then<T, E: From<EncryptError>, R: CryptoRng>(
        &mut self,
        plaintext: &[u8],
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut R,
        then: impl FnOnce(&Self, Ciphertext, &mut R) -> Result<T, E>,
    ) -> Result<Staged<'_, T>, E> {
        stack::wiped(stack::OPERATION, move || {
            self.lease.free().map_err(EncryptError::from)?;
            let (state, sending) = self.prepare_message(trust, now, rng)?;
            let message = self.write_message(state, &sending, plaintext);
            let identity = state.remote_identity;
            let output = then(self, message, rng)?;
            let change = SessionChange::new(Change::Sent(sending.change)).pinning(identity, trust);
            Ok(Staged::of(self, change, output))
        })
    }

    /// The current session and the keys of its next message, if one may be sent.
    fn prepare_message(
        &self,
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(&SessionState, Sending), EncryptError> {
        let state = self.current.as_deref().ok_or(EncryptError::NoSession)?;
        if state.version.policy() > self.policy {
            return Err(EncryptError::Version3Refused);
        }
        if state.pending.as_ref().is_some_and(|pending| pending.is_stale(now)) {
            return Err(EncryptError::Stale);
        }
        if !trust.accepts(&state.remote_identity) {
            return Err(EncryptError::UntrustedIdentity);
        }
        Ok((state, state.ratchet.send(rng)?))
    }

    /// The message of `state` that was prepared.
    fn write_message(&self, state: &SessionState, sending: &Sending, plaintext: &[u8]) -> Ciphertext {
        let Some(pending) = &state.pending else {
            return Ciphertext::new(MessageKind::Whisper, codec::seal(state, sending, None, plaintext));
        };
        // Clients of version 3 neither send nor know the field.
        let addresses =
            if state.version == Version::V4 { message_addresses(&self.local, &self.remote) } else { None };
        let message = codec::seal(state, sending, addresses.as_ref(), plaintext);
        Ciphertext::new(MessageKind::PreKey, wrap(state, pending, &message))
    }
}

/// Wraps a message so that the peer can begin the session with it.
fn wrap(state: &SessionState, pending: &Pending, message: &[u8]) -> Vec<u8> {
    let ciphertext = pending.kem.as_ref().map(|kem| kem.ciphertext.encode());
    let kyber = pending.kem.as_ref().zip(ciphertext.as_ref());
    let parts = PreKeyMessageParts {
        first_byte: state.version.first_byte(),
        registration_id: state.local_registration_id,
        pre_key_id: pending.one_time_pre_key_id,
        signed_pre_key_id: pending.signed_pre_key_id,
        kyber: kyber.map(|(kem, ciphertext)| KyberPart { pre_key_id: kem.id, ciphertext }),
        base_key: &state.base_key,
        identity_key: state.local_identity.public_key(),
        message,
    };
    parts.encode()
}
