// SPDX-License-Identifier: MIT OR Apache-2.0

//! The seeds of the fuzz targets: real messages and records. `cargo test --test fuzz_seeds -- --ignored`
//! writes them anew; the other test reads them as the targets do.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs, reason = "a test")]

#[path = "support/device.rs"]
mod device;
#[path = "support/envelopes.rs"]
mod envelopes;
#[path = "fuzz_seeds/sealed.rs"]
mod sealed;

use std::fs;
use std::path::PathBuf;

use device::{Device, KemOffer, Offer};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::hazmat::wire::stored::{StoredIdentityKeyPair, StoredPreKey, StoredSignedPreKey};
use subrosa::{
    Address, DecryptionErrorMessage, DeviceId, IdentityKeyPair, KemKeyPair, KemType, KeyPair,
    LastResortKemPreKey, MessageKind, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, PlaintextContent,
    Policy, PreKeySignalMessage, RecordError, RecordKey, RecordKind, ServiceId, Session, SignalMessage,
    SignedPreKey, SignedPreKeyId,
};

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target)
}

fn write(target: &str, name: &str, seed: &[u8]) {
    fs::create_dir_all(folder(target)).unwrap();
    fs::write(folder(target).join(name), seed).unwrap();
}

/// The seeds of a target. There must be some.
fn read(target: &str) -> Vec<Vec<u8>> {
    let seeds: Vec<_> =
        fs::read_dir(folder(target)).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

fn addresses() -> [Address; 2] {
    ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY))
}

#[test]
#[ignore = "writes the seeds"]
fn write_seeds() {
    conversations();
    keys();
    sealed::write_seeds();
    let uuid = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
    for (name, text) in [("aci", uuid.to_owned()), ("pni", format!("PNI:{uuid}"))] {
        let id: ServiceId = text.parse().unwrap();
        write("service_id", name, text.as_bytes());
        write("service_id", &format!("{name}-fixed"), &id.to_fixed());
    }
    write("service_id", "binary", &[7; 16]);
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    for (name, len) in [("short", 30), ("medium", 120), ("long", 300), ("longest", 450)] {
        let mut schedule = vec![0; len];
        rng.fill_bytes(&mut schedule);
        write("two_parties", name, &schedule);
    }
}

/// Messages, and sessions as they are between them.
fn conversations() {
    for (version, offer) in [(3, Offer::VERSION_3), (4, Offer::FULL), (4, Offer::LAST_RESORT)] {
        let [mut alice, mut bob] = Device::pair(version);
        if version == 3 {
            alice.policy = Policy::AllowVersion3;
            bob.policy = Policy::AllowVersion3;
        }
        let name = |what: &str| match offer.kem {
            KemOffer::LastResort => format!("{what}-4-last-resort"),
            _ => format!("{what}-{version}"),
        };
        let bundle = bob.bundle(offer);
        alice.initiate(&bob.address, bundle).unwrap();
        write_session(&alice, &bob, &name("initiated"));
        let first = alice.tell(&mut bob, b"hello");
        write("prekey_message", &name("first"), &first.bytes);
        write("signal_message", &name("first"), first.signal().as_bytes());
        write_session(&bob, &alice, &name("accepted"));
        let reply = bob.tell(&mut alice, b"hello yourself");
        write("signal_message", &name("reply"), &reply.bytes);
        for _ in 0..20 {
            alice.send(&bob.address, b"lost on the way");
        }
        alice.tell(&mut bob, b"after some skipped ones");
        write_session(&bob, &alice, &name("skipped"));
        let bundle = alice.bundle(offer);
        bob.initiate(&alice.address, bundle).unwrap();
        write_session(&bob, &alice, &name("archived"));

        let letter = &reply.bytes;
        let error = DecryptionErrorMessage::for_original(letter, MessageKind::Whisper, 1_700_000_000_123, 5);
        let error = error.unwrap();
        write("decryption_error_message", &name("error"), &error.encode());
        write("plaintext_content", &name("error"), PlaintextContent::from(&error).as_bytes());
    }
    let error = DecryptionErrorMessage::for_original(b"", MessageKind::SenderKey, 1, 127).unwrap();
    write("decryption_error_message", "group", &error.encode());
    write("plaintext_content", "group", PlaintextContent::from(&error).as_bytes());
}

fn write_session(device: &Device, peer: &Device, name: &str) {
    write("session_record", name, device.record(&peer.address));
    let session = device.session(&peer.address).unwrap();
    write("libsignal_records", name, &session.to_libsignal_record());
    let key = RecordKey::from_bytes(&[8; 32]);
    let sealed = key.seal(&session.record(), b"owner", &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    write("sealed_record", name, sealed.get(..200).unwrap());
}

fn keys() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let identity = IdentityKeyPair::generate(&mut rng);
    let one_time = OneTimePreKey::generate(OneTimePreKeyId(1), &mut rng);
    let signed = SignedPreKey::generate(SignedPreKeyId(2), &identity, device::START, &mut rng);
    let [kem, last_resort] = [3, 4].map(|id| {
        let id = subrosa::KemPreKeyId(id);
        subrosa::KemPreKey::generate(id, &identity, device::START, &mut rng)
    });
    write("prekey_records", "identity", identity.record().as_bytes());
    write("prekey_records", "one-time", one_time.record().as_bytes());
    write("prekey_records", "signed", signed.record().as_bytes());
    write("prekey_records", "kem", OneTimeKemPreKey::from(kem).record().as_bytes());
    write("prekey_records", "last-resort", LastResortKemPreKey::from(last_resort).record().as_bytes());

    let (public, private) = (signed.key_pair().public().encode(), *signed.key_pair().private().as_bytes());
    let stored = StoredPreKey { id: 1, public_key: &public, private_key: &private };
    write("libsignal_records", "one-time", &stored.encode());
    let stored = StoredSignedPreKey {
        id: 2,
        public_key: &public,
        private_key: &private,
        signature: &signed.public().signature,
        timestamp: 3,
    };
    write("libsignal_records", "signed", &stored.encode());
    let stored = StoredIdentityKeyPair { public_key: &public, private_key: &private };
    write("libsignal_records", "identity", &stored.encode());

    let pair = KeyPair::generate(&mut rng);
    write("keys", "public", &pair.public().encode());
    write("keys", "private", pair.private().as_bytes());
    for (name, kem) in [("kyber", KemType::Kyber1024), ("ml-kem", KemType::MlKem1024)] {
        let pair = KemKeyPair::generate(kem, &mut rng);
        write("keys", &format!("{name}-public"), &pair.public().encode());
        write("keys", &format!("{name}-secret"), pair.secret().encode().as_bytes());
        write("keys", &format!("{name}-ciphertext"), &pair.public().encapsulate(&mut rng).0.encode());
    }
}

/// A seed that does not even parse leads a fuzzer nowhere.
#[test]
fn seeds_are_what_they_should_be() {
    for seed in read("signal_message") {
        SignalMessage::parse(&seed).unwrap();
    }
    for seed in read("prekey_message") {
        PreKeySignalMessage::parse(&seed).unwrap();
    }
    for seed in read("decryption_error_message") {
        DecryptionErrorMessage::parse(&seed).unwrap();
    }
    for seed in read("plaintext_content") {
        PlaintextContent::parse(&seed).unwrap().decryption_error_message().unwrap();
    }
    for seed in read("session_record") {
        let [local, remote] = addresses();
        Session::from_record(&seed, local, remote).unwrap();
    }
    for seed in read("sealed_record") {
        let opened = RecordKey::from_bytes(&[7; 32]).open(RecordKind::Session, b"owner", &seed);
        assert_eq!(opened.unwrap_err(), RecordError::NotAuthentic);
    }
    let taken_over = read("libsignal_records").into_iter().filter(|seed| {
        let [local, remote] = addresses();
        Session::from_libsignal_record(seed, local, remote).is_ok_and(|session| session.has_current())
    });
    assert_eq!(taken_over.count(), 12);
    for target in ["keys", "prekey_records", "service_id", "two_parties"] {
        read(target);
    }
    sealed::check_seeds();
}
