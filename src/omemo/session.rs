// SPDX-License-Identifier: MIT OR Apache-2.0

//! The sessions with a device: the first one sends, the others are kept for reading (OMEMO facts §12).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;

use super::account::Account;
use super::bundle::VerifiedBundle;
use super::change::Change;
use super::error::{BeginError, EncryptError};
use super::identity::{IdentityKey, Trust};
use super::message::{Kind, Outgoing};
use super::state::{Sender, SessionState};
use crate::address::Address;
use crate::agreement::{self, Initiator};
use crate::crypto::curve::{KeyPair, PrivateKey};
use crate::crypto::secret::Secret;
use crate::crypto::stack;
use crate::lease::Lease;
use crate::ratchet::omemo::{Limits, OmemoRatchet, RatchetChange};
use crate::record::{OmemoKind, Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::{Staged, State};
use crate::wire::omemo::{Exchange, Version};
use crate::writes::{Key, OmemoKey, Writes};

const RECORD_VERSION: u8 = 1;

/// Number of replaced sessions that are kept for reading.
pub const MAX_ARCHIVED: usize = 40;

/// The sessions of one version with a device. Empty until one is begun, by us or by the peer.
pub struct Session {
    pub(super) version: Version,
    pub(super) remote: Address,
    /// The first one sends. Boxed, so that moving one moves no secrets.
    #[expect(clippy::vec_box, reason = "moving one must move no secrets")]
    pub(super) states: Vec<Box<SessionState>>,
    pub(super) limits: Limits,
    generation: u64,
    pub(super) lease: Lease,
}

/// The result of an agreement.
pub struct Agreed {
    pub(super) pre_key_id: u32,
    #[cfg_attr(not(feature = "hazmat"), expect(dead_code, reason = "shown for tests alone"))]
    pub(super) secret: Secret<32>,
    pub(super) associated_data: Vec<u8>,
}

impl Agreed {
    /// The number of the one-time prekey that was used.
    #[must_use]
    pub const fn pre_key_id(&self) -> u32 {
        self.pre_key_id
    }

    /// `SK`, for tests.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub const fn shared_secret(&self) -> &[u8; 32] {
        self.secret.as_bytes()
    }

    /// Both identities, the initiator's first.
    #[must_use]
    pub fn associated_data(&self) -> &[u8] {
        &self.associated_data
    }
}

impl fmt::Debug for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pre_key_id, secret: _, associated_data: _ } = self;
        write!(f, "Agreed(one-time prekey {pre_key_id})")
    }
}

/// The associated data of the agreement, the initiator's identity first in both versions.
pub(super) fn initiator_first(initiator: &IdentityKey, responder: &IdentityKey) -> Vec<u8> {
    let mut out = initiator.encode();
    out.extend_from_slice(&responder.encode());
    out
}

impl Session {
    /// No session yet with a device.
    #[must_use]
    pub const fn new(version: Version, remote: Address) -> Self {
        let limits = Limits::of(version.profile());
        Self { version, remote, states: Vec::new(), limits, generation: 0, lease: Lease::new() }
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The device.
    #[must_use]
    pub const fn remote(&self) -> &Address {
        &self.remote
    }

    /// Sets how many messages one may skip, and how many skipped keys are kept: 1,000 by default, as XEP-0384 has it;
    /// deployed legacy clients allow 2,000 and more. Not part of the record.
    pub fn set_skip_limit(&mut self, limit: u32) {
        self.limits = Limits { jump: limit, kept: usize::try_from(limit).unwrap_or(usize::MAX) };
        for state in &mut self.states {
            state.ratchet.set_limits(self.limits);
        }
    }

    /// Returns whether there is a session that can send.
    #[must_use]
    pub const fn is_begun(&self) -> bool {
        !self.states.is_empty()
    }

    /// The peer's identity in the session that sends.
    #[must_use]
    pub fn their_identity(&self) -> Option<&IdentityKey> {
        self.states.first().map(|state| &state.theirs)
    }

    /// Rises by one with each committed change.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Begins a session from a bundle; it replaces the present one for sending. Every message is a key exchange until
    /// the peer has answered. Draws 4 bytes if there are several one-time prekeys, 32 for the ephemeral key, and 32 for
    /// the first ratchet key.
    ///
    /// # Errors
    /// [`BeginError`].
    pub fn begin(
        &mut self,
        account: &Account,
        bundle: &VerifiedBundle,
        trust: Trust<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Staged<'_, Agreed>, BeginError> {
        self.lease.free()?;
        let versions = [account.version(), bundle.identity.version()];
        let (pre_key_id, pre_key) = bundle.choose(rng).ok_or(BeginError::OtherVersion)?;
        if versions != [self.version; 2] || bundle.device != self.remote.device().get() {
            return Err(BeginError::OtherVersion);
        }
        if !trust.accepts(&bundle.identity) {
            return Err(BeginError::UntrustedIdentity);
        }
        let (state, agreed) = stack::wiped(stack::OPERATION, || {
            let profile = self.version.profile();
            let [base_key, ratchet_key] = [(); 2].map(|()| PrivateKey::generate(rng));
            let agreements = Initiator {
                identity: account.identity().private(),
                base_key: &base_key,
                ratchet_key: &ratchet_key,
                their_identity: &bundle.identity.curve().prepare(),
                their_signed_pre_key: &bundle.signed_pre_key.prepare(),
                their_one_time_pre_key: Some(&pre_key),
            }
            .agree()?;
            let secret = agreement::omemo::initiate(&agreements, profile.agreement);
            let agreed = secret.duplicate();
            let pair = KeyPair::from_parts(ratchet_key, agreements.ratchet_key);
            let rules = (profile.root, self.limits);
            let keys = (pair, &agreements.ratchet, bundle.signed_pre_key);
            let ratchet = OmemoRatchet::initiator(secret, keys, rules);
            let ours = account.public_identity();
            let exchange = Exchange {
                identity: *ours.wire_bytes(),
                base_key: agreements.base_key,
                signed_pre_key_id: bundle.signed_pre_key_id,
                pre_key_id,
            };
            let theirs = bundle.identity;
            let state = SessionState { began: true, answered: false, exchange, ours, theirs, ratchet };
            Ok::<_, BeginError>((Box::new(state), agreed))
        })?;
        let associated_data = initiator_first(&state.ours, &state.theirs);
        let agreed = Agreed { pre_key_id, secret: agreed, associated_data };
        Ok(Staged::of(self, Change::Begun(state), agreed))
    }

    /// Encrypts key material, or [empty](super::payload) one. Draws nothing.
    ///
    /// # Errors
    /// [`EncryptError`].
    pub fn encrypt(&mut self, key_material: &[u8]) -> Result<Staged<'_, Outgoing>, EncryptError> {
        self.lease.free()?;
        let state = self.states.first().ok_or(EncryptError::NoSession)?;
        let (header, bytes, sent) = stack::wiped(stack::OPERATION, || state.encrypt(key_material))?;
        let kind = if state.began && !state.answered { Kind::KeyExchange } else { Kind::Plain };
        let outgoing = Outgoing { kind, bytes, counter: header.counter, previous: header.previous };
        Ok(Staged::of(self, Change::Sent(sent), outgoing))
    }

    /// The state as a record.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, None)
    }

    fn write(&self, generation: u64, change: Option<&Change>) -> Record {
        let mut writer = RecordWriter::new(
            RecordKind::Omemo(OmemoKind::Session),
            RECORD_VERSION,
            16 + self.states.iter().map(|state| state.usual_len()).sum::<usize>() + 512,
        );
        writer.put_u64(generation);
        writer.put_u8(self.version.to_u8());
        let begun = match change {
            Some(Change::Begun(state)) => Some(state),
            _ => None,
        };
        let stays = |state: &SessionState| begun.is_none_or(|begun| state.stays(begun.began));
        let held = self.states.iter().filter(|state| stays(state)).count();
        let count = (held + usize::from(begun.is_some())).min(1 + MAX_ARCHIVED);
        writer.put_count(count);
        let first = match change {
            Some(Change::Received(at, _)) => Some(*at),
            _ => None,
        };
        let rest = self.states.iter().enumerate().filter(|(at, state)| Some(*at) != first && stays(state));
        let moved = first.and_then(|at| self.states.get(at).map(|state| (at, state)));
        if let Some(state) = begun {
            state.write(RatchetChange::None, &mut writer);
        }
        let left = count - usize::from(begun.is_some());
        for (at, state) in moved.into_iter().chain(rest).take(left) {
            let change = match change {
                Some(Change::Sent(sent)) if at == 0 => RatchetChange::Sent(sent),
                Some(Change::Received(received_at, received)) if *received_at == at => {
                    RatchetChange::Received(received)
                }
                _ => RatchetChange::None,
            };
            state.write(change, &mut writer);
        }
        writer.finish()
    }

    /// Reads the record of the sessions with `remote`.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(bytes: &[u8], remote: Address) -> Result<Self, RecordError> {
        let kind = RecordKind::Omemo(OmemoKind::Session);
        let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        let version = Version::from_u8(reader.u8()?).ok_or(RecordError::Damaged)?;
        let limits = Limits::of(version.profile());
        let count = reader.count(64)?;
        if count > 1 + MAX_ARCHIVED {
            return Err(RecordError::Damaged);
        }
        let mut states = Vec::with_capacity(count);
        for _ in 0..count {
            states.push(Box::new(SessionState::read(version, &mut reader, limits)?));
        }
        reader.finish()?;
        Ok(Self { version, remote, states, limits, generation, lease: Lease::new() })
    }
}

impl State for Session {
    type Change = Change;

    fn write_after(&self, change: &Change, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let record = self.write(generation, Some(change));
        let key = OmemoKey::Session(self.version, self.remote.clone());
        writes.put_state(Key::Omemo(key), record, generation);
    }

    fn apply(&mut self, change: Change) {
        self.generation = self.generation.wrapping_add(1);
        match change {
            Change::Sent(sent) => {
                if let Some(state) = self.states.first_mut() {
                    state.ratchet.apply_sent(sent);
                }
            }
            Change::Received(at, received) => {
                if let Some(states) = self.states.get_mut(..=at) {
                    states.rotate_right(1);
                }
                if let Some(state) = self.states.first_mut() {
                    state.answered = true;
                    state.ratchet.apply_received(received);
                }
            }
            Change::Begun(state) => {
                let began = state.began;
                self.states.retain(|held| held.stays(began));
                self.states.insert(0, state);
                self.states.truncate(1 + MAX_ARCHIVED);
            }
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, remote, states, limits: _, generation, lease: _ } = self;
        write!(f, "Session({version:?}, {remote:?}, {} states, generation {generation})", states.len())
    }
}

impl SessionState {
    /// Whether this session is kept when another is begun, by us or by the peer. The peer replaces what it knows; it may
    /// not know the one that we began before it answered.
    const fn stays(&self, we_begin: bool) -> bool {
        we_begin || (self.began && !self.answered)
    }

    /// The associated data of the agreement.
    pub(super) fn agreed_data(&self) -> Vec<u8> {
        if self.began {
            initiator_first(&self.ours, &self.theirs)
        } else {
            initiator_first(&self.theirs, &self.ours)
        }
    }

    /// The associated data of a message that the peer sent.
    pub(super) fn received_data(&self) -> Vec<u8> {
        self.associated_data(Sender::Them)
    }
}
