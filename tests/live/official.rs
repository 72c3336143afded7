// SPDX-License-Identifier: MIT OR Apache-2.0

//! Live conversations with the official client's build, over a bad network. Needs `SUBROSA_INTEROP`; see
//! CONTRIBUTING.md. `SUBROSA_SEED` repeats a run, `SUBROSA_MESSAGES` changes its length.

use std::collections::BTreeSet;

use crate::live::{Home, Program, Side, number, seed};
use crate::network::Network;
use serde_json::{Value, json};
use subrosa::hazmat::wire::stored::{StoredBraid, StoredSessionRecord};
use subrosa::{Address, DeviceId, Session};

const OURS: &str = "0a0a0a0a-0000-4000-8000-00000000000a";
const THEIRS: &str = "0b0b0b0b-0000-4000-8000-00000000000b";

fn messages() -> usize {
    usize::try_from(number("SUBROSA_MESSAGES").unwrap_or(3_000)).expect("a number")
}

/// Our party and one of the official client's, without a session.
fn network(salt: u64) -> Network {
    let program = Program::node("", "peer.mjs", &[]);
    let ours = Side::new(Home::Ours(Box::default()), OURS, &Value::Null);
    let theirs = Side::new(Home::Theirs(program), THEIRS, &Value::Null);
    Network::new([ours, theirs], seed(salt))
}

/// The braid's epoch in our session: that of the next message we send.
fn epoch(network: &mut Network) -> u64 {
    let remote = network.sides[1].address();
    let sent = network.sides[0].must(json!({ "op": "encrypt", "remote": remote, "plaintext": "" }));
    let parsed = network.sides[0].must(json!({ "op": "parse_message", "message": sent["message"] }));
    let braid = hex::decode(parsed["pq_ratchet"].as_str().unwrap()).unwrap();
    assert_eq!(braid[0], 1, "version of the post-quantum ratchet");
    u64::from(braid[1])
}

fn begin(network: &mut Network, initiator: usize, options: &Value) {
    network.initiate(initiator, options);
    network.exchange_from(initiator);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn we_initiate() {
    let mut network = network(1);
    begin(&mut network, 0, &json!({}));
    network.run(messages());
    assert!(epoch(&mut network) > 10, "at least ten epochs");
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn it_initiates_without_one_time_prekey() {
    let mut network = network(2);
    begin(&mut network, 1, &json!({ "one_time": false }));
    network.run(messages());
    assert!(epoch(&mut network) > 10, "at least ten epochs");
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn both_initiate_at_once() {
    let mut network = network(3);
    network.initiate(0, &json!({}));
    network.initiate(1, &json!({ "one_time": false }));
    network.run(messages());
    network.exchange();
    assert!(epoch(&mut network) > 10, "at least ten epochs");
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn its_session_moves_in_the_middle() {
    let mut network = network(4);
    begin(&mut network, 0, &json!({ "one_time": false }));
    for _ in 0..5 {
        network.run(60);
        let remote = network.sides[0].address();
        let record =
            network.sides[1].must(json!({ "op": "session_export", "remote": remote }))["record"].clone();
        network.sides[1].must(json!({ "op": "session_delete", "remote": remote }));
        network.sides[1].must(json!({ "op": "session_import", "remote": remote, "record": record }));
    }
    network.run(60);
}

/// The number of the post-quantum ratchet's state in a session record of libsignal.
fn stored_state(record: &[u8]) -> u32 {
    let session = StoredSessionRecord::parse(record).unwrap().current.unwrap();
    StoredBraid::parse(session.pq_ratchet).unwrap().state.unwrap().number
}

/// Its session is moved over to us and back again and again, in whatever state it is: after that the official
/// client goes on with what we wrote.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn its_session_passes_through_ours() {
    let mut network = network(6);
    begin(&mut network, 0, &json!({}));
    let address = |name: &str| Address::new(name, DeviceId::new(1));
    let mut states = BTreeSet::new();
    for _ in 0..messages() / 4 {
        network.run(4);
        let remote = network.sides[0].address();
        let record = network.sides[1].must(json!({ "op": "session_export", "remote": remote }));
        let record = hex::decode(record["record"].as_str().unwrap()).unwrap();
        let session = Session::from_libsignal_record(&record, address(THEIRS), address(OURS)).unwrap();
        states.insert(stored_state(&record));
        let record = hex::encode(session.to_libsignal_record());
        network.sides[1].must(json!({ "op": "session_import", "remote": remote, "record": record }));
    }
    assert!(states.len() >= 9, "most states are come upon: {states:?}");
    assert!(epoch(&mut network) > 10, "at least ten epochs");
}

/// Scenarios 48 and 49 of the post-quantum ratchet: a message without its field, whose keys do without its key,
/// is refused and changes nothing.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn it_refuses_a_message_without_the_post_quantum_ratchet() {
    let mut network = network(7);
    begin(&mut network, 0, &json!({}));
    let at = [network.sides[0].address(), network.sides[1].address()];
    let export = |network: &mut Network, side: usize| {
        let exported = network.sides[side].must(json!({ "op": "session_export", "remote": at[1 - side] }));
        exported["record"].as_str().unwrap().to_owned()
    };
    let ours = export(&mut network, 0);
    let theirs = export(&mut network, 1);

    let bytes = hex::decode(&ours).unwrap();
    let mut record = StoredSessionRecord::parse(&bytes).unwrap();
    record.current.as_mut().unwrap().pq_ratchet = &[];
    let without = hex::encode(record.encode());
    network.sides[0].must(json!({ "op": "session_import", "remote": at[1], "record": without }));
    let sent = network.sides[0].must(json!({ "op": "encrypt", "remote": at[1], "plaintext": "aa" }));
    let request =
        json!({ "op": "decrypt", "remote": at[0], "type": sent["type"], "message": sent["message"] });
    assert!(network.sides[1].ask(request).unwrap_err().contains("decryption failed"));
    assert_eq!(export(&mut network, 1), theirs);

    network.sides[0].must(json!({ "op": "session_import", "remote": at[1], "record": ours }));
    network.exchange();
}
