// SPDX-License-Identifier: MIT OR Apache-2.0

//! The test kit: a device with its store, and everything that it does with it in transactions.
//!
//! It needs this crate and `rand_chacha`, nothing else.
//!
//! Each operation loads the session from its record, works, and stores the writes in one transaction;
//! so every test is also one of the records. On the way the kit asserts what must hold always: a staged record
//! is the session's record after the commit; a failure leaves session and store as they were.

#![allow(
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test kit, of which each test uses a part"
)]

mod store;
mod wrapper;

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::keys::PublicKey;
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::session;
use subrosa::session::manual::{Admission, KemKey, NeededPreKeys, PreKeys};
use subrosa::session::{Policy, Requirements};
use subrosa::store::{Busy, Key, RecordKind};
use subrosa::{
    Address, BundleError, Ciphertext, DecryptError, DeviceId, EncryptError, IdentityKeyPair, Message,
    MessageKind, ParseError, Plaintext, PreKeyBundle, RecordError, Session, Staged, Timestamp,
};

pub use store::{Faults, Store, Table, TrustRule};
pub use wrapper::Wrapper;

/// When tests begin.
pub const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Names that are service ids.
pub const ALICE: &str = "11111111-1111-4111-8111-111111111111";
pub const BOB: &str = "22222222-2222-4222-8222-222222222222";
pub const CAROL: &str = "PNI:33333333-3333-4333-8333-333333333333";

/// Why an operation of a device failed. Nothing has changed then.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The store was told to fail.
    Store(Table),
    /// The store has no key of this id.
    Missing(Table, u32),
    Record(RecordError),
    Parse(ParseError),
    Bundle(BundleError),
    Encrypt(EncryptError),
    Decrypt(DecryptError),
    Busy(Busy),
}

macro_rules! failure_from {
    ($($error:ident => $variant:ident),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*
    };
}

failure_from!(
    RecordError => Record,
    ParseError => Parse,
    BundleError => Bundle,
    EncryptError => Encrypt,
    DecryptError => Decrypt,
    Busy => Busy,
);

/// A message under way: kind and bytes, free to be tampered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub kind: MessageKind,
    pub bytes: Vec<u8>,
}

impl Letter {
    pub const fn new(kind: MessageKind, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }

    /// The message as its receiver parses it.
    #[track_caller]
    pub fn message(&self) -> Message<'_> {
        Message::parse(self.kind, &self.bytes).unwrap()
    }

    /// The message, which must be a `PreKeySignalMessage`.
    #[track_caller]
    pub fn pre_key(&self) -> PreKeySignalMessage<'_> {
        assert_eq!(self.kind, MessageKind::PreKey);
        PreKeySignalMessage::parse(&self.bytes).unwrap()
    }

    /// The `SignalMessage`, the inner one of a `PreKeySignalMessage`.
    #[track_caller]
    pub fn signal(&self) -> SignalMessage<'_> {
        match self.kind {
            MessageKind::PreKey => *self.pre_key().message(),
            _ => SignalMessage::parse(&self.bytes).unwrap(),
        }
    }

    /// The inner message of a `PreKeySignalMessage` as one of kind `Whisper`.
    #[track_caller]
    pub fn unwrapped(&self) -> Self {
        Self::new(MessageKind::Whisper, self.signal().as_bytes().to_vec())
    }

    /// A copy with one bit flipped, `from_end` bytes before the last.
    #[must_use]
    pub fn flipped(&self, from_end: usize) -> Self {
        let mut copy = self.clone();
        let at = copy.bytes.len() - 1 - from_end;
        copy.bytes[at] ^= 1;
        copy
    }
}

impl From<Ciphertext> for Letter {
    fn from(ciphertext: Ciphertext) -> Self {
        Self::new(ciphertext.kind(), ciphertext.into_bytes())
    }
}

/// What a bundle offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whether there is a one-time prekey.
    pub one_time: bool,
    pub kem: KemOffer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KemOffer {
    OneTime,
    LastResort,
    /// Version 3.
    None,
}

impl Offer {
    /// Both one-time prekeys, freshly made.
    pub const FULL: Self = Self { one_time: true, kem: KemOffer::OneTime };
    /// What remains when the one-time prekeys are used up.
    pub const LAST_RESORT: Self = Self { one_time: false, kem: KemOffer::LastResort };
    /// A bundle of version 3, with a one-time prekey.
    pub const VERSION_3: Self = Self { one_time: true, kem: KemOffer::None };
}

/// A device: its identity, its stores, its clock and its random numbers.
pub struct Device {
    pub address: Address,
    pub identity: IdentityKeyPair,
    pub registration_id: u32,
    pub policy: Policy,
    pub sending: TrustRule,
    pub receiving: TrustRule,
    pub store: Store,
    pub faults: Faults,
    pub now: Timestamp,
    /// Not part of a snapshot: a device whose store is set back does not draw the same numbers again.
    pub rng: ChaCha20Rng,
    next_one_time_id: u32,
    next_kem_id: u32,
}

impl Device {
    /// Device 1 of an account. Its stores hold a signed and a last-resort KEM prekey, each with id 0. All its
    /// random numbers come from `seed`, which no two devices of a test should share.
    pub fn new(name: &str, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let identity = IdentityKeyPair::generate(&mut rng);
        Self::with_identity(Address::new(name, DeviceId::PRIMARY), identity, rng)
    }

    /// A device at the same address, with another identity and nothing in its stores: the app was installed
    /// again.
    pub fn reinstalled(&self, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let identity = IdentityKeyPair::generate(&mut rng);
        Self::with_identity(self.address.clone(), identity, rng)
    }

    /// A device of the same account and identity, and another device id.
    pub fn sibling(&self, device: u32, seed: u64) -> Self {
        let identity = IdentityKeyPair::from_record(self.identity.record().as_bytes()).unwrap();
        let address = Address::new(self.address.name(), DeviceId::new(device));
        Self::with_identity(address, identity, ChaCha20Rng::seed_from_u64(seed))
    }

    pub fn with_identity(address: Address, identity: IdentityKeyPair, rng: ChaCha20Rng) -> Self {
        let mut device = Self::without_pre_keys(address, identity, rng);
        let signed = SignedPreKey::generate(SignedPreKeyId(0), &device.identity, START, &mut device.rng);
        let kem = LastResortKemPreKey::generate(KemPreKeyId(0), &device.identity, START, &mut device.rng);
        let rows = &mut device.store.rows;
        rows.insert(Key::SignedPreKey(signed.id()), signed.record().as_bytes().to_vec());
        rows.insert(Key::LastResortKemPreKey(kem.id()), kem.record().as_bytes().to_vec());
        device
    }

    /// A device that nobody can begin a session with.
    pub fn without_pre_keys(address: Address, identity: IdentityKeyPair, rng: ChaCha20Rng) -> Self {
        // Any number will do that differs from device to device.
        let registration_id = 0x1000 + u32::from(identity.public().encode()[1]);
        Self {
            address,
            identity,
            registration_id,
            policy: Policy::PostQuantum,
            sending: TrustRule::FirstUse,
            receiving: TrustRule::FirstUse,
            store: Store::default(),
            faults: Faults::default(),
            now: START,
            rng,
            next_one_time_id: 0,
            next_kem_id: 1,
        }
    }

    /// Two devices of two accounts, alice and bob, without a session.
    pub fn pair(seed: u64) -> [Self; 2] {
        [Self::new(ALICE, seed.wrapping_mul(2)), Self::new(BOB, seed.wrapping_mul(2).wrapping_add(1))]
    }

    /// Two devices that have exchanged a message each way, so that all further messages are of kind `Whisper`.
    pub fn acquainted(seed: u64) -> [Self; 2] {
        let [mut alice, mut bob] = Self::pair(seed);
        alice.greet(&mut bob, Offer::FULL);
        [alice, bob]
    }

    /// Begins a session with `peer` from its bundle, and exchanges a message each way.
    #[track_caller]
    pub fn greet(&mut self, peer: &mut Self, offer: Offer) {
        self.begin_with(peer, offer);
        self.tell(peer, b"hello");
        peer.tell(self, b"hello yourself");
    }

    /// Begins a session with `peer` from its bundle, and sends nothing yet.
    #[track_caller]
    pub fn begin_with(&mut self, peer: &mut Self, offer: Offer) {
        let bundle = peer.bundle(offer);
        self.initiate(&peer.address, bundle).unwrap();
    }

    /// Begins a session from a bundle. Gives its first message.
    #[track_caller]
    pub fn first(&mut self, peer: &Address, bundle: PreKeyBundle, plaintext: &[u8]) -> Letter {
        self.initiate(peer, bundle).unwrap();
        self.send(peer, plaintext)
    }

    pub const fn config(&self) -> session::Config<'_> {
        session::Config::new(&self.identity, self.registration_id).with_policy(self.policy)
    }

    pub fn advance(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    /// Publishes a bundle: makes the one-time keys that it offers, and stores them.
    pub fn bundle(&mut self, offer: Offer) -> PreKeyBundle {
        let one_time = offer.one_time.then(|| {
            let key = OneTimePreKey::generate(OneTimePreKeyId(self.next_one_time_id), &mut self.rng);
            self.next_one_time_id += 1;
            self.store.rows.insert(Key::OneTimePreKey(key.id()), key.record().as_bytes().to_vec());
            key.public()
        });
        let kem = match offer.kem {
            KemOffer::None => None,
            KemOffer::OneTime => {
                let id = KemPreKeyId(self.next_kem_id);
                self.next_kem_id += 1;
                let key = OneTimeKemPreKey::generate(id, &self.identity, self.now, &mut self.rng);
                self.store.rows.insert(Key::OneTimeKemPreKey(id), key.record().as_bytes().to_vec());
                Some(key.public())
            }
            KemOffer::LastResort => {
                let record = self.store.newest(RecordKind::LastResortKemPreKey);
                Some(LastResortKemPreKey::from_record(record).unwrap().public())
            }
        };
        let signed = self.store.newest(RecordKind::SignedPreKey);
        PreKeyBundle {
            registration_id: self.registration_id,
            device_id: self.address.device(),
            identity_key: *self.identity.public(),
            signed_pre_key: SignedPreKey::from_record(signed).unwrap().public(),
            one_time_pre_key: one_time,
            kem_pre_key: kem,
        }
    }

    /// The session with `peer` as stored; an empty one if there is none.
    pub fn session(&self, peer: &Address) -> Result<Session, Failure> {
        self.faults.read(Table::Sessions)?;
        Ok(self.store.session(&self.address, peer, self.policy)?)
    }

    /// The stored record of the session with `peer`.
    #[track_caller]
    pub fn record(&self, peer: &Address) -> &[u8] {
        self.store.sessions.get(peer).expect("no such record")
    }

    /// The base key of the current session with `peer`.
    pub fn base_key(&self, peer: &Address) -> Option<PublicKey> {
        self.session(peer).unwrap().base_key().copied()
    }

    pub fn is_usable(&self, peer: &Address, requirements: Requirements) -> bool {
        self.session(peer).unwrap().is_usable(self.now, requirements)
    }

    /// Whether both have a current session with each other, and the same one.
    pub fn agrees_with(&self, peer: &Self) -> bool {
        let ours = self.base_key(&peer.address);
        ours.is_some() && ours == peer.base_key(&self.address)
    }
}

/// What a device stages on a session that is in memory.
impl Device {
    /// Begins a session from a bundle.
    pub fn stage_initiate<'s>(
        &mut self,
        session: &'s mut Session,
        bundle: PreKeyBundle,
    ) -> Result<Staged<'s, ()>, Failure> {
        let config = session::Config::new(&self.identity, self.registration_id).with_policy(self.policy);
        let bundle = bundle.verify(self.store.trust(session.remote(), self.sending))?;
        Ok(session.initiate(&config, bundle, self.now, &mut self.rng)?)
    }

    /// Encrypts a message.
    pub fn stage_encrypt<'s>(
        &mut self,
        session: &'s mut Session,
        plaintext: &[u8],
    ) -> Result<Staged<'s, Ciphertext>, EncryptError> {
        let trust = self.store.trust(session.remote(), self.sending);
        session.encrypt(plaintext, trust, self.now, &mut self.rng)
    }

    /// Decrypts a message, and begins a session if it asks for one.
    pub fn stage_receive<'s>(
        &mut self,
        session: &'s mut Session,
        message: &Message<'_>,
    ) -> Result<Staged<'s, Plaintext>, Failure> {
        let config = session::Config::new(&self.identity, self.registration_id).with_policy(self.policy);
        let trust = self.store.trust(session.remote(), self.receiving);
        match session.receive(&config, message, trust, &mut self.rng)? {
            Admission::Decrypted(staged) => Ok(staged),
            Admission::New(new) => {
                let keys = FoundKeys::find(&self.store, &self.faults, new.needed())?;
                Ok(new.accept(&keys.lend(), &mut self.rng)?)
            }
        }
    }
}

/// What a device does with its stored sessions.
impl Device {
    /// Stores and commits what is staged on the session with `peer`. What `kept` takes from the output goes into the
    /// inbox, in the same transaction. A failure leaves the session as it was.
    pub fn change<T, E>(
        &mut self,
        peer: &Address,
        stage: impl for<'s> FnOnce(&mut Self, &'s mut Session) -> Result<Staged<'s, T>, E>,
        kept: fn(&T) -> Option<Vec<u8>>,
    ) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        self.faults.read(Table::Identities)?;
        let mut session = self.session(peer)?;
        let before = session.record();
        let outcome = stage(self, &mut session).map_err(Failure::from).and_then(|staged| {
            staged.commit_with_output(|writes, output| {
                self.store.apply_unless(&self.faults, writes)?;
                self.store.inbox.extend(kept(output));
                Ok(())
            })
        });
        match &outcome {
            Ok(_) => self.check(&session)?,
            Err(_) => assert_eq!(session.record().as_bytes(), before.as_bytes()),
        }
        outcome
    }

    /// Begins a session from a bundle.
    pub fn initiate(&mut self, peer: &Address, bundle: PreKeyBundle) -> Result<(), Failure> {
        self.change(peer, |device, session| device.stage_initiate(session, bundle), |()| None)
    }

    /// Encrypts a message.
    pub fn encrypt(&mut self, peer: &Address, plaintext: &[u8]) -> Result<Letter, Failure> {
        let sent = self.change(peer, |device, session| device.stage_encrypt(session, plaintext), |_| None);
        sent.map(Letter::from)
    }

    /// Encrypts a message that must succeed.
    #[track_caller]
    pub fn send(&mut self, peer: &Address, plaintext: &[u8]) -> Letter {
        self.encrypt(peer, plaintext).unwrap()
    }

    /// Receives a message of either kind.
    pub fn receive(&mut self, from: &Address, letter: &Letter) -> Result<Vec<u8>, Failure> {
        self.receive_message(from, &Message::parse(letter.kind, &letter.bytes)?)
    }

    /// Receives a message of either kind, sealed or not.
    pub fn receive_message(&mut self, from: &Address, message: &Message<'_>) -> Result<Vec<u8>, Failure> {
        let kept = |text: &Plaintext| Some(text.to_vec());
        let text = self.change(from, |device, session| device.stage_receive(session, message), kept);
        text.map(|text| text.to_vec())
    }

    /// Sends `plaintext` to `peer`, who must understand it. Gives the message.
    #[track_caller]
    pub fn tell(&mut self, peer: &mut Self, plaintext: &[u8]) -> Letter {
        let letter = self.send(&peer.address, plaintext);
        peer.hear(self, &letter, plaintext);
        letter
    }

    /// Receives a message that must be `plaintext`.
    #[track_caller]
    pub fn hear(&mut self, from: &Self, letter: &Letter, plaintext: &[u8]) {
        assert_eq!(self.receive(&from.address, letter).as_deref(), Ok(plaintext));
    }

    /// Receives a message that must fail, and leave the whole store as it was. Gives the reason.
    #[track_caller]
    pub fn refuse(&mut self, from: &Address, letter: &Letter) -> Failure {
        let before = self.store.clone();
        let failure = self.receive(from, letter).expect_err("the message should have failed");
        self.store.assert_same(&before);
        failure
    }

    /// Archives the current session.
    pub fn archive(&mut self, peer: &Address) -> Result<(), Failure> {
        self.change(peer, |_, session| session.archive(), |()| None)
    }

    /// Asserts that what was stored is what the session in memory would store, and that it reads back.
    pub fn check(&self, session: &Session) -> Result<(), Failure> {
        let record = self.record(session.remote());
        assert_eq!(record, session.record().as_bytes(), "a staged record is the one after the commit");
        let again = Session::from_record(record, session.local().clone(), session.remote().clone())?;
        assert_eq!(record, again.record().as_bytes(), "a record that was read writes the same bytes");
        Ok(())
    }
}

/// Stores a stage's writes in one transaction, and commits it.
pub fn store_and_commit<T>(staged: Staged<'_, T>, store: &mut Store, faults: &Faults) -> Result<T, Failure> {
    staged.commit_with(|writes| store.apply_unless(faults, writes))
}

/// The prekeys that a message needs, read from their records.
pub struct FoundKeys {
    signed: SignedPreKey,
    one_time: Option<OneTimePreKey>,
    one_time_kem: Option<OneTimeKemPreKey>,
    last_resort: Option<(LastResortKemPreKey, bool)>,
}

impl FoundKeys {
    /// Looks them up: the signed one, the KEM one, the one-time one.
    pub fn find(store: &Store, faults: &Faults, needed: NeededPreKeys) -> Result<Self, Failure> {
        faults.read(Table::SignedPreKeys)?;
        let signed = store.rows.get(&Key::SignedPreKey(needed.signed));
        let signed = signed.ok_or(Failure::Missing(Table::SignedPreKeys, needed.signed.0))?;
        let signed = SignedPreKey::from_record(signed)?;
        let (mut one_time_kem, mut last_resort) = (None, None);
        if let Some(kem_use) = needed.kem {
            faults.read(Table::KemPreKeys)?;
            let id = kem_use.kem;
            if let Some(record) = store.rows.get(&Key::OneTimeKemPreKey(id)) {
                one_time_kem = Some(OneTimeKemPreKey::from_record(record)?);
            } else {
                let record = store.rows.get(&Key::LastResortKemPreKey(id));
                let record = record.ok_or(Failure::Missing(Table::KemPreKeys, id.0))?;
                faults.read(Table::KemUses)?;
                let used_before = store.rows.contains_key(&Key::KemPreKeyUse(kem_use));
                last_resort = Some((LastResortKemPreKey::from_record(record)?, used_before));
            }
        }
        let mut one_time = None;
        if let Some(id) = needed.one_time {
            faults.read(Table::OneTimePreKeys)?;
            let record = store.rows.get(&Key::OneTimePreKey(id));
            let record = record.ok_or(Failure::Missing(Table::OneTimePreKeys, id.0))?;
            one_time = Some(OneTimePreKey::from_record(record)?);
        }
        Ok(Self { signed, one_time, one_time_kem, last_resort })
    }

    pub fn lend(&self) -> PreKeys<'_> {
        let one_time = self.one_time_kem.as_ref().map(KemKey::OneTime);
        let last_resort = self.last_resort.as_ref();
        let last_resort =
            last_resort.map(|(key, used_before)| KemKey::LastResort { key, used_before: *used_before });
        PreKeys { signed: &self.signed, one_time: self.one_time.as_ref(), kem: one_time.or(last_resort) }
    }
}
