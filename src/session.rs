// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions with one remote device (Sesame §3), and the policy for them: versions, limits, archives, trust.
//!
//! A [`Session`] holds what is kept for a device: the current session, and archived ones for messages that are late. It
//! begins empty, by [`Account::new_session`](crate::Account::new_session), or is read back from the store. Either side begins it: from a
//! [bundle](crate::PreKeyBundle), or with a first message that it receives by [`Account::receive`](crate::Account::receive).
//!
//! ```
//! use subrosa::store::Memory;
//! use subrosa::{Account, Address, Ciphertext, PreKeyBundle, Timestamp, Trust};
//! # use subrosa::rand_core::CryptoRng;
//!
//! /// Encrypts a text for a device. `bundle` fetches its prekeys from the service.
//! fn send(
//!     account: &Account,
//!     store: &mut Memory,
//!     (peer, text): (&Address, &[u8]),
//!     bundle: impl FnOnce() -> PreKeyBundle,
//!     now: Timestamp,
//!     rng: &mut impl CryptoRng,
//! ) -> Result<Ciphertext, Box<dyn std::error::Error>> {
//!     let mut session = store.session(account.address(), peer)?; // Read back, or empty.
//!     let pinned = store.identity(peer.name())?;
//!     let trust = Trust::on_first_use(pinned.as_ref());
//!     if !session.is_usable(now, Default::default()) {
//!         let bundle = bundle().verify(trust)?; // Refused if the identity is not the pinned one.
//!         let staged = session.initiate(&account.config(), bundle, now, rng)?;
//!         staged.commit_with(|writes| store.apply(writes))?; // Pins the identity, too.
//!     }
//!     let pinned = store.identity(peer.name())?;
//!     let staged = session.encrypt(text, Trust::on_first_use(pinned.as_ref()), now, rng)?;
//!     Ok(staged.commit_with(|writes| store.apply(writes))?)
//! }
//! ```

mod archive;
mod codec;
mod config;
mod each;
mod encrypt;
mod error;
mod initiate;
pub mod manual;
mod moved;
mod receive;
mod secrecy;
mod state;
#[cfg(feature = "libsignal")]
mod stored;
mod usable;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;

pub use config::{Config, Policy, ReceiveLimits};
pub use each::{Incoming, receive_each};
pub use encrypt::EncryptError;
pub use error::{DecryptError, Forgery};
pub use moved::MoveError;
pub use secrecy::InitialSecrecy;
pub use usable::Requirements;

use crate::address::{Address, mark};
use crate::crypto::curve::{NonContributory, PublicKey};
use crate::identity::{ContactSecret, IdentityKey, IdentityKeyPair, Trust};
use crate::lease::Lease;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::State;
use crate::writes::{Key, Writes};
use archive::MAX_ARCHIVED;
use manual::UsedPreKeys;
use state::SessionState;

/// Newest format of session records: 2 added the post-quantum ratchet; 3 initial secrecy, and whether a session
/// is retired; 4 the two addresses, and lost messages.
const RECORD_VERSION: u8 = 4;

/// The sessions with one remote device: the current one and up to 40 archived ones.
///
/// A session is begun by [`initiate`](Self::initiate) from a verified bundle, or by
/// [`Account::receive`](crate::Account::receive) from a peer's first message; then [`encrypt`](Self::encrypt), and
/// `Account::receive` again. Each gives a [`Staged`](crate::Staged) change, which is stored before anything leaves.
///
/// A value of this type starts out empty and is made once for each pair of devices.
pub struct Session {
    local: Address,
    remote: Address,
    /// Number of committed changes.
    generation: u64,
    current: Option<Box<SessionState>>,
    /// Newest first.
    archived: VecDeque<Box<SessionState>>,
    /// The secret for sealing to the peer. In memory alone.
    agreement: Option<Box<ContactSecret>>,
    /// The versions that may be sent. In memory alone.
    policy: Policy,
    lease: Lease,
}

impl Session {
    /// No session yet, between `local`, the device that this runs on, and `remote`.
    #[must_use]
    pub fn new(local: Address, remote: Address) -> Self {
        let (current, archived) = (None, VecDeque::new());
        let (policy, lease) = (Policy::PostQuantum, Lease::new());
        Self { local, remote, generation: 0, current, archived, agreement: None, policy, lease }
    }

    /// The same with another policy for sending: with [`Policy::PostQuantum`], the default, nothing is sent on a session
    /// of version 3. Not stored: give it again when a record was read.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// This device.
    #[must_use]
    pub const fn local(&self) -> &Address {
        &self.local
    }

    /// The remote device.
    #[must_use]
    pub const fn remote(&self) -> &Address {
        &self.remote
    }

    /// Number of changes that were committed to this value and to the records that it was read from. A store that is
    /// shared between processes compares it before it replaces a record.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns whether there is a current session.
    #[must_use]
    pub const fn has_current(&self) -> bool {
        self.current.is_some()
    }

    /// Number of archived sessions, 40 at most.
    #[must_use]
    pub fn archived_len(&self) -> usize {
        self.archived.len()
    }

    /// The version of the current session: 4 (PQXDH), or 3 (X3DH).
    #[must_use]
    pub fn version(&self) -> Option<u8> {
        self.current.as_ref().map(|state| state.version.number())
    }

    /// Our identity in the current session.
    pub(crate) fn local_identity(&self) -> Option<&IdentityKey> {
        self.current.as_ref().map(|state| &state.local_identity)
    }

    /// The contact secret of the two identities, if something was sealed for the peer and the session is still between
    /// them. Give it to [`Recipient::with_contact_secret`](crate::sealed::Recipient::with_contact_secret) and
    /// [`UnverifiedContent::open_with`](crate::sealed::UnverifiedContent::open_with).
    #[must_use]
    pub fn contact_secret(&self) -> Option<&ContactSecret> {
        let (ours, theirs) = self.local_identity().zip(self.remote_identity())?;
        self.agreement.as_deref().filter(|kept| kept.is_between(ours, theirs))
    }

    /// Computes the contact secret of `ours` and the current session's identity, and keeps it here, in memory alone,
    /// until the session is dropped or another identity takes part in it.
    ///
    /// # Errors
    /// [`NonContributory`] if their identity key is of low order.
    pub(crate) fn agree_with_contact(&mut self, ours: &IdentityKeyPair) -> Result<(), NonContributory> {
        if self.contact_secret().is_none()
            && let Some(theirs) = self.remote_identity()
        {
            self.agreement = Some(Box::new(ContactSecret::new(ours, theirs)?));
        }
        Ok(())
    }

    /// The identity that the current session is with.
    #[must_use]
    pub fn remote_identity(&self) -> Option<&IdentityKey> {
        self.current.as_ref().map(|state| &state.remote_identity)
    }

    /// The registration id of the remote device in the current session.
    #[must_use]
    pub fn remote_registration_id(&self) -> Option<u32> {
        self.current.as_ref().map(|state| state.remote_registration_id)
    }

    /// Our registration id in the current session.
    #[must_use]
    pub fn local_registration_id(&self) -> Option<u32> {
        self.current.as_ref().map(|state| state.local_registration_id)
    }

    /// The initiator's base key of the current session, which identifies it.
    #[must_use]
    pub fn base_key(&self) -> Option<&PublicKey> {
        self.current.as_ref().map(|state| &state.base_key)
    }

    /// The one-time prekeys that the current session was begun with, as far as known here.
    #[must_use]
    pub fn initial_secrecy(&self) -> Option<InitialSecrecy> {
        self.current.as_ref().map(|state| state.initial_secrecy)
    }

    /// Returns whether `key` is our ratchet key in the current session. A
    /// [`DecryptionErrorMessage`](crate::repair::DecryptionErrorMessage) that names it is about that session then.
    #[must_use]
    pub fn current_ratchet_key_matches(&self, key: &PublicKey) -> bool {
        self.current.as_ref().is_some_and(|state| state.ratchet.double().ratchet_key() == key)
    }

    /// The record of the session as it is.
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.generation, None)
    }

    /// Reads a stored record, for the same two devices.
    ///
    /// # Errors
    /// [`RecordError`] for another kind of record, one of other devices, a newer format, or damage.
    pub fn from_record(bytes: &[u8], local: Address, remote: Address) -> Result<Self, RecordError> {
        let (mut reader, version) = RecordReader::open(RecordKind::Session, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        if version > 3 {
            reader.owner(mark(&[&local, &remote]))?;
        }
        let read = |reader: &mut RecordReader<'_>| {
            SessionState::read(reader, version, &local, &remote).map(Box::new)
        };
        let current = if reader.flag()? { Some(read(&mut reader)?) } else { None };
        if current.as_ref().is_some_and(|state| state.retired) {
            return Err(RecordError::Damaged);
        }
        let count = usize::from(reader.u8()?);
        if count > MAX_ARCHIVED {
            return Err(RecordError::Damaged);
        }
        let mut archived = VecDeque::with_capacity(count);
        for _ in 0..count {
            archived.push_back(read(&mut reader)?);
        }
        reader.finish()?;
        Ok(Self { generation, current, archived, ..Self::new(local, remote) })
    }

    fn write(&self, generation: u64, change: Option<&Change>) -> Record {
        let states = self.current.iter().chain(&self.archived);
        let capacity = states.map(|state| state.usual_len()).sum::<usize>() + 512;
        let mut writer = RecordWriter::new(RecordKind::Session, RECORD_VERSION, capacity);
        writer.put_u64(generation);
        writer.put_u64(mark(&[&self.local, &self.remote]));
        let view = archive::View::after(self, change);
        writer.put_flag(view.current.is_some());
        if let Some(current) = view.current {
            current.write(&mut writer);
        }
        writer.put_u8(u8::try_from(view.archived.len()).unwrap_or(u8::MAX));
        for archived in view.archived {
            archived.write(&mut writer);
        }
        writer.finish()
    }
}

/// A change to a [`Session`], prepared but not made.
pub(crate) struct SessionChange {
    change: Change,
    /// The peer's identity key, to be pinned if it is not.
    identity: Option<IdentityKey>,
    /// Prekeys of a caller without an account.
    used: UsedPreKeys,
}

impl SessionChange {
    fn new(change: Change) -> Self {
        Self { change, identity: None, used: UsedPreKeys::default() }
    }

    /// The same change, which also pins `identity` unless `trust` says that it is.
    fn pinning(self, identity: IdentityKey, trust: Trust<'_>) -> Self {
        Self { identity: (!trust.is_pinned()).then_some(identity), ..self }
    }
}

enum Change {
    /// The current session is archived.
    Archive,
    /// All sessions are archived for good.
    Retire,
    /// A new session becomes the current one, and the one before is archived; or it is archived itself, if it does not
    /// lead.
    Begin { state: Box<SessionState>, leads: bool },
    /// A message is sent on the current session.
    Sent(crate::ratchet::triple::Change),
    /// A message was received on a session, which becomes the current one if it leads.
    Received { slot: Slot, leads: bool, change: crate::ratchet::triple::Change },
}

/// One of the sessions that a [`Session`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Current,
    /// By its place among the archived ones.
    Archived(usize),
}

impl State for Session {
    type Change = SessionChange;

    fn write_after(&self, change: &SessionChange, writes: &mut Writes) {
        let generation = self.generation.wrapping_add(1);
        let SessionChange { change, identity, used } = change;
        writes.put_state(Key::Session(self.remote.clone()), self.write(generation, Some(change)), generation);
        if let Some(identity) = identity {
            writes.put(Key::Identity(self.remote.name().clone()), identity.record());
        }
        used.write(writes);
    }

    fn apply(&mut self, change: SessionChange) {
        self.generation = self.generation.wrapping_add(1);
        match change.change {
            Change::Archive => self.archive_now(),
            Change::Retire => self.retire_now(),
            Change::Begin { state, leads } => {
                if leads {
                    self.policy = self.policy.max(state.version.policy());
                    self.promote(state);
                } else {
                    self.file_now(state);
                }
            }
            Change::Sent(change) => {
                if let Some(current) = &mut self.current {
                    current.ratchet.apply(change);
                }
            }
            Change::Received { slot, leads, change } => {
                if let Some(state) = self.receiver_now(slot, leads) {
                    state.ratchet.apply(change);
                    state.pending = None;
                }
            }
        }
    }

    fn lease(&mut self) -> &mut Lease {
        &mut self.lease
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { local, remote, generation, current, archived, agreement: _, policy: _, lease: _ } = self;
        let current = if current.is_some() { "a" } else { "no" };
        let archived = archived.len();
        write!(
            f,
            "Session({local} with {remote}, {current} current, {archived} archived, generation {generation})"
        )
    }
}
