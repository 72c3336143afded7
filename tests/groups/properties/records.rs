// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of sender keys, of each format ever released, are read for ever: `tests/vectors/records/groups-*` holds
//! one file a format version, never changed once it is there. `SUBROSA_WRITE_RECORDS=groups-v9 cargo test --test
//! groups` writes the file of a new one.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::RecordError;
use subrosa::group;
use subrosa::group::{ReceiverKeys, SenderKey};

use crate::group::{learn, receive, receiver, send, sender};
use crate::properties::ID;

type Texts = BTreeMap<String, String>;

const FORMATS: [(&str, group::Format); 2] =
    [("with_id", group::Format::WithId(ID)), ("without_id", group::Format::WithoutId)];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/records")
}

/// Records, and messages that they must still decrypt.
fn write(rng: &mut ChaCha20Rng) -> Texts {
    let mut out = Texts::new();
    for (name, format) in FORMATS {
        let mut keep = |what: &str, bytes: &[u8]| out.insert(format!("{what}_{name}"), hex::encode(bytes));
        let old = SenderKey::generate(format, rng);
        let mut keys = receiver(&old);
        let mut key = SenderKey::generate(format, rng);
        learn(&mut keys, &key.distribution());
        let sent = [(); 4].map(|()| send(&mut key, b"text", rng).unwrap());
        receive(&mut keys, &sent[2]).unwrap();
        keep("old_sender_key", old.record().as_bytes());
        keep("sender_key", key.record().as_bytes());
        keep("receiver_keys", keys.record().as_bytes());
        keep("late", &sent[0]);
        keep("next", &sent[3]);
    }
    out
}

fn check(texts: &Texts, rng: &mut ChaCha20Rng) {
    for (name, format) in FORMATS {
        let bytes = |what: &str| hex::decode(&texts[&format!("{what}_{name}")]).unwrap();
        let mut keys = ReceiverKeys::from_record(&bytes("receiver_keys"), sender()).unwrap();
        assert_eq!((keys.format(), keys.generation()), (format, 3));
        for what in ["next", "late"] {
            assert_eq!(receive(&mut keys, &bytes(what)).unwrap(), b"text");
        }
        for (what, iteration) in [("sender_key", 4), ("old_sender_key", 0)] {
            let mut key = SenderKey::from_record(&bytes(what)).unwrap();
            assert_eq!((key.format(), key.iteration()), (format, iteration));
            assert_eq!(key.generation(), u64::from(iteration));
            let sent = send(&mut key, b"goes on", rng).unwrap();
            assert_eq!(receive(&mut keys, &sent).unwrap(), b"goes on");
        }
    }
}

#[test]
fn all_versions_are_read() {
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    if let Ok(version) = std::env::var("SUBROSA_WRITE_RECORDS") {
        let path = folder().join(format!("{version}.json"));
        assert!(!path.exists(), "{} is there already", path.display());
        fs::write(path, serde_json::to_string_pretty(&write(rng)).unwrap() + "\n").unwrap();
    }
    let mut files = 0;
    for file in fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("groups-") {
            check(&serde_json::from_slice(&fs::read(&path).unwrap()).unwrap(), rng);
            files += 1;
        }
    }
    assert!(files >= 1);
}

#[test]
fn every_cut_is_damage() {
    let rng = &mut ChaCha20Rng::seed_from_u64(2);
    for (name, record) in write(rng) {
        let record = hex::decode(record).unwrap();
        let read: fn(&[u8]) -> Result<(), RecordError> = match name.as_str() {
            name if name.contains("sender_key") => |bytes| SenderKey::from_record(bytes).map(drop),
            name if name.contains("receiver_keys") => {
                |bytes| ReceiverKeys::from_record(bytes, sender()).map(drop)
            }
            _ => continue,
        };
        assert_eq!(read(&record), Ok(()));
        for len in 4..record.len() {
            assert_eq!(read(&record[..len]), Err(RecordError::Damaged), "{name} cut to {len}");
        }
        assert_eq!(read(&[&record[..], &[0]].concat()), Err(RecordError::Damaged), "{name}");
    }
}

/// States that are never written: more chains than are kept, one twice, skipped keys that are yet to come.
#[test]
fn impossible_states_are_damage() {
    let rng = &mut ChaCha20Rng::seed_from_u64(3);
    let mut keys = ReceiverKeys::new(sender(), group::Format::WithoutId);
    let mut key = SenderKey::generate(group::Format::WithoutId, rng);
    learn(&mut keys, &key.distribution());
    let sent = [(); 3].map(|()| send(&mut key, b"text", rng).unwrap());
    receive(&mut keys, &sent[2]).unwrap();
    let record = keys.record().as_bytes().to_vec();
    // Header, generation, mark of the sender, flag; then the number of chains, and the chain: id, signing key, flag and
    // identity, index, key, two seeds, no lost messages, no ready-made keys.
    let (head, chain) = record.split_at(22);
    assert_eq!((head[21], chain.len()), (1, 4 + 32 + 33 + 36 + 4 + 2 * 36 + 1 + 4));
    let with = |count: u8, chains: &[&[u8]]| {
        let record = [&head[..21], &[count], &chains.concat()].concat();
        ReceiverKeys::from_record(&record, sender()).map(|keys| keys.chains().len())
    };
    let chains: Vec<Vec<u8>> = (0..6).map(|id| [&[id], &chain[1..]].concat()).collect();
    let all: Vec<&[u8]> = chains.iter().map(Vec::as_slice).collect();
    assert_eq!(with(5, &all[..5]), Ok(5));
    assert_eq!(with(6, &all), Err(RecordError::Damaged));
    assert_eq!(with(2, &[chain, chain]), Err(RecordError::Damaged));
    let change = |at: usize, byte: u8| {
        let mut chain = chain.to_vec();
        chain[at] = byte;
        with(1, &[&chain])
    };
    // The chain key is of iteration 3, the skipped ones are of 0 and 1.
    let (index, skipped) = (36 + 33, 36 + 33 + 40);
    assert_eq!((chain[index], chain[skipped], chain[skipped + 36]), (3, 0, 1));
    assert_eq!(change(index, 2), Ok(1));
    assert_eq!(change(index, 1), Err(RecordError::Damaged));
    assert_eq!(change(skipped + 36, 3), Err(RecordError::Damaged));
    assert_eq!(change(skipped + 36, 0), Err(RecordError::Damaged));
}
