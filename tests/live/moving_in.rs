// SPDX-License-Identifier: MIT OR Apache-2.0

//! Live: devices of the official client's build that move in with us in the middle of their conversations, and
//! ours that move out. Needs `SUBROSA_INTEROP`; see CONTRIBUTING.md. `SUBROSA_SEED` repeats a run.

mod whole;

use std::collections::BTreeSet;

use crate::live::{Home, Program, Side, seed};
use crate::network::Network;
use serde_json::{Value, json};
use subrosa::hazmat::wire::stored::{StoredBraid, StoredSessionRecord};

const MOVES: &str = "0a0a0a0a-0000-4000-8000-00000000000a";
const STAYS: &str = "0b0b0b0b-0000-4000-8000-00000000000b";

/// States of the post-quantum ratchet, by their numbers in stored sessions.
const STATES: u32 = 11;
/// How many messages each side sends after a move.
const EACH: usize = 250;

/// How bad the network is, one way and the other, so that all states come about: those in which one side has got
/// all that the other one sends, and the other nothing, need a one-sided one.
const LOST: [[u32; 2]; 5] = [[64, 64], [0, 240], [240, 0], [0, 0], [200, 200]];
/// How long it is like that, in sent and delivered messages.
const WEATHER: usize = 300;

/// The number of the post-quantum ratchet's state in the session of a side with the other.
fn state(side: &mut Side, remote: &Value) -> (u32, Value) {
    let record = side.must(json!({ "op": "session_export", "remote": remote }))["record"].clone();
    let bytes = hex::decode(record.as_str().unwrap()).unwrap();
    let session = StoredSessionRecord::parse(&bytes).unwrap().current.unwrap();
    (StoredBraid::parse(session.pq_ratchet).unwrap().state.unwrap().number, record)
}

/// A conversation of a device that lives at `home` with one of the official client's. In each state of the
/// post-quantum ratchet that its session comes to, it moves to another home, with that session as it is and with
/// the messages that are under way, and the conversation goes on there.
fn moves_in_every_state(home: Home, new_home: Home, salt: u64) {
    let program = Program::node("", "peer.mjs", &[]);
    let mut device = Side::new(home, MOVES, &Value::Null);
    let who = device.must(json!({ "op": "new_party", "name": MOVES, "device": 1 }));
    let who = json!({
        "identity_private": who["identity_private"], "registration_id": who["registration_id"],
    });
    let there = Side::new(new_home, MOVES, &who);
    let stays = Side::new(Home::Theirs(program), STAYS, &Value::Null);
    let seed = seed(salt);
    let mut network = Network::new([device, stays], seed);
    let begins = usize::try_from(seed % 2).unwrap();
    network.initiate(begins, &json!({}));
    network.exchange_from(begins);

    let remote = network.sides[1].address();
    let mut met = BTreeSet::new();
    for tick in 0.. {
        network.lost = LOST[tick / WEATHER % LOST.len()];
        network.tick();
        let (number, record) = state(&mut network.sides[0], &remote);
        if met.insert(number) {
            eprintln!("state {number} after {tick} ticks");
            let mut moved = Side::beside(&there, &format!("state {number}"), MOVES, &who);
            moved.must(json!({ "op": "session_import", "remote": remote, "record": record }));
            let stays = network.sides[1].copy(&format!("before state {number}"));
            let mut fork = network.fork([moved, stays]);
            fork.lost = LOST[0];
            fork.run(EACH);
            fork.exchange();
        }
        if met.len() == usize::try_from(STATES).unwrap() {
            break;
        }
        assert!(tick < 20_000, "seed {seed}: only the states {met:?}");
    }
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn official_sessions_move_in_in_every_state() {
    let home = Program::node("", "peer.mjs", &[]);
    moves_in_every_state(Home::Theirs(home), Home::Ours(Box::default()), 21);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn our_sessions_move_out_in_every_state() {
    let new_home = Program::node("", "peer.mjs", &[]);
    moves_in_every_state(Home::Ours(Box::default()), Home::Theirs(new_home), 22);
}
