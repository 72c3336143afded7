// SPDX-License-Identifier: MIT OR Apache-2.0

//! The seeds of the targets that compare with other implementations.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::hazmat::wire::stored::{StoredBraid, StoredSessionRecord};

use super::{folder, read, write};

/// The messages of the target `protobuf`, in its order: the folder of whose seeds they are, and what those are called.
const MESSAGES: [(&str, &str); 15] = [
    ("signal_message", ""),
    ("prekey_message", ""),
    ("decryption_error_message", ""),
    ("plaintext_content", ""),
    ("sender_key_message", ""),
    ("sender_key_distribution", ""),
    ("sealed_v1", ""),
    ("sealed_content", ""),
    ("certificate", "server"),
    ("certificate", "sender"),
    ("scannable_fingerprint", ""),
    ("libsignal_records", "archived"),
    ("session", ""),
    ("libsignal_records", "signed"),
    ("sender_key_records", "libsignal"),
];
/// Where a session is to be taken out of a record.
const SESSION: usize = 12;
/// The numbers that come after the list.
const RATCHET: u8 = 15;
const CODERS: u8 = 16;

/// Needs the seeds of the other targets.
pub(super) fn write_seeds() {
    write_official();
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    for (name, len) in [("short", 40), ("medium", 90), ("long", 200), ("longest", 400)] {
        for target in ["kem", "erasure", "three_parties"] {
            let mut schedule = vec![0; len];
            rng.fill_bytes(&mut schedule);
            write(target, name, &schedule);
        }
    }
    let mut batches = ChaCha20Rng::seed_from_u64(1);
    for (name, len) in [("one", 40), ("four", 240), ("nine", 540), ("eighteen", 1100)] {
        let mut batch = vec![0; len];
        batches.fill_bytes(&mut batch);
        write("x25519_batch", name, &batch);
    }
    for (number, (target, prefix)) in (0..).zip(MESSAGES) {
        if usize::from(number) != SESSION {
            for (name, seed) in named(target, prefix).into_iter().take(3) {
                // An envelope is compared without its first byte.
                let seed = if target == "sealed_v1" { &seed[1..] } else { &seed };
                write("protobuf", &format!("{number:02}-{name}"), &[&[number], seed].concat());
            }
        }
        let mut fields = vec![0; 150];
        rng.fill_bytes(&mut fields);
        write("protobuf", &format!("{number:02}-built"), &[&[0x80 | number], &fields[..]].concat());
    }
    for (name, seed) in named("libsignal_records", "") {
        let Ok(StoredSessionRecord { current: Some(session), archived }) = StoredSessionRecord::parse(&seed)
        else {
            continue;
        };
        if let Some(archived) = archived.first() {
            write("protobuf", &format!("{SESSION:02}-{name}"), &[&[12], *archived].concat());
        }
        let Ok(StoredBraid { state: Some(state), .. }) = StoredBraid::parse(session.pq_ratchet) else {
            continue;
        };
        write("protobuf", &format!("{RATCHET}-{name}"), &[&[RATCHET], session.pq_ratchet].concat());
        for (number, coder) in state.coders.iter().enumerate() {
            if let Some(coder) = coder {
                write("protobuf", &format!("{CODERS}-{number}-{name}"), &[&[CODERS], *coder].concat());
            }
        }
    }
}

/// What the official client stored: sessions, and one for each state of the post-quantum ratchet.
fn write_official() {
    let stored: Cases =
        serde_json::from_str(include_str!("../../vectors/libsignal-0.103.0/stored-records.json")).unwrap();
    let states: Cases = serde_json::from_str(include_str!("../../vectors/spqr/stored_states.json")).unwrap();
    let sessions = stored.cases.iter().filter(|case| case["kind"] == "session record");
    let sessions: Vec<_> = sessions
        .filter(|case| case["canonical"] == true)
        .map(|case| hex::decode(case["bytes"].as_str().unwrap()).unwrap())
        .collect();
    for (number, session) in sessions.iter().enumerate() {
        write("libsignal_records", &format!("official-{number}"), session);
    }
    for case in &states.cases {
        let (number, state) = (&case["number"], hex::decode(case["state"].as_str().unwrap()).unwrap());
        let mut session = StoredSessionRecord::parse(&sessions[0]).unwrap();
        session.current.as_mut().unwrap().pq_ratchet = &state;
        write("libsignal_records", &format!("official-state-{number}"), &session.encode());
    }
}

#[derive(serde::Deserialize)]
struct Cases {
    cases: Vec<serde_json::Value>,
}

/// Name and bytes of the seeds of a target whose names begin with `prefix`, in the order of their names.
fn named(target: &str, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path());
    let mut seeds: Vec<_> = entries
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(path).unwrap()))
        .filter(|(name, _)| name.starts_with(prefix))
        .collect();
    seeds.sort();
    seeds
}

/// There is a seed for each message, and each that was not made up reads.
pub(super) fn check_seeds() {
    let seeds = read("protobuf");
    for number in 0..=CODERS {
        assert!(seeds.iter().any(|seed| seed[0] == number), "message {number}");
    }
    for seed in seeds.iter().filter(|seed| seed[0] == RATCHET) {
        assert!(StoredBraid::parse(&seed[1..]).unwrap().state.is_some());
    }
    for target in ["kem", "erasure", "three_parties", "x25519_batch"] {
        read(target);
    }
}
