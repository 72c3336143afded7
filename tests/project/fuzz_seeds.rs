// SPDX-License-Identifier: MIT OR Apache-2.0

//! The seeds of the fuzz targets: real messages and records. `cargo test --test fuzz_seeds -- --ignored`
//! writes them anew; the other test reads them as the targets do.

mod dictionaries;
mod differential;
mod published;
mod sealed;
mod writes;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::device::{ALICE, Device, KemOffer, Offer, START};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::account;
use subrosa::account::IdSpace;
use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintVersion, ScannableFingerprint};
use subrosa::group;
use subrosa::group::{DistributionId, DistributionMessage, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::hazmat::wire::stored::{StoredIdentityKeyPair, StoredPreKey, StoredSignedPreKey};
use subrosa::keys::{KemKeyPair, KemType, KeyPair};
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId,
    SignedPreKey, SignedPreKeyId,
};
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent, RepairLog};
use subrosa::rose::{DeviceName, PeerAuthentication, ReceiveError, Repairs};
use subrosa::session::Policy;
use subrosa::store::RecordKind;
use subrosa::{
    Account, Address, DeviceId, IdentityKeyPair, MessageKind, RecordError, RecordKey, ServiceId, Session,
    Timestamp, Trust,
};

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
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
    sender_keys();
    fingerprints();
    accounts();
    published::write_seeds();
    sealed::write_seeds();
    writes::write_seeds();
    let uuid = "796abedb-ca4e-4f18-8803-1fde5b921f9f";
    for (name, text) in [("aci", uuid.to_owned()), ("pni", format!("PNI:{uuid}"))] {
        let id: ServiceId = text.parse().unwrap();
        write("service_id", name, text.as_bytes());
        write("service_id", &format!("{name}-fixed"), &id.to_bytes());
    }
    write("service_id", "binary", &[7; 16]);
    let logs: BTreeMap<String, String> =
        serde_json::from_str(include_str!("../vectors/records/repair-v1.json")).unwrap();
    write("repair_log", "record", &hex::decode(&logs["repair_log"]).unwrap());
    let [_, peer] = addresses();
    write("repair_log", "empty-record", RepairLog::new(peer).record().as_bytes());
    write("rose_repairs", "record", rose_repairs().record().as_bytes());
    write("rose_repairs", "empty-record", Repairs::new(rose_peer()).record().as_bytes());
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    for (name, len) in [("short", 30), ("medium", 120), ("long", 300), ("longest", 450)] {
        let mut schedule = vec![0; len];
        rng.fill_bytes(&mut schedule);
        write("two_parties", name, &schedule);
        write("attachment_stream", name, &schedule);
        write("group", name, &schedule);
        write("failing_store", name, &schedule);
        write("repair_log", name, &schedule);
        write("rose_repairs", name, &schedule);
        write("delivery", name, &schedule);
    }
    differential::write_seeds();
}

fn rose_peer() -> DeviceName {
    DeviceName::from_bytes([1; 18])
}

/// Some messages that were sent, one that was sent again, and one that was asked for.
fn rose_repairs() -> Repairs {
    let (mut repairs, now) = (Repairs::new(rose_peer()), Timestamp::from_secs(1_795_000_000));
    for number in 0..4 {
        repairs.sent(&[number; 16], number.into(), now).unwrap().commit();
    }
    repairs.answer(&[1; 16], PeerAuthentication::Hybrid, now).unwrap().commit();
    repairs.ask(ReceiveError::Malformed, &[9; 16], now).unwrap().commit();
    repairs
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
        let error = DecryptionErrorMessage::for_original(
            letter,
            MessageKind::Whisper,
            Timestamp::from_millis(1_700_000_000_123),
            DeviceId::new(5),
        );
        let error = error.unwrap();
        write("decryption_error_message", &name("error"), &error.to_bytes());
        write("plaintext_content", &name("error"), PlaintextContent::from(&error).as_bytes());
    }
    let error = DecryptionErrorMessage::for_original(
        b"",
        MessageKind::SenderKey,
        Timestamp::from_millis(1),
        DeviceId::new(127),
    )
    .unwrap();
    write("decryption_error_message", "group", &error.to_bytes());
    write("plaintext_content", "group", PlaintextContent::from(&error).as_bytes());
}

fn write_session(device: &Device, peer: &Device, name: &str) {
    // With the mark of the addresses that the target reads it for.
    let [local, remote] = addresses();
    let mut record = device.record(&peer.address).to_vec();
    record[12..20].copy_from_slice(&Session::new(local, remote).record().as_bytes()[12..20]);
    write("session_record", name, &record);
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
    let signed = SignedPreKey::generate(SignedPreKeyId(2), &identity, START, &mut rng);
    let kem = OneTimeKemPreKey::generate(KemPreKeyId(3), &identity, START, &mut rng);
    let last_resort = LastResortKemPreKey::generate(KemPreKeyId(4), &identity, START, &mut rng);
    write("prekey_records", "identity", identity.record().as_bytes());
    write("prekey_records", "one-time", one_time.record().as_bytes());
    write("prekey_records", "signed", signed.record().as_bytes());
    write("prekey_records", "kem", kem.record().as_bytes());
    write("prekey_records", "last-resort", last_resort.record().as_bytes());

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

    let kem = OneTimeKemPreKey::generate(KemPreKeyId(5), &identity, START, &mut account_rng());
    write("libsignal_records", "kyber", &kem.to_libsignal_record());

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

/// Group messages, and what both sides hold between them.
fn sender_keys() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let id = DistributionId::from_bytes([0xD1; 16]);
    for (name, format) in [("with-id", group::Format::WithId(id)), ("without-id", group::Format::WithoutId)] {
        let mut key = SenderKey::generate(format, &mut rng);
        let mut keys = ReceiverKeys::new(addresses()[1].clone(), format);
        write("sender_key_records", &format!("nothing-{name}"), keys.record().as_bytes());
        for _ in 0..3 {
            key = SenderKey::generate(format, &mut rng);
            let distribution = key.distribution();
            write("sender_key_distribution", name, &distribution);
            let message = match format {
                group::Format::WithId(_) => DistributionMessage::parse(&distribution),
                group::Format::WithoutId => DistributionMessage::parse_without_id(&distribution),
            };
            keys.process(&message.unwrap(), &subrosa::IdentityKey::decode(&[5; 33]).unwrap())
                .unwrap()
                .commit();
        }
        let sent: Vec<_> = (0..4).map(|_| key.encrypt(b"text", &mut rng).unwrap().commit()).collect();
        let sent = sent.last().unwrap().as_bytes();
        write("sender_key_message", name, sent);
        keys.decrypt(&GroupMessage::parse(sent).unwrap(), Trust::Anyone).unwrap().commit();
        write("sender_key_records", &format!("own-{name}"), key.record().as_bytes());
        write("sender_key_records", &format!("received-{name}"), keys.record().as_bytes());
        write("sender_key_records", &format!("libsignal-own-{name}"), &key.to_libsignal_record());
        write("sender_key_records", &format!("libsignal-received-{name}"), &keys.to_libsignal_record());
    }
}

/// The pieces of a seed, each of which stands behind its length.
fn parts(mut seed: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some((len, after)) = seed.split_first_chunk::<2>() {
        let (part, after) = after.split_at(u16::from_le_bytes(*len).into());
        parts.push(part);
        seed = after;
    }
    parts
}

#[test]
fn seeds_of_accounts_and_logs_are_what_they_should_be() {
    for seed in read("account_records") {
        let records = parts(&seed);
        let (account, rows) = records.split_first().unwrap();
        Account::from_records(addresses()[0].clone(), account, rows, ACCOUNT_LIMITS).unwrap();
    }
    for seed in read("moving_in") {
        let records = parts(&seed);
        let (identity, others) = records.split_first().unwrap();
        IdentityKeyPair::from_libsignal_record(identity).unwrap();
        let (_, session) = others.last().unwrap().split_first().unwrap();
        let [local, remote] = addresses();
        assert!(Session::from_libsignal_record(session, local, remote).unwrap().has_current());
    }
    let logs = read("repair_log")
        .into_iter()
        .filter(|seed| RepairLog::from_record(seed, addresses()[1].clone()).is_ok());
    assert_eq!(logs.count(), 2);
    let repairs =
        read("rose_repairs").into_iter().filter(|seed| Repairs::from_record(seed, rose_peer()).is_ok());
    assert_eq!(repairs.count(), 2);
}

/// A seed that does not even parse leads a fuzzer nowhere.
#[test]
fn seeds_are_what_they_should_be() {
    for seed in read("scannable_fingerprint") {
        ScannableFingerprint::parse(&seed).unwrap();
    }
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
    // Ours, what the official client stored, and that with each state of the post-quantum ratchet.
    assert_eq!(taken_over.count(), 12 + 5 + 11);
    for seed in read("sender_key_message") {
        GroupMessage::parse(&seed).unwrap();
    }
    for seed in read("sender_key_distribution") {
        let parse = DistributionMessage::parse;
        parse(&seed).or_else(|_| DistributionMessage::parse_without_id(&seed)).unwrap();
    }
    let id = DistributionId::from_bytes([0xD1; 16]);
    let readable: [fn(&[u8], DistributionId) -> bool; 4] = [
        |seed, _| SenderKey::from_record(seed).is_ok(),
        |seed, _| {
            ReceiverKeys::from_record(seed, addresses()[1].clone()).is_ok_and(|keys| keys.chains().len() == 3)
        },
        |seed, id| SenderKey::from_libsignal_record(seed, id).is_ok(),
        |seed, id| {
            ReceiverKeys::from_libsignal_record(seed, addresses()[1].clone(), id)
                .is_ok_and(|keys| keys.chains().len() == 3)
        },
    ];
    for reads in readable {
        assert_eq!(read("sender_key_records").iter().filter(|seed| reads(seed, id)).count(), 2);
    }
}

#[test]
fn seeds_that_say_nothing_are_there() {
    for target in [
        "attachment_stream",
        "failing_store",
        "group",
        "keys",
        "prekey_records",
        "service_id",
        "two_parties",
        "delivery",
    ] {
        read(target);
    }
    differential::check_seeds();
    published::check_seeds();
    sealed::check_seeds();
    writes::check_seeds();
}

fn fingerprints() {
    let [a, b] = [1, 2].map(|byte| FingerprintHash::from_bytes([byte; 64]));
    for (name, ours, theirs) in [("ours", a, b), ("theirs", b, a)] {
        for version in [FingerprintVersion::PHONE_NUMBER, FingerprintVersion::ACCOUNT] {
            let scannable = Fingerprint::new(version, ours, theirs).scannable();
            write("scannable_fingerprint", &format!("{name}-{}", version.0), &scannable.to_bytes());
        }
    }
}

const ACCOUNT_LIMITS: account::Limits = account::Limits {
    batch: 1,
    low: 1,
    max_kept: 10,
    max_given_out: 5,
    signed_lifetime: Duration::from_secs(100_000),
    last_resort_lifetime: Duration::from_secs(100_000),
    grace: Duration::from_secs(1_000_000),
    max_retired: 10,
    max_uses: 5,
    kem_pre_keys: true,
    max_id: 0xFF_FFFF,
};

fn account_rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(4)
}

/// An account as it begins, and after it was rotated and its last-resort KEM prekey used.
fn accounts() {
    let mut rng = account_rng();
    let [local, _] = addresses();
    let mut account = Account::generate(local.clone(), ACCOUNT_LIMITS, &mut rng).unwrap().commit();
    write_account(&account, "new");
    let mut upload = account.maintain(account::Counts::default(), START, &mut rng).unwrap().commit();
    account.confirm_uploaded(&upload, START).unwrap().commit();
    upload.one_time_pre_keys.clear();
    upload.one_time_kem_pre_keys.clear();
    let bundle = upload.next_bundle().unwrap();
    let mut alice = Device::new(ALICE, 4);
    let first = alice.first(&local, bundle, b"hello");
    let mut session = account.new_session(&alice.address);
    let message = first.message();
    account.receive(&mut session, &message, Trust::Anyone, &mut rng).unwrap().commit();
    write_account(&account, "used");
    let later = Timestamp::from_secs(1_800_000_000);
    let counts = account::Counts { one_time: 1, one_time_kem: 1 };
    let upload = account.maintain(counts, later, &mut rng).unwrap().commit();
    account.confirm_uploaded(&upload, later).unwrap().commit();
    write_account(&account, "rotated");
}

fn write_account(account: &Account, name: &str) {
    let rows = account.rows();
    let records = [account.record()];
    let records = records.iter().chain(rows.iter().map(|(_, record)| record));
    let parts = records.flat_map(|record| {
        let len = u16::try_from(record.as_bytes().len()).unwrap().to_le_bytes();
        [&len[..], record.as_bytes()].concat()
    });
    write("account_records", name, &parts.collect::<Vec<u8>>());
    write("moving_in", name, &moving_in(account));
}

/// The account as libsignal's records, for the target `moving_in`.
fn moving_in(account: &Account) -> Vec<u8> {
    let mut parts = vec![account.identity().to_libsignal_record().to_vec()];
    let mut part = |kind: u8, record: &[u8]| parts.push([&[kind], record].concat());
    account.one_time_pre_keys().for_each(|key| part(0, &key.to_libsignal_record()));
    account.signed_pre_keys().for_each(|key| part(1, &key.to_libsignal_record()));
    account.one_time_kem_pre_keys().for_each(|key| part(2, &key.to_libsignal_record()));
    account.last_resort_kem_pre_keys().for_each(|key| part(3, &key.to_libsignal_record()));
    for KemPreKeyUse { kem, signed, base_key } in account.last_resort_uses() {
        part(4, &[&kem.0.to_le_bytes()[..], &signed.0.to_le_bytes(), base_key.as_bytes()].concat());
    }
    for (space, number) in [(IdSpace::OneTime, 0), (IdSpace::Signed, 1), (IdSpace::Kem, 2)] {
        let next = account.next_id(space).unwrap();
        part(5, &[&next.to_le_bytes()[..], &[number]].concat());
    }
    let [mut alice, mut bob] = Device::pair(5);
    alice.greet(&mut bob, Offer::FULL);
    part(6, &bob.session(&alice.address).unwrap().to_libsignal_record());
    let behind_length = |part: Vec<u8>| {
        let len = u16::try_from(part.len()).unwrap().to_le_bytes();
        [&len[..], &part].concat()
    };
    parts.into_iter().flat_map(behind_length).collect()
}
