// SPDX-License-Identifier: MIT OR Apache-2.0

//! The example `conversation`, in this process: what it prints, and what it says at the end.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "../conversation/main.rs"]
#[allow(dead_code, reason = "nobody calls its main function here")]
mod example;

use std::fs;
use std::path::{Path, PathBuf};

use example::{Options, Request, Summary, run};

/// Runs the example. Gives its totals and what it printed.
fn converse(options: &Options) -> (Summary, String) {
    let mut out = Vec::new();
    let summary = run(options, &mut out).unwrap();
    (summary, String::from_utf8(out).unwrap())
}

fn seeded(seed: u64) -> Options {
    Options { seed: Some(seed), ..Options::default() }
}

/// A path where there is nothing yet.
fn fresh(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    path
}

/// What the example says when it can't go on in `dir`.
fn complaint(dir: &Path) -> String {
    let options = Options { dir: Some(dir.to_owned()), ..seeded(1) };
    run(&options, &mut Vec::new()).unwrap_err().to_string()
}

#[test]
fn a_seeded_run() {
    let (summary, printed) = converse(&seeded(7));
    assert!(summary.good());
    assert_eq!((summary.missing, summary.wrong, summary.attacks), (0, 0, 10));
    assert_eq!(summary.decrypted + summary.lost, summary.sent);
    assert_eq!(summary.sent, 1 + 16 + 1 + 5 + 2 + 2);
    assert_eq!(summary.alice.messages + summary.bob.messages, summary.sent);
    // One copy at least is made on purpose.
    assert!(summary.duplicates >= 1 && summary.duplicates == summary.repeated);
    for promise in [
        "trusted on first use, now pinned",
        "1  → bob    v1  2 160 │ alice  prekey   v4 e1 +39 #0   1 798  \"Shall we meet?\"",
        "fetches a certificate of who alice is, good for 24 hours",
        "the text (14 bytes, 62 sealed)",
        "his store fails, disk full: no plaintext comes out, and nothing has changed",
        "the pinned identity",
        "one-time prekey 1 deleted, the use of KEM prekey 1 remembered",
        "reads the session from the store",
        "in its key: invalid sealed sender message: not for this identity",
        "in the sender's key: invalid sealed sender message: not for this identity",
        "in the message: invalid sealed sender message: not authentic",
        "can't store, disk full: no message comes out, nothing has changed",
        "receives no. 1 again,\n              refuses it: message with old counter 1 / 0\n",
        "refuses it: the sender's certificate names another identity than the session",
        "refuses it: invalid sealed sender message: no trust root signed the server certificate",
        "refuses it: self send of a sealed sender message",
        "refuses it: invalid sealed sender message: the sender certificate expired",
        "would send on: the sender certificate expired; nothing comes out, nothing has changed",
        "mallory's bundle as bob's, refuses it: untrusted identity",
        "in mallory's row, refuses it: sealed record is not authentic",
        "refused as a duplicate: message with old counter",
        "Everything that was deliverable arrived, once, and as it was sent.\n",
    ] {
        assert!(printed.contains(promise), "{promise}\n{printed}");
    }
    assert!(printed.lines().all(|line| line.chars().count() <= 115 && line == line.trim_end()), "{printed}");
    assert_eq!(converse(&seeded(7)), (summary, printed), "the same seed gives the same run");
}

#[test]
fn many_networks() {
    for seed in 0..6 {
        for loss in [0, 35, 80] {
            let options = Options { loss, messages: 24, ..seeded(seed) };
            let (summary, printed) = converse(&options);
            assert!(summary.good(), "seed {seed}, loss {loss}\n{printed}");
            assert_eq!(summary.lost == 0, loss == 0, "seed {seed}, loss {loss}\n{printed}");
        }
    }
}

#[test]
fn the_systems_randomness() {
    let (first, printed) = converse(&Options::default());
    assert!(first.good(), "{printed}");
    assert_ne!(converse(&Options::default()).1, printed);
}

#[test]
fn nothing_arrives_but_what_is_sent_on_purpose() {
    let (summary, printed) = converse(&Options { loss: 100, ..seeded(1) });
    assert!(summary.good(), "{printed}");
    assert_eq!((summary.lost, summary.decrypted), (16, 11));
    let (summary, printed) = converse(&Options { messages: 0, ..seeded(1) });
    assert!(summary.good() && !printed.contains("Over a bad network"), "{printed}");
    assert_eq!((summary.lost, summary.sent), (0, 11));
}

#[test]
fn the_post_quantum_ratchet_goes_on() {
    let (summary, printed) = converse(&Options { messages: 220, loss: 10, ..seeded(2) });
    assert!(summary.good(), "{printed}");
    for traffic in [summary.alice, summary.bob] {
        assert!(traffic.epoch >= Some(2), "{printed}");
        // All but a few messages carry a chunk of 32 bytes.
        assert!(
            traffic.post_quantum > 30 * traffic.messages && traffic.post_quantum < traffic.inside,
            "{printed}"
        );
    }
    assert!(printed.contains(" v4 e1 ") && printed.contains(" v4 e2 "), "{printed}");
}

#[test]
fn version_3_must_be_asked_for() {
    let (summary, printed) = converse(&Options { version3: true, ..seeded(3) });
    assert!(summary.good(), "{printed}");
    assert!(printed.contains("prekey   v3") && !printed.contains(" v4 "), "{printed}");
    assert!(!printed.contains("remembered"), "{printed}");
    assert_eq!((summary.alice.epoch, summary.bob.post_quantum), (None, 0));
}

#[test]
fn a_kept_directory_is_gone_on_from() {
    let dir = fresh("conversation-kept");
    let options = Options { dir: Some(dir.clone()), version3: true, ..seeded(5) };
    let (first, printed) = converse(&options);
    assert!(first.good() && printed.contains("run 1"), "{printed}");

    let (second, again) = converse(&options);
    assert!(
        second.good() && again.contains("run 2") && again.contains("The conversation goes on"),
        "{again}"
    );
    assert!(again.contains("session of version 3 read from the store") && !again.contains("prekey   v3"));
    let keys =
        |printed: &str| printed.lines().filter(|line| line.contains("identity 05")).map(str::to_owned).next();
    let identity = |printed: &str| keys(printed).unwrap().split(',').next().unwrap().to_owned();
    assert_eq!(identity(&printed), identity(&again), "the keys are kept");
    assert!(keys(&again).unwrap().ends_with("one-time prekeys 4 5 6"), "no id twice: {again}");

    // Without the option version 3 is not good enough any more.
    let (third, newer) = converse(&Options { version3: false, ..options });
    assert!(third.good() && newer.contains("prekey   v4") && newer.contains("is the pinned one"), "{newer}");
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn directories_that_hold_something_else() {
    let dir = fresh("conversation-else");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("letter.txt"), "Dear Bob").unwrap();
    assert!(complaint(&dir).contains("holds other files and no conversation"));
    assert!(complaint(&dir.join("letter.txt")).contains("is not a directory"));
    assert!(complaint(&dir.join("no/where")).contains("no/where: "));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "it is left as it was");

    fs::remove_file(dir.join("letter.txt")).unwrap();
    let options = Options { dir: Some(dir.clone()), messages: 2, ..seeded(1) };
    assert!(converse(&options).0.good(), "an empty one will do");
    let [mark, key, store] = ["conversation.txt", "alice.key", "alice.redb"].map(|name| dir.join(name));
    let spoilt = |path: &Path, bytes: &[u8]| {
        let good = fs::read(path).unwrap();
        fs::write(path, bytes).unwrap();
        let complaint = complaint(&dir);
        fs::write(path, good).unwrap();
        complaint
    };
    let newer = fs::read_to_string(&mark).unwrap().replace("format 1", "format 2");
    assert!(spoilt(&mark, newer.as_bytes()).contains("in format 2; this program knows format 1 only"));
    assert!(spoilt(&mark, b"milk, eggs").contains("conversation.txt is damaged"));
    assert!(spoilt(&key, &[b'0'; 64]).contains("is sealed under another key than the one in"));
    assert!(spoilt(&key, b"0123").contains("does not hold a key of 64 hexadecimal digits"));
    assert!(spoilt(&store, &[0; 8192]).contains("alice.redb is not a store of this program"));
    let bobs = fs::read(dir.join("bob.redb")).unwrap();
    let bobs_key = fs::read(dir.join("bob.key")).unwrap();
    let alices_key = fs::read(&key).unwrap();
    fs::write(&key, bobs_key).unwrap();
    assert!(spoilt(&store, &bobs).contains("or for another device"));
    fs::write(&key, alices_key).unwrap();

    assert!(converse(&options).0.good(), "all is as before");
    fs::remove_file(&key).unwrap();
    assert!(complaint(&dir).contains("alice.key is missing"));
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn the_options() {
    let parse =
        |args: &[&str]| Request::parse(args.iter().map(Into::into)).map_err(|error| error.to_string());
    assert_eq!(parse(&[]), Ok(Request::Run(Options::default())));
    let all = ["--messages", "9", "--loss=0", "--seed", "18446744073709551615", "--dir=a b", "--version3"];
    let options =
        Options { dir: Some("a b".into()), messages: 9, seed: Some(u64::MAX), loss: 0, version3: true };
    assert_eq!(parse(&all), Ok(Request::Run(options)));
    assert_eq!(parse(&["--loss", "3", "--help"]), Ok(Request::Help));
    for (args, complaint) in [
        (&["--los", "3"][..], "there is no option `--los`; did you mean `--loss`?"),
        (&["3"], "there is no option `3`"),
        (&["--loss", "101"], "`--loss` needs a percentage from 0 to 100, not `101`"),
        (&["--messages=-1"], "`--messages` needs a number from 0 to 100000, not `-1`"),
        (&["--seed"], "`--seed` needs a number from 0 to 18446744073709551615 after it"),
        (&["--dir="], "`--dir` needs a path after it"),
        (&["--version3=no"], "`--version3` takes no value"),
        (&["--loss", "1", "--loss", "2"], "`--loss` is given twice"),
    ] {
        assert_eq!(parse(args), Err(complaint.to_owned()));
    }
}
