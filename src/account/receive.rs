// SPDX-License-Identifier: MIT OR Apache-2.0

//! First messages: session and account change together.

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;

use super::Account;
use super::change::AccountChange;
use super::effects::AccountRow;
use super::keys::LastResort;
use crate::identity::Trust;
use crate::plaintext::Plaintext;
use crate::prekey::{KemPreKeyId, OneTimePreKeyId, SignedPreKeyId};
use crate::session::{
    AcceptError, Admission, AdmitError, DecryptError, LentKemKey, LentKeys, NeededPreKeys, Session,
};
use crate::staged::{Received, Staged};
use crate::wire::prekey_message::PreKeySignalMessage;

/// A prekey that a message names. The message does not tell one-time KEM prekeys from last-resort ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamedPreKey {
    /// A one-time prekey.
    OneTime(OneTimePreKeyId),
    /// A signed prekey.
    Signed(SignedPreKeyId),
    /// A KEM prekey.
    Kem(KemPreKeyId),
}

/// Why a message of kind `PreKey` was refused. Nothing has changed then, and no prekey is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FirstMessageError {
    /// It is not admitted.
    #[error(transparent)]
    Admit(#[from] AdmitError),
    /// It belongs to a session that is there, and does not decrypt.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    /// It names a prekey that was used up, or was replaced and is older than the [grace](super::AccountLimits::grace).
    /// Late, or a replay.
    #[error("the prekey {0:?} is gone")]
    Gone(NamedPreKey),
    /// It names a prekey that this account never had: forged, meant for another device, or the account was
    /// restored from a backup.
    #[error("the prekey {0:?} was never ours")]
    NeverOurs(NamedPreKey),
    /// It names a last-resort KEM prekey of which no more uses can be remembered. It can't be told from a
    /// replay. [`Account::rotate`] replaces that prekey, and the peer has to fetch a new bundle.
    #[error("last-resort KEM prekey {0:?} was used too often")]
    UsedTooOften(KemPreKeyId),
    /// No session can be begun from it.
    #[error(transparent)]
    Accept(#[from] AcceptError),
}

impl Account {
    /// Decrypts a message of kind `PreKey`, and begins the session that it asks for unless that is there: what
    /// [`Session::admit`] and [`NewSession::accept`](crate::NewSession::accept) do, with the account's prekeys. Session and account are
    /// staged together. `trust` is asked about the identity in the message. Draws 32 bytes, or as
    /// [`Session::decrypt`] does.
    ///
    /// # Errors
    /// [`FirstMessageError`], in the order of its variants.
    pub fn receive<'a, 's>(
        &'a mut self,
        session: &'s mut Session,
        message: &PreKeySignalMessage<'_>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<FirstMessage<'a, 's, Plaintext>, FirstMessageError> {
        let local = self.local();
        match session.admit(&local, message, trust)? {
            Admission::Known(known) => Ok(FirstMessage { session: known.decrypt(rng)?, account: None }),
            Admission::New(new) => {
                let needed = new.needed();
                let session = new.accept_lent(&self.lend(&needed)?, rng)?;
                let change = self.consume(&needed);
                Ok(FirstMessage { session, account: Some(self.stage(change, ())) })
            }
        }
    }

    /// The prekeys that a message needs.
    fn lend(&self, needed: &NeededPreKeys) -> Result<LentKeys<'_>, FirstMessageError> {
        let signed = self.keys.signed.get(&needed.signed);
        let signed = signed.ok_or_else(|| self.lacking(NamedPreKey::Signed(needed.signed)))?;
        let one_time = match needed.one_time {
            None => None,
            Some(id) => {
                let key = self.keys.one_time.get(&id).map(Box::as_ref);
                Some(key.ok_or_else(|| self.lacking(NamedPreKey::OneTime(id)))?)
            }
        };
        let Some(used) = &needed.kem else { return Ok(LentKeys { signed, one_time, kem: None }) };
        let kem = if let Some(key) = self.keys.one_time_kem.get(&used.kem) {
            LentKemKey::OneTime(key)
        } else {
            let LastResort { key, uses } = self
                .keys
                .last_resort
                .get(&used.kem)
                .ok_or_else(|| self.lacking(NamedPreKey::Kem(used.kem)))?;
            let used_before = uses.contains(used);
            if !used_before && uses.len() >= self.limits.max_uses {
                return Err(FirstMessageError::UsedTooOften(used.kem));
            }
            LentKemKey::LastResort { key, used_before }
        };
        Ok(LentKeys { signed, one_time, kem: Some(kem) })
    }

    /// Why a prekey is not there.
    const fn lacking(&self, key: NamedPreKey) -> FirstMessageError {
        let row = match key {
            NamedPreKey::OneTime(id) => AccountRow::OneTimePreKey(id),
            NamedPreKey::Signed(id) => AccountRow::SignedPreKey(id),
            NamedPreKey::Kem(id) => AccountRow::OneTimeKemPreKey(id),
        };
        if self.book.is_unused(row) {
            FirstMessageError::NeverOurs(key)
        } else {
            FirstMessageError::Gone(key)
        }
    }

    /// What becomes of the prekeys that began a session.
    fn consume(&self, needed: &NeededPreKeys) -> AccountChange {
        let mut change = self.draft();
        if let Some(id) = needed.one_time {
            change.delete(AccountRow::OneTimePreKey(id));
        }
        if let Some(used) = needed.kem {
            if self.keys.one_time_kem.contains_key(&used.kem) {
                change.delete(AccountRow::OneTimeKemPreKey(used.kem));
            } else {
                change.used = Some(used);
            }
        }
        change
    }
}

/// A decrypted message of kind `PreKey`: a stage of its session, and if it began that session, of the account
/// whose prekeys it used. Both are to be stored *in one transaction*; then both changes are made at once.
///
/// As with every [`Staged`] value nothing has changed before, and dropping it changes nothing.
#[must_use = "dropping a stage rolls it back"]
pub struct FirstMessage<'a, 's, T> {
    session: Staged<'s, Session, T>,
    account: Option<Staged<'a, Account, ()>>,
}

impl<'a, 's, T> FirstMessage<'a, 's, T> {
    /// A message that changed the session alone.
    pub(crate) const fn of_session(session: Staged<'s, Session, T>) -> Self {
        Self { session, account: None }
    }

    /// The same stage with another output.
    pub(crate) fn map<U>(self, other: impl FnOnce(T) -> U) -> FirstMessage<'a, 's, U> {
        let Self { session, account } = self;
        FirstMessage { session: session.map(other), account }
    }

    /// The stage of the session: its record and effects.
    pub const fn session(&self) -> &Staged<'s, Session, T> {
        &self.session
    }

    /// The stage of the account, if the message began a session: its record and effects.
    pub const fn account(&self) -> Option<&Staged<'a, Account, ()>> {
        self.account.as_ref()
    }

    /// Makes both changes and gives the output. The caller vouches that records and effects of both are stored
    /// durably.
    pub fn commit(self) -> T {
        let Self { session, account } = self;
        if let Some(account) = account {
            account.commit();
        }
        session.commit()
    }

    /// Has `store` store records and effects of both, then makes both changes and gives the output.
    ///
    /// # Errors
    /// What `store` returned; then nothing has changed.
    pub fn commit_with<E>(self, store: impl FnOnce(&Self) -> Result<(), E>) -> Result<T, E> {
        store(&self)?;
        Ok(self.commit())
    }
}

impl<T: Received> FirstMessage<'_, '_, T> {
    /// What was received, to be stored in the same transaction.
    #[must_use]
    pub const fn received(&self) -> &T {
        self.session.received()
    }
}

impl<T> fmt::Debug for FirstMessage<'_, '_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session: _, account } = self;
        let account = if account.is_some() { "session and account" } else { "session alone" };
        write!(f, "FirstMessage({account}, ..)")
    }
}
