// SPDX-License-Identifier: MIT OR Apache-2.0

//! A program behind a pipe, and what asking it costs.

use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A program that holds parties of another implementation.
pub struct Peer {
    pipe: RefCell<Pipe>,
    /// How many names were given.
    names: Cell<u32>,
    blank: fn(usize) -> Value,
}

struct Pipe {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    pub fn official(folder: &Path) -> Self {
        assert!(folder.join("node_modules").is_dir(), "{} has no node_modules", folder.display());
        Self::start(Command::new("node").arg("peer.mjs").current_dir(folder), echo)
    }

    /// If it was built.
    pub fn wacore(folder: &Path) -> Option<Self> {
        let program = folder.join("wacore/target/release/peer-wacore");
        if !program.is_file() {
            return None;
        }
        let peer = Self::start(&mut Command::new(program), attached);
        peer.ask(&json!({ "op": "new_party", "party": BLANK, "name": BLANK, "device": 1 }));
        Some(peer)
    }

    fn start(command: &mut Command, blank: fn(usize) -> Value) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { pipe: RefCell::new(Pipe { child, input, output }), names: Cell::new(0), blank }
    }

    /// A name that nobody has yet.
    pub fn name(&self) -> String {
        self.names.set(self.names.get() + 1);
        format!("796abedb-ca4e-4f18-8803-{:012x}", self.names.get())
    }

    /// What the program answers; it must not refuse.
    pub fn ask(&self, request: &Value) -> Value {
        let (line, _) = self.exchange(&format!("{request}\n"));
        must(serde_json::from_str(&line).unwrap())
    }

    /// What it answers to several requests in one line.
    pub fn batch(&self, requests: &[Value]) -> Vec<Value> {
        self.timed(requests).0
    }

    /// The same, and how long that took beyond the pipe, JSON and hexadecimal: less the average of two batches that do
    /// nothing. Zero if something else kept the machine busy during those.
    pub fn net(&self, requests: &[Value]) -> (Vec<Value>, Duration) {
        let (answers, took) = self.timed(requests);
        let carried =
            |(request, answer): (&Value, &Value)| request.to_string().len() + answer.to_string().len();
        let blanks: Vec<Value> = requests.iter().zip(&answers).map(carried).map(self.blank).collect();
        let blank = self.timed(&blanks).1 + self.timed(&blanks).1;
        (answers, took.saturating_sub(blank / 2))
    }

    fn timed(&self, requests: &[Value]) -> (Vec<Value>, Duration) {
        let (line, took) = self.exchange(&format!("{}\n", json!({ "op": "batch", "requests": requests })));
        let mut answer = must(serde_json::from_str(&line).unwrap());
        let Value::Array(answers) = answer["responses"].take() else { panic!("no responses") };
        (answers.into_iter().map(must).collect(), took)
    }

    /// Reading and writing JSON at this end is not in the time.
    fn exchange(&self, line: &str) -> (String, Duration) {
        let pipe = &mut *self.pipe.borrow_mut();
        let (input, mut answer) = (pipe.input.as_mut().unwrap(), String::new());
        let begun = Instant::now();
        input.write_all(line.as_bytes()).and_then(|()| input.flush()).unwrap();
        pipe.output.read_line(&mut answer).unwrap();
        (answer, begun.elapsed())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.input = None; // The end of its input ends it.
        let _ = self.child.wait();
    }
}

fn must(answer: Value) -> Value {
    assert!(answer["ok"] == true, "refused: {answer:.300}");
    answer
}

/// The party of requests that do nothing.
const BLANK: &str = "blank";

/// Carries half of the characters there and half of them back, as hexadecimal of a message that needs no key.
fn echo(characters: usize) -> Value {
    json!({ "op": "parse_plaintext_content", "content": format!("c0{}", "00".repeat(characters / 4)) })
}

/// Carries all of them there. wacore's peer has no operation that gives them back.
fn attached(characters: usize) -> Value {
    json!({ "op": "list_pre_keys", "party": BLANK, "attached": "0".repeat(characters) })
}
