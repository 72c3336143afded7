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

#[path = "support/differences.rs"]
mod differences;
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
    for line in unexpected.iter().take(60) {
        eprintln!("{line:.1600}");
    }
    assert!(unexpected.is_empty(), "{file}: {} differences of {compared}", unexpected.len());
    assert!(compared > 0, "{file}: nothing compared");
    if vectors::complete() {
        let listed: usize = differs.iter().map(|listed| listed.at.len()).sum();
        assert_eq!(expected, listed, "{file}: a listed difference is about no step or trial");
    }
    eprintln!("{file}: {compared} responses compared, {expected} of them differ as listed");
    for listed in differs {
        eprintln!("    {}: {}", listed.case, listed.reason);
    }
}

#[test]
fn primitives() {
    replay("libsignal-0.103.0/primitives.json", Recorder::Official, &[], &[]);
}

/// Only what needs no session.
#[test]
fn retry() {
    let skip = ["process_bundle", "encrypt", "decrypt", "session_info", "sender_key_create", "group_encrypt"];
    replay("libsignal-0.103.0/retry.json", Recorder::Official, &skip, differences::RETRY);
}

macro_rules! version3 {
    ($($name:ident: $file:literal, $recorder:ident, $differs:expr;)*) => {
        $(#[test]
        fn $name() {
            replay(concat!("whatsapp-v3/", $file, ".json"), Recorder::$recorder, &[], $differs);
        })*
    };
}

version3! {
    official_one_way: "official-0.22.0-one-way", OfficialVersion3, &[];
    official_both_ways: "official-0.22.0-both-ways", OfficialVersion3, &[];
    official_malformed: "official-0.22.0-malformed", OfficialVersion3, differences::OFFICIAL_MALFORMED;
    npm_one_way: "npm-one-way", OtherVersion3, &[];
    npm_both_ways: "npm-both-ways", OtherVersion3, differences::NPM_BOTH_WAYS;
    npm_malformed: "npm-malformed", OtherVersion3, differences::NPM_MALFORMED;
    wacore_one_way: "wacore-one-way", OtherVersion3, &[];
    wacore_both_ways: "wacore-both-ways", OtherVersion3, differences::WACORE_BOTH_WAYS;
    wacore_malformed: "wacore-malformed", OtherVersion3, differences::WACORE_MALFORMED;
    cross_npm_wacore: "cross-npm-wacore", OtherVersion3, differences::CROSS_NPM_WACORE;
    cross_wacore_npm: "cross-wacore-npm", OtherVersion3, differences::CROSS_WACORE_NPM;
}
