// SPDX-License-Identifier: MIT OR Apache-2.0

//! Live groups of three over a bad network, members of different implementations: the official client's build,
//! its last release of version 3, and one of the older format. Needs `SUBROSA_INTEROP`; see CONTRIBUTING.md.
//! `SUBROSA_SEED` repeats a run, `SUBROSA_MESSAGES` changes its length.

use crate::group_network::{GroupNetwork, Rotation};
use crate::live::{Home, Program, Side, number, seed};
use crate::resident::address;
use serde_json::{Value, json};
use subrosa::group;
use subrosa::group::{ReceiverKeys, SenderKey};

const NAMES: [&str; 3] = [
    "0a0a0a0a-0000-4000-8000-00000000000a",
    "0b0b0b0b-0000-4000-8000-00000000000b",
    "0c0c0c0c-0000-4000-8000-00000000000c",
];

/// How many messages are sent in a group.
fn messages() -> usize {
    usize::try_from(number("SUBROSA_MESSAGES").unwrap_or(2_000)).expect("a number")
}

/// Where a member lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Ours,
    Official,
    Official22,
    Wacore,
}

/// A new member.
fn member(at: At, name: &str) -> Side {
    let home = match at {
        At::Ours => Home::Ours(Box::default()),
        At::Official => Home::Theirs(Program::node("", "peer.mjs", &[])),
        At::Official22 => Home::Theirs(Program::node("old", "peer-old.mjs", &["0.22"])),
        At::Wacore => Home::Theirs(Program::built("wacore", "peer-wacore")),
    };
    Side::new(home, name, &Value::Null)
}

fn uuid(number: usize) -> String {
    format!("d1d1d1d1-0000-4000-8000-{number:012x}")
}

fn group_name(number: usize) -> String {
    format!("{number}@g.us")
}

fn network(homes: [At; 3], name: fn(usize) -> String, salt: u64) -> GroupNetwork {
    let members = NAMES.into_iter().zip(homes).map(|(name, at)| member(at, name)).collect();
    GroupNetwork::new(members, name, seed(salt))
}

/// All send all their messages, while keys change and are distributed again.
fn sing(network: &mut GroupNetwork, rotations: &[Rotation], mut between: impl FnMut(&mut GroupNetwork)) {
    let rounds = 20;
    for round in 0..rounds {
        network.run(messages() / rounds);
        let sender = network.under_way.below(3);
        match round % 4 {
            0 => network.distribute(sender),
            3 => network.lose(sender, 300),
            _ => network.rotate(sender, rotations[round % rotations.len()]),
        }
        between(network);
    }
    network.settle();
    let GroupNetwork { sent, read, early, .. } = network;
    eprintln!("{sent} sent, {read} read, {early} came before their keys");
    // Each is sent to two, of whom a fifth doesn't get it.
    assert!(2 * *read > 3 * *sent, "seldom is a message lost");
}

const BOTH: &[Rotation] = &[Rotation::SameId, Rotation::NewId, Rotation::SameId];

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn two_of_ours_and_an_official_client() {
    let mut network = network([At::Ours, At::Official, At::Ours], uuid, 11);
    sing(&mut network, BOTH, |_| ());
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn two_official_clients_and_one_of_ours() {
    let mut network = network([At::Official, At::Ours, At::Official], uuid, 12);
    sing(&mut network, BOTH, |_| ());
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn two_older_official_clients_and_one_of_ours() {
    let mut network = network([At::Official22, At::Ours, At::Official], uuid, 13);
    sing(&mut network, &[Rotation::NewId], |_| ());
}

#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn the_older_format() {
    let mut network = network([At::Wacore, At::Ours, At::Wacore], group_name, 14);
    sing(&mut network, &[Rotation::NewId], |_| ());
}

/// Records of the official client's, passed through ours in the middle: they come out as they went in.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn official_records_pass_through_ours() {
    let mut network = network([At::Official, At::Ours, At::Official], uuid, 15);
    let mut skipped = false;
    sing(&mut network, BOTH, |network| {
        for (sender, id, record) in network.records(0) {
            let bytes = hex::decode(&record).unwrap();
            let format = group::Format::WithId(id.parse().unwrap());
            let ours = if sender == network.members[0].address() {
                SenderKey::from_libsignal_record(&bytes, format).unwrap().to_libsignal_record()
            } else {
                let keys = ReceiverKeys::from_libsignal_record(&bytes, address(&sender), format);
                keys.unwrap().to_libsignal_record()
            };
            assert_eq!(hex::encode(&ours), record);
            skipped |= record.len() > 2 * 600;
            let import = json!({
                "op": "sender_key_import", "sender": sender, "distribution_id": id, "record": record,
            });
            network.members[0].must(import);
        }
    });
    assert!(skipped, "there were skipped keys in some record");
}

/// A member changes from one implementation to the other and back, and goes on with its records.
#[test]
#[ignore = "needs live peers: SUBROSA_INTEROP=FOLDER"]
fn a_member_changes_its_implementation() {
    let mut network = network([At::Ours, At::Official, At::Ours], uuid, 16);
    let mut at = [At::Ours, At::Official, At::Ours];
    let mut next = 0;
    sing(&mut network, BOTH, |network| {
        let who = next % 3;
        at[who] = if at[who] == At::Ours { At::Official } else { At::Ours };
        let home = member(at[who], NAMES[who]);
        network.move_to(who, home);
        next += 1;
    });
}
