// SPDX-License-Identifier: MIT OR Apache-2.0

//! The post-quantum ratchet in session records that the official client stored: each is read, goes on, and is
//! written as the official client wrote it after the same step.
//!
//! `tests/vectors` has a few records. `SUBROSA_VECTORS` names a folder with whole conversations.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::spqr::Draws;
use serde_json::Value;
use subrosa::hazmat::ratchet::spqr::Spqr;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::hazmat::wire::stored::StoredSessionRecord;

fn load(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// The ratchet's state in a session record.
fn post_quantum(record: &[u8]) -> Option<Vec<u8>> {
    let record = StoredSessionRecord::parse(record).ok()?;
    record.current.map(|session| session.pq_ratchet.to_vec()).filter(|state| !state.is_empty())
}

/// Field 5 of a message.
fn field_5(message: &[u8], kind: &Value) -> Vec<u8> {
    if kind.as_u64() == Some(3) {
        PreKeySignalMessage::parse(message).unwrap().message().pq_ratchet().to_vec()
    } else {
        SignalMessage::parse(message).unwrap().pq_ratchet().to_vec()
    }
}

/// Reads and writes a state. The same bytes are written that were read, but skipped keys may come in another
/// order, and what is left of an encapsulation in `EkReceivedCt1Sampled` is another one.
fn check_round_trip(stored: &[u8]) -> Spqr {
    let braid = Spqr::from_stored(stored).unwrap();
    let written = braid.to_stored();
    let (state, _) = braid.state().unwrap();
    let sorted = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.sort_unstable();
        bytes
    };
    assert_eq!(written.len(), stored.len(), "{state}");
    assert!(state == "EkReceivedCt1Sampled" || sorted(&written) == sorted(stored), "{state}");
    let again = Spqr::from_stored(&written).unwrap();
    assert_eq!(again.to_stored(), written);
    braid
}

#[test]
fn stored_records_are_read_and_written() {
    let file = load(Path::new("vectors/libsignal-0.103.0/stored-records.json"));
    let states =
        file["cases"].as_array().unwrap().iter().filter_map(|case| post_quantum(&bytes(&case["bytes"])));
    let states: Vec<_> =
        states.map(|stored| check_round_trip(&stored).state().unwrap().0.to_owned()).collect();
    for expected in ["NoHeaderReceived", "HeaderReceived", "Ct1Sampled"] {
        assert!(states.iter().any(|state| state == expected), "{states:?}");
    }
}

#[test]
fn every_state_of_the_official_client_is_read_and_written() {
    let file = load(Path::new("vectors/spqr/stored_states.json"));
    let states = file["cases"].as_array().unwrap();
    assert_eq!(states.len(), 11);
    for (number, case) in (1..).zip(states) {
        assert_eq!(case["number"], number);
        let stored = bytes(&case["state"]);
        let braid = check_round_trip(&stored);
        // Our own record of what was moved over is read, too.
        let record = crate::spqr::record(&braid, None);
        assert_eq!(crate::spqr::read(&record).to_stored(), braid.to_stored());
    }
}

#[test]
fn off_is_stored_as_nothing() {
    assert!(Spqr::off().to_stored().is_empty());
    assert!(Spqr::from_stored(&[]).unwrap().is_off());
    assert!(Spqr::from_stored(&[0xFF]).is_none());
}

/// One conversation, of which Bob's side was exported. Each export goes on from the one before. Counts how
/// often each state was come upon.
fn go_on(steps: &[Value], seen: &mut BTreeMap<String, u32>) {
    let mut braid: Option<Spqr> = None;
    for step in steps.iter().filter(|step| step["in"]["party"] == "bob") {
        match (step["op"].as_str().unwrap(), &mut braid) {
            ("session_export", braid) => {
                let stored = post_quantum(&bytes(&step["out"]["record"])).unwrap();
                let official = check_round_trip(&stored);
                if let Some(ours) = braid {
                    assert_eq!(hex::encode(ours.to_stored()), hex::encode(official.to_stored()), "{ours:?}");
                }
                *seen.entry(official.state().unwrap().0.to_owned()).or_default() += 1;
                *braid = Some(official);
            }
            ("encrypt", Some(braid)) => {
                let draws = step["out"].get("rng").map(|rng| bytes(rng)[..32].to_vec());
                let sent = braid.send(&mut Draws(draws.into_iter().collect())).unwrap();
                assert_eq!(*sent.message, *field_5(&bytes(&step["out"]["message"]), &step["out"]["type"]));
                braid.apply(sent.change);
            }
            ("decrypt", Some(braid)) => {
                let sender = &steps[message_number(&step["in"]["message"])]["out"];
                let received = braid.receive(&field_5(&bytes(&sender["message"]), &sender["type"])).unwrap();
                braid.apply(received.change);
            }
            _ => {}
        }
    }
}

/// `@4.message` is the message of step 4.
fn message_number(reference: &Value) -> usize {
    reference.as_str().unwrap().trim_start_matches('@').trim_end_matches(".message").parse().unwrap()
}

#[test]
#[ignore = "needs the complete vectors: SUBROSA_VECTORS=FOLDER"]
fn conversations_go_on_from_every_stored_record() {
    let folder = std::env::var_os("SUBROSA_VECTORS").expect("SUBROSA_VECTORS names a folder");
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let file = load(&root.join(folder).join("libsignal-0.103.0/session-records.json"));
    let mut seen = BTreeMap::new();
    for case in file["cases"].as_array().unwrap() {
        go_on(case["steps"].as_array().unwrap(), &mut seen);
    }
    assert_eq!(seen.values().sum::<u32>(), 102, "{seen:?}");
    assert!(seen.len() >= 4, "{seen:?}");
}
