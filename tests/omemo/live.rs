// SPDX-License-Identifier: MIT OR Apache-2.0

//! Conversations with twomemo and oldmemo behind `peer.py`, in the folder that `SUBROSA_INTEROP` names; the Python with
//! its libraries is in `SUBROSA_OMEMO_PYTHON`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::peer::World;

/// Messages in each direction.
const MESSAGES: usize = 500;

struct Library {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Library {
    fn start() -> Self {
        let variable = |name| std::env::var_os(name).unwrap_or_else(|| panic!("{name}: see CONTRIBUTING.md"));
        let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .join(variable("SUBROSA_INTEROP"))
            .join("omemo/peer.py");
        let mut command = Command::new(variable("SUBROSA_OMEMO_PYTHON"));
        let mut child =
            command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("piped"));
        Self { child, input, output: BufReader::new(output) }
    }

    fn handle(&mut self, request: &Value) -> Value {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{request}").and_then(|()| input.flush()).expect("it reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.input = None; // The end of its input ends it.
        let _ = self.child.wait();
    }
}

/// Our party, and the library's.
struct Pair {
    ours: World,
    theirs: Library,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }

    fn address(self) -> Value {
        match self {
            Self::Ours => json!({ "name": "ours@example.org", "device": 1_111_111_111 }),
            Self::Theirs => json!({ "name": "theirs@example.org", "device": 2_000_000_000 }),
        }
    }
}

/// A message under way.
#[derive(Clone)]
struct Letter {
    sent: Value,
    plaintext: String,
}

impl Pair {
    fn new(version: &str) -> Self {
        let mut pair = Self { ours: World::default(), theirs: Library::start() };
        for side in [Side::Ours, Side::Theirs] {
            let mut request = side.address();
            request["op"] = "new_party".into();
            request["version"] = version.into();
            pair.must(side, &request);
        }
        pair
    }

    fn ask(&mut self, side: Side, mut request: Value) -> Value {
        request["party"] = "me".into();
        request["remote"] = side.other().address();
        match side {
            Side::Ours => self.ours.handle(&request),
            Side::Theirs => self.theirs.handle(&request),
        }
    }

    fn must(&mut self, side: Side, request: &Value) -> Value {
        let answer = self.ask(side, request.clone());
        assert_eq!(answer["ok"], true, "{request} gives {answer}");
        answer
    }

    fn begin(&mut self, side: Side) {
        let bundle = self.must(side.other(), &json!({ "op": "bundle", "one_time": 3 }))["bundle"].clone();
        self.must(side, &json!({ "op": "process_bundle", "bundle": bundle }));
    }

    fn send(&mut self, side: Side, rng: &mut ChaCha20Rng) -> Letter {
        let mut material = [0; 48];
        rng.fill_bytes(&mut material);
        let plaintext = hex::encode(material);
        let sent = self.must(side, &json!({ "op": "encrypt", "plaintext": plaintext }));
        Letter { sent, plaintext }
    }

    fn deliver(&mut self, side: Side, letter: &Letter) -> Value {
        let Letter { sent, .. } = letter;
        self.ask(side, json!({ "op": "decrypt", "type": sent["type"], "message": sent["message"] }))
    }

    fn reads(&mut self, side: Side, letter: &Letter) {
        let answer = self.deliver(side, letter);
        assert_eq!(answer["plaintext"], letter.plaintext, "{answer}");
    }

    /// Messages both ways on a network that loses, doubles and reorders.
    fn converse(&mut self, rng: &mut ChaCha20Rng) {
        let mut under_way = [Vec::new(), Vec::new()];
        let mut read = [0, 0];
        for _ in 0..MESSAGES {
            for (at, side) in [Side::Ours, Side::Theirs].into_iter().enumerate() {
                let letter = self.send(side, rng);
                if !rng.next_u32().is_multiple_of(8) {
                    under_way[at].push(letter);
                }
                let last = rng.next_u32().is_multiple_of(4);
                while under_way[at].len() > 12 || (last && !under_way[at].is_empty()) {
                    let next = usize::try_from(rng.next_u32()).unwrap() % under_way[at].len();
                    let letter = under_way[at].swap_remove(next);
                    self.reads(side.other(), &letter);
                    read[at] += 1;
                    if rng.next_u32().is_multiple_of(10) {
                        assert_eq!(self.deliver(side.other(), &letter)["ok"], false, "read twice");
                    }
                    if under_way[at].len() < 6 {
                        break;
                    }
                }
            }
        }
        assert!(read.iter().all(|read| *read > MESSAGES / 2), "{read:?}");
    }
}

fn one_begins(version: &str, first: Side) {
    let mut rng = ChaCha20Rng::seed_from_u64(18);
    let mut pair = Pair::new(version);
    pair.begin(first);
    for _ in 0..3 {
        let letter = pair.send(first, &mut rng);
        assert_eq!(letter.sent["type"], 3, "repeated until answered");
        pair.reads(first.other(), &letter);
    }
    let answer = pair.send(first.other(), &mut rng);
    assert_eq!(answer.sent["type"], 2);
    pair.reads(first, &answer);
    assert_eq!(pair.send(first, &mut rng).sent["type"], 2, "answered");
    pair.converse(&mut rng);
}

fn both_begin(version: &str) {
    let mut rng = ChaCha20Rng::seed_from_u64(81);
    let mut pair = Pair::new(version);
    pair.begin(Side::Ours);
    pair.begin(Side::Theirs);
    let letters = [Side::Ours, Side::Theirs].map(|side| (side, pair.send(side, &mut rng)));
    for (side, letter) in &letters {
        pair.reads(side.other(), letter);
    }
    // The library has kept ours alone, which we still read.
    let theirs = pair.send(Side::Theirs, &mut rng);
    pair.reads(Side::Ours, &theirs);
    pair.converse(&mut rng);
}

#[test]
#[ignore = "needs the OMEMO library of SUBROSA_INTEROP"]
fn we_begin() {
    one_begins("2", Side::Ours);
    one_begins("legacy", Side::Ours);
}

#[test]
#[ignore = "needs the OMEMO library of SUBROSA_INTEROP"]
fn it_begins() {
    one_begins("2", Side::Theirs);
    one_begins("legacy", Side::Theirs);
}

#[test]
#[ignore = "needs the OMEMO library of SUBROSA_INTEROP"]
fn both_begin_at_once() {
    both_begin("2");
    both_begin("legacy");
}
