// SPDX-License-Identifier: MIT OR Apache-2.0

//! One state of a session: the results of an agreement, and its ratchet (rose 36 §3).

use alloc::boxed::Box;

use super::block::{BLOCK_LEN, Block};
use super::contact::PeerAuthentication;
use super::prekey::Class;
use super::report::{ReportKey, TOKEN_LEN};
use super::sas::{Binding, Run};
use crate::crypto::curve::PrivateKey;
use crate::crypto::ml_kem::CIPHERTEXT_768_LEN;
use crate::crypto::secret::Secret;
use crate::crypto::xwing::{PUBLIC_LEN, XWingPublicKey};
use crate::ratchet::rose::{Change, RoseRatchet};
use crate::ratchet::spqr::Direction;
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::timestamp::Timestamp;

/// Session flag bit 0: the session is franked.
pub(super) const FRANKED: u8 = 1;

/// The side of the agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A.
    Initiator,
    /// B.
    Responder,
}

/// A state.
#[derive(Debug)]
pub(crate) struct SessionState {
    pub(super) role: Role,
    pub(super) class: Class,
    pub(super) franked: bool,
    pub(super) authentication: PeerAuthentication,
    /// Opens messages, but never becomes current.
    pub(super) retired: bool,
    /// `TH`.
    pub(super) transcript: [u8; 32],
    /// `SX`.
    pub(super) secret: Secret<32>,
    /// A's, until the first message of B opens.
    pub(super) unanswered: Option<Box<Unanswered>>,
    /// `KH`: B's.
    pub(super) block_hash: Option<[u8; 32]>,
    /// B's, until Hybrid.
    pub(super) proof: Option<Box<Proof>>,
    pub(super) ratchet: RoseRatchet,
    pub(super) run: Option<Box<Run>>,
    pub(super) our_token: Option<Box<ReportKey>>,
    pub(super) their_token: Option<Box<[u8; TOKEN_LEN]>>,
}

/// What A needs for the envelopes of its first chain.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) block: Block,
    /// B's sealing key.
    pub(super) seal: XWingPublicKey,
    pub(super) since: Timestamp,
}

/// What proves A to B: the ciphertext for A's `KIK`, and its secret.
#[derive(Debug)]
pub(super) struct Proof {
    /// `CT_A`.
    pub(super) ciphertext: [u8; CIPHERTEXT_768_LEN],
    /// `ss_A`.
    pub(super) secret: Secret<32>,
}

/// What is kept with a state beside its ratchet.
#[derive(Clone, Copy)]
pub(super) struct Extras<'a> {
    pub(super) run: Option<&'a Run>,
    pub(super) our_token: Option<&'a ReportKey>,
    pub(super) their_token: Option<&'a [u8; TOKEN_LEN]>,
}

/// What a message changes in its state beside the ratchet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effects {
    /// The state is answered.
    pub(super) answered: bool,
    /// It becomes Hybrid.
    pub(super) hybrid: bool,
    /// It is retired, or stays so.
    pub(super) retired: bool,
}

impl SessionState {
    pub(super) const fn is_hybrid(&self) -> bool {
        matches!(self.authentication, PeerAuthentication::Hybrid)
    }

    pub(super) const fn is_responder(&self) -> bool {
        matches!(self.role, Role::Responder)
    }

    /// Whether AUTH is due in what is sent: B's first sending chain.
    pub(super) fn owes_proof(&self) -> bool {
        self.is_responder() && self.ratchet.sent_chains() == 1
    }

    /// What a comparison is bound to.
    pub(super) const fn binding(&self) -> Binding<'_> {
        Binding { transcript: &self.transcript, secret: &self.secret }
    }

    /// What is kept beside the ratchet.
    pub(super) fn extras(&self) -> Extras<'_> {
        let (our_token, their_token) = (self.our_token.as_deref(), self.their_token.as_deref());
        Extras { run: self.run.as_deref(), our_token, their_token }
    }

    /// Makes a message's change.
    pub(super) fn apply(&mut self, change: Option<Change>, effects: Effects) {
        if let Some(change) = change {
            self.ratchet.apply(change);
        }
        if effects.answered {
            self.unanswered = None;
        }
        if effects.hybrid {
            self.authentication = PeerAuthentication::Hybrid;
            self.proof = None;
        }
        self.retired = effects.retired;
    }

    /// Writes the state as it will be after a change.
    pub(super) fn write(
        &self,
        (change, effects): (Option<&Change>, Effects),
        extras: Extras<'_>,
        writer: &mut RecordWriter,
    ) {
        let hybrid = self.is_hybrid() || effects.hybrid;
        writer.put_u8(u8::from(self.is_responder()));
        writer.put_u8(self.class.to_u8());
        writer.put_u8(if self.franked { FRANKED } else { 0 });
        writer.put_u8(u8::from(hybrid));
        writer.put_u8(u8::from(effects.retired));
        writer.put_array(&self.transcript);
        writer.put_array(self.secret.as_bytes());
        let unanswered = self.unanswered.as_ref().filter(|_| !effects.answered);
        writer.put_flag(unanswered.is_some());
        if let Some(unanswered) = unanswered {
            writer.put_array(unanswered.block.0.as_slice());
            writer.put_array(&unanswered.seal.0);
            writer.put_u64(unanswered.since.as_millis());
        }
        writer.put_flag(self.block_hash.is_some());
        if let Some(hash) = &self.block_hash {
            writer.put_array(hash);
        }
        let proof = self.proof.as_ref().filter(|_| !effects.hybrid);
        writer.put_flag(proof.is_some());
        if let Some(proof) = proof {
            writer.put_array(&proof.ciphertext);
            writer.put_array(proof.secret.as_bytes());
        }
        self.ratchet.write(change, writer);
        extras.write(writer);
    }

    /// Reads what [`Self::write`] wrote.
    pub(super) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let role = if reader.flag()? { Role::Responder } else { Role::Initiator };
        let class = Class::from_u8(reader.u8()?).ok_or(RecordError::Damaged)?;
        let franked = reader.flag()?;
        let authentication =
            if reader.flag()? { PeerAuthentication::Hybrid } else { PeerAuthentication::Classical };
        let retired = reader.flag()?;
        let (transcript, secret) = (reader.array()?, reader.secret()?);
        let unanswered = if reader.flag()? { Some(Box::new(Unanswered::read(reader)?)) } else { None };
        let block_hash = if reader.flag()? { Some(reader.array()?) } else { None };
        let proof = if reader.flag()? {
            Some(Box::new(Proof { ciphertext: reader.array()?, secret: reader.secret()? }))
        } else {
            None
        };
        let direction = if role == Role::Responder { Direction::B2A } else { Direction::A2B };
        let ratchet = RoseRatchet::read(direction, reader)?;
        let run = if reader.flag()? { Some(Box::new(Run::read(reader)?)) } else { None };
        let our_token = if reader.flag()? {
            let token = reader.array()?;
            Some(Box::new(ReportKey { token, key: PrivateKey::from_secret(&reader.secret()?) }))
        } else {
            None
        };
        let their_token = if reader.flag()? { Some(Box::new(reader.array()?)) } else { None };
        let state = Self {
            role,
            class,
            franked,
            authentication,
            retired,
            transcript,
            secret,
            unanswered,
            block_hash,
            proof,
            ratchet,
            run,
            our_token,
            their_token,
        };
        if state.is_sound() { Ok(state) } else { Err(RecordError::Damaged) }
    }

    fn is_sound(&self) -> bool {
        let responder = self.is_responder();
        let answered = self.ratchet.received_chains() > 0;
        self.block_hash.is_some() == responder
            && self.proof.is_some() == (responder && !self.is_hybrid())
            && self.unanswered.is_some() == (!responder && !answered)
            && (!responder || answered)
    }
}

impl Extras<'_> {
    fn write(&self, writer: &mut RecordWriter) {
        let Self { run, our_token, their_token } = self;
        writer.put_flag(run.is_some());
        if let Some(run) = run {
            run.write(writer);
        }
        writer.put_flag(our_token.is_some());
        if let Some(key) = our_token {
            writer.put_array(&key.token);
            writer.put_array(key.key.as_bytes());
        }
        writer.put_flag(their_token.is_some());
        if let Some(token) = their_token {
            writer.put_array(token.as_slice());
        }
    }
}

impl Unanswered {
    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            block: Block(Box::new(reader.array::<BLOCK_LEN>()?)),
            seal: XWingPublicKey(reader.array::<PUBLIC_LEN>()?),
            since: Timestamp::from_millis(reader.u64()?),
        })
    }
}
