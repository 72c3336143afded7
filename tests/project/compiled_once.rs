// SPDX-License-Identifier: MIT OR Apache-2.0

//! What examples, peer and tests all stand on has the same features in each of them, so that the README's two commands
//! compile it once.

use std::collections::BTreeMap;
use std::process::Command;

/// Packages below the crate, and the crate: those whose features differ make it compile again.
const SHARED: &[&str] = &[
    "subrosa",
    "libcrux-ml-kem",
    "libcrux-traits",
    "rand",
    "getrandom",
    "crypto-common",
    "digest",
    "hybrid-array",
];

/// Name and version of each of them that a package brings along, and its features.
fn features(package: &str, edges: &str) -> BTreeMap<String, String> {
    let tree = [
        "tree",
        "--offline",
        "--package",
        package,
        "--edges",
        edges,
        "--format",
        "{p} [{f}]",
        "--prefix",
        "none",
    ];
    let output = Command::new(env!("CARGO")).args(tree).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| SHARED.iter().any(|name| line.starts_with(&format!("{name} v"))));
    lines
        .filter_map(|line| line.split_once(" ["))
        .map(|(name, features)| (name.to_owned(), features.trim_end_matches(" (*)").to_owned()))
        .collect()
}

#[test]
fn the_two_commands_and_the_peer_share_what_they_compile() {
    let tests = features("subrosa-tests", "normal,dev");
    assert!(tests.len() >= SHARED.len(), "{tests:?}");
    for package in ["subrosa-examples", "subrosa-peer", "subrosa-benches"] {
        assert_eq!(features(package, "normal"), tests, "{package}");
    }
}
