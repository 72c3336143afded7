// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices that talk over the crate's public interface, each with a store that is read again for each step.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::error::Error;

use subrosa::attachment::{AttachmentDecryptor, AttachmentEncryptor, AttachmentKey, ChunkSize};
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey, SignedPreKeyId,
};
use subrosa::repair::DecryptionErrorMessage;
use subrosa::session::Config;
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::store::{Key, RecordKind, Write};
use subrosa::{
    Address, Ciphertext, DeviceId, IdentityKeyPair, Message, MessageKind, PreKeyBundle, RecordKey, Session,
    Staged, Timestamp, Trust,
};

use crate::rng::Repeatable;

type Outcome<T> = Result<T, Box<dyn Error>>;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const ROUNDS: u32 = 10;

/// A device and its store.
struct Device {
    address: Address,
    remote: Address,
    identity: Vec<u8>,
    signed: Vec<u8>,
    one_time: Option<Vec<u8>>,
    kem: Vec<u8>,
    /// Sealed.
    session: Vec<u8>,
    key: RecordKey,
    rng: Repeatable,
}

impl Device {
    fn new(name: &str, remote: &str, mut rng: Repeatable) -> Outcome<Self> {
        let [address, remote] = [name, remote].map(|name| Address::new(name, DeviceId::PRIMARY));
        let identity = IdentityKeyPair::generate(&mut rng);
        let signed = SignedPreKey::generate(SignedPreKeyId(1), &identity, NOW, &mut rng);
        let one_time = OneTimePreKey::generate(OneTimePreKeyId(2), &mut rng);
        let kem = LastResortKemPreKey::generate(KemPreKeyId(3), &identity, NOW, &mut rng);
        let key = RecordKey::generate(&mut rng);
        let session = Session::new(address.clone(), remote.clone());
        let session = key.seal(&session.record(), b"session", &mut rng)?;
        Ok(Self {
            address,
            remote,
            identity: identity.record().as_bytes().to_vec(),
            signed: signed.record().as_bytes().to_vec(),
            one_time: Some(one_time.record().as_bytes().to_vec()),
            kem: kem.record().as_bytes().to_vec(),
            session,
            key,
            rng,
        })
    }

    fn bundle(&self) -> Outcome<PreKeyBundle> {
        let one_time = self.one_time.as_ref().ok_or("no one-time prekey is left")?;
        Ok(PreKeyBundle {
            registration_id: 1,
            device_id: DeviceId::PRIMARY,
            identity_key: *IdentityKeyPair::from_record(&self.identity)?.public(),
            signed_pre_key: SignedPreKey::from_record(&self.signed)?.public(),
            one_time_pre_key: Some(OneTimePreKey::from_record(one_time)?.public()),
            kem_pre_key: Some(LastResortKemPreKey::from_record(&self.kem)?.public()),
        })
    }

    fn load(&self) -> Outcome<Session> {
        let record = self.key.open(RecordKind::Session, b"session", &self.session)?;
        Ok(Session::from_record(record.as_bytes(), self.address.clone(), self.remote.clone())?)
    }

    /// Stores what is staged, and gives what comes out.
    fn commit<T>(&mut self, staged: Staged<'_, T>) -> Outcome<T> {
        for write in staged.writes() {
            match write {
                Write::Put { key: Key::Session(_), record, .. } => {
                    self.session = self.key.seal(&record, b"session", &mut self.rng)?;
                }
                Write::Delete { key: Key::OneTimePreKey(_) } => self.one_time = None,
                _ => {}
            }
        }
        Ok(staged.commit())
    }

    fn initiate(&mut self, bundle: PreKeyBundle) -> Outcome<()> {
        let identity = IdentityKeyPair::from_record(&self.identity)?;
        let config = Config::new(&identity, 1);
        let mut session = self.load()?;
        let staged = session.initiate(&config, bundle.verify(Trust::Anyone)?, NOW, &mut self.rng)?;
        self.commit(staged)
    }

    fn send(&mut self, plaintext: &[u8]) -> Outcome<Ciphertext> {
        let mut session = self.load()?;
        let staged = session.encrypt(plaintext, Trust::Anyone, NOW, &mut self.rng)?;
        self.commit(staged)
    }

    fn receive(&mut self, message: &Message<'_>, expected: &[u8]) -> Outcome<()> {
        let mut session = self.load()?;
        let identity = IdentityKeyPair::from_record(&self.identity)?;
        let config = Config::new(&identity, 1);
        let staged = match session.receive(&config, message, Trust::Anyone, &mut self.rng)? {
            Admission::Decrypted(staged) => staged,
            Admission::New(new) => {
                let signed = SignedPreKey::from_record(&self.signed)?;
                let record = self.one_time.as_ref().ok_or("no one-time prekey is left")?;
                let one_time = OneTimePreKey::from_record(record)?;
                let kem = LastResortKemPreKey::from_record(&self.kem)?;
                let kem = Some(KemKey::LastResort { key: &kem, used_before: false });
                new.accept(&PreKeys { signed: &signed, one_time: Some(&one_time), kem }, &mut self.rng)?
            }
        };
        same(&self.commit(staged)?, expected)
    }
}

fn same(plaintext: &[u8], expected: &[u8]) -> Outcome<()> {
    if plaintext == expected { Ok(()) } else { Err("another plaintext than was sent".into()) }
}

/// Holds the whole conversation and gives the number of messages. `stage` is called after each stage with its name.
pub fn hold(stage: &mut impl FnMut(&str)) -> Outcome<u32> {
    let mut alice = Device::new("alice", "bob", Repeatable(1))?;
    stage("keys of a device");
    let mut bob = Device::new("bob", "alice", Repeatable(2))?;
    stage("keys of another one");

    alice.initiate(bob.bundle()?)?;
    stage("initiate a session");
    let [first, second] = [alice.send(b"one")?, alice.send(b"")?];
    stage("two first messages");
    bob.receive(&(&first).try_into()?, b"one")?;
    stage("accept a session");
    bob.receive(&(&second).try_into()?, b"")?;
    if bob.one_time.is_some() {
        return Err("the one-time prekey was not used up".into());
    }
    stage("repeated first message");
    let message = alice.send(&[3; 500])?;
    bob.receive(&(&message).try_into()?, &[3; 500])?;
    for _ in 0..ROUNDS {
        let reply = bob.send(b"reply")?;
        alice.receive(&(&reply).try_into()?, b"reply")?;
        let [late, early] = [alice.send(b"late")?, alice.send(b"early")?];
        bob.receive(&(&early).try_into()?, b"early")?;
        bob.receive(&(&late).try_into()?, b"late")?;
    }
    stage("31 messages, 20 DH ratchet steps");
    refuse(&mut alice, &mut bob)?;
    stage("a damaged and a repeated message");
    attach(&mut alice, &mut bob)?;
    stage("an attachment of 5,000 bytes");
    Ok(3 + 3 * ROUNDS + 2)
}

/// What is damaged or comes twice is refused, and a retry can be asked for.
fn refuse(alice: &mut Device, bob: &mut Device) -> Outcome<()> {
    let message = alice.send(b"once")?;
    let mut damaged = message.as_bytes().to_vec();
    *damaged.last_mut().ok_or("an empty message")? ^= 1;
    if bob.receive(&Message::parse(MessageKind::Whisper, &damaged)?, b"once").is_ok() {
        return Err("a damaged message was taken".into());
    }
    bob.receive(&(&message).try_into()?, b"once")?;
    if bob.receive(&(&message).try_into()?, b"once").is_ok() {
        return Err("a message was taken twice".into());
    }
    let retry =
        DecryptionErrorMessage::for_original(message.as_bytes(), message.kind(), NOW, DeviceId::PRIMARY)?;
    let named = DecryptionErrorMessage::parse(&retry.to_bytes())?;
    match named.ratchet_key() {
        Some(key) if alice.load()?.current_ratchet_key_matches(key) => Ok(()),
        _ => Err("the retry names another ratchet key".into()),
    }
}

/// An attachment, whose key travels in a message.
fn attach(alice: &mut Device, bob: &mut Device) -> Outcome<()> {
    let (key, chunk_size) = (AttachmentKey::generate(&mut alice.rng), ChunkSize::new(1024)?);
    let (mut plaintext, mut blob, mut out) = (&[7; 5_000][..], Vec::new(), [0; 512]);
    let mut encryptor = AttachmentEncryptor::new(&key, chunk_size, &mut alice.rng);
    while !plaintext.is_empty() {
        let written = encryptor.update(&mut plaintext, &mut out);
        blob.extend_from_slice(out.get(..written).unwrap_or_default());
    }
    let mut end = encryptor.finish();
    loop {
        match end.read(&mut out) {
            0 => break,
            written => blob.extend_from_slice(out.get(..written).unwrap_or_default()),
        }
    }
    let manifest = end.manifest()?;
    let message = alice.send(key.to_secret().as_bytes())?;
    bob.receive(&(&message).try_into()?, key.to_secret().as_bytes())?;

    let (mut decryptor, mut received) = (AttachmentDecryptor::new(&key, manifest)?, Vec::new());
    let mut left = blob.as_slice();
    while !left.is_empty() {
        let written = decryptor.update(&mut left, &mut out)?;
        received.extend_from_slice(out.get(..written).unwrap_or_default());
    }
    received.extend_from_slice(&decryptor.finish()?);
    same(&received, &[7; 5_000])
}
