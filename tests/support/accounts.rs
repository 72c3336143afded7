// SPDX-License-Identifier: MIT OR Apache-2.0

//! The test kit for accounts: a device with an account and a store, the service that it uploads to, and peers.
//!
//! Use it by `#[path = "support/accounts.rs"] mod accounts;`. All writes are transactions; on the way the kit
//! asserts what must hold always: a staged record is the account's record after the commit, and what is stored
//! reads back as what is in memory.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test kit, of which each test uses a part"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account;
use subrosa::account::BackupToken;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::prekey::{KemPreKeyId, KemPreKeyPublic, OneTimePreKeyPublic, SignedPreKeyPublic};
use subrosa::session;
use subrosa::store;
use subrosa::{
    Account, AccountEffects, Address, Ciphertext, DecryptError, DeviceId, IdentityKeyPair, MessageKind,
    PreKeyBundle, Record, Session, Timestamp, Trust,
};

pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);
/// A service that has none left.
pub const NONE: account::Counts = account::Counts { one_time: 0, one_time_kem: 0 };
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Small numbers, so that tests reach them.
pub const LIMITS: account::Limits = account::Limits {
    batch: 4,
    low: 2,
    max_kept: 40,
    max_given_out: 10,
    signed_lifetime: Duration::from_secs(2 * 24 * 60 * 60),
    last_resort_lifetime: Duration::from_secs(2 * 24 * 60 * 60),
    grace: Duration::from_secs(90 * 24 * 60 * 60),
    max_retired: 100,
    max_uses: 8,
};

/// Everything that the device keeps. A clone of it is a backup.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Store {
    pub account: Vec<u8>,
    pub rows: BTreeMap<store::Key, Vec<u8>>,
    pub sessions: BTreeMap<Address, Vec<u8>>,
    pub inbox: Vec<Vec<u8>>,
}

impl Store {
    /// Writes an account's part of a transaction.
    pub fn write(&mut self, record: &Record, effects: &AccountEffects) {
        self.account = record.as_bytes().to_vec();
        for row in &effects.delete {
            assert!(self.rows.remove(row).is_some(), "{row:?} is deleted and not there");
        }
        for (row, record) in &effects.put {
            let before = self.rows.insert(*row, record.as_bytes().to_vec());
            let again = matches!(row, store::Key::LastResortUses(_));
            assert!(again || before.is_none(), "{row:?} is written over a live one");
        }
    }

    pub fn load(&self, limits: account::Limits) -> Account {
        Account::from_records(&self.account, self.rows.values(), limits).unwrap()
    }
}

/// The service: hands out what was uploaded, first come, first served.
#[derive(Clone, Default)]
pub struct Service {
    pub one_time: VecDeque<OneTimePreKeyPublic>,
    pub one_time_kem: VecDeque<KemPreKeyPublic>,
    pub signed: Option<SignedPreKeyPublic>,
    pub last_resort: Option<KemPreKeyPublic>,
    pub token: Option<BackupToken>,
    /// All that was ever uploaded: an id must never come with another key.
    seen: BTreeMap<(&'static str, u32), Vec<u8>>,
    newest: [Option<u32>; 2],
}

impl Service {
    pub fn counts(&self) -> account::Counts {
        let count = |len: usize| u32::try_from(len).unwrap();
        account::Counts { one_time: count(self.one_time.len()), one_time_kem: count(self.one_time_kem.len()) }
    }

    pub fn take(&mut self, upload: &account::Upload) {
        if upload.replace_one_time {
            self.one_time.clear();
            self.one_time_kem.clear();
        }
        for key in &upload.one_time_pre_keys {
            self.see("one-time", key.id.0, &key.key.encode());
            if self.newest[0] < Some(key.id.0) {
                self.newest[0] = Some(key.id.0);
                self.one_time.push_back(key.clone());
            }
        }
        for key in &upload.one_time_kem_pre_keys {
            self.see("KEM", key.id.0, &key.key.encode());
            if self.newest[1] < Some(key.id.0) {
                self.newest[1] = Some(key.id.0);
                self.one_time_kem.push_back(key.clone());
            }
        }
        if let Some(key) = &upload.signed_pre_key {
            self.see("signed", key.id.0, &key.key.encode());
            self.signed = Some(key.clone());
        }
        if let Some(key) = &upload.last_resort_kem_pre_key {
            self.see("KEM", key.id.0, &key.key.encode());
            self.last_resort = Some(key.clone());
        }
        self.token = Some(upload.token);
    }

    fn see(&mut self, space: &'static str, id: u32, key: &[u8]) {
        let before = self.seen.insert((space, id), key.to_vec());
        assert!(before.is_none_or(|before| before == key), "{space} id {id} names two keys");
    }

    /// A bundle, as a peer fetches it.
    pub fn bundle(&mut self, owner: &Holder) -> PreKeyBundle {
        PreKeyBundle {
            registration_id: owner.account.registration_id(),
            device_id: owner.address.device(),
            identity_key: *owner.account.identity_key(),
            signed_pre_key: self.signed.clone().unwrap(),
            one_time_pre_key: self.one_time.pop_front(),
            kem_pre_key: self.one_time_kem.pop_front().or_else(|| self.last_resort.clone()),
        }
    }

    /// A bundle with no one-time prekey, as if they had run out.
    pub fn last_resort_bundle(&self, owner: &Holder) -> PreKeyBundle {
        Self { one_time: VecDeque::new(), one_time_kem: VecDeque::new(), ..self.clone() }.bundle(owner)
    }
}

/// A device with an account.
pub struct Holder {
    pub address: Address,
    pub account: Account,
    pub store: Store,
    pub limits: account::Limits,
    pub now: Timestamp,
    pub rng: ChaCha20Rng,
}

impl Holder {
    /// A device with a new account that has nothing uploaded.
    pub fn new(name: &str, seed: u64) -> Self {
        Self::with_limits(name, LIMITS, seed)
    }

    pub fn with_limits(name: &str, limits: account::Limits, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut store = Store::default();
        let account = Account::generate(limits, &mut rng)
            .commit_with(|record, effects| {
                store.write(record, effects);
                Ok::<_, ()>(())
            })
            .unwrap();
        let address = Address::new(name, DeviceId::PRIMARY);
        Self { address, account, store, limits, now: START, rng }
    }

    /// A device that has uploaded all that it should.
    pub fn stocked(name: &str, seed: u64) -> (Self, Service) {
        let (mut holder, mut service) = (Self::new(name, seed), Service::default());
        holder.maintain(&mut service);
        (holder, service)
    }

    pub fn advance(&mut self, time: Duration) {
        self.now = later(self.now, time);
    }

    /// The app is stopped and started again.
    pub fn restart(&mut self) {
        self.account = self.store.load(self.limits);
    }

    /// Deletes, generates, uploads and confirms what is to be. Gives whether something was uploaded.
    pub fn maintain(&mut self, service: &mut Service) -> bool {
        self.delete_expired();
        self.refill(service.counts());
        let upload = self.account.upload();
        if !upload.is_empty() {
            service.take(&upload);
            self.confirm(&upload);
        }
        !upload.is_empty()
    }

    pub fn refill(&mut self, counts: account::Counts) -> bool {
        let Self { account, store, now, rng, .. } = self;
        let staged = account.refill(*now, counts, rng).unwrap();
        let some = staged.is_some();
        if let Some(staged) = staged {
            let promised = staged.record();
            store.write(&promised, staged.effects());
            staged.commit();
            assert_eq!(account.record().as_bytes(), promised.as_bytes());
        }
        self.check();
        some
    }

    pub fn rotate(&mut self) -> bool {
        let Self { account, store, now, rng, .. } = self;
        let staged = account.rotate(*now, rng).unwrap();
        let some = staged.is_some();
        if let Some(staged) = staged {
            store.write(&staged.record(), staged.effects());
            staged.commit();
        }
        self.check();
        some
    }

    pub fn confirm(&mut self, upload: &account::Upload) {
        let staged = self.account.confirm_uploaded(upload, self.now);
        self.store.write(&staged.record(), staged.effects());
        staged.commit();
        self.check();
    }

    pub fn delete_expired(&mut self) -> bool {
        let staged = self.account.delete_expired(self.now);
        let some = staged.is_some();
        if let Some(staged) = staged {
            self.store.write(&staged.record(), staged.effects());
            staged.commit();
        }
        self.check();
        some
    }

    /// Recovers the account and retires all sessions, in one transaction.
    pub fn recover(&mut self, token: Option<&BackupToken>) {
        let Self { account, store, now, rng, address, .. } = self;
        let staged = account.recover(token, *now, rng).unwrap();
        let mut next = store.clone();
        next.write(&staged.record(), staged.effects());
        for (peer, record) in &mut next.sessions {
            let mut session = Session::from_record(record, address.clone(), peer.clone()).unwrap();
            let retired = session.retire();
            *record = retired.record().as_bytes().to_vec();
            retired.commit();
            assert_eq!(*record, session.record().as_bytes());
        }
        *store = next;
        staged.commit();
        self.check();
    }

    pub fn session(&self, peer: &Address) -> Session {
        let (local, remote) = (self.address.clone(), peer.clone());
        match self.store.sessions.get(peer) {
            None => Session::new(local, remote),
            Some(record) => Session::from_record(record, local, remote).unwrap(),
        }
    }

    /// Receives a message of kind `PreKey`. A refusal changes nothing.
    pub fn receive(&mut self, from: &Address, message: &[u8]) -> Result<Vec<u8>, DecryptError> {
        let mut session = self.session(from);
        let before = (self.store.clone(), session.record(), self.account.record());
        let message = PreKeySignalMessage::parse(message).unwrap();
        let outcome = match self.account.receive(&mut session, &message, Trust::Anyone, &mut self.rng) {
            Err(error) => Err(error),
            Ok(first) => {
                let promised = first.session().record();
                let store = &mut self.store;
                let text = first.commit_with(|first| {
                    store.sessions.insert(from.clone(), first.session().record().as_bytes().to_vec());
                    if let Some(account) = first.account() {
                        store.write(&account.record(), account.effects());
                    }
                    store.inbox.push(first.received().to_vec());
                    Ok::<_, ()>(())
                });
                assert_eq!(promised.as_bytes(), session.record().as_bytes());
                Ok(text.unwrap().to_vec())
            }
        };
        if outcome.is_err() {
            assert!(self.store == before.0, "a refusal changed the store");
            assert_eq!(session.record().as_bytes(), before.1.as_bytes());
            assert_eq!(self.account.record().as_bytes(), before.2.as_bytes());
        }
        self.check();
        outcome
    }

    /// Asserts that what is stored is what is in memory.
    #[track_caller]
    pub fn check(&self) {
        assert_eq!(self.account.record().as_bytes(), self.store.account, "memory and store differ");
        let rows: BTreeMap<_, _> =
            self.account.rows().into_iter().map(|(row, record)| (row, record.as_bytes().to_vec())).collect();
        assert!(rows == self.store.rows, "memory and store differ in their rows");
        let again = self.store.load(self.limits);
        assert_eq!(
            again.record().as_bytes(),
            self.store.account,
            "a record that was read writes other bytes"
        );
    }

    /// The ids of the last-resort KEM prekeys.
    pub fn last_resort(&self) -> Vec<KemPreKeyId> {
        self.account.last_resort_kem_pre_keys().map(|key| key.id()).collect()
    }

    /// The ids of the keys that are there, by row.
    pub fn rows(&self) -> BTreeSet<store::Key> {
        self.store.rows.keys().copied().collect()
    }
}

/// Somebody who writes to a holder.
pub struct Peer {
    pub address: Address,
    pub identity: IdentityKeyPair,
    pub session: Session,
    pub rng: ChaCha20Rng,
}

impl Peer {
    pub fn new(name: &str, to: &Address, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let address = Address::new(name, DeviceId::PRIMARY);
        let identity = IdentityKeyPair::generate(&mut rng);
        Self { session: Session::new(address.clone(), to.clone()), address, identity, rng }
    }

    /// Begins a session from a bundle.
    pub fn begin(&mut self, bundle: PreKeyBundle) {
        let bundle = bundle.verify(Trust::Anyone).unwrap();
        self.session
            .initiate(&session::Config::new(&self.identity, 9), bundle, START, &mut self.rng)
            .unwrap()
            .commit();
    }

    pub fn write(&mut self, text: &[u8]) -> Ciphertext {
        self.session.encrypt(text, Trust::Anyone, START, &mut self.rng).unwrap().commit()
    }

    /// The first message of a session begun from `bundle`.
    pub fn first(&mut self, bundle: PreKeyBundle, text: &[u8]) -> Vec<u8> {
        self.begin(bundle);
        let message = self.write(text);
        assert_eq!(message.kind(), MessageKind::PreKey);
        message.into_bytes()
    }
}

/// The first message of a new peer, from a bundle.
pub fn stranger(bundle: PreKeyBundle, to: &Address, seed: u64) -> (Address, Vec<u8>) {
    let mut peer = Peer::new(&format!("stranger-{seed}"), to, seed);
    let message = peer.first(bundle, b"hello");
    (peer.address, message)
}

pub fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(time.as_millis() + u64::try_from(by.as_millis()).unwrap())
}
