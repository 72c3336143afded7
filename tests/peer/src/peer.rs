// SPDX-License-Identifier: MIT OR Apache-2.0

//! The parties of this process, and which function answers which operation.

#![allow(clippy::unnecessary_wraps, reason = "operations are alike, whether or not they can fail")]

mod certificates;
mod failure;
mod fingerprints;
mod groups;
mod messages;
mod parties;
mod party;
mod prekeys;
mod primitives;
mod request;
mod retry;
mod rng;
mod sealed;
mod sessions;
mod shelf;
mod stored;

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use serde_json::{Map, Value, json};

use failure::Failure;
use party::Party;
use request::Request;
use rng::Source;

/// The fields of a successful response, or why there is none.
type Answer = Result<Value, Failure>;
/// An operation: its name, and what carries it out.
type Operation = (&'static str, fn(&mut Peer, Request<'_>) -> Answer);

const GENERAL: &[Operation] = &[("hello", hello), ("batch", batch), ("feed_rng", feed_rng)];

/// The operations by subject.
const OPERATIONS: &[&[Operation]] = &[
    GENERAL,
    parties::OPERATIONS,
    prekeys::OPERATIONS,
    sessions::OPERATIONS,
    groups::OPERATIONS,
    certificates::OPERATIONS,
    fingerprints::OPERATIONS,
    sealed::OPERATIONS,
    retry::OPERATIONS,
    messages::OPERATIONS,
    primitives::OPERATIONS,
];

/// Answers requests, one a line, until the input ends. A line that is no request is answered by an error.
pub(crate) fn serve(peer: &mut Peer, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let request = serde_json::from_slice(&line)
            .unwrap_or_else(|error| json!({ "op": format!("(not JSON: {error})") }));
        writeln!(output, "{}", peer.handle(&request))?;
        output.flush()?;
    }
    Ok(())
}

/// Any number of parties, each with its own keys, sessions and randomness.
#[derive(Default)]
pub(crate) struct Peer {
    parties: HashMap<String, Party>,
    /// By name of the party, and under no name that of operations without one.
    randomness: HashMap<Option<String>, Source>,
}

impl Peer {
    /// Answers one request. A refused request changes nothing that a party keeps.
    pub(crate) fn handle(&mut self, request: &Value) -> Value {
        let mut response = Map::new();
        if let Some(id) = request.get("id") {
            response.insert("id".to_owned(), id.clone());
        }
        let answer = self.answer(request);
        response.insert("ok".to_owned(), answer.is_ok().into());
        match answer {
            Ok(Value::Object(fields)) => response.extend(fields),
            Ok(_) => {}
            Err(failure) => {
                response.insert("error".to_owned(), failure.into());
            }
        }
        response.into()
    }

    fn answer(&mut self, request: &Value) -> Answer {
        let request = Request::new(request);
        let name = request.operation();
        let found = OPERATIONS.iter().copied().flatten().find(|operation| operation.0 == name);
        let (_, operation) = found.ok_or_else(|| Failure::error(format!("unknown op {name}")))?;
        operation(self, request)
    }

    /// The party that the request is about, and its randomness.
    fn party(&mut self, request: Request<'_>) -> Result<(&mut Party, &mut Source), Failure> {
        let name = request.text("party")?;
        let party = self.parties.get_mut(name).ok_or_else(|| Failure::error(format!("no party {name}")))?;
        Ok((party, self.randomness.entry(Some(name.to_owned())).or_default()))
    }

    /// The randomness for a request that need not be about a party.
    pub(crate) fn randomness(&mut self, party: Option<&str>) -> &mut Source {
        self.randomness.entry(party.map(str::to_owned)).or_default()
    }
}

fn hello(_: &mut Peer, _: Request<'_>) -> Answer {
    let names: Vec<&str> = OPERATIONS.iter().copied().flatten().map(|operation| operation.0).collect();
    Ok(json!({ "peer": "subrosa", "version": env!("CARGO_PKG_VERSION"), "ops": names }))
}

fn batch(peer: &mut Peer, request: Request<'_>) -> Answer {
    let responses: Vec<Value> =
        request.list("requests")?.iter().map(|request| peer.handle(request)).collect();
    Ok(json!({ "responses": responses }))
}

/// Adds to the next random bytes of a party, or of operations without one, and tells how many are waiting now
/// and how many were drawn from the system so far.
fn feed_rng(peer: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("bytes")?;
    let source = peer.randomness(request.party_name());
    source.feed(&bytes);
    Ok(json!({ "waiting": source.waiting(), "from_system": source.system_draws() }))
}
