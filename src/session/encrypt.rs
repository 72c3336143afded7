// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sending a message on the current session.

use rand_core::CryptoRng;

use super::codec;
use super::state::{Pending, SessionState, Version};
use super::{Change, Session, SessionChange, SessionEffects};
use crate::address::message_addresses;
use crate::identity::Trust;
use crate::ratchet::triple::SendError;
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
        let state = self.current.as_deref().ok_or(EncryptError::NoSession)?;
        if state.pending.as_ref().is_some_and(|pending| pending.is_stale(now)) {
            return Err(EncryptError::Stale);
        }
        if !trust.accepts(&state.remote_identity) {
            return Err(EncryptError::UntrustedIdentity);
        }
        let sending = state.ratchet.send(rng)?;
        // Clients of version 3 neither send nor know the field.
        let wrapped = state.pending.is_some() && state.version == Version::V4;
        let addresses = if wrapped { message_addresses(&self.local, &self.remote) } else { None };
        let (keys, header) = (&sending.keys, &sending.header);
        let message = codec::seal(state, keys, header, &sending.post_quantum, addresses.as_ref(), plaintext);
        let ciphertext = match &state.pending {
            None => Ciphertext::new(MessageKind::Whisper, message),
            Some(pending) => wrap(state, pending, &message),
        };
        let effects =
            SessionEffects { save_identity: Some(state.remote_identity), ..SessionEffects::default() };
        Ok(self.stage(SessionChange(Change::Sent(sending.change)), effects, ciphertext))
    }
}

/// Wraps a message so that the peer can begin the session with it.
fn wrap(state: &SessionState, pending: &Pending, message: &[u8]) -> Ciphertext {
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
    Ciphertext::new(MessageKind::PreKey, parts.encode())
}
