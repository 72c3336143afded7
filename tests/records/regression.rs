// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of each format ever released must be read for ever. `tests/vectors/records/` holds one file a
//! format version, never changed once it is there. `SUBROSA_WRITE_RECORDS=v9 cargo test --test
//! records` writes the file of a new one.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::keys::Secret;
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey,
    SignedPreKeyId,
};
use subrosa::session;
use subrosa::session::InitialSecrecy;
use subrosa::session::manual::{Admission, KemKey, PreKeys};
use subrosa::store::RecordKind;
use subrosa::{
    Account, Address, Ciphertext, DeviceId, IdentityKeyPair, Message, MessageKind, PreKeyBundle, RecordKey,
    Session, Timestamp, Trust,
};

const ACCOUNT_LIMITS: account::Limits = account::Limits {
    batch: 2,
    low: 2,
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

type Texts = BTreeMap<String, String>;

const OWNER: &[u8] = b"bob.1 with alice.1";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/records")
}

fn alice() -> Address {
    Address::new("11111111-1111-4111-8111-111111111111", DeviceId::PRIMARY)
}

fn bob() -> Address {
    Address::new("22222222-2222-4222-8222-222222222222", DeviceId::PRIMARY)
}

/// Makes one record of each kind, and messages that the session records must still decrypt.
fn write(rng: &mut ChaCha20Rng) -> Texts {
    let now = Timestamp::from_secs(1_700_000_000);
    let (identity, theirs) = (IdentityKeyPair::generate(rng), IdentityKeyPair::generate(rng));
    let signed = SignedPreKey::generate(SignedPreKeyId(2), &identity, now, rng);
    let kem = LastResortKemPreKey::generate(KemPreKeyId(3), &identity, now, rng);
    let one_time_kem = OneTimeKemPreKey::generate(KemPreKeyId(4), &identity, now, rng);
    let one_time = OneTimePreKey::generate(OneTimePreKeyId(1), rng);
    let mut out = Texts::new();
    let mut keep = |name: &str, bytes: &[u8]| out.insert(name.into(), hex::encode(bytes));
    keep("identity_key_pair", identity.record().as_bytes());
    keep("one_time_pre_key", one_time.record().as_bytes());
    keep("signed_pre_key", signed.record().as_bytes());
    keep("one_time_kem_pre_key", one_time_kem.record().as_bytes());
    keep("last_resort_kem_pre_key", kem.record().as_bytes());

    let (mut a, mut b) = (Session::new(alice(), bob()), Session::new(bob(), alice()));
    for round in 0..2 {
        let bundle = PreKeyBundle {
            registration_id: 77,
            device_id: DeviceId::PRIMARY,
            identity_key: *identity.public(),
            signed_pre_key: signed.public(),
            one_time_pre_key: None,
            kem_pre_key: Some(kem.public()),
        };
        let bundle = bundle.verify(Trust::Anyone).unwrap();
        a.initiate(&session::Config::new(&theirs, 55), bundle, now, rng).unwrap().commit();
        let mut send = |text: &str, rng: &mut ChaCha20Rng| -> Ciphertext {
            a.encrypt(text.as_bytes(), Trust::Anyone, now, rng).unwrap().commit()
        };
        let first = send("first", rng);
        let late = send("late", rng);
        let last = send("last", rng);
        accept(&mut b, &identity, &signed, &kem, &first, rng);
        accept(&mut b, &identity, &signed, &kem, &last, rng);
        keep(&format!("initiated_session_{round}"), a.record().as_bytes());
        keep(
            &format!("late_{round}"),
            PreKeySignalMessage::parse(late.as_bytes()).unwrap().message().as_bytes(),
        );
    }
    keep("session", b.record().as_bytes());
    let key = RecordKey::new(Secret::new([7; 32]));
    keep("sealed_session", &key.seal(&b.record(), OWNER, rng).unwrap());
    let answer = b.encrypt(b"answer", Trust::Anyone, now, rng).unwrap().commit();
    keep("answer", answer.as_bytes());
    b.retire().unwrap().commit();
    keep("retired_session", b.record().as_bytes());
    let account = account(rng);
    keep("account", account.record().as_bytes());
    for (at, (_, record)) in account.rows().iter().enumerate() {
        keep(&format!("account_row_{at:02}"), record.as_bytes());
    }
    out
}

/// An account with prekeys in all stages, whose last-resort KEM prekey was used.
fn account(rng: &mut ChaCha20Rng) -> Account {
    let now = Timestamp::from_secs(1_700_000_000);
    let mut account = Account::generate(bob(), ACCOUNT_LIMITS, rng).unwrap().commit();
    let mut upload = account.maintain(account::Counts::default(), now, rng).unwrap().commit();
    account.confirm_uploaded(&upload, now).unwrap().commit();
    upload.one_time_kem_pre_keys.clear();
    let bundle = upload.next_bundle().unwrap().verify(Trust::Anyone).unwrap();
    let (mut a, mut b) = (Session::new(alice(), bob()), Session::new(bob(), alice()));
    let theirs = IdentityKeyPair::generate(rng);
    a.initiate(&session::Config::new(&theirs, 55), bundle, now, rng).unwrap().commit();
    let first = a.encrypt(b"first", Trust::Anyone, now, rng).unwrap().commit();
    account.receive(&mut b, &Message::try_from(&first).unwrap(), Trust::Anyone, rng).unwrap().commit();
    let later = Timestamp::from_secs(1_700_200_000);
    let counts = account::Counts { one_time: 1, one_time_kem: 2 };
    let upload = account.maintain(counts, later, rng).unwrap().commit();
    account.confirm_uploaded(&upload, later).unwrap().commit();
    let counts = account::Counts { one_time: 3, one_time_kem: 0 };
    account.maintain(counts, later, rng).unwrap().commit();
    account
}

fn accept(
    session: &mut Session,
    identity: &IdentityKeyPair,
    signed: &SignedPreKey,
    kem: &LastResortKemPreKey,
    message: &Ciphertext,
    rng: &mut ChaCha20Rng,
) {
    let message = Message::try_from(message).unwrap();
    let config = session::Config::new(identity, 77);
    match session.receive(&config, &message, Trust::Anyone, rng).unwrap() {
        Admission::Decrypted(staged) => staged.commit(),
        Admission::New(new) => {
            let kem = Some(KemKey::LastResort { key: kem, used_before: false });
            new.accept(&PreKeys { signed, one_time: None, kem }, rng).unwrap().commit()
        }
    };
}

/// Decrypts a later message of a session that is there.
fn later(
    session: &mut Session,
    identity: &IdentityKeyPair,
    message: &[u8],
    rng: &mut ChaCha20Rng,
) -> Vec<u8> {
    let message = Message::parse(MessageKind::Whisper, message).unwrap();
    match session.receive(&session::Config::new(identity, 77), &message, Trust::Anyone, rng).unwrap() {
        Admission::Decrypted(staged) => staged.commit().to_vec(),
        Admission::New(_) => panic!("a later message"),
    }
}

/// Reads one version's records and goes on with them.
fn check(texts: &Texts) {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let bytes = |name: &str| hex::decode(&texts[name]).unwrap();
    let identity = IdentityKeyPair::from_record(&bytes("identity_key_pair")).unwrap();
    assert_eq!(identity.private().public_key(), *identity.public().public_key());
    assert_eq!(OneTimePreKey::from_record(&bytes("one_time_pre_key")).unwrap().id(), OneTimePreKeyId(1));
    let signed = SignedPreKey::from_record(&bytes("signed_pre_key")).unwrap();
    assert!(identity.public().verify(&[&signed.public().key.encode()], &signed.public().signature));
    let kem = LastResortKemPreKey::from_record(&bytes("last_resort_kem_pre_key")).unwrap();
    assert!(identity.public().verify(&[&kem.public().key.encode()], &kem.public().signature));
    assert_eq!(OneTimeKemPreKey::from_record(&bytes("one_time_kem_pre_key")).unwrap().id(), KemPreKeyId(4));

    let key = RecordKey::new(Secret::new([7; 32]));
    let opened = key.open(RecordKind::Session, OWNER, &bytes("sealed_session")).unwrap();
    assert_eq!(opened.as_bytes(), bytes("session"));

    let mut session = Session::from_record(&bytes("session"), bob(), alice()).unwrap();
    assert_eq!((session.archived_len(), session.remote_registration_id()), (1, Some(55)));
    for name in ["late_1", "late_0"] {
        assert_eq!(later(&mut session, &identity, &bytes(name), &mut rng), b"late", "{name}");
    }
    check_account(texts);
    if texts.contains_key("retired_session") {
        assert_eq!(session.initial_secrecy(), Some(InitialSecrecy::LastResort));
        let retired = Session::from_record(&bytes("retired_session"), bob(), alice()).unwrap();
        assert_eq!((retired.has_current(), retired.retired_len()), (false, 2));
    } else {
        assert_eq!(session.initial_secrecy(), Some(InitialSecrecy::Unknown));
    }
    let mut session = Session::from_record(&bytes("initiated_session_1"), alice(), bob()).unwrap();
    assert_eq!(later(&mut session, &identity, &bytes("answer"), &mut rng), b"answer");
}

/// There were no accounts before version 3.
fn check_account(texts: &Texts) {
    let Some(account) = texts.get("account") else { return };
    let account = hex::decode(account).unwrap();
    let rows = texts.iter().filter(|(name, _)| name.starts_with("account_row"));
    let rows: Vec<_> = rows.map(|(_, row)| hex::decode(row).unwrap()).collect();
    let read = Account::from_records(bob(), &account, &rows, ACCOUNT_LIMITS).unwrap();
    let again = Account::from_records(bob(), read.record().as_bytes(), &rows, ACCOUNT_LIMITS).unwrap();
    assert_eq!(again.record().as_bytes(), read.record().as_bytes());
    assert_eq!(read.generation(), 6);
    let upload = read.upload();
    let ids = (upload.one_time_kem_pre_keys[0].id, upload.one_time_kem_pre_keys.len());
    assert_eq!(ids, (KemPreKeyId(5), 2));
    let counts = account::Counts { one_time: 1, one_time_kem: 0 };
    let plan = read.plan(counts, Timestamp::from_secs(1_700_200_000));
    let generates = (plan.one_time, plan.one_time_kem, plan.rotate_signed, plan.rotate_last_resort);
    assert_eq!(generates, (2, 0, false, false));
    let plan = read.plan(counts, Timestamp::from_secs(1_800_000_000));
    assert!(plan.rotate_signed && plan.rotate_last_resort && plan.expired.len() == 3, "{plan:?}");
}

#[test]
fn all_versions_are_read() {
    if let Ok(version) = std::env::var("SUBROSA_WRITE_RECORDS") {
        let path = folder().join(format!("{version}.json"));
        assert!(!path.exists(), "{} is there already", path.display());
        fs::create_dir_all(folder()).unwrap();
        let texts = write(&mut ChaCha20Rng::seed_from_u64(1));
        fs::write(path, serde_json::to_string_pretty(&texts).unwrap() + "\n").unwrap();
    }
    let mut files = 0;
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        // Those of other kinds are read by tests of their own: `tests/groups/properties/records.rs`, `tests/account/repairs/records.rs`.
        if !path.file_name().unwrap().to_str().unwrap().starts_with('v') {
            continue;
        }
        check(&serde_json::from_slice(&fs::read(&path).unwrap()).unwrap());
        files += 1;
    }
    assert!(files >= 3);
}
