// SPDX-License-Identifier: MIT OR Apache-2.0

//! Parties behind one interface: ours in this process, another implementation's behind a pipe.

use std::cell::RefCell;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::peer::Peer;

/// The number in an environment variable, if that is set.
pub(crate) fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// The seed of a run, printed so that the run can be repeated. `salt` tells tests apart.
pub(crate) fn seed(salt: u64) -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    let seed = number("SUBROSA_SEED").unwrap_or_else(|| u64::from(since.subsec_nanos()));
    eprintln!("repeat with SUBROSA_SEED={seed}");
    seed ^ salt
}

/// A program that holds parties of another implementation.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts `node SCRIPT ARGS` in the folder that `SUBROSA_INTEROP` names.
    pub(crate) fn node(folder: &str, script: &str, args: &[&str]) -> Self {
        let folder = Self::interop().join(folder);
        assert!(folder.join("node_modules").is_dir(), "{} has no node_modules", folder.display());
        Self::start(Command::new("node").arg(script).args(args).current_dir(&folder))
    }

    /// Starts a program that `cargo build --release` made in a folder of that which `SUBROSA_INTEROP` names.
    pub(crate) fn built(folder: &str, program: &str) -> Self {
        let program = Self::interop().join(folder).join("target/release").join(program);
        assert!(program.is_file(), "{} is not there", program.display());
        Self::start(&mut Command::new(program))
    }

    /// The folder that `SUBROSA_INTEROP` names.
    fn interop() -> PathBuf {
        let folder = env::var_os("SUBROSA_INTEROP");
        let folder = folder.expect("SUBROSA_INTEROP names a folder with the peers, see CONTRIBUTING.md");
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder)
    }

    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("piped"));
        Self { child, input, output: BufReader::new(output) }
    }

    fn handle(&mut self, request: &Value) -> Value {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{request}").and_then(|()| input.flush()).expect("the peer reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the peer answers");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.input = None; // The end of its input ends it.
        let _ = self.child.wait();
    }
}

/// What answers a request.
pub(crate) type Answers = Box<dyn FnMut(&Value) -> Value>;

/// Where parties live.
pub(crate) enum Home {
    Ours(Box<Peer>),
    Theirs(Program),
    /// A party of this crate that is no example's.
    Here(Answers),
}

impl Home {
    /// Answers a request, about whichever party.
    pub(crate) fn handle(&mut self, request: &Value) -> Value {
        match self {
            Self::Ours(peer) => peer.handle(request),
            Self::Theirs(program) => program.handle(request),
            Self::Here(answers) => answers(request),
        }
    }
}

/// A party at its home.
pub(crate) struct Side {
    home: Rc<RefCell<Home>>,
    /// What it is called there.
    party: String,
    pub(crate) name: String,
}

impl Side {
    /// A new party under the address `name.1`.
    pub(crate) fn new(home: Home, name: &str, extra: &Value) -> Self {
        let mut side = Self::there(home, name);
        side.begin(extra);
        side
    }

    /// A party that is there already.
    pub(crate) fn there(home: Home, name: &str) -> Self {
        Self { home: Rc::new(RefCell::new(home)), party: "me".to_owned(), name: name.to_owned() }
    }

    /// A new party at the home of another one.
    pub(crate) fn beside(other: &Self, party: &str, name: &str, extra: &Value) -> Self {
        let mut side = Self { home: Rc::clone(&other.home), party: party.to_owned(), name: name.to_owned() };
        side.begin(extra);
        side
    }

    /// An independent copy of the party with all that it has, at the same home.
    pub(crate) fn copy(&mut self, party: &str) -> Self {
        self.must(json!({ "op": "clone_party", "as": party }));
        Self { home: Rc::clone(&self.home), party: party.to_owned(), name: self.name.clone() }
    }

    /// The same party once more, for another place in a test.
    pub(crate) fn again(&self) -> Self {
        Self { home: Rc::clone(&self.home), party: self.party.clone(), name: self.name.clone() }
    }

    fn begin(&mut self, extra: &Value) {
        let mut request = json!({ "op": "new_party", "name": self.name, "device": 1 });
        merge(&mut request, extra);
        self.must(request);
    }

    /// What the party answers: the fields, or the error's name and message.
    pub(crate) fn ask(&mut self, request: Value) -> Result<Value, String> {
        let party = self.party.clone();
        self.ask_as(&party, request)
    }

    fn ask_as(&mut self, party: &str, mut request: Value) -> Result<Value, String> {
        request["party"] = party.into();
        let answer = self.home.borrow_mut().handle(&request);
        if answer["ok"] == true { Ok(answer) } else { Err(format!("{}", answer["error"])) }
    }

    /// What the party answers; it must not refuse.
    pub(crate) fn must(&mut self, request: Value) -> Value {
        let party = self.party.clone();
        self.must_as(&party, request)
    }

    /// What another party at the same home answers; it must not refuse.
    pub(crate) fn must_as(&mut self, party: &str, request: Value) -> Value {
        let shown = format!("{request:.300}");
        self.ask_as(party, request).unwrap_or_else(|error| panic!("{shown}: {error}"))
    }

    /// Fetches a bundle of `other` and begins a session from it.
    pub(crate) fn initiate(&mut self, other: &mut Self, options: &Value) {
        let mut request = json!({ "op": "bundle" });
        merge(&mut request, options);
        let bundle = other.must(request)["bundle"].clone();
        self.must(json!({ "op": "process_bundle", "remote": other.address(), "bundle": bundle }));
    }

    pub(crate) fn address(&self) -> Value {
        json!({ "name": self.name, "device": 1 })
    }
}

fn merge(into: &mut Value, extra: &Value) {
    for (key, value) in extra.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}
