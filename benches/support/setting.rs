// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the benchmarks are set in: two devices, and a conversation between them without any store.

#![allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a bench, which uses a part"
)]

#[path = "../../tests/support/device.rs"]
pub mod device;

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{CryptoRng, SeedableRng};
use subrosa::keys::PrivateKey;
use subrosa::prekey::{OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::session::{Config, Incoming, receive_each};
use subrosa::store::RecordKind;
use subrosa::{
    Address, DecryptError, IdentityKeyPair, Message, MessageKind, Plaintext, PreKeyBundle, Session, Staged,
    Timestamp, Trust,
};

pub use device::{Device, Offer};
pub use subrosa::session::Policy;

pub const NOW: Timestamp = device::START;

/// The random numbers of a benchmark.
#[must_use]
pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(0)
}

/// A device of each of two accounts, for sessions of version 3 or 4.
#[must_use]
pub fn devices(version: u8) -> [Device; 2] {
    LazyLock::force(&NOBODY);
    let mut devices = Device::pair(1);
    if version == 3 {
        for device in &mut devices {
            device.policy = Policy::AllowVersion3;
        }
    }
    devices
}

/// A full bundle of `device`: with a one-time prekey, and in version 4 with a one-time KEM prekey.
#[must_use]
pub fn bundle(device: &mut Device, version: u8) -> PreKeyBundle {
    device.bundle(if version == 3 { Offer::VERSION_3 } else { Offer::FULL })
}

/// Two sessions with each other, acknowledged, so that messages are of kind `Whisper`.
pub struct Talk {
    pub alice: Session,
    pub bob: Session,
    pub rng: ChaCha20Rng,
}

impl Talk {
    #[must_use]
    pub fn new(version: u8) -> Self {
        let [mut alice, mut bob] = devices(version);
        let bundle = bundle(&mut bob, version);
        alice.initiate(&bob.address, bundle).unwrap();
        alice.tell(&mut bob, b"hello");
        bob.tell(&mut alice, b"hello yourself");
        alice.tell(&mut bob, b"how are you");
        Self {
            alice: alice.session(&bob.address).unwrap(),
            bob: bob.session(&alice.address).unwrap(),
            rng: rng(),
        }
    }

    /// The message that comes after `skipped` others, all of them from Alice.
    #[must_use]
    pub fn after(&mut self, skipped: u32) -> Vec<u8> {
        for _ in 0..skipped {
            drop(send(&mut self.alice, b"", &mut self.rng));
        }
        send(&mut self.alice, &[b'x'; 64], &mut self.rng)
    }
}

/// Encrypts and commits.
#[must_use]
pub fn send(from: &mut Session, plaintext: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    from.encrypt(plaintext, Trust::Anyone, NOW, rng).unwrap().commit().into_bytes()
}

/// Parses a message of kind `Whisper`, decrypts it and commits.
pub fn receive(to: &mut Session, message: &[u8], rng: &mut ChaCha20Rng) {
    let message = Message::parse(MessageKind::Whisper, message).unwrap();
    open(to, &message, rng).commit();
}

/// Receives a message on each of several sessions in one call.
pub fn receive_together(to: Vec<&mut Session>, messages: &[Vec<u8>], rng: &mut ChaCha20Rng) {
    let messages: Vec<_> =
        messages.iter().map(|bytes| Message::parse(MessageKind::Whisper, bytes).unwrap()).collect();
    let each = to.into_iter().zip(&messages);
    let incoming = each.map(|(session, message)| Incoming { session, message, trust: Trust::Anyone });
    for received in receive_each(&Config::new(&NOBODY, 7), incoming.collect(), rng) {
        let Ok(Admission::Decrypted(staged)) = received else { panic!("a message of a session") };
        staged.commit();
    }
}

/// Decrypts a message of a session that is there.
pub fn open<'s>(to: &'s mut Session, message: &Message<'_>, rng: &mut ChaCha20Rng) -> Staged<'s, Plaintext> {
    try_open(to, message, rng).unwrap()
}

/// Decrypts a message of a session that is there, or says why not.
pub fn try_open<'s>(
    to: &'s mut Session,
    message: &Message<'_>,
    rng: &mut impl CryptoRng,
) -> Result<Staged<'s, Plaintext>, DecryptError> {
    match to.receive(&Config::new(&NOBODY, 7), message, Trust::Anyone, rng)? {
        Admission::Decrypted(staged) => Ok(staged),
        Admission::New(_) => panic!("a first message"),
    }
}

/// Where no session is begun it does not matter whose identity this is. Made before anything is measured.
static NOBODY: LazyLock<IdentityKeyPair> =
    LazyLock::new(|| IdentityKeyPair::from_private(PrivateKey::decode(&[1; 32]).unwrap()));

/// A second session in the same state.
#[must_use]
pub fn copy(session: &Session) -> Session {
    let (local, remote) = (session.local().clone(), session.remote().clone());
    Session::from_record(session.record().as_bytes(), local, remote).unwrap()
}

/// A first message, and what its recipient begins the session with.
pub struct FirstMessage {
    pub bob: Device,
    pub alice: Address,
    pub bytes: Vec<u8>,
    pub signed: SignedPreKey,
    one_time: Option<OneTimePreKey>,
    one_time_kem: Option<OneTimeKemPreKey>,
}

impl FirstMessage {
    #[must_use]
    pub fn new(version: u8) -> Self {
        Self::of(version, &[b'x'; 64])
    }

    #[must_use]
    pub fn of(version: u8, plaintext: &[u8]) -> Self {
        let [mut alice, mut bob] = devices(version);
        let bundle = bundle(&mut bob, version);
        let bytes = alice.first(&bob.address, bundle, plaintext).bytes;
        Self::received(bob, alice.address, bytes)
    }

    /// A first message that `bob` got, who has the prekeys of one bundle.
    #[must_use]
    pub fn received(bob: Device, alice: Address, bytes: Vec<u8>) -> Self {
        let first =
            |kind| bob.store.rows.iter().find(|(key, _)| key.kind() == kind).map(|(_, record)| record);
        let signed = SignedPreKey::from_record(first(RecordKind::SignedPreKey).unwrap()).unwrap();
        let one_time = first(RecordKind::OneTimePreKey);
        let one_time = one_time.map(|record| OneTimePreKey::from_record(record).unwrap());
        let one_time_kem = first(RecordKind::OneTimeKemPreKey);
        let one_time_kem = one_time_kem.map(|record| OneTimeKemPreKey::from_record(record).unwrap());
        Self { bob, alice, bytes, signed, one_time, one_time_kem }
    }

    /// The prekeys that the message needs.
    #[must_use]
    pub fn keys(&self) -> PreKeys<'_> {
        let kem = self.one_time_kem.as_ref().map(KemKey::OneTime);
        PreKeys { signed: &self.signed, one_time: self.one_time.as_ref(), kem }
    }

    /// Parses the message, begins the session, decrypts and commits.
    #[must_use]
    pub fn accept(&self, keys: &PreKeys<'_>, rng: &mut ChaCha20Rng) -> Session {
        let mut session = Session::new(self.bob.address.clone(), self.alice.clone());
        let config = Config::new(&self.bob.identity, 7).with_policy(self.bob.policy);
        let message = Message::parse(MessageKind::PreKey, &self.bytes).unwrap();
        match session.receive(&config, &message, Trust::Anyone, rng).unwrap() {
            Admission::Decrypted(_) => {}
            Admission::New(new) => drop(new.accept(keys, rng).unwrap().commit()),
        }
        session
    }
}
