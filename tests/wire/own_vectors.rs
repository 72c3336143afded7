// SPDX-License-Identifier: MIT OR Apache-2.0

//! The vectors that we publish, in `vectors/`: what is there is what the crate does. `vectors/README.md` says how each
//! value comes about, and `vectors/check.mjs` finds them out anew without the crate.
//!
//! `SUBROSA_WRITE_PUBLISHED=1 cargo test --test wire -- own_vectors::` writes them. A change of a file is a new version of all,
//! in a folder of its own: strangers test against these.

mod agreement;
mod braid;
mod fingerprint;
mod group;
mod parties;
mod sealed;
mod session;
mod state;
mod stream;

use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};

/// All files together, so that nobody is put off by a download.
const MOST_BYTES: u64 = 2_000_000;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../vectors/v1")
}

/// Compares a file with what the crate makes now, or writes it.
fn check(name: &str, about: &str, cases: &[Value]) {
    assert!(!cases.is_empty());
    let made = json!({
        "about": about,
        "cases": cases,
        "format": 1,
        "licence": "MIT OR Apache-2.0",
    });
    let mut text = serde_json::to_string_pretty(&made).unwrap();
    text.push('\n');
    let path = folder().join(format!("{name}.json"));
    if env::var_os("SUBROSA_WRITE_PUBLISHED").is_some() {
        fs::create_dir_all(folder()).unwrap();
        return fs::write(path, text).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap();
    let line = published.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(
        published == text,
        "{}: what the crate makes differs from line {:?} on",
        path.display(),
        line.map(|at| at + 1)
    );
}

#[test]
fn agreements() {
    check(
        "agreement",
        "X3DH and PQXDH, both sides, with and without a one-time prekey.",
        &agreement::cases(),
    );
}

#[test]
fn double_ratchet() {
    check(
        "double-ratchet",
        "A conversation of version 3: X3DH and the Double Ratchet, with messages that are late, repeated and damaged.",
        &[session::case(3)],
    );
}

#[test]
fn triple_ratchet() {
    check(
        "triple-ratchet",
        "The same conversation of version 4: PQXDH, the Double Ratchet, and the post-quantum ratchet beside it.",
        &[session::case(4)],
    );
}

#[test]
fn post_quantum_ratchet() {
    check(
        "braid",
        "The post-quantum ratchet alone: whole epochs, in lockstep and over a bad network.",
        &braid::cases(),
    );
}

#[test]
fn sealed_sender() {
    check(
        "sealed-sender",
        "Certificates, envelopes of version 1 and 2, and the service's split.",
        &sealed::cases(),
    );
}

#[test]
fn groups() {
    check("groups", "Sender keys, with distribution id and in the older format.", &group::cases());
}

#[test]
fn fingerprints() {
    check(
        "fingerprints",
        "What two people compare: digits, and the bytes of a QR code.",
        &fingerprint::cases(),
    );
}

#[test]
fn published_files_are_small() {
    let total: u64 =
        fs::read_dir(folder()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!(total < MOST_BYTES, "{total} bytes");
}
