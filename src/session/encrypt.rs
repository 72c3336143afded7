// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sending a message on the current session.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use super::codec;
use super::state::{Pending, SessionState, Version};
use super::{Change, Session, SessionChange, SessionEffects};
use crate::address::message_addresses;
use crate::crypto::stack;
use crate::identity::Trust;
use crate::ratchet::triple::{SendError, Sending};
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::ciphertext::Ciphertext;
use crate::wire::message::MessageKind;
use crate::wire::prekey_message::{KyberPart, PreKeyMessageParts};

/// Why a message could not be sent. None of these is the peer's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// There is no current session: fetch a bundle and [initiate](Session::initiate) one.
    #[error("session not found")]
    NoSession,
    /// The session was begun more than 30 days ago and the peer never answered: begin another.
    #[error("the session is unacknowledged for more than 30 days")]
    Stale,
    /// The caller does not trust the identity that the session is with.
    #[error("untrusted identity")]
    UntrustedIdentity,
    /// The ratchet has no key left.
    #[error(transparent)]
    Ratchet(#[from] SendError),
}

impl Session {
    /// Encrypts `plaintext`, of any length, on the current session. `trust` is asked about the session's
    /// remote identity. Adds 1 to 16 bytes of padding and no other.
    ///
    /// Changes nothing until the stage is committed; a stage that is dropped uses up no counter.
    ///
    /// # Errors
    /// [`EncryptError`]: `NoSession`, `Stale`, `UntrustedIdentity`, `Ratchet`, in this order.
    pub fn encrypt(
        &mut self,
        plaintext: &[u8],
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Self, Ciphertext>, EncryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (state, sending) = self.prepare_message(trust, now, rng)?;
            let mut bytes = Vec::new();
            let kind = self.write_message(state, &sending, plaintext, &mut bytes);
            let effects = SessionEffects::of(state.remote_identity);
            Ok(self.stage(SessionChange(Change::Sent(sending.change)), effects, Ciphertext::new(kind, bytes)))
        })
    }

    /// The current session and the keys of its next message, if one may be sent.
    pub(super) fn prepare_message(
        &self,
        trust: Trust<'_>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<(&SessionState, Sending), EncryptError> {
        let state = self.current.as_deref().ok_or(EncryptError::NoSession)?;
        if state.pending.as_ref().is_some_and(|pending| pending.is_stale(now)) {
            return Err(EncryptError::Stale);
        }
        if !trust.accepts(&state.remote_identity) {
            return Err(EncryptError::UntrustedIdentity);
        }
        Ok((state, state.ratchet.send(rng)?))
    }

    /// Appends the message of `state` that was prepared.
    pub(super) fn write_message(
        &self,
        state: &SessionState,
        sending: &Sending,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> MessageKind {
        let Some(pending) = &state.pending else {
            codec::seal(state, sending, None, plaintext, out);
            return MessageKind::Whisper;
        };
        // Clients of version 3 neither send nor know the field.
        let addresses =
            if state.version == Version::V4 { message_addresses(&self.local, &self.remote) } else { None };
        let mut message = Vec::new();
        codec::seal(state, sending, addresses.as_ref(), plaintext, &mut message);
        out.extend_from_slice(&wrap(state, pending, &message));
        MessageKind::PreKey
    }
}

/// Wraps a message so that the peer can begin the session with it.
fn wrap(state: &SessionState, pending: &Pending, message: &[u8]) -> Vec<u8> {
    let ciphertext = pending.kem.as_ref().map(|kem| kem.ciphertext.encode());
    let kyber = pending.kem.as_ref().zip(ciphertext.as_ref());
    let parts = PreKeyMessageParts {
        first_byte: state.version.first_byte(),
        registration_id: state.local_registration_id,
        pre_key_id: pending.one_time_pre_key_id.map(|id| id.0),
        signed_pre_key_id: pending.signed_pre_key_id.0,
        kyber: kyber.map(|(kem, ciphertext)| KyberPart { pre_key_id: kem.id.0, ciphertext }),
        base_key: &state.base_key,
        identity_key: state.local_identity.public_key(),
        message,
    };
    parts.encode()
}
