// SPDX-License-Identifier: MIT OR Apache-2.0

//! The example `relay`: its output, and the rows of its table.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::Command;

#[test]
fn a_run() {
    let output = Command::new(env!("CARGO_BIN_EXE_relay")).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "all five verify that it is alice.1's, and take up her key for the group\n",
        "bob.1, bob.2, carol.1, carol.2, carol.3 read \"Bring the map, both of you.\", from alice.1\n",
        "bob.1, bob.2 read \"It is carol's birthday tomorrow.\", from alice.1\n",
        ": missing .4, gone .3",
        ": stale .2",
        "gets it again, and refuses it: already received\n",
        "refuses a certificate that mallory made: no trust root signed the server certificate\n",
        "refuses alice.1's certificate from mallory: sealed by another key than the certificate's\n",
        "refuses an envelope of alice.1's with one bit flipped: the content is not authentic\n",
        "refused: malformed\n",
        "refused: no such account: ",
        "hangs up on somebody whose message is too long\n",
        "there is no sender's name, identity key, certificate or token.\n",
        " checks: every promise was kept.\n",
    ] {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
    assert_eq!(printed.lines().filter(|line| line.ends_with("unknown")).count(), 24 + 4, "{printed}");
    let long = printed.lines().find(|line| line.chars().count() > 100 || *line != line.trim_end());
    assert_eq!(long, None);
}
