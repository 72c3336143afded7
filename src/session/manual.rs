// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving without an [`Account`](crate::Account): the caller keeps the prekeys.
//!
//! [`Session::receive`] decrypts a message of an existing session, and hands back a [`NewSession`] for a first message.
//! It names the prekeys that it [needs](NewSession::needed); the caller looks them up and
//! [accepts](NewSession::accept).
//!
//! ```
//! use subrosa::session::manual::{Admission, KemKey, PreKeys};
//! use subrosa::session::Config;
//! use subrosa::store::Memory;
//! use subrosa::{DecryptError, Message, Plaintext, Session, Trust};
//! # use subrosa::prekey::{LastResortKemPreKey, OneTimePreKey, SignedPreKey};
//! # use subrosa::rand_core::CryptoRng;
//! # struct Keys { signed: SignedPreKey, one_time: Option<OneTimePreKey>, last_resort: LastResortKemPreKey }
//!
//! fn receive(
//!     session: &mut Session,
//!     config: &Config<'_>,
//!     message: &Message<'_>,
//!     keys: &Keys,
//!     store: &mut Memory,
//!     rng: &mut impl CryptoRng,
//! ) -> Result<Plaintext, Box<dyn std::error::Error>> {
//!     let staged = match session.receive(config, message, Trust::Anyone, rng)? {
//!         Admission::Decrypted(staged) => staged,
//!         Admission::New(new) => {
//!             let needed = new.needed();
//!             // Look up needed.signed, needed.one_time and needed.kem.
//!             let used_before = needed.kem.is_some_and(|used| store.has_seen(&used));
//!             let kem = needed.kem.map(|_| KemKey::LastResort { key: &keys.last_resort, used_before });
//!             let one_time = needed.one_time.and(keys.one_time.as_ref());
//!             new.accept(&PreKeys { signed: &keys.signed, one_time, kem }, rng)?
//!         }
//!     };
//!     Ok(staged.commit_with(|writes| store.apply(writes))?)
//! }
//! ```

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;

use super::config::Config;
use super::error::DecryptError;
use super::secrecy::InitialSecrecy;
use super::state::{SessionState, Version, new_braid};
use super::{Change, Session, SessionChange};
use crate::agreement::{AgreementError, Responder, pqxdh, x3dh};
use crate::crypto::kem::KemKeyPair;
use crate::crypto::stack;
use crate::identity::{IdentityKey, Trust};
use crate::plaintext::Plaintext;
use crate::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use crate::ratchet::chain::ChainKey;
use crate::ratchet::double::{DoubleRatchet, Reach};
use crate::ratchet::receiving::MAX_JUMP;
use crate::ratchet::root::RootKey;
use crate::ratchet::spqr::{Direction, Spqr};
use crate::ratchet::triple::TripleRatchet;
use crate::staged::Staged;
use crate::wire::prekey_message::PreKeySignalMessage;
use crate::writes::{Key, Writes};

pub use crate::prekey::KemPreKeyUse;

/// The outcome of [`Session::receive`].
#[derive(Debug)]
pub enum Admission<'s, 'm> {
    /// The message was decrypted on an existing session.
    Decrypted(Staged<'s, Plaintext>),
    /// The message asks for a new session.
    New(NewSession<'s, 'm>),
}

/// A first message that asks for a new session.
pub struct NewSession<'s, 'm> {
    session: &'s mut Session,
    message: &'m PreKeySignalMessage<'m>,
    config: Config<'m>,
    pinned: bool,
}

/// The prekeys that a first message names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeededPreKeys {
    /// The signed prekey. It may have been replaced: keep old ones for longer than messages stay under way.
    pub signed: SignedPreKeyId,
    /// The one-time prekey, if the initiator was given one.
    pub one_time: Option<OneTimePreKeyId>,
    /// The KEM prekey, none in version 3, and its use: if it turns out to be the last-resort one, look this use up
    /// among those that were remembered.
    pub kem: Option<KemPreKeyUse>,
}

/// The prekeys to begin a session with. They stay the caller's; the writes of the stage delete the one-time ones.
#[derive(Clone, Copy, Debug)]
pub struct PreKeys<'k> {
    /// The signed prekey.
    pub signed: &'k SignedPreKey,
    /// The one-time prekey, if one is needed.
    pub one_time: Option<&'k OneTimePreKey>,
    /// The KEM prekey; none in version 3.
    pub kem: Option<KemKey<'k>>,
}

/// A KEM prekey to begin a session with.
#[derive(Clone, Copy, Debug)]
pub enum KemKey<'k> {
    /// One that begins one session.
    OneTime(&'k OneTimeKemPreKey),
    /// The one of last resort.
    LastResort {
        /// The prekey.
        key: &'k LastResortKemPreKey,
        /// Whether this [use](NeededPreKeys::kem) of it was remembered.
        used_before: bool,
    },
}

impl<'k> KemKey<'k> {
    const fn id(&self) -> KemPreKeyId {
        match self {
            Self::OneTime(key) => key.id(),
            Self::LastResort { key, .. } => key.id(),
        }
    }

    const fn key_pair(&self) -> &'k KemKeyPair {
        match self {
            Self::OneTime(key) => key.key_pair(),
            Self::LastResort { key, .. } => key.key_pair(),
        }
    }
}

/// The prekeys that began a session, for the writes about them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UsedPreKeys {
    one_time: Option<OneTimePreKeyId>,
    one_time_kem: Option<KemPreKeyId>,
    last_resort: Option<KemPreKeyUse>,
}

impl UsedPreKeys {
    pub(super) fn write(&self, writes: &mut Writes) {
        let Self { one_time, one_time_kem, last_resort } = self;
        if let Some(id) = one_time {
            writes.delete(Key::OneTimePreKey(*id));
        }
        if let Some(id) = one_time_kem {
            writes.delete(Key::OneTimeKemPreKey(*id));
        }
        if let Some(used) = last_resort {
            writes.put(Key::KemPreKeyUse(*used), used.record());
        }
    }
}

impl<'s, 'm> NewSession<'s, 'm> {
    pub(super) const fn new(
        session: &'s mut Session,
        message: &'m PreKeySignalMessage<'m>,
        config: Config<'m>,
        trust: Trust<'_>,
    ) -> Self {
        Self { session, message, config, pinned: trust.is_pinned() }
    }

    /// The prekeys that the message names.
    #[must_use]
    pub fn needed(&self) -> NeededPreKeys {
        let message = self.message;
        let signed = message.signed_pre_key_id();
        let kem = message
            .kyber()
            .filter(|_| message.version() != Version::V3.number())
            .map(|kyber| KemPreKeyUse { kem: kyber.pre_key_id, signed, base_key: *message.base_key() });
        NeededPreKeys { signed, one_time: message.pre_key_id(), kem }
    }

    /// Begins the session and decrypts the message. The session becomes the current one; the one before is archived.
    /// Draws 32 bytes, for the first ratchet key. Changes nothing until the stage is committed; its writes delete the
    /// one-time prekeys, and remember the use of a last-resort KEM prekey.
    ///
    /// # Errors
    /// [`DecryptError`]: `WrongPreKeys`, `NoOneTimePreKey` for a last-resort KEM prekey where a one-time one is
    /// required, what decrypting says, `Replayed`, in this order.
    pub fn accept(
        self,
        keys: &PreKeys<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Plaintext>, DecryptError> {
        let needed = self.needed();
        let used = UsedPreKeys {
            one_time: needed.one_time,
            one_time_kem: needed
                .kem
                .filter(|_| matches!(keys.kem, Some(KemKey::OneTime(_))))
                .map(|used| used.kem),
            last_resort: needed.kem.filter(|_| matches!(keys.kem, Some(KemKey::LastResort { .. }))),
        };
        self.begin_with(keys, used, rng)
    }

    /// [`Self::accept`] for an account, which deletes the prekeys by a stage of its own.
    pub(crate) fn accept_of_account(
        self,
        keys: &PreKeys<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Plaintext>, DecryptError> {
        self.begin_with(keys, UsedPreKeys::default(), rng)
    }

    fn begin_with(
        self,
        keys: &PreKeys<'_>,
        used: UsedPreKeys,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'s, Plaintext>, DecryptError> {
        stack::wiped(stack::OPERATION, move || {
            let (state, plaintext) = self.begin(keys, rng)?;
            let leads = self.session.may_begin(&state, self.pinned);
            let identity = (leads && !self.pinned).then_some(state.remote_identity);
            let change = SessionChange { change: Change::Begin { state, leads }, identity, used };
            Ok(Staged::of(self.session, change, plaintext))
        })
    }

    fn begin(
        &self,
        keys: &PreKeys<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Box<SessionState>, Plaintext), DecryptError> {
        let (message, needed) = (self.message, self.needed());
        if keys.signed.id() != needed.signed
            || keys.one_time.map(OneTimePreKey::id) != needed.one_time
            || keys.kem.as_ref().map(KemKey::id) != needed.kem.map(|used| used.kem)
        {
            return Err(DecryptError::WrongPreKeys);
        }
        if self.config.require_one_time && matches!(keys.kem, Some(KemKey::LastResort { .. })) {
            return Err(DecryptError::NoOneTimePreKey);
        }
        let mut state = self.agree(keys)?;
        let addresses = (&self.session.local, &self.session.remote);
        let opened = state.open(message.message(), addresses, Reach::of(MAX_JUMP), rng)?;
        if let Some(KemKey::LastResort { used_before: true, .. }) = keys.kem {
            return Err(DecryptError::Replayed);
        }
        state.ratchet.apply(opened.change);
        Ok((Box::new(state), opened.plaintext))
    }

    /// The session right after the agreement.
    fn agree(&self, keys: &PreKeys<'_>) -> Result<SessionState, AgreementError> {
        let (message, config) = (self.message, self.config);
        let responder = Responder {
            identity: config.identity.private(),
            signed_pre_key: keys.signed.key_pair().private(),
            one_time_pre_key: keys.one_time.map(|one_time| one_time.key_pair().private()),
            their_identity: message.identity_key(),
            their_base_key: message.base_key(),
        };
        let identity = IdentityKey::new(*message.identity_key());
        let (version, root, chain, braid) = match keys.kem.as_ref().zip(message.kyber()) {
            None => {
                let secrets = x3dh::respond(&responder)?;
                (Version::V3, secrets.root, secrets.chain, Spqr::off())
            }
            Some((kem, kyber)) => {
                let secrets = pqxdh::respond(&responder, kem.key_pair().secret(), kyber.ciphertext)?;
                let ours = (config.identity.public(), &self.session.local);
                let braid =
                    new_braid(Direction::B2A, &secrets.braid, ours, (&identity, &self.session.remote));
                (Version::V4, secrets.root, secrets.chain, braid)
            }
        };
        let one_time_kem = matches!(keys.kem, Some(KemKey::OneTime(_)));
        let first_pair = keys.signed.key_pair().duplicate();
        let double = DoubleRatchet::responder(RootKey::new(root), ChainKey::new(chain, 0), first_pair);
        Ok(SessionState {
            version,
            local_identity: *config.identity.public(),
            remote_identity: identity,
            local_registration_id: config.registration_id,
            remote_registration_id: message.registration_id(),
            base_key: *message.base_key(),
            initial_secrecy: InitialSecrecy::of(keys.one_time.is_some(), one_time_kem),
            retired: false,
            pending: None,
            ratchet: TripleRatchet::new(double, braid),
        })
    }
}

impl fmt::Debug for NewSession<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, message, config: _, pinned: _ } = self;
        f.debug_struct("NewSession")
            .field("session", session)
            .field("message", message)
            .finish_non_exhaustive()
    }
}
