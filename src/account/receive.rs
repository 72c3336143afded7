// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving messages: session and account change together.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use super::Account;
use super::change::AccountChange;
use super::keys::LastResort;
use super::row::Row;
use crate::identity::Trust;
use crate::message::Message;
use crate::plaintext::Plaintext;
use crate::session::manual::{Admission, KemKey, NeededPreKeys, PreKeys};
use crate::session::{DecryptError, Session};
use crate::staged::Staged;

impl Account {
    /// Decrypts a message of a session, first or later, sealed or not. Begins the session that a first message asks
    /// for, unless that exists. `session` is the one with the sender, which is checked where the message came in an
    /// envelope. `trust` decides about the sender's identity: for a first message before anything is looked up, for a
    /// later one after it was authenticated.
    ///
    /// Session and account are staged together, so that a used one-time prekey is deleted in the transaction that
    /// stores the session. Store the text in the same transaction, by [`Staged::commit_with_output`]: the message
    /// cannot be decrypted again. Draws 32 bytes for a new session, and for each session of the message's version up to
    /// the one that decrypts it, unless that knows the message's ratchet key.
    ///
    /// # Errors
    /// [`DecryptError`]; [`DecryptError::failure`] says what to do about it.
    pub fn receive<'a>(
        &'a mut self,
        session: &'a mut Session,
        message: &Message<'_>,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'a, Plaintext>, DecryptError> {
        if *session.local() != self.address {
            return Err(DecryptError::WrongSession);
        }
        match session.receive(&self.config(), message, trust, rng)? {
            Admission::Decrypted(staged) => Ok(staged),
            Admission::New(new) => {
                self.lease.free()?;
                let needed = new.needed();
                let staged = new.accept_of_account(&self.lend(&needed)?, rng)?;
                let change = self.consume(&needed);
                Ok(staged.and(Staged::of(self, change, ())))
            }
        }
    }

    /// The prekeys that a message needs.
    fn lend(&self, needed: &NeededPreKeys) -> Result<PreKeys<'_>, DecryptError> {
        let signed = self.keys.signed.get(&needed.signed);
        let signed = signed.ok_or_else(|| self.missing(Row::SignedPreKey(needed.signed)))?;
        let one_time = match needed.one_time {
            None => None,
            Some(id) => {
                let key = self.keys.one_time.get(&id).map(Box::as_ref);
                Some(key.ok_or_else(|| self.missing(Row::OneTimePreKey(id)))?)
            }
        };
        let Some(used) = &needed.kem else { return Ok(PreKeys { signed, one_time, kem: None }) };
        let kem = if let Some(key) = self.keys.one_time_kem.get(&used.kem) {
            KemKey::OneTime(key)
        } else {
            let LastResort { key, uses } = self
                .keys
                .last_resort
                .get(&used.kem)
                .ok_or_else(|| self.missing(Row::OneTimeKemPreKey(used.kem)))?;
            let used_before = uses.contains(used);
            if !used_before && uses.len() >= self.limits.max_uses {
                return Err(DecryptError::UsedTooOften(used.kem));
            }
            KemKey::LastResort { key, used_before }
        };
        Ok(PreKeys { signed, one_time, kem: Some(kem) })
    }

    const fn missing(&self, row: Row) -> DecryptError {
        DecryptError::MissingPreKey { key: row.key(), issued: !self.inventory.is_unused(row) }
    }

    /// The change that the prekeys of a new session make.
    fn consume(&self, needed: &NeededPreKeys) -> AccountChange {
        let mut change = self.draft();
        if let Some(id) = needed.one_time {
            change.delete(Row::OneTimePreKey(id));
        }
        if let Some(used) = needed.kem {
            if self.keys.one_time_kem.contains_key(&used.kem) {
                change.delete(Row::OneTimeKemPreKey(used.kem));
            } else {
                change.note_use(&self.keys, used);
            }
        }
        change
    }
}
