// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving a first contact (rose 31 §9).

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;

use super::account::{Account, AccountChange, Remembered};
use super::block::{self, OpenedEnvelope};
use super::card::{Card, DeviceKeys};
use super::certificate::Issuers;
use super::change::Change;
use super::codec::Parts;
use super::contact::{Contact, PeerAuthentication, Trust, Untrusted};
use super::error::ReceiveError;
use super::known::Known;
use super::prekey::{Class, HybridPreKey};
use super::receive::{Opened, Received};
use super::session::Session;
use super::state::{Proof, Role, SessionState};
use crate::agreement::{Responder, rose as agreement};
use crate::crypto::curve::PublicKey;
use crate::crypto::ml_kem::{ml_kem_768, ml_kem_1024};
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::ids::DeviceName;
use crate::ratchet::rose::{Place, RoseRatchet};
use crate::staged::Staged;
use crate::timestamp::Timestamp;

/// The policy for first contacts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// Whether sessions have to be franked; `None` takes both.
    pub franked: Option<bool>,
    /// Refuse prekeys of last resort.
    pub require_one_time: bool,
}

/// What a first contact is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// The issuers of certificates.
    pub issuers: &'a Issuers,
    /// The trust in the sender.
    pub trust: Trust<'a>,
    /// The policy.
    pub policy: Policy,
    /// When the service took the message, or else the reader's time.
    pub now: Timestamp,
}

/// A first contact whose envelope opened. Nothing in it is verified yet.
pub struct FirstContact {
    envelope: OpenedEnvelope,
    sender: Card,
}

impl FirstContact {
    /// The device that it says it is from: whose session to load for [`Account::receive_first`].
    #[must_use]
    pub fn claimed_sender(&self) -> DeviceName {
        self.sender.name()
    }
}

impl fmt::Debug for FirstContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstContact(claims to be from {:?})", self.claimed_sender())
    }
}

impl Account {
    /// Opens a message whose tag nobody expects as a first contact, with the newest sealing key that fits. At most four
    /// decapsulations.
    ///
    /// # Errors
    /// [`ReceiveError`]: `NotFound`, `UnknownSuite`, `BadContent`.
    pub fn open(&self, message: &[u8]) -> Result<FirstContact, ReceiveError> {
        let recipient = (&self.name(), &self.keys.card.identity());
        let envelope = stack::wiped(stack::OPERATION, || block::open(message, &self.sealing, recipient))?;
        let sender = Card::unverified(envelope.block.card()).map_err(|_| ReceiveError::BadContent)?;
        Ok(FirstContact { envelope, sender })
    }

    /// Receives a first contact: one of a state that is there, or one that begins a state. Draws 32 for `m_A` and 32 for
    /// the ratchet key where it begins one. `session` is that of the [claimed sender](FirstContact::claimed_sender).
    ///
    /// # Errors
    /// [`ReceiveError`], in the order of its variants; `NotFound` for a session of another device.
    pub fn receive_first<'a>(
        &'a mut self,
        session: &'a mut Session,
        first: &FirstContact,
        admission: &Admission<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'a, Received>, ReceiveError> {
        self.lease.free()?;
        session.lease.free()?;
        if session.remote != first.claimed_sender() {
            return Err(ReceiveError::NotFound);
        }
        let hash = Some(first.envelope.block.hash());
        if let Some(at) = session.states.iter().position(|state| state.block_hash == hash) {
            return self.repeated(session, at, &first.envelope.inner, rng);
        }
        let contact = self.admit(session, first, admission)?;
        let (account, mut state) = self.agreement(first, rng)?;
        let known = known_after(session, first, contact);
        stack::wiped(stack::ROSE, move || {
            let Opened { received, change, hybrid: _ } =
                state.receive(Place::Next, &first.envelope.inner, &self.keys, rng)?;
            state.ratchet.apply(change);
            let session = Staged::of(session, Change::Begin { state, known }, received);
            Ok(session.and(Staged::of(self, account, ())))
        })
    }

    /// A first message of a state that is there, by its tag or by a trial on that state alone.
    fn repeated<'a>(
        &self,
        session: &'a mut Session,
        at: usize,
        inner: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'a, Received>, ReceiveError> {
        let (state, parts) = session.states.get(at).zip(Parts::of(inner)).ok_or(ReceiveError::NotFound)?;
        let by_trial = || stack::wiped(stack::ROSE, || state.recognise(&parts));
        let place = state.ratchet.find(parts.tag).or_else(by_trial);
        session.decrypt_at((at, place.ok_or(ReceiveError::NotFound)?), inner, &self.keys, rng)
    }

    /// Steps 5 to 7: certificate, card, trust, policy.
    fn admit(
        &self,
        session: &Session,
        first: &FirstContact,
        admission: &Admission<'_>,
    ) -> Result<Contact, ReceiveError> {
        let Admission { issuers, trust, policy, now } = admission;
        let (block, sender) = (&first.envelope.block, &first.sender);
        if !issuers.is_good(&first.envelope.certificate, &sender.hash(), *now) {
            return Err(ReceiveError::BadCertificate);
        }
        let card = Card::verify(sender.as_bytes()).map_err(|_| ReceiveError::BadCard)?;
        if card == self.keys.card {
            return Err(ReceiveError::SelfSend);
        }
        let mut contact = trust.check(&card, *now).map_err(|untrusted| match untrusted {
            Untrusted::Identity => ReceiveError::UntrustedIdentity,
            Untrusted::KemIdentity => ReceiveError::KemIdentityChanged,
        })?;
        let before = session.contact();
        contact.was_hybrid |=
            before.is_some_and(|before| before.was_hybrid && before.identity == contact.identity);
        if !self.knows_card(&block.card_hash(), *now) {
            return Err(ReceiveError::UnknownCard);
        }
        if policy.require_one_time && Class::from_u8(block.class()) == Some(Class::LastResort) {
            return Err(ReceiveError::LastResortRefused);
        }
        match (policy.franked, block.session_flags() != 0) {
            (Some(true), false) => Err(ReceiveError::FrankingRequired),
            (Some(false), true) => Err(ReceiveError::FrankingRefused),
            _ => Ok(contact),
        }
    }

    /// Steps 8 to 11, to the state before its first message. Draws 32.
    fn agreement(
        &self,
        first: &FirstContact,
        rng: &mut impl CryptoRng,
    ) -> Result<(AccountChange, Box<SessionState>), ReceiveError> {
        let block = &first.envelope.block;
        let prekey = self.hybrid.get(&block.prekey_id()).ok_or(ReceiveError::UnknownPrekey)?;
        let class = Class::from_u8(block.class()).filter(|class| prekey.class() == Some(*class));
        let class = class.ok_or(ReceiveError::BadContent)?;
        let transcript = block.transcript(prekey.signed());
        let mut change = AccountChange::default();
        match class {
            Class::OneTime => change.used_hybrid = Some(prekey.id()),
            Class::LastResort => {
                let used = self.new_use(prekey.id(), &transcript, &first.sender.name().account());
                change.remembered = Some(used.map_err(|refused| match refused {
                    Remembered::Replayed => ReceiveError::Replayed,
                    Remembered::Full => ReceiveError::MemoryFull,
                })?);
            }
        }
        let state =
            stack::wiped(stack::KEM, || respond(&self.keys, prekey, first, (class, transcript), rng))?;
        Ok((change, state))
    }
}

/// B's new state.
fn respond(
    keys: &DeviceKeys,
    prekey: &HybridPreKey,
    first: &FirstContact,
    (class, transcript): (Class, [u8; 32]),
    rng: &mut impl CryptoRng,
) -> Result<Box<SessionState>, ReceiveError> {
    let block = &first.envelope.block;
    let base_key = PublicKey::from_bytes(block.base_key());
    if !base_key.is_canonical() {
        return Err(ReceiveError::BadKey);
    }
    let their_identity = first.sender.identity();
    let responder = Responder {
        identity: keys.identity(),
        signed_pre_key: prekey.pair.private(),
        one_time_pre_key: None,
        their_identity: their_identity.public_key(),
        their_base_key: &base_key,
    };
    let ss_k = ml_kem_1024::decapsulate(&prekey.kem_seed, &block.prekey_ciphertext());
    let ss_i = keys.decapsulate(&block.identity_ciphertext());
    let (agreed, secret) = agreement::respond(&responder, &transcript, &[ss_k, ss_i])?;
    let m_a = Secret::random(rng);
    let (ciphertext, ss_a) = ml_kem_768::encapsulate(first.sender.kem_identity(), &m_a);
    Ok(Box::new(SessionState {
        role: Role::Responder,
        class,
        franked: block.session_flags() != 0,
        authentication: PeerAuthentication::Classical,
        retired: false,
        transcript,
        secret,
        unanswered: None,
        block_hash: Some(block.hash()),
        proof: Some(Box::new(Proof { ciphertext, secret: ss_a })),
        ratchet: RoseRatchet::responder(agreed, prekey.pair.duplicate()),
        run: None,
        our_token: None,
        their_token: None,
    }))
}

fn known_after(session: &Session, first: &FirstContact, contact: Contact) -> Known {
    let before = session.known.as_ref();
    Known {
        card_hash: first.sender.hash(),
        contact,
        distrusted: before.is_some_and(|known| known.distrusted),
        profiles: before.map_or(0, |known| known.profiles) | first.sender.profiles(),
        newest: session.newest_prekeys(),
    }
}
