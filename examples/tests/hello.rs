// SPDX-License-Identifier: MIT OR Apache-2.0

//! The example `hello`: its output, its length, and that the README shows it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

#[test]
fn alice_says_hello() {
    let output = Command::new(env!("CARGO_BIN_EXE_hello")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert!(printed.ends_with(" bytes of kind PreKey.\nBob reads \"hello\".\n"), "{printed}");
}

#[test]
fn at_most_20_lines() {
    let source = include_str!("../hello.rs");
    let program = source.lines().skip_while(|line| !line.starts_with("fn main"));
    assert!(source.lines().count() <= 20 && program.count() <= 15);
}

#[test]
fn the_readme_shows_it() {
    let source = include_str!("../hello.rs");
    let program = source.split_once('\n').unwrap().1;
    assert!(include_str!("../../README.md").contains(program));
}
