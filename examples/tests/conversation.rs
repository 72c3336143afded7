// SPDX-License-Identifier: MIT OR Apache-2.0

//! The example `conversation`: its output and its exit code.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

/// Runs the example with these options. Gives its exit code and its output.
fn converse(options: &str) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conversation"));
    let output = command.args(options.split_whitespace()).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap() + &errors)
}

/// Runs it to its good end.
fn succeed(options: &str) -> String {
    let (code, printed) = converse(options);
    assert_eq!(code, Some(0), "{options}\n{printed}");
    assert!(printed.contains("checks: every promise was kept"), "{options}\n{printed}");
    printed
}

#[test]
fn the_whole_conversation() {
    let printed = succeed("--seed 1");
    for line in [
        "   1  to bob    2162 bytes  ",
        "alice: \"Shall we meet?\"  (",
        "   both     see these digits, and scan each other's code: nobody is between them\n",
        "(the same once more: known, refused)\n",
        "refuses an envelope from after its time: the sender certificate has expired\n",
        "refuses a text that can't be stored: disk full\n",
        "refuses a certificate that mallory made: no trust root signed the server certificate\n",
        "refuses alice's certificate from mallory: sealed by another key than the certificate's\n",
        "refuses her message from mallory: the message names another identity than its session\n",
        "refuses alice's first message once more: already received\n",
        "refuses alice under another identity: the sender's identity key is not trusted\n",
        "refuses another bundle as bob's: the bundle's identity key is not trusted\n",
        "refuses alice's session in mallory's row: sealed record is not authentic\n",
        "in an older process can't send: made from an outdated state; read it back from the store\n",
        "bob: (asks for it again)\n",
        "thief: reads it\n",
        "thief: can't\n",
        "   epoch 1  r",
        "   epoch 3  .",
    ] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_output() {
    let [first, second] = ["--quick --seed 7", "--quick --seed 8"].map(succeed);
    assert_ne!(first, second);
    assert_eq!(succeed("--seed 7 --quick"), first);
    let rows = |printed: &str| printed.lines().filter(|line| line.contains('│')).count();
    assert!(rows(&first) > 30, "{first}");
}

#[test]
fn lines_fit_a_terminal() {
    for seed in 20..24 {
        let printed = succeed(&format!("--quick --seed {seed}"));
        let long = printed.lines().find(|line| line.chars().count() > 100 || *line != line.trim_end());
        assert_eq!(long, None);
    }
}

#[test]
fn networks_that_lose_nothing_or_everything() {
    assert!(!succeed("--quick --seed 2 --loss 0").contains("(lost)"));
    assert_eq!(succeed("--quick --seed 2 --loss 100").matches("(lost)").count(), 16);
}

#[test]
fn options() {
    let (code, printed) = converse("--help");
    assert!(code == Some(0) && ["--seed", "--loss", "--quick"].iter().all(|option| printed.contains(option)));
    for (options, complaint) in [
        ("--sed 1", "there is no option `--sed`"),
        ("--seed", "`--seed` needs a number after it, not ``"),
        ("--seed x", "`--seed` needs a number after it, not `x`"),
        ("--loss 101", "`--loss` needs a percentage from 0 to 100"),
    ] {
        let (code, printed) = converse(options);
        assert!(code == Some(2) && printed.contains(complaint), "{options}: {printed}");
    }
}
