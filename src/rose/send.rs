// SPDX-License-Identifier: MIT OR Apache-2.0

//! Beginning a session, and sending on it (rose 31 §6, 32 §6, 36 §4).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::block::{self, Block};
use super::bundle::VerifiedBundle;
use super::card::{DeviceKeys, SUITE};
use super::certificate::Certificate;
use super::change::Change;
use super::codec::{self, BodyKeys, EncryptedHeader, SINGLE_OVERHEAD};
use super::contact::{Contact, PeerAuthentication};
use super::error::{BeginError, SendError};
use super::kind::Kind;
use super::known::Known;
use super::prekey::SIGNED_HYBRID_LEN;
use super::session::Session;
use super::state::{FRANKED, Role, SessionState, Unanswered};
use crate::agreement::{Initiator, rose as agreement};
use crate::crypto::curve::{KeyPair, PrivateKey};
use crate::crypto::ml_kem::{ml_kem_768, ml_kem_1024};
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::ratchet::rose::{HeaderKey, RoseRatchet, Sent};
use crate::staged::Staged;
use crate::timestamp::Timestamp;
use crate::wire::rose::body::{self, Aux, FRANK_LEN, PREFIX_LEN};
use crate::wire::rose::header::Form;
use crate::wire::rose::length::wire_length;

/// How long an unanswered state is sent on, in milliseconds: 14 days.
const MAX_UNANSWERED: u64 = 14 * 86_400_000;

/// A message to send.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// The kind of the content.
    pub kind: Kind,
    /// The content.
    pub content: &'a [u8],
    /// The least wire length in bytes; 0 for the shortest that has room.
    pub at_least: usize,
    /// The report part, 68 bytes: due for content of a franked session, and nowhere else.
    pub report: Option<&'a [u8; FRANK_LEN]>,
}

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, content, at_least, report: _ } = self;
        write!(f, "Outgoing({kind:?}, {} bytes in at least {at_least})", content.len())
    }
}

impl<'a> Outgoing<'a> {
    /// Content of the application, in the shortest message that has room.
    #[must_use]
    pub const fn content(content: &'a [u8]) -> Self {
        Self::of(Kind::Content, content)
    }

    /// Content of a kind, in the shortest message that has room.
    #[must_use]
    pub const fn of(kind: Kind, content: &'a [u8]) -> Self {
        Self { kind, content, at_least: 0, report: None }
    }

    /// A dummy: a message that only its receiver can tell from others.
    #[must_use]
    pub const fn dummy() -> Self {
        Self::of(Kind::Dummy, &[])
    }
}

/// What the sender knows beside the session.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// A current certificate, for the envelopes of a session that is not answered yet.
    pub certificate: &'a Certificate,
    /// What is known of the contact's account over all its devices, if it is stored.
    pub contact: Option<&'a Contact>,
    /// The time.
    pub now: Timestamp,
}

impl Session {
    /// Begins a state with a device, which becomes current. Its messages go in envelopes of 6,144 bytes and more, until
    /// the first answer. Draws `EK_A, m_K, m_I, R_A`, 32 bytes each.
    ///
    /// # Errors
    /// [`BeginError`]: `Busy`, `OtherDevice`, `ZeroAgreement`.
    pub fn initiate(
        &mut self,
        keys: &DeviceKeys,
        bundle: VerifiedBundle,
        franked: bool,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, ()>, BeginError> {
        self.lease.free()?;
        if bundle.card.name() != self.remote {
            return Err(BeginError::OtherDevice);
        }
        let state = stack::wiped(stack::KEM, || initiate(keys, &bundle, franked, now, rng))?;
        let profiles = bundle.card.profiles();
        let before = self.known.as_ref();
        let known = Known {
            card_hash: bundle.card.hash(),
            contact: bundle.contact,
            distrusted: before.is_some_and(|known| known.distrusted),
            profiles: before.map_or(0, |known| known.profiles) | profiles,
            newest: bundle.newest,
        };
        Ok(Staged::of(self, Change::Begin { state, known }, ()))
    }

    /// Encrypts a message, on the state that may carry it.
    ///
    /// Draws what the braid needs (64, 32 or 0 bytes), then 16, then 64 while the session is unanswered.
    ///
    /// # Errors
    /// [`SendError`].
    pub fn encrypt(
        &mut self,
        message: &Outgoing<'_>,
        sender: &Sender<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Vec<u8>>, SendError> {
        stack::wiped(stack::ROSE, move || {
            self.lease.free()?;
            let at = self.sending_state(message.kind, sender)?;
            let state = self.states.get(at).ok_or(SendError::NoState)?;
            let (inner, change) = state.encrypt(message, rng)?;
            let bytes = self.in_envelope(state, inner, sender.certificate, rng)?;
            Ok(Staged::of(self, Change::Sent { at, change }, bytes))
        })
    }

    /// The state that a message goes on. Dummies go on the current one. All else does too, unless the current one is a
    /// responder's that is not Hybrid: then on an unanswered one of ours, which is encrypted to the pinned `KIK`.
    pub(super) fn sending_state(&self, kind: Kind, sender: &Sender<'_>) -> Result<usize, SendError> {
        let known = self.known.as_ref().ok_or(SendError::NoState)?;
        let current = self.states.first().ok_or(SendError::NoState)?;
        if known.distrusted {
            return Err(SendError::Distrusted);
        }
        let stale = |state: &SessionState| {
            let since = state.unanswered.as_ref().map(|unanswered| unanswered.since.as_millis());
            since.is_some_and(|since| sender.now.as_millis() > since.saturating_add(MAX_UNANSWERED))
        };
        let is_proof = kind == Kind::Dummy;
        if !is_proof && current.is_responder() && !current.is_hybrid() {
            let ours = |state: &SessionState| state.unanswered.is_some() && !state.retired && !stale(state);
            if let Some(at) = self.states.iter().position(|state| ours(state)) {
                return Ok(at);
            }
            if known.contact.was_hybrid || sender.contact.is_some_and(Contact::was_hybrid) {
                return Err(SendError::Unproven);
            }
        }
        if current.retired || stale(current) { Err(SendError::NoState) } else { Ok(0) }
    }

    /// Puts a message of an unanswered state into its envelope; others stay as they are.
    fn in_envelope(
        &self,
        state: &SessionState,
        inner: Vec<u8>,
        certificate: &Certificate,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, SendError> {
        let Some((unanswered, known)) = state.unanswered.as_ref().zip(self.known.as_ref()) else {
            return Ok(inner);
        };
        let recipient = (&unanswered.seal, &self.remote, &known.contact.identity);
        Ok(block::seal((&unanswered.block, certificate, &inner), &state.secret, recipient, rng)?)
    }
}

impl SessionState {
    fn encrypt(
        &self,
        message: &Outgoing<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, crate::ratchet::rose::Change), SendError> {
        let header_key = self.ratchet.sending_header_key()?;
        let padded = self.pad(message)?;
        let Sent { header, seed, post_quantum, change } = self.ratchet.send(Form::Single, rng)?;
        let sealing = Sealing { header_key, seed: seed.as_bytes(), post_quantum: &post_quantum };
        let (eh, keys) = sealing.header(&header.encode(), [&padded, &[]], rng);
        let mut out = Vec::with_capacity(SINGLE_OVERHEAD + padded.len());
        out.extend_from_slice(&header_key.tag(header.number));
        out.extend_from_slice(&eh);
        keys.seal_body(&padded, &mut out);
        Ok((out, change))
    }

    /// `P`.
    fn pad(&self, message: &Outgoing<'_>) -> Result<Zeroizing<Vec<u8>>, SendError> {
        let &Outgoing { kind, content, at_least, report } = message;
        if kind == Kind::Other(body::GROUP_CONTENT) || (kind == Kind::Dummy && !content.is_empty()) {
            return Err(SendError::BadKind);
        }
        if report.is_some() != (self.franked && kind == Kind::Content) {
            return Err(SendError::ReportPart);
        }
        let proof = self.proof.as_ref().filter(|_| self.owes_proof());
        let aux = Aux { auth: proof.map(|proof| &proof.ciphertext), frank: report, signed: None };
        let needed = SINGLE_OVERHEAD + PREFIX_LEN + aux.len() + content.len();
        let len = wire_length(needed.max(at_least))?;
        Ok(body::encode(kind.to_u8(), &aux, content, len - SINGLE_OVERHEAD))
    }
}

/// The keys that a message is sealed with.
pub(super) struct Sealing<'a> {
    pub(super) header_key: &'a HeaderKey,
    pub(super) seed: &'a [u8; 32],
    pub(super) post_quantum: &'a Secret<32>,
}

impl Sealing<'_> {
    /// `EH`, and the keys of the body. Draws 16.
    pub(super) fn header(
        &self,
        header: &[u8; 88],
        m: [&[u8]; 2],
        rng: &mut impl CryptoRng,
    ) -> (EncryptedHeader, BodyKeys) {
        let draw = codec::draw(rng);
        let eh = codec::encrypt_header(self.header_key, self.seed, (header, m), &draw);
        let keys = BodyKeys::of_message(self.post_quantum, self.seed, &eh);
        (eh, keys)
    }
}

/// A's new state.
fn initiate(
    keys: &DeviceKeys,
    bundle: &VerifiedBundle,
    franked: bool,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<Box<SessionState>, BeginError> {
    let ephemeral = PrivateKey::generate(rng);
    let (m_k, m_i) = (Secret::random(rng), Secret::random(rng));
    let ratchet_key = PrivateKey::generate(rng);
    let (prekey, kem_prekey) = bundle.keys();
    let (ct_k, ss_k) = ml_kem_1024::encapsulate(kem_prekey, &m_k);
    let (ct_i, ss_i) = ml_kem_768::encapsulate(bundle.card.kem_identity(), &m_i);
    let [id @ .., class] = bundle.hybrid.first_chunk::<5>().copied().unwrap_or_default();
    let flags = [class, if franked { FRANKED } else { 0 }];
    let agreements = Initiator {
        identity: keys.identity(),
        base_key: &ephemeral,
        ratchet_key: &ratchet_key,
        their_identity: &bundle.card.identity().public_key().prepare(),
        their_signed_pre_key: &prekey.prepare(),
        their_one_time_pre_key: None,
    }
    .agree()?;
    let (card_hash, public) = (bundle.card.hash(), agreements.base_key.as_bytes());
    let parts: [&[u8]; 8] = [&SUITE, &flags, &id, &card_hash, public, &ct_k, &ct_i, keys.card.as_bytes()];
    let block = Block::join(&parts);
    let transcript = block.transcript(bundle.hybrid.split_at(SIGNED_HYBRID_LEN).0);
    let (agreed, secret) = agreement::initiate(&agreements, &transcript, &[ss_k, ss_i]);
    let pair = KeyPair::from_parts(ratchet_key, agreements.ratchet_key);
    let ratchet = RoseRatchet::initiator(agreed, pair, &agreements.ratchet, &prekey);
    Ok(Box::new(SessionState {
        role: Role::Initiator,
        class: bundle.class(),
        franked,
        authentication: PeerAuthentication::Classical,
        retired: false,
        transcript,
        secret,
        unanswered: Some(Box::new(Unanswered { block, seal: bundle.seal.clone(), since: now })),
        block_hash: None,
        proof: None,
        ratchet,
        run: None,
        our_token: None,
        their_token: None,
    }))
}
