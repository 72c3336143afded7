// SPDX-License-Identifier: MIT OR Apache-2.0

//! A peer's first messages: beginning the session that they ask for, or finding that it is there.

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;

use super::codec;
use super::decrypt::{DecryptError, Undecryptable};
use super::effects::{KemPreKeyEffect, KemPreKeyUse};
use super::policy::{Local, Policy};
use super::responder_keys::{LentKemKey, LentKeys, NeededPreKeys, ResponderKeys};
use super::secrecy::InitialSecrecy;
use super::state::{SessionState, Version, new_braid};
use super::{Change, Session, SessionChange, SessionEffects, Slot};
use crate::agreement::{AgreementError, Responder, pqxdh, x3dh};
use crate::crypto::stack;
use crate::identity::{IdentityKey, Trust};
use crate::plaintext::Plaintext;
use crate::prekey::{KemPreKeyId, OneTimePreKey, OneTimePreKeyId, SignedPreKeyId};
use crate::ratchet::braid::{Braid, Direction};
use crate::ratchet::chain::ChainKey;
use crate::ratchet::double::DoubleRatchet;
use crate::ratchet::root::RootKey;
use crate::ratchet::triple::TripleRatchet;
use crate::staged::Staged;
use crate::wire::prekey_message::PreKeySignalMessage;

/// Why a message of kind `PreKey` was refused before any key was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmitError {
    /// The caller does not trust the message's identity key.
    #[error("untrusted identity")]
    UntrustedIdentity,
    /// The message belongs to a session that is there, but with another identity. Forged, or damaged.
    #[error("remote identity key not consistent with previously-established session")]
    IdentityMismatch,
    /// The message would begin a version-3 session, which the [policy](Policy) does not allow.
    #[error("X3DH no longer supported")]
    Version3Refused,
    /// The message would begin a session and names no one-time prekey, and the caller
    /// [requires](Local::requiring_one_time) one.
    #[error("no one-time prekey")]
    NoOneTimePreKey,
}

/// Why a message that would begin a session was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The caller gave other prekeys than the message [needs](NewSession::needed). The caller's fault.
    #[error("not the prekeys that the message needs")]
    WrongPreKeys,
    /// The message would begin a session by a KEM prekey of last resort, and the caller
    /// [requires](Local::requiring_one_time) a one-time one.
    #[error("a KEM prekey of last resort")]
    LastResortRefused,
    /// The agreement failed: the peer's base key or KEM ciphertext is not sound.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// The message does not decrypt on the session that it would begin.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    /// The same first message came before: a replay, perhaps under another sender's name.
    #[error("reused base key")]
    ReusedBaseKey,
}

/// A refused first message, and the prekeys that were given for it.
#[derive(Debug)]
pub struct AcceptFailure<'a> {
    /// Why it was refused.
    pub error: AcceptError,
    /// What the caller gave. Still good for a later message.
    pub keys: ResponderKeys<'a>,
}

impl fmt::Display for AcceptFailure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for AcceptFailure<'_> {}

/// What a message of kind `PreKey` turned out to be.
#[derive(Debug)]
pub enum Admission<'s, 'm> {
    /// It belongs to a session that is there: no prekeys are needed.
    Known(KnownSession<'s, 'm>),
    /// It asks for a new session.
    New(NewSession<'s, 'm>),
}

/// A message of kind `PreKey` for a session that is there.
#[derive(Debug)]
pub struct KnownSession<'s, 'm> {
    session: &'s mut Session,
    message: &'m PreKeySignalMessage<'m>,
    slot: Slot,
}

/// A message of kind `PreKey` that asks for a new session.
#[derive(Debug)]
pub struct NewSession<'s, 'm> {
    session: &'s mut Session,
    message: &'m PreKeySignalMessage<'m>,
    local: Local<'m>,
}

impl Session {
    /// Looks at a message of kind `PreKey`: it may begin a session, or belong to one that is there. `trust` is
    /// asked about the identity in the message. Changes nothing.
    ///
    /// # Errors
    /// [`AdmitError`], in the order of its variants.
    pub fn admit<'s, 'm>(
        &'s mut self,
        local: &Local<'m>,
        message: &'m PreKeySignalMessage<'m>,
        trust: Trust<'_>,
    ) -> Result<Admission<'s, 'm>, AdmitError> {
        let identity = IdentityKey::new(*message.identity_key());
        if !trust.accepts(&identity) {
            return Err(AdmitError::UntrustedIdentity);
        }
        let found = self.slots().find_map(|slot| {
            self.state(slot).map(|state| (slot, state)).filter(|(_, state)| {
                state.version.number() == message.version() && state.base_key == *message.base_key()
            })
        });
        if let Some((slot, state)) = found {
            if state.remote_identity != identity {
                return Err(AdmitError::IdentityMismatch);
            }
            return Ok(Admission::Known(KnownSession { session: self, message, slot }));
        }
        if message.version() == Version::V3.number() && local.policy != Policy::AllowVersion3 {
            return Err(AdmitError::Version3Refused);
        }
        if message.pre_key_id().is_none() && local.require_one_time {
            return Err(AdmitError::NoOneTimePreKey);
        }
        Ok(Admission::New(NewSession { session: self, message, local: *local }))
    }
}

impl<'s> KnownSession<'s, '_> {
    /// Decrypts the message, as [`Session::decrypt`] does.
    ///
    /// # Errors
    /// [`DecryptError`]; `UntrustedIdentity` if a session decrypts it that is with another identity than the
    /// message names.
    pub fn decrypt(self, rng: &mut impl CryptoRng) -> Result<Staged<'s, Session, Plaintext>, DecryptError> {
        stack::wiped(stack::OPERATION, move || {
            let Self { session, message, slot } = self;
            let decrypt = |keys, body: &[u8]| codec::decrypt(&keys, body);
            let (slot, opened) = session.open_any(message.message(), Some(slot), rng, decrypt)?;
            let identity = IdentityKey::new(*message.identity_key());
            // Where the inner message is of another version than its wrapper, not the session that was found.
            if session.state(slot).is_none_or(|state| state.remote_identity != identity) {
                return Err(DecryptError::UntrustedIdentity);
            }
            let effects = SessionEffects::of(identity);
            Ok(session.stage(SessionChange(Change::Received(slot, opened.change)), effects, opened.plaintext))
        })
    }
}

impl<'s> NewSession<'s, '_> {
    /// Which prekeys the message needs.
    #[must_use]
    pub fn needed(&self) -> NeededPreKeys {
        let message = self.message;
        let signed = SignedPreKeyId(message.signed_pre_key_id());
        let kem = message.kyber().filter(|_| message.version() != Version::V3.number()).map(|kyber| {
            KemPreKeyUse { kem: KemPreKeyId(kyber.pre_key_id), signed, base_key: *message.base_key() }
        });
        NeededPreKeys { signed, one_time: message.pre_key_id().map(OneTimePreKeyId), kem }
    }

    /// Begins the session and decrypts the message. The session becomes the current one; the one before is
    /// archived. Draws 32 bytes, for the first ratchet key. Changes nothing until the stage is committed; its
    /// effects say which one-time prekeys are to be deleted.
    ///
    /// # Errors
    /// [`AcceptFailure`], with the prekeys in it: an [`AcceptError`], in the order of its variants.
    #[expect(
        clippy::result_large_err,
        reason = "the keys go back as they came, and the other outcome is larger"
    )]
    pub fn accept<'k>(
        self,
        keys: ResponderKeys<'k>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Session, Plaintext>, AcceptFailure<'k>> {
        match stack::wiped(stack::OPERATION, || self.begin(&keys.lend(), rng)) {
            Err(error) => Err(AcceptFailure { error, keys }),
            Ok((state, plaintext)) => {
                let effects = self.effects(&keys.lend());
                Ok(self.session.stage(SessionChange(Change::Begin(state)), effects, plaintext))
            }
        }
    }

    /// [`Self::accept`] with prekeys that stay where they are, for an owner that deletes them by a stage of its
    /// own. The effects say nothing of prekeys.
    pub(crate) fn accept_lent(
        self,
        keys: &LentKeys<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Session, Plaintext>, AcceptError> {
        stack::wiped(stack::OPERATION, move || {
            let (state, plaintext) = self.begin(keys, rng)?;
            let effects = SessionEffects::of(state.remote_identity);
            Ok(self.session.stage(SessionChange(Change::Begin(state)), effects, plaintext))
        })
    }

    fn begin(
        &self,
        keys: &LentKeys<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Box<SessionState>, Plaintext), AcceptError> {
        let (message, needed) = (self.message, self.needed());
        let kem_id = keys.kem.as_ref().map(|kem| kem.pre_key().id());
        if keys.signed.id() != needed.signed
            || keys.one_time.map(OneTimePreKey::id) != needed.one_time
            || kem_id != needed.kem.map(|kem| kem.kem)
        {
            return Err(AcceptError::WrongPreKeys);
        }
        if self.local.require_one_time && matches!(keys.kem, Some(LentKemKey::LastResort { .. })) {
            return Err(AcceptError::LastResortRefused);
        }
        let mut state = self.agree(keys)?;
        let addresses = (&self.session.local, &self.session.remote);
        let opened = state
            .open(message.message(), addresses, rng, |keys, body| codec::decrypt(&keys, body))
            .map_err(Undecryptable::into_error)?;
        if let Some(LentKemKey::LastResort { used_before: true, .. }) = keys.kem {
            return Err(AcceptError::ReusedBaseKey);
        }
        state.ratchet.apply(opened.change);
        Ok((Box::new(state), opened.plaintext))
    }

    /// The session right after the agreement.
    fn agree(&self, keys: &LentKeys<'_>) -> Result<SessionState, AgreementError> {
        let (message, local) = (self.message, self.local);
        let responder = Responder {
            identity: local.identity.private(),
            signed_pre_key: keys.signed.key_pair().private(),
            one_time_pre_key: keys.one_time.map(|one_time| one_time.key_pair().private()),
            their_identity: message.identity_key(),
            their_base_key: message.base_key(),
        };
        let identity = IdentityKey::new(*message.identity_key());
        let (version, root, chain, braid) = match keys.kem.as_ref().zip(message.kyber()) {
            None => {
                let secrets = x3dh::respond(&responder)?;
                (Version::V3, secrets.root, secrets.chain, Braid::off())
            }
            Some((kem, kyber)) => {
                let secret = kem.pre_key().key_pair().secret();
                let secrets = pqxdh::respond(&responder, secret, kyber.ciphertext)?;
                let ours = (local.identity.public(), &self.session.local);
                let braid =
                    new_braid(Direction::B2A, &secrets.braid, ours, (&identity, &self.session.remote));
                (Version::V4, secrets.root, secrets.chain, braid)
            }
        };
        let one_time_kem = matches!(keys.kem, Some(LentKemKey::OneTime(_)));
        let first_pair = keys.signed.key_pair().duplicate();
        let double = DoubleRatchet::responder(RootKey::new(root), ChainKey::new(chain, 0), first_pair);
        Ok(SessionState {
            version,
            local_identity: *local.identity.public(),
            remote_identity: identity,
            local_registration_id: local.registration_id,
            remote_registration_id: message.registration_id(),
            base_key: *message.base_key(),
            initial_secrecy: InitialSecrecy::of(keys.one_time.is_some(), one_time_kem),
            retired: false,
            pending: None,
            ratchet: TripleRatchet::new(double, braid),
        })
    }

    fn effects(&self, keys: &LentKeys<'_>) -> SessionEffects {
        SessionEffects {
            save_identity: Some(IdentityKey::new(*self.message.identity_key())),
            delete_one_time_pre_key: keys.one_time.map(OneTimePreKey::id),
            kem_pre_key: match &keys.kem {
                None => None,
                Some(LentKemKey::OneTime(key)) => Some(KemPreKeyEffect::Delete(key.id())),
                Some(LentKemKey::LastResort { .. }) => self.needed().kem.map(KemPreKeyEffect::Remember),
            },
        }
    }
}
