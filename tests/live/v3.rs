// SPDX-License-Identifier: MIT OR Apache-2.0

//! Live conversations in version 3 over a bad network, with npm `libsignal` and with the official client's
//! last release of that version. Needs `SUBROSA_INTEROP`; see CONTRIBUTING.md. `SUBROSA_SEED` repeats a run.

use crate::live::{Home, Program, Side, seed};
use crate::network::Network;
use serde_json::{Value, json};

/// What each side sends in each conversation.
const MESSAGES: usize = 1_000;

/// An implementation of version 3.
#[derive(Clone, Copy)]
struct Implementation {
    folder: &'static str,
    script: &'static str,
    args: &'static [&'static str],
    /// Whether it sends on its newest session, and spoils that by trying a message of another one on it. From then on
    /// nothing arrives, so both must agree on its newest session before the network becomes bad.
    faulty: bool,
}

const NPM: Implementation = Implementation { folder: "", script: "peer-v3.mjs", args: &[], faulty: true };
const OFFICIAL: Implementation =
    Implementation { folder: "old", script: "peer-old.mjs", args: &["0.22"], faulty: false };

/// Our party and another implementation's, without a session.
fn network(implementation: Implementation, salt: u64) -> Network {
    let program = Program::node(implementation.folder, implementation.script, implementation.args);
    let ours = Side::new(Home::Ours(Box::default()), "alice", &json!({ "version3": true }));
    let theirs = Side::new(Home::Theirs(program), "bob", &Value::Null);
    Network::new([ours, theirs], seed(salt))
}

fn converse(implementation: Implementation, initiators: &[usize], one_time: bool) {
    let salt = u64::try_from(initiators.len() * 2 + usize::from(one_time)).unwrap();
    let mut network = network(implementation, salt);
    let options = json!({ "one_time": one_time, "kyber": false });
    for initiator in initiators {
        network.initiate(*initiator, &options);
    }
    if let [initiator] = initiators {
        network.exchange_from(*initiator);
    } else if implementation.faulty {
        network.cross();
        network.exchange_from(1);
    }
    network.run(MESSAGES);
    network.exchange();
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn npm_we_initiate() {
    converse(NPM, &[0], true);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn npm_it_initiates() {
    converse(NPM, &[1], false);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn npm_both_at_once() {
    converse(NPM, &[0, 1], true);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn official_we_initiate() {
    converse(OFFICIAL, &[0], false);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn official_it_initiates() {
    converse(OFFICIAL, &[1], true);
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn official_both_at_once() {
    converse(OFFICIAL, &[1, 0], true);
}
