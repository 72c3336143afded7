// SPDX-License-Identifier: MIT OR Apache-2.0

//! A device: its keys, its sessions, its store. This is the messenger's side of the crate.
//!
//! Each step that changes a session is the same: look up in the store what the step needs, ask the crate for
//! a stage, store what the stage says in one transaction, and take the message or the plaintext out of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use subrosa::keys::PublicKey;
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey, SignedPreKeyId,
};
use subrosa::sealed::SealError;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, TrustStore};
use subrosa::session::{Policy, Requirements};
use subrosa::{
    Address, BundleError, ForeignCertificate, IdentityKey, IdentityKeyPair, PreKeyBundle, Record, Session,
    Timestamp, Trust, sealed, session,
};

use super::published::Published;
use super::row::Row;
use super::side::Side;
use super::store::{Saved, Store, StoreError};
use super::world::World;

/// The prekeys that are not one-time. A messenger makes new ones every few days; the example does not.
const SIGNED: SignedPreKeyId = SignedPreKeyId(1);
const LAST_RESORT: KemPreKeyId = KemPreKeyId(1);
/// How many one-time prekeys are published. A messenger publishes about a hundred.
const ONE_TIME: u32 = 3;

/// How many of those that were never used are kept for peers that fetched one and are slow to write. A
/// messenger keeps them for months.
const KEPT: u32 = 30;

/// The numbers that a device stores.
const REGISTRATION_ID: &str = "registration id";
/// Ids before this one are gone.
const OLDEST_ONE_TIME: &str = "oldest one-time prekey";
/// The next id to give out. It only grows, so that no id names two keys.
const NEXT_ONE_TIME: &str = "next one-time prekey";

/// Why no session could be begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error("the service knows no such device")]
    NoBundle,
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error(transparent)]
    Initiate(#[from] BundleError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a device has no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertifyError {
    #[error("the service does not know this device")]
    NotRegistered,
    #[error("the service's certificate is not good: {0}")]
    Refused(#[from] CertificateError),
}

/// Why a message could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("no certificate was fetched")]
    NotCertified,
    #[error(transparent)]
    Certificate(#[from] ForeignCertificate),
    #[error(transparent)]
    Encrypt(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A device.
pub struct Device {
    pub(super) identity: IdentityKeyPair,
    pub(super) registration_id: u32,
    pub(super) policy: Policy,
    /// Which the messenger has built in.
    pub(super) trust_root: PublicKey,
    /// The service's word for who this is, if it was fetched. A messenger would store it.
    pub(super) certificate: Option<SenderCertificate>,
    pub(super) store: Store,
    pub(super) sessions: Sessions,
    peer: Address,
}

/// All that a device knows at one moment, in memory and in its store.
#[derive(Debug)]
pub struct Snapshot {
    session: Record,
    rows: Vec<(String, Vec<u8>)>,
    texts: u64,
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        let same_rows = self.rows == other.rows && self.texts == other.texts;
        self.session.as_bytes() == other.session.as_bytes() && same_rows
    }
}

impl Device {
    /// Reads one side's device from its store in `dir`, or makes a new one with fresh keys.
    pub fn open(
        side: Side,
        dir: &Path,
        policy: Policy,
        trust_root: PublicKey,
        world: &mut World,
    ) -> Result<Self, StoreError> {
        let store = Store::open(dir, side, &mut world.random)?;
        if store.format()?.is_none() {
            register(&store, world)?;
        }
        let identity = store.require(&Row::identity(), IdentityKeyPair::from_record)?;
        let registration_id = number(&store, REGISTRATION_ID)?;
        let peer = side.other().address();
        let mut sessions = Sessions { local: side.address(), open: BTreeMap::new() };
        sessions.with(&peer, &store)?;
        Ok(Self { identity, registration_id, policy, trust_root, certificate: None, store, sessions, peer })
    }

    pub const fn identity(&self) -> &IdentityKey {
        self.identity.public()
    }

    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The session with the other side.
    pub fn session(&self) -> Option<&Session> {
        self.sessions.open.get(&self.peer)
    }

    pub fn snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        let rows = self.store.all_sealed()?;
        let texts = self.store.text_count()?;
        Ok(self.session().map(|session| Snapshot { session: session.record(), rows, texts }))
    }

    /// Makes fresh one-time prekeys, stores them, and gives what is to be published. The service of an
    /// earlier run is gone; what was published to it is not published again, as it may have given it away.
    pub fn publish(&mut self, world: &mut World) -> Result<Published, StoreError> {
        let (oldest, next) = (number(&self.store, OLDEST_ONE_TIME)?, number(&self.store, NEXT_ONE_TIME)?);
        let (kept, end) = (next.saturating_sub(KEPT).max(oldest), next.saturating_add(ONE_TIME));
        let fresh: Vec<_> =
            (next..end).map(|id| OneTimePreKey::generate(OneTimePreKeyId(id), &mut world.random)).collect();
        let mut batch = self.store.batch(&mut world.random)?;
        for id in oldest..kept {
            batch.delete(&Row::one_time_pre_key(OneTimePreKeyId(id)))?;
        }
        for one_time in &fresh {
            batch.put(&Row::one_time_pre_key(one_time.id()), &one_time.record())?;
        }
        batch.set_number(OLDEST_ONE_TIME, kept.into())?;
        batch.set_number(NEXT_ONE_TIME, end.into())?;
        batch.commit()?;

        let signed = self.store.require(&Row::signed_pre_key(SIGNED), SignedPreKey::from_record)?;
        let row = Row::last_resort_kem_pre_key(LAST_RESORT);
        let last_resort = self.store.require(&row, LastResortKemPreKey::from_record)?;
        Ok(Published {
            registration_id: self.registration_id,
            identity_key: *self.identity.public(),
            signed_pre_key: signed.public(),
            last_resort_kem_pre_key: (self.policy == Policy::PostQuantum).then(|| last_resort.public()),
            one_time_pre_keys: fresh.iter().map(OneTimePreKey::public).collect(),
        })
    }

    /// Whether there is a session with the other side to send on. If not, [begin](Self::begin) one.
    pub fn is_ready(&self, now: Timestamp) -> bool {
        let post_quantum = self.policy == Policy::PostQuantum;
        let requirements = Requirements {
            pqxdh: post_quantum,
            post_quantum_ratchet: post_quantum,
            ..Requirements::default()
        };
        self.session().is_some_and(|session| session.is_usable(now, requirements))
    }

    /// Begins a session with the other side.
    pub fn begin(&mut self, bundle: Option<PreKeyBundle>, world: &mut World) -> Result<Saved, BeginError> {
        let pinned = self.store.pinned(&self.peer)?;
        let bundle = bundle.ok_or(BeginError::NoBundle)?.verify(Trust::on_first_use(pinned.as_ref()))?;
        let local = session::Config::new(&self.identity, self.registration_id).with_policy(self.policy);
        let session = self.sessions.with(&self.peer, &self.store)?;
        let staged = session.initiate(&local, bundle, world.now, &mut world.random)?;
        let mut saved = Saved::default();
        staged.commit_with(|record, effects| {
            saved = self.store.save_session(&self.peer, record, effects, None, &mut world.random)?;
            Ok::<_, StoreError>(())
        })?;
        Ok(saved)
    }

    /// Whether there is a certificate that is still good. If not, [take](Self::certify) another.
    pub fn is_certified(&self, now: Timestamp) -> bool {
        self.certificate.as_ref().is_some_and(|certificate| now <= certificate.claimed().expires)
    }

    /// Takes a certificate from the service. One that others would refuse is refused.
    pub fn certify(
        &mut self,
        certificate: Option<SenderCertificate>,
        now: Timestamp,
    ) -> Result<(), CertifyError> {
        let certificate = certificate.ok_or(CertifyError::NotRegistered)?;
        let authority = TrustStore { trust_roots: &[self.trust_root], revoked: &[], known: &[] };
        certificate.clone().verify(&authority, now)?;
        self.certificate = Some(certificate);
        Ok(())
    }

    /// Encrypts a message to the other side, and seals it. It comes out only if the session was stored.
    pub fn send(&mut self, text: &str, world: &mut World) -> Result<Vec<u8>, SendError> {
        let certificate = self.certificate.as_ref().ok_or(SendError::NotCertified)?;
        let sender = sealed::Sender::new(&self.identity, certificate)?;
        let pinned = self.store.pinned(&self.peer)?;
        let trust = Trust::on_first_use(pinned.as_ref());
        let session = self.sessions.with(&self.peer, &self.store)?;
        let staged = sender.encrypt(session, text.as_bytes(), trust, world.now, &mut world.random)?;
        Ok(staged.commit_with(|record, effects| {
            self.store.save_session(&self.peer, record, effects, None, &mut world.random).map(|_| ())
        })?)
    }
}

/// The sessions of a device, read from its store when they are first asked for.
pub struct Sessions {
    local: Address,
    open: BTreeMap<Address, Session>,
}

impl Sessions {
    pub const fn local(&self) -> &Address {
        &self.local
    }

    /// The session with `remote`; an empty one if nothing is stored.
    pub fn with(&mut self, remote: &Address, store: &Store) -> Result<&mut Session, StoreError> {
        Ok(match self.open.entry(remote.clone()) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => {
                let (local, remote) = (self.local.clone(), remote.clone());
                let row = Row::session(&remote);
                let stored =
                    store.load(&row, |bytes| Session::from_record(bytes, local.clone(), remote.clone()))?;
                place.insert(stored.unwrap_or_else(|| Session::new(local, remote)))
            }
        })
    }
}

/// Makes the keys of a new device, and stores them in one transaction.
fn register(store: &Store, world: &mut World) -> Result<(), StoreError> {
    let random = &mut world.random;
    let identity = IdentityKeyPair::generate(random);
    let signed = SignedPreKey::generate(SIGNED, &identity, world.now, random);
    let last_resort = LastResortKemPreKey::generate(LAST_RESORT, &identity, world.now, random);
    let registration_id = 1 + random.below(0x3FFC);
    let mut batch = store.batch(random)?;
    batch.set_format()?;
    batch.set_number(REGISTRATION_ID, registration_id.into())?;
    batch.put(&Row::identity(), &identity.record())?;
    batch.put(&Row::signed_pre_key(SIGNED), &signed.record())?;
    batch.put(&Row::last_resort_kem_pre_key(LAST_RESORT), &last_resort.record())?;
    batch.commit()
}

/// A number that the device stores; 1 unless it was set.
fn number(store: &Store, name: &'static str) -> Result<u32, StoreError> {
    let number = store.number(name)?.unwrap_or(1);
    u32::try_from(number).map_err(|_| StoreError::BadNumber(name))
}
