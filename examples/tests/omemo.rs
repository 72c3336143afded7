// SPDX-License-Identifier: MIT OR Apache-2.0

//! The example `omemo`: all three devices read the message in both versions.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

#[test]
fn three_devices_read_it_in_both_versions() {
    let output = Command::new(env!("CARGO_BIN_EXE_omemo")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert_eq!(printed.matches("Hello, all three of you.").count(), 6, "{printed}");
}
