// SPDX-License-Identifier: MIT OR Apache-2.0

//! The test kit for accounts: a device with an account, whose prekeys that keeps, and the service that it uploads to.
//! The store and the peers are those of the [device] kit.
//!
//! All writes are transactions; on the way the kit asserts what must hold always: a staged record is the account's
//! record after the commit, and what is stored reads back as what is in memory.

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
use subrosa::account::{self, BackupToken};
use subrosa::prekey::{KemPreKeyId, KemPreKeyPublic, OneTimePreKeyPublic, SignedPreKeyPublic};
use subrosa::store::Key;
use subrosa::{Account, Address, DecryptError, DeviceId, Message, PreKeyBundle, Session, Timestamp, Trust};

use super::device::{Device, Letter, START, Store};

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
    kem_pre_keys: true,
    max_id: 0xFF_FFFF,
};

impl Store {
    pub fn load(&self, address: &Address, limits: account::Limits) -> Account {
        Account::from_records(address.clone(), &self.account, self.rows.values(), limits).unwrap()
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
    /// Whether it takes any id, and does not notice if one names two keys: ids begin again in a small space.
    pub forgetful: bool,
}

impl Service {
    pub fn counts(&self) -> account::Counts {
        let count = |len: usize| u32::try_from(len).unwrap();
        account::Counts { one_time: count(self.one_time.len()), one_time_kem: count(self.one_time_kem.len()) }
    }

    pub fn take(&mut self, upload: &account::Upload) {
        if upload.replace_one_time {
            // What follows may have lower ids.
            self.newest = [None; 2];
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
        assert!(
            self.forgetful || before.is_none_or(|before| before == key),
            "{space} id {id} names two keys"
        );
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
        let address = Address::new(name, DeviceId::PRIMARY);
        let staged = Account::generate(address.clone(), limits, &mut rng).unwrap();
        let account = staged.commit_with(|writes| store.apply(writes)).unwrap();
        Self { address, account, store, limits, now: START, rng }
    }

    /// A device that has uploaded all that it should.
    pub fn stocked(name: &str, seed: u64) -> (Self, Service) {
        let (mut holder, mut service) = (Self::new(name, seed), Service::default());
        holder.maintain(&mut service);
        (holder, service)
    }

    pub fn advance(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    /// The app is stopped and started again.
    pub fn restart(&mut self) {
        self.account = self.store.load(&self.address, self.limits);
    }

    /// Deletes, generates, uploads and confirms what is due. Gives whether something was uploaded.
    pub fn maintain(&mut self, service: &mut Service) -> bool {
        let upload = self.upkeep(service.counts());
        if !upload.is_empty() {
            service.take(&upload);
            self.confirm(&upload);
        }
        !upload.is_empty()
    }

    /// The upkeep, stored. Gives what is to be uploaded.
    pub fn upkeep(&mut self, counts: account::Counts) -> account::Upload {
        let Self { account, store, now, rng, .. } = self;
        let staged = account.maintain(counts, *now, rng).unwrap();
        let upload = staged.commit_with(|writes| store.apply(writes)).unwrap();
        self.check();
        assert_eq!(upload, self.account.upload());
        upload
    }

    pub fn confirm(&mut self, upload: &account::Upload) {
        let staged = self.account.confirm_uploaded(upload, self.now).unwrap();
        staged.commit_with(|writes| self.store.apply(writes)).unwrap();
        self.check();
    }

    /// Recovers the account and retires all sessions, in one transaction.
    pub fn recover(&mut self, token: Option<&BackupToken>) {
        let Self { account, store, now, rng, address, .. } = self;
        let staged = account.recover(token, *now, rng).unwrap();
        let mut next = store.clone();
        next.apply(staged.writes()).unwrap();
        for (peer, record) in &store.sessions {
            let mut session = Session::from_record(record, address.clone(), peer.clone()).unwrap();
            session.retire().unwrap().commit_with(|writes| next.apply(writes)).unwrap();
            assert_eq!(next.sessions[peer], session.record().as_bytes());
        }
        *store = next;
        staged.commit();
        self.check();
    }

    /// The session with `peer` as stored; an empty one if there is none.
    pub fn session(&self, peer: &Address) -> Session {
        self.store.session(&self.address, peer, self.account.config().policy).unwrap()
    }

    /// Encrypts a message that must succeed.
    pub fn send(&mut self, peer: &Address, plaintext: &[u8]) -> Letter {
        let mut session = self.session(peer);
        let staged = session.encrypt(plaintext, Trust::Anyone, self.now, &mut self.rng).unwrap();
        staged.commit_with(|writes| self.store.apply(writes)).unwrap().into()
    }

    /// Receives a message, whoever its sender is. A refusal changes nothing.
    pub fn receive(&mut self, from: &Address, letter: &Letter) -> Result<Vec<u8>, DecryptError> {
        self.receive_message(from, &letter.message(), Trust::Anyone)
    }

    /// Receives a message, sealed or not. A refusal changes nothing.
    pub fn receive_message(
        &mut self,
        from: &Address,
        message: &Message<'_>,
        trust: Trust<'_>,
    ) -> Result<Vec<u8>, DecryptError> {
        let mut session = self.session(from);
        let before = (self.store.clone(), session.record(), self.account.record());
        let outcome = self.account.receive(&mut session, message, trust, &mut self.rng).map(|staged| {
            let store = &mut self.store;
            let text = staged.commit_with_output(|writes, text| {
                store.inbox.push(text.to_vec());
                store.apply(writes)
            });
            text.unwrap().to_vec()
        });
        if outcome.is_ok() {
            assert_eq!(self.store.sessions[from], session.record().as_bytes());
        } else {
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
        let again = self.store.load(&self.address, self.limits);
        assert_eq!(
            again.record().as_bytes(),
            self.store.account,
            "a record that was read writes other bytes"
        );
    }

    /// The ids of the last-resort KEM prekeys.
    pub fn last_resort(&self) -> Vec<KemPreKeyId> {
        self.account.last_resort_kem_pre_keys().map(subrosa::prekey::LastResortKemPreKey::id).collect()
    }

    /// The ids of the keys that are there, by row.
    pub fn rows(&self) -> BTreeSet<Key> {
        self.store.rows.keys().cloned().collect()
    }
}

/// The first message of a new peer, from a bundle.
pub fn stranger(bundle: PreKeyBundle, to: &Address, seed: u64) -> (Address, Letter) {
    let mut peer = Device::new(&format!("stranger-{seed}"), seed);
    let letter = peer.first(to, bundle, b"hello");
    (peer.address, letter)
}
