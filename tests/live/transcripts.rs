// SPDX-License-Identifier: MIT OR Apache-2.0

//! Conversations and single requests recorded from other implementations, replayed on ours with the same
//! randomness: what it sends must be the same to the last bit, and what they refuse it must refuse.

use crate::replay::{Recorder, Replay};

/// Replays a file and fails with a list of all differences.
fn replay(file: &str, replay: &Replay<'_>) {
    let (mut compared, mut expected, mut unexpected) = (0, 0, Vec::new());
    for case in &crate::vectors::load(file).cases {
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
    if crate::vectors::complete() {
        let listed: usize = replay.differs.iter().map(|listed| listed.at.len()).sum();
        assert_eq!(expected, listed, "{file}: a listed difference is about no step or trial");
    }
    eprintln!("{file}: {compared} responses compared, {expected} of them differ as listed");
    for listed in replay.differs {
        eprintln!("    {}: {}", listed.case, listed.reason);
    }
}

#[test]
fn primitives() {
    replay("libsignal-0.103.0/primitives.json", &Replay::of(Recorder::Official));
}

#[test]
fn retry() {
    let replayed = Replay { differs: crate::differences::RETRY, ..Replay::of(Recorder::Official) };
    replay("libsignal-0.103.0/retry.json", &replayed);
}

macro_rules! version3 {
    ($($name:ident: $file:literal, $recorder:ident, $differs:expr;)*) => {
        $(#[test]
        fn $name() {
            let replayed = Replay { differs: $differs, ..Replay::of(Recorder::$recorder) };
            replay(concat!("whatsapp-v3/", $file, ".json"), &replayed);
        })*
    };
}

version3! {
    official_one_way: "official-0.22.0-one-way", OfficialVersion3, &[];
    official_both_ways: "official-0.22.0-both-ways", OfficialVersion3, &[];
    official_malformed: "official-0.22.0-malformed", OfficialVersion3, crate::differences::OFFICIAL_MALFORMED;
    npm_one_way: "npm-one-way", OtherVersion3, &[];
    npm_both_ways: "npm-both-ways", OtherVersion3, crate::differences::NPM_BOTH_WAYS;
    npm_malformed: "npm-malformed", OtherVersion3, crate::differences::NPM_MALFORMED;
    wacore_one_way: "wacore-one-way", OtherVersion3, &[];
    wacore_both_ways: "wacore-both-ways", OtherVersion3, crate::differences::WACORE_BOTH_WAYS;
    wacore_malformed: "wacore-malformed", OtherVersion3, crate::differences::WACORE_MALFORMED;
    wacore_groups: "wacore-groups", OtherVersion3, &[];
    cross_npm_wacore: "cross-npm-wacore", OtherVersion3, crate::differences::CROSS_NPM_WACORE;
    cross_wacore_npm: "cross-wacore-npm", OtherVersion3, crate::differences::CROSS_WACORE_NPM;
}

/// Who holds which side is in the case's name; the side of an older release is not replayed.
const OLDER_CLIENTS: &[(&str, &str)] = &[
    ("0.60.2 both", "alice"),
    ("0.60.2 both", "bob"),
    ("0.60.2 begins, 0.103.0 answers", "alice"),
    ("0.103.0 begins, 0.60.2 answers", "bob"),
    ("0.60.2 begins with X3DH (version 3), 0.103.0 refuses", "alice"),
];

macro_rules! version4 {
    ($($name:ident: $file:literal, $recorder:ident, $differs:expr;)*) => {
        $(#[test]
        fn $name() {
            let file = concat!("libsignal-0.103.0/", $file, ".json");
            let about = Replay { absent: OLDER_CLIENTS, ..Replay::of(Recorder::$recorder) };
            replay(file, &Replay { differs: $differs, ..about });
        })*
    };
}

version4! {
    one_way: "one-way", Official, &[];
    both_ways: "both-ways", Official, &[];
    limits: "limits", Official, &[];
    malformed: "malformed", Official, crate::differences::MALFORMED;
    older_clients: "older-clients", BesideOlder, &[];
    certificates: "certificates", Official, &[];
    fingerprints: "fingerprints", Official, &[];
    sealed_v1: "sealed-v1", Official, &[];
    sealed_v2: "sealed-v2", Official, &[];
    groups: "groups", Official, crate::differences::GROUPS;
}

/// The same as the official client's of today; too large for the selection.
#[test]
fn official_groups() {
    if crate::vectors::complete() {
        replay("whatsapp-v3/official-0.22.0-groups.json", &Replay::of(Recorder::OfficialVersion3));
    }
}

/// Two more conversations, with Bob's session record after each of his steps. Too large for the selection.
#[test]
fn session_records() {
    if crate::vectors::complete() {
        let replayed =
            Replay { differs: crate::differences::SESSION_RECORDS, ..Replay::of(Recorder::Official) };
        replay("libsignal-0.103.0/session-records.json", &replayed);
    }
}
