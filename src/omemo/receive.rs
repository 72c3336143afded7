// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving: the order of checks (OMEMO facts §10).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::account::{Account, AccountChange};
use super::change::Change;
use super::error::ReceiveError;
use super::identity::{IdentityKey, Trust};
use super::message::{Form, Message};
use super::session::{Agreed, Session};
use super::state::{self, Sender, SessionState};
use crate::agreement::{self, Responder};
use crate::crypto::stack;
use crate::ratchet::chain::MessageKeySeed;
use crate::ratchet::omemo::{self as ratchet, OmemoRatchet};
use crate::staged::Staged;
use crate::wire::omemo::{KeyExchange, RatchetMessage};

/// What becomes of the one-time prekey that a key exchange used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsedPreKey {
    /// It goes at once.
    Delete,
    /// It stays until the caller [removes](Account::remove_pre_keys) it, as after the catch-up with an archive.
    Keep,
}

/// A received message.
pub struct Received {
    plaintext: Zeroizing<Vec<u8>>,
    begun: Option<Agreed>,
    chain_length: u32,
    answer_due: bool,
}

impl Received {
    /// The key material.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        &self.plaintext
    }

    /// The agreement, if the message began a session. Publish the bundle anew then: a one-time prekey is used.
    #[must_use]
    pub const fn begun(&self) -> Option<&Agreed> {
        self.begun.as_ref()
    }

    /// Number of messages received and skipped in the peer's present chain.
    #[must_use]
    pub const fn chain_length(&self) -> u32 {
        self.chain_length
    }

    /// Whether an empty message is due, unless something else is sent: after a key exchange, and after a message with
    /// counter 53 or more.
    #[must_use]
    pub const fn answer_due(&self) -> bool {
        self.answer_due
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plaintext, begun, chain_length: _, answer_due } = self;
        let len = plaintext.len();
        write!(f, "Received({len} bytes, begun {}, answer due {answer_due})", begun.is_some())
    }
}

/// A message that a session opened.
struct Opened {
    at: usize,
    change: ratchet::Received,
    plaintext: Zeroizing<Vec<u8>>,
}

impl Session {
    /// Decrypts a message of this device, and begins the session of a key exchange. A plain message is tried on the
    /// present session and on the replaced ones. Draws 32 bytes if the message begins a chain.
    ///
    /// `trust` is asked for key exchanges alone.
    ///
    /// # Errors
    /// [`ReceiveError`]: of a key exchange the identity first; then prekeys, agreement, the chain, MAC and padding.
    pub fn receive<'a>(
        &'a mut self,
        account: &'a mut Account,
        message: &Message<'_>,
        trust: Trust<'_>,
        used: UsedPreKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'a, Received>, ReceiveError> {
        self.lease.free()?;
        if account.version() != self.version || message.version != self.version {
            return Err(ReceiveError::OtherVersion);
        }
        match &message.form {
            Form::Plain(message) => {
                let opened = stack::wiped(stack::OPERATION, || self.open_plain(message, rng))?;
                Ok(self.stage(opened, false))
            }
            Form::KeyExchange(exchange) => {
                let identity = IdentityKey::from_wire(self.version, exchange.exchange.identity)?;
                if !trust.accepts(&identity) {
                    return Err(ReceiveError::UntrustedIdentity);
                }
                let mut states = self.states.iter();
                if let Some(at) = states.position(|state| state.is_of(&exchange.exchange, &identity)) {
                    let opened = stack::wiped(stack::OPERATION, || self.open_at(at, &exchange.message, rng))?;
                    return Ok(self.stage(opened, true));
                }
                account.lease_of().free()?;
                self.accept(account, exchange, identity, used, rng)
            }
        }
    }

    fn open_plain(
        &self,
        message: &RatchetMessage<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Opened, ReceiveError> {
        let mut first = None;
        // Where a session knows the ratchet key, no other can open the message.
        let knows = |at: usize| self.states.get(at).is_some_and(|state| state.ratchet.knows(&message.header));
        let all = 0..self.states.len();
        let any_knows = all.clone().any(knows);
        for at in all.filter(|at| !any_knows || knows(*at)) {
            match self.open_at(at, message, rng) {
                Ok(opened) => return Ok(opened),
                // Of this session, whatever comes after.
                Err(error @ (ReceiveError::Duplicate | ReceiveError::Lost | ReceiveError::BadPadding)) => {
                    return Err(error);
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or(ReceiveError::NoSession))
    }

    fn open_at(
        &self,
        at: usize,
        message: &RatchetMessage<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Opened, ReceiveError> {
        let state = self.states.get(at).ok_or(ReceiveError::NoSession)?;
        let mut seed = MessageKeySeed::to_be_filled();
        let change = state.ratchet.receive(&message.header, self.version.profile().root, rng, &mut seed)?;
        let plaintext = state::open(self.version, message, &seed, &state.received_data())?;
        Ok(Opened { at, change, plaintext })
    }

    fn stage(&mut self, opened: Opened, exchanged: bool) -> Staged<'_, Received> {
        let Opened { at, change, plaintext } = opened;
        let held = self.states.get(at).map_or(0, |state| state.ratchet.receiving_length());
        let chain_length = change.receiving_length().unwrap_or(held);
        let answer_due =
            exchanged || self.version.profile().heartbeat.is_some_and(|most| chain_length > most);
        let received = Received { plaintext, begun: None, chain_length, answer_due };
        Staged::of(self, Change::Received(at, change), received)
    }

    fn accept<'a>(
        &'a mut self,
        account: &'a mut Account,
        exchange: &KeyExchange<'_>,
        theirs: IdentityKey,
        used: UsedPreKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'a, Received>, ReceiveError> {
        let KeyExchange { exchange, message, .. } = exchange;
        let (state, plaintext, secret) = stack::wiped(stack::OPERATION, || {
            let profile = self.version.profile();
            let signed =
                account.signed_pair(exchange.signed_pre_key_id).ok_or(ReceiveError::UnknownSignedPreKey)?;
            let one_time = account.one_time_pair(exchange.pre_key_id).ok_or(ReceiveError::UnknownPreKey)?;
            let responder = Responder {
                identity: account.identity().private(),
                signed_pre_key: signed.private(),
                one_time_pre_key: Some(one_time.private()),
                their_identity: theirs.curve(),
                their_base_key: &exchange.base_key,
            };
            let secret = agreement::omemo::respond(&responder, profile.agreement)?;
            let agreed = secret.duplicate();
            let mut seed = MessageKeySeed::to_be_filled();
            let rules = (profile.root, self.limits);
            let ratchet = OmemoRatchet::responder(secret, signed, &message.header, rules, rng, &mut seed)?;
            let ours = account.public_identity();
            let associated_data =
                state::associated_data(self.version, (&ours, &theirs), (false, Sender::Them));
            let plaintext = state::open(self.version, message, &seed, &associated_data)?;
            let state =
                SessionState { began: false, answered: false, exchange: *exchange, ours, theirs, ratchet };
            Ok::<_, ReceiveError>((Box::new(state), plaintext, agreed))
        })?;
        let agreed = Agreed { pre_key_id: exchange.pre_key_id, secret, associated_data: state.agreed_data() };
        let chain_length = state.ratchet.receiving_length();
        let received = Received { plaintext, begun: Some(agreed), chain_length, answer_due: true };
        let staged = Staged::of(self, Change::Begun(state), received);
        Ok(match used {
            UsedPreKey::Keep => staged,
            UsedPreKey::Delete => {
                let removed = AccountChange::Removed(alloc::vec![exchange.pre_key_id]);
                staged.and(Staged::of(account, removed, ()))
            }
        })
    }
}
