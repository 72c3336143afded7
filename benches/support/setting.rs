// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the benchmarks are set in: two devices, and a conversation between them without any store.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a bench, which uses a part"
)]

#[path = "../../tests/support/device.rs"]
pub mod device;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::prekey::{OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::{Address, PreKeyBundle, Session, Timestamp, Trust, session};

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
    let message = SignalMessage::parse(message).unwrap();
    to.decrypt(&message, Trust::Anyone, rng).unwrap().commit();
}

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
        alice.initiate(&bob.address, bundle).unwrap();
        let bytes = alice.send(&bob.address, plaintext).bytes;
        let signed =
            SignedPreKey::from_record(bob.store.signed_pre_keys.first_key_value().unwrap().1).unwrap();
        Self { bob, alice: alice.address, bytes, signed }
    }

    /// The one-time prekeys, read from their records.
    #[must_use]
    pub fn keys(&self) -> PreKeys<'_> {
        let store = &self.bob.store;
        let one_time = store.one_time_pre_keys.values().next();
        let kem = store.one_time_kem_pre_keys.values().next();
        PreKeys {
            signed: &self.signed,
            one_time: one_time.map(|record| OneTimePreKey::from_record(record).unwrap()),
            kem: kem.map(|record| KemKey::OneTime(OneTimeKemPreKey::from_record(record).unwrap())),
        }
    }

    /// Parses the message, begins the session, decrypts and commits.
    #[must_use]
    pub fn accept(&self, keys: PreKeys<'_>, rng: &mut ChaCha20Rng) -> Session {
        let mut session = Session::new(self.bob.address.clone(), self.alice.clone());
        let local = session::Config::new(&self.bob.identity, 7).with_policy(self.bob.policy);
        let message = PreKeySignalMessage::parse(&self.bytes).unwrap();
        match session.admit(&local, &message, Trust::Anyone).unwrap() {
            Admission::Known(_) => {}
            Admission::New(new) => drop(new.accept(keys, rng).unwrap().commit()),
        }
        session
    }
}
