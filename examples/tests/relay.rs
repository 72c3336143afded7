// SPDX-License-Identifier: MIT OR Apache-2.0

//! The example `relay`, in this process: what it prints, and what its service has seen.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "../relay/main.rs"]
#[allow(dead_code, reason = "nobody calls its main function here")]
mod example;

use example::run;
use example::sight::Overheard;

#[test]
fn a_run() {
    let mut out = Vec::new();
    let sight = run(&mut out).unwrap();
    let printed = String::from_utf8(out).unwrap();
    for promise in [
        "all five open it, verify that it is alice.1's, and take up her key for the group\n",
        "bob.1, bob.2, carol.1, carol.2, carol.3 read \"Bring the map, both of you.\", from alice.1\n",
        "bob.1, bob.2 read \"It is carol's birthday tomorrow.\", from alice.1\n",
        "refused: 409, ",
        ": missing .4, gone .3",
        ": stale .2",
        "gets it again, and refuses it: message with old counter",
        "no trust root signed the server certificate\n",
        "sender certificate key does not match message key\n",
        "refuses it: invalid sealed sender message: not authentic\n",
        "refused: 400, malformed\n",
        "refused: 404, no such account: ",
        "hangs up on somebody whose message is too long\n",
    ] {
        assert!(printed.contains(promise), "{promise}\n{printed}");
    }
    let rows = printed.lines().filter(|line| line.ends_with("not in the message"));
    assert_eq!(rows.count(), 24, "{printed}");
    assert!(printed.lines().all(|line| line.chars().count() <= 115 && line == line.trim_end()), "{printed}");

    // Each row is of one message, and each of these was handed in by a request that has a body.
    assert_eq!(sight.overheard.iter().filter(|request| !request.body.is_empty()).count(), 24);
    sight.check().unwrap();
}

/// The example's own check finds a sender wherever one would be.
#[test]
fn a_sender_in_the_message_would_be_found() {
    let mut sight = run(&mut Vec::new()).unwrap();
    let alice = sight.senders.first().unwrap();
    let named = [alice.account.uuid().to_vec(), alice.account.to_string().into_bytes()];
    let traces: Vec<_> = named.iter().chain(&alice.secrets).cloned().collect();
    for trace in traces {
        sight.overheard.push(Overheard { head: vec![7], body: [b"before", &trace[..], b"after"].concat() });
        assert!(sight.check().is_err());
        sight.overheard.pop();
        sight.check().unwrap();
    }
}
