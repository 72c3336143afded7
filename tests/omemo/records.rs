// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of each format ever released must be read for ever. `tests/vectors/records/omemo-v1.json` is never changed.
//! `SUBROSA_WRITE_RECORDS=omemo-v2 cargo test --test omemo -- records` writes the file of a new format.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::Address;
use subrosa::omemo::{
    Account, IdentityKeyPair, Kind, Message, Outgoing, ReceiveError, Session, Trust, UsedPreKey, Version,
};

type Texts = BTreeMap<String, String>;

const VERSIONS: [(Version, &str); 2] = [(Version::Two, "two"), (Version::Legacy, "legacy")];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/records/{name}.json"))
}

fn peer() -> Address {
    Address::new("peer@example.org", 22)
}

fn account(number: u32, version: Version, rng: &mut ChaCha20Rng) -> Account {
    let mut account = Account::new(version, number, IdentityKeyPair::generate(rng));
    for signed in [1, 2] {
        let ids = account.next_pre_key_ids(2);
        account.renew(Some(signed), &ids, rng).unwrap().commit();
    }
    account
}

fn read(
    (account, session): (&mut Account, &mut Session),
    (kind, bytes): (Kind, &[u8]),
    rng: &mut ChaCha20Rng,
) -> Result<Vec<u8>, ReceiveError> {
    let message = Message::parse(account.version(), kind, bytes).unwrap();
    let staged = session.receive(account, &message, Trust::Anyone, UsedPreKey::Keep, rng)?;
    Ok(staged.commit().plaintext().to_vec())
}

/// An account, its sessions (one of them replaced), with keys of messages that are under way.
fn write(version: Version, rng: &mut ChaCha20Rng) -> Texts {
    let mut texts = Texts::new();
    let (mut alice, mut bob) = (account(11, version, rng), account(22, version, rng));
    let [mut hers, mut his] =
        [peer(), Address::new("peer@example.org", 11)].map(|address| Session::new(version, address));
    for _ in 0..2 {
        let bundle = bob.bundle().unwrap().verify(None).unwrap();
        hers.begin(&alice, &bundle, Trust::Anyone, rng).unwrap().commit();
    }
    let mut keep = |name: &str, bytes: &[u8]| texts.insert(name.into(), hex::encode(bytes));
    keep("begun", hers.record().as_bytes());
    let next = |session: &mut Session| -> Outgoing { session.encrypt(b"text").unwrap().commit() };
    for round in 0..2 {
        let (late, sent) = (next(&mut hers), next(&mut hers));
        assert_eq!(read((&mut bob, &mut his), (sent.kind(), sent.as_bytes()), rng).unwrap(), b"text");
        keep(&format!("late_{round}"), late.as_bytes());
        keep(&format!("late_{round}_kind"), &[u8::from(late.kind() == Kind::KeyExchange)]);
        let sent = next(&mut his);
        assert_eq!(read((&mut alice, &mut hers), (sent.kind(), sent.as_bytes()), rng).unwrap(), b"text");
    }
    keep("account", bob.record().as_bytes());
    keep("session", his.record().as_bytes());
    keep("answered", hers.record().as_bytes());
    keep("next", next(&mut hers).as_bytes());
    texts
}

fn check(texts: &Texts) {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let bytes = |name: &str| hex::decode(&texts[name]).unwrap();
    let mut account = Account::from_record(&bytes("account")).unwrap();
    assert!(account.bundle().unwrap().verify(None).is_ok());
    let mut session = Session::from_record(&bytes("session"), Address::new("peer@example.org", 11)).unwrap();
    for name in ["late_1", "late_0"] {
        let kind = if bytes(&format!("{name}_kind")) == [1] { Kind::KeyExchange } else { Kind::Plain };
        let late = bytes(name);
        let mut again = || read((&mut account, &mut session), (kind, &late), &mut rng);
        assert_eq!(again().as_deref(), Ok(&b"text"[..]), "{name}");
        assert_eq!(again(), Err(ReceiveError::Duplicate), "{name}");
    }
    let next = (Kind::Plain, &bytes("next")[..]);
    assert_eq!(read((&mut account, &mut session), next, &mut rng).as_deref(), Ok(&b"text"[..]));
    for name in ["begun", "answered"] {
        let mut session = Session::from_record(&bytes(name), peer()).unwrap();
        let sent = session.encrypt(b"text").unwrap().commit();
        assert_eq!(sent.kind() == Kind::KeyExchange, name == "begun");
        if name == "answered" {
            assert_eq!(sent.as_bytes(), bytes("next"), "the same key gives the same message");
        }
    }
}

#[test]
fn all_formats_are_read() {
    if let Ok(name) = std::env::var("SUBROSA_WRITE_RECORDS") {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let all: BTreeMap<_, _> =
            VERSIONS.map(|(version, name)| (name, write(version, &mut rng))).into_iter().collect();
        assert!(!path(&name).exists(), "a file that is there never changes");
        fs::write(path(&name), serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
    }
    let text = fs::read_to_string(path("omemo-v1")).unwrap();
    let all: BTreeMap<String, Texts> = serde_json::from_str(&text).unwrap();
    assert_eq!(all.len(), VERSIONS.len());
    all.values().for_each(check);
}
