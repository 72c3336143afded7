// SPDX-License-Identifier: MIT OR Apache-2.0

//! Devices of the rose profile: each with an account, its sessions, and a store in memory that all writes go to.

#![allow(dead_code, missing_docs, clippy::unwrap_used, reason = "a test kit, of which each test uses a part")]

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Timestamp;
use subrosa::keys::PrivateKey;
use subrosa::rose::{
    Account, Admission, Certificate, Class, Contact, DeviceKeys, DeviceName, Issuers, Outgoing, Policy,
    ReceiveError, Received, RoseKey, SendError, Sender, Session, TagOwner, Trust, VerifiedBundle, issue,
    trial,
};
use subrosa::store::{Key, Write, Writes};

pub const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

/// The service: it issues certificates, and learns nothing.
pub struct Service {
    key: PrivateKey,
    pub issuers: Issuers,
}

impl Service {
    pub fn new() -> Self {
        let key = PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(99));
        let mut issuers = Issuers::default();
        issuers.add(7, *key.public_key().as_bytes());
        Self { key, issuers }
    }
}

/// One device.
pub struct Device {
    pub account: Account,
    pub certificate: Certificate,
    pub issuers: Issuers,
    pub sessions: BTreeMap<DeviceName, Session>,
    pub store: Store,
    pub policy: Policy,
    pub now: Timestamp,
    pub rng: ChaCha20Rng,
}

/// The rows of all records, and the table of tags.
#[derive(Clone, Default)]
pub struct Store {
    pub rows: BTreeMap<Vec<u8>, Vec<u8>>,
    pub tags: BTreeSet<([u8; 16], TagOwner)>,
    pub contacts: BTreeMap<[u8; 17], Contact>,
    /// How many rows were written so far.
    pub written: usize,
    /// Whether the next transaction fails.
    pub fails: bool,
}

impl Store {
    pub fn apply(&mut self, writes: Writes) -> Result<(), &'static str> {
        if std::mem::take(&mut self.fails) {
            return Err("the store is full");
        }
        for write in writes {
            self.written += 1;
            match write {
                Write::Put { key, record, .. } => {
                    match &key {
                        Key::Rose(RoseKey::Tag(tag, owner)) => drop(self.tags.insert((*tag, *owner))),
                        Key::Rose(RoseKey::Contact(account)) => {
                            let contact = Contact::from_record(record.as_bytes()).unwrap();
                            self.contacts.insert(*account, contact);
                        }
                        _ => {}
                    }
                    self.rows.insert(key.to_bytes(), record.as_bytes().to_vec());
                }
                Write::Delete { key } => {
                    if let Key::Rose(RoseKey::Tag(tag, owner)) = &key {
                        self.tags.remove(&(*tag, *owner));
                    }
                    self.rows.remove(&key.to_bytes());
                }
            }
        }
        Ok(())
    }

    pub fn owner(&self, message: &[u8]) -> Option<DeviceName> {
        let tag = message.first_chunk::<16>()?;
        self.tags.iter().filter(|(expected, _)| expected == tag).find_map(|(_, owner)| match owner {
            TagOwner::Session(name) => Some(*name),
            TagOwner::Group(..) => None,
        })
    }
}

/// The name of a device.
pub fn name(account: &str, device: u8) -> DeviceName {
    let mut bytes = [0; 17];
    bytes.iter_mut().skip(1).zip(account.bytes()).for_each(|(slot, byte)| *slot = byte);
    DeviceName::new(bytes, device)
}

impl Device {
    pub fn new(service: &Service, account: &str, device: u8, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let keys = DeviceKeys::generate(name(account, device), 1, NOW, &mut rng);
        let expires = Timestamp::from_secs((NOW.as_secs() / 86_400 + 2) * 86_400);
        let certificate = issue((7, &service.key), expires, &keys.card().hash(), &mut rng);
        let mut store = Store::default();
        let account = Account::new(keys, NOW, &mut rng).commit_with(|writes| store.apply(writes)).unwrap();
        let policy = Policy::default();
        let (issuers, sessions) = (service.issuers.clone(), BTreeMap::new());
        Self { account, certificate, issuers, sessions, store, policy, now: NOW, rng }
    }

    pub fn name(&self) -> DeviceName {
        self.account.name()
    }

    /// A bundle with a new prekey.
    pub fn bundle(&mut self, class: Class) -> Vec<u8> {
        let staged = self.account.new_prekeys((class, 1), self.now, &mut self.rng).unwrap();
        let prekey = staged.commit_with(|writes| self.store.apply(writes)).unwrap();
        let id = u32::from_be_bytes(*prekey[0].first_chunk().unwrap());
        self.account.bundle(id).unwrap()
    }

    pub fn session(&mut self, peer: DeviceName) -> &mut Session {
        self.sessions.entry(peer).or_insert_with(|| Session::new(peer))
    }

    pub fn begin(&mut self, bundle: &[u8], franked: bool) -> DeviceName {
        let mut peer = [0; 18];
        peer.copy_from_slice(&bundle[2..20]);
        let peer = DeviceName::from_bytes(peer);
        let contact = self.store.contacts.get(&peer.account()).cloned();
        let session = self.sessions.entry(peer).or_insert_with(|| Session::new(peer));
        let trust = Trust::on_first_use(contact.as_ref());
        let bundle = VerifiedBundle::verify(bundle, session, trust, self.now).unwrap();
        let staged = session.initiate(self.account.keys(), bundle, franked, self.now, &mut self.rng).unwrap();
        staged.commit_with(|writes| self.store.apply(writes)).unwrap();
        peer
    }

    pub fn send(&mut self, peer: DeviceName, message: &Outgoing<'_>) -> Result<Vec<u8>, SendError> {
        let contact = self.store.contacts.get(&peer.account()).cloned();
        let sender = Sender { certificate: &self.certificate, contact: contact.as_ref(), now: self.now };
        let session = self.sessions.get_mut(&peer).ok_or(SendError::NoState)?;
        let staged = session.encrypt(message, &sender, &mut self.rng)?;
        Ok(staged.commit_with(|writes| self.store.apply(writes)).unwrap())
    }

    /// Receives a message on whatever it is for; by trial, if asked.
    pub fn receive(
        &mut self,
        message: &[u8],
        by_trial: bool,
    ) -> Result<(DeviceName, Received), ReceiveError> {
        if let Some(peer) = self.store.owner(message) {
            let session = self.sessions.get_mut(&peer).unwrap();
            let staged = session.decrypt(message, self.account.keys(), &mut self.rng)?;
            return Ok((peer, staged.commit_with(|writes| self.store.apply(writes)).unwrap()));
        }
        match self.first_contact(message) {
            Err(ReceiveError::NotFound) if by_trial => {}
            received => return received,
        }
        let peers: Vec<DeviceName> = self.sessions.keys().copied().collect();
        let (at, staged) = trial(self.sessions.values_mut(), message, self.account.keys(), &mut self.rng)?;
        Ok((peers[at], staged.commit_with(|writes| self.store.apply(writes)).unwrap()))
    }

    fn first_contact(&mut self, message: &[u8]) -> Result<(DeviceName, Received), ReceiveError> {
        let first = self.account.open(message)?;
        let peer = first.claimed_sender();
        let contact = self.store.contacts.get(&peer.account()).cloned();
        let trust = Trust::on_first_use(contact.as_ref());
        let admission = Admission { issuers: &self.issuers, trust, policy: self.policy, now: self.now };
        let session = self.sessions.entry(peer).or_insert_with(|| Session::new(peer));
        let staged = self.account.receive_first(session, &first, &admission, &mut self.rng)?;
        Ok((peer, staged.commit_with(|writes| self.store.apply(writes)).unwrap()))
    }

    /// Goes back to an older record of a session.
    pub fn put_back(&mut self, peer: DeviceName, record: &[u8]) {
        let session = Session::from_record(record, peer).unwrap();
        let (owner, key) = (TagOwner::Session(peer), Key::Rose(RoseKey::Session(peer)));
        self.store.rows.insert(key.to_bytes(), record.to_vec());
        self.store.tags.retain(|(_, by)| *by != owner);
        self.store.tags.extend(session.expected_tags().into_iter().map(|tag| (tag, owner)));
        self.sessions.insert(peer, session);
    }

    /// The table is what the sessions expect, and each record is read as it was written.
    pub fn check(&self) {
        for session in self.sessions.values() {
            let owner = TagOwner::Session(session.remote());
            let table: Vec<_> =
                self.store.tags.iter().filter(|(_, by)| *by == owner).map(|(tag, _)| *tag).collect();
            assert_eq!(table, session.expected_tags());
            let record = session.record();
            let read = Session::from_record(record.as_bytes(), session.remote()).unwrap();
            assert_eq!(read.record().as_bytes(), record.as_bytes());
            assert_eq!(read.expected_tags(), session.expected_tags());
            if session.is_begun() {
                let key = Key::Rose(RoseKey::Session(session.remote())).to_bytes();
                assert_eq!(self.store.rows[&key], record.as_bytes());
            }
        }
    }
}

/// Two devices with a session that both have proven themselves on: Alice's, then Bob's.
pub fn pair(seed: u64, franked: bool) -> [Device; 2] {
    let service = Service::new();
    let mut alice = Device::new(&service, "alice", 1, seed);
    let mut bob = Device::new(&service, "bob", 1, seed + 1);
    introduce(&mut alice, &mut bob, franked);
    [alice, bob]
}

/// Begins a session, and answers until both sides are Hybrid.
pub fn introduce(alice: &mut Device, bob: &mut Device, franked: bool) {
    let bundle = bob.bundle(Class::OneTime);
    let (to_bob, to_alice) = (alice.begin(&bundle, franked), alice.name());
    for _ in 0..2 {
        let message = alice.send(to_bob, &Outgoing::dummy()).unwrap();
        bob.receive(&message, false).unwrap();
        let message = bob.send(to_alice, &Outgoing::dummy()).unwrap();
        alice.receive(&message, false).unwrap();
    }
}
