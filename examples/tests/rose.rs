// SPDX-License-Identifier: MIT OR Apache-2.0

//! The example `rose` keeps its promises.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

#[test]
fn the_service_learns_lengths_alone() {
    let output = Command::new(env!("CARGO_BIN_EXE_rose")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("first contact") && printed.contains("Lengths: {384, "), "{printed}");
}
