// SPDX-License-Identifier: MIT OR Apache-2.0

//! Conversations and single requests recorded from other implementations, replayed on ours with the same
//! randomness: what it sends must be the same to the last bit, and what they refuse it must refuse.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

#[path = "../examples/peer/peer.rs"]
mod peer;
#[path = "support/replay.rs"]
mod replay;
#[path = "support/vectors.rs"]
mod vectors;

use replay::{Difference, Recorder, Replay};

/// Replays a file and fails with a list of all differences.
fn replay(file: &str, recorder: Recorder, skip: &[&str], differs: &[Difference]) {
    let replay = Replay { recorder, skip, differs };
    let (mut compared, mut expected, mut unexpected) = (0, 0, Vec::new());
    for case in &vectors::load(file).cases {
        let outcome = replay.run(case);
        compared += outcome.compared;
        expected += outcome.expected;
        unexpected.extend(outcome.unexpected);
    }
    let list: String = unexpected.iter().take(60).map(|line| format!("{line:.1600}\n")).collect();
    assert!(unexpected.is_empty(), "{file}: {} differences of {compared}:\n{list}", unexpected.len());
    assert!(compared > 0, "{file}: nothing compared");
    eprintln!("{file}: {compared} responses compared, {expected} listed differences");
}

const NONE: &[Difference] = &[];

#[test]
fn primitives() {
    replay("libsignal-0.103.0/primitives.json", Recorder::Official, &[], NONE);
}

#[test]
fn retry() {
    let skip = ["process_bundle", "encrypt", "decrypt", "session_info", "sender_key_create", "group_encrypt"];
    replay("libsignal-0.103.0/retry.json", Recorder::Official, &skip, NONE);
}

macro_rules! version3 {
    ($($name:ident: $file:literal, $recorder:ident;)*) => {
        $(#[test]
        fn $name() {
            replay(concat!("whatsapp-v3/", $file), Recorder::$recorder, &[], NONE);
        })*
    };
}

version3! {
    official_one_way: "official-0.22.0-one-way.json", OfficialVersion3;
    official_both_ways: "official-0.22.0-both-ways.json", OfficialVersion3;
    official_malformed: "official-0.22.0-malformed.json", OfficialVersion3;
    npm_one_way: "npm-one-way.json", OtherVersion3;
    npm_both_ways: "npm-both-ways.json", OtherVersion3;
    npm_malformed: "npm-malformed.json", OtherVersion3;
    wacore_one_way: "wacore-one-way.json", OtherVersion3;
    wacore_both_ways: "wacore-both-ways.json", OtherVersion3;
    wacore_malformed: "wacore-malformed.json", OtherVersion3;
    cross_npm_wacore: "cross-npm-wacore.json", OtherVersion3;
    cross_wacore_npm: "cross-wacore-npm.json", OtherVersion3;
}
