// SPDX-License-Identifier: MIT OR Apache-2.0

//! The steps of the rose profile's vectors, a request each (`shared/vectors/rose/README.md`).
//!
//! ```text
//! {"by":"alice","op":"begin","peer":"bob","draws":{"alice":[["EK_A","…"],…]}}
//! {"ok":{"peer_name":"…","block":"…","th":"…","sx":"…"},"tags_add":[…],"tags_remove":[],"table":[16,"…"],"digests":{…}}
//! {"refused":"NotFound","table":[16,"…"],"digests":{…}}
//! ```
//!
//! With `draws` exactly these are drawn, one after the other; without, the system's, and the answer says which. What is
//! no step at all is answered by `{"error": …}`. A `flip` is made in a `message` that a step gave before; another message
//! is taken as it is, as one that was flipped already.

#![allow(
    clippy::unnecessary_wraps,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "test tooling: operations are alike, and places are found before they are used"
)]

mod draws;
mod groups;
mod party;
mod reports;
mod steps;

use std::collections::{BTreeMap, HashSet};
use std::io::{self, BufRead, Write};

use serde_json::{Map, Value, json};
use subrosa::keys::PrivateKey;
use subrosa::rose::report::Moderator;

use draws::Draws;
use party::Party;

/// The time of all vectors until a `clock`, in seconds.
const NOW: u64 = 1_795_000_000;

/// The reason that a step has no results.
pub(crate) enum Failure {
    /// Refused, by the specification's name.
    Refused(String),
    /// Not a step.
    Usage(String),
}

impl Failure {
    /// A refusal by the name of an error's variant.
    fn of(error: impl std::fmt::Debug) -> Self {
        let mut name = format!("{error:?}");
        for wrapper in ["Receive(", "TooLong("] {
            if let Some(inner) = name.strip_prefix(wrapper) {
                name = inner.trim_end_matches(')').to_owned();
            }
        }
        Self::Refused(name)
    }

    fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }
}

type Answer = Result<Value, Failure>;
type Operation = (&'static str, fn(&mut World, &Step<'_>) -> Answer);

const OPERATIONS: &[&[Operation]] = &[steps::OPERATIONS, groups::OPERATIONS, reports::OPERATIONS];

/// All parties of a process, the issuer of certificates, and the moderator.
#[derive(Default)]
pub(crate) struct World {
    parties: BTreeMap<String, Party>,
    issuer: Option<PrivateKey>,
    moderator: Option<Moderator>,
    draws: Draws,
    /// What steps gave, by their number, for `of`.
    log: Vec<Vec<Vec<u8>>>,
    given: HashSet<Vec<u8>>,
    /// The tags that the present step added and removed.
    tags: (Vec<[u8; 16]>, Vec<[u8; 16]>),
    group_changed: bool,
}

/// The fields of a request.
pub(crate) struct Step<'a>(&'a Value);

impl<'a> Step<'a> {
    fn by(&self) -> &'a str {
        self.0["by"].as_str().unwrap_or_default()
    }

    fn text(&self, name: &str) -> Result<&'a str, Failure> {
        self.0[name].as_str().ok_or_else(|| Failure::usage(format!("{name}: expected a text")))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        hex::decode(self.text(name)?).map_err(|_| Failure::usage(format!("{name}: expected hex")))
    }

    fn array<const N: usize>(&self, name: &str) -> Result<[u8; N], Failure> {
        let bytes = self.bytes(name)?;
        bytes.try_into().map_err(|_| Failure::usage(format!("{name}: expected {N} bytes")))
    }

    fn number(&self, name: &str) -> Result<u64, Failure> {
        self.0[name].as_u64().ok_or_else(|| Failure::usage(format!("{name}: expected a number")))
    }

    fn names(&self, name: &str) -> Result<Vec<&'a str>, Failure> {
        let list =
            self.0[name].as_array().ok_or_else(|| Failure::usage(format!("{name}: expected a list")))?;
        list.iter().map(|name| name.as_str().ok_or_else(|| Failure::usage("expected names"))).collect()
    }

    fn has(&self, name: &str) -> bool {
        !self.0[name].is_null()
    }

    /// `at_least`, 0 if it is absent.
    fn at_least(&self) -> usize {
        self.0["at_least"].as_u64().and_then(|len| usize::try_from(len).ok()).unwrap_or_default()
    }
}

/// Answers requests, one a line, until the input ends.
pub(crate) fn serve(world: &mut World, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = match serde_json::from_slice(&line) {
            Ok(request) => world.handle(&request),
            Err(error) => json!({ "error": format!("not JSON: {error}") }),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

impl World {
    /// A world whose draws come from `source` where none are given.
    #[allow(dead_code, reason = "for tests")]
    pub(crate) fn with_source(source: draws::Source) -> Self {
        let mut world = Self::default();
        world.draws.source = Some(source);
        world
    }

    /// Answers one request.
    pub(crate) fn handle(&mut self, request: &Value) -> Value {
        let step = Step(request);
        let name = request["op"].as_str().unwrap_or_default();
        if name == "hello" {
            let names: Vec<&str> =
                OPERATIONS.iter().copied().flatten().map(|operation| operation.0).collect();
            return json!({ "ok": { "profile": "subrosa-rose-1", "ops": names } });
        }
        if let Err(text) = self.draws.begin(&request["draws"]) {
            return json!({ "error": text });
        }
        (self.tags, self.group_changed) = Default::default();
        self.log.push(Vec::new());
        let found = OPERATIONS.iter().copied().flatten().find(|operation| operation.0 == name);
        let answer = match found {
            Some((_, operation)) => operation(self, &step),
            None => Err(Failure::usage(format!("unknown op {name}"))),
        };
        self.response(&step, name, answer)
    }

    fn response(&mut self, step: &Step<'_>, name: &str, answer: Answer) -> Value {
        let mut out = Map::new();
        let refused = match answer {
            Ok(results) => {
                out.insert("ok".to_owned(), results);
                false
            }
            Err(Failure::Refused(name)) => {
                out.insert("refused".to_owned(), name.into());
                true
            }
            Err(Failure::Usage(text)) => return json!({ "error": text }),
        };
        if let Err(text) = self.draws.finish(name, &mut out) {
            return json!({ "error": text });
        }
        let shows_table =
            matches!(name, "begin" | "send" | "deliver" | "split" | "restore" | "expected_tags");
        if let Some(party) = self.parties.get(step.by()).filter(|_| shows_table)
            && party.has_sessions()
        {
            let table = party.table();
            out.insert("table".to_owned(), table);
            out.insert("digests".to_owned(), party.digests());
            if !refused {
                let [add, remove] = [&self.tags.0, &self.tags.1].map(|tags| hexes(tags));
                out.insert("tags_add".to_owned(), add);
                out.insert("tags_remove".to_owned(), remove);
            }
        }
        if let Some(party) = self.parties.get(step.by()).filter(|_| self.group_changed) {
            out.insert("group_table".to_owned(), party.group_table());
        }
        out.into()
    }

    fn party(&mut self, name: &str) -> Result<&mut Party, Failure> {
        self.parties.get_mut(name).ok_or_else(|| Failure::usage(format!("no party {name}")))
    }

    /// Remembers the deliveries of an upload.
    fn give_all(&mut self, messages: &[Vec<u8>]) {
        for message in messages {
            self.gives(message);
        }
    }

    /// Remembers what a step gives out.
    fn gives(&mut self, message: &[u8]) {
        self.given.insert(message.to_vec());
        if let Some(step) = self.log.last_mut() {
            step.push(message.to_vec());
        }
    }

    /// The message of a step: `message`, or what an earlier step gave (`of`), with a `flip`.
    fn message(&self, step: &Step<'_>) -> Result<Vec<u8>, Failure> {
        let mut message = if step.has("message") {
            step.bytes("message")?
        } else {
            let of = &step.0["of"];
            let (at, part) = match (of.as_u64(), of.as_array().map(Vec::as_slice)) {
                (Some(at), _) => (at, 0),
                (None, Some([at, part])) => {
                    (at.as_u64().unwrap_or(u64::MAX), part.as_u64().unwrap_or(u64::MAX))
                }
                _ => return Err(Failure::usage("message: expected hex")),
            };
            let [at, part] = [at, part].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
            let message = self.log.get(at).and_then(|step| step.get(part)).cloned();
            message.ok_or_else(|| Failure::usage("of: no such step"))?
        };
        if let Some([byte, bit]) = step.0["flip"].as_array().map(Vec::as_slice)
            && self.given.contains(&message)
        {
            let byte = byte.as_u64().and_then(|byte| usize::try_from(byte).ok());
            let slot = byte.and_then(|byte| message.get_mut(byte)).ok_or_else(|| Failure::usage("flip"))?;
            *slot ^= 1_u8
                .checked_shl(bit.as_u64().and_then(|bit| u32::try_from(bit).ok()).unwrap_or(8))
                .unwrap_or(0);
        }
        Ok(message)
    }
}

fn hexes(list: &[[u8; 16]]) -> Value {
    list.iter().map(hex::encode).collect()
}
