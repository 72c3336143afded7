// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO behind a pipe, with the operations and fields of `shared/interop/omemo/peer.py`.
//!
//! ```text
//! {"op":"new_party","party":"bob","name":"bob@example.org","device":7,"version":"2"}
//! {"ok":true,"version":"2","identity_ed25519":"…",…,"rng":"…"}
//! {"op":"decrypt","party":"bob","remote":{"name":"alice@example.org","device":9},"type":3,"message":"…"}
//! {"ok":false,"error":{"name":"DecryptionFailed","cause":"DuplicateMessageException",…}}
//! ```
//!
//! `feed_rng` is its own: bytes that are drawn before the system's, by the party named or by operations without one. A
//! refused request gives back what it drew.

#![allow(clippy::unnecessary_wraps, reason = "operations are alike, whether or not they can fail")]

mod failure;
mod fields;
mod parties;
mod payloads;
mod primitives;
mod random;
mod sessions;

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use serde_json::{Map, Value, json};

pub(crate) use failure::Failure;
use fields::Fields;
use parties::Party;
use random::Random;

type Answer = Result<Value, Failure>;
type Operation = (&'static str, fn(&mut World, Fields<'_>) -> Answer);

const GENERAL: &[Operation] = &[("hello", hello), ("batch", batch), ("feed_rng", feed_rng)];
const OPERATIONS: &[&[Operation]] =
    &[GENERAL, parties::OPERATIONS, sessions::OPERATIONS, payloads::OPERATIONS, primitives::OPERATIONS];

/// Answers requests, one a line, until the input ends.
pub(crate) fn serve(world: &mut World, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let request = serde_json::from_slice(&line)
            .unwrap_or_else(|error| json!({ "op": format!("(not JSON: {error})") }));
        writeln!(output, "{}", world.handle(&request))?;
        output.flush()?;
    }
    Ok(())
}

/// Any number of parties of either version.
#[derive(Default)]
pub(crate) struct World {
    parties: HashMap<String, Party>,
    /// By name of the party, and under no name that of operations without one.
    randomness: HashMap<Option<String>, Random>,
}

impl World {
    /// Answers one request. A refused request changes nothing that a party keeps.
    pub(crate) fn handle(&mut self, request: &Value) -> Value {
        let mut response = Map::new();
        if let Some(id) = request.get("id") {
            response.insert("id".to_owned(), id.clone());
        }
        let fields = Fields::new(request);
        let name = fields.operation();
        let party = fields.party_name().map(str::to_owned);
        self.randomness.entry(party.clone()).or_default().begin();
        let found = OPERATIONS.iter().copied().flatten().find(|operation| operation.0 == name);
        let answer = match found {
            Some((_, operation)) => operation(self, fields),
            None => Err(Failure::new("NoSuchOp", format!("no op {name}"))),
        };
        response.insert("ok".to_owned(), answer.is_ok().into());
        let random = self.randomness.entry(party).or_default();
        match answer {
            Ok(value) => {
                if let Value::Object(fields) = value {
                    response.extend(fields);
                }
                let drawn = random.finish();
                if !drawn.is_empty() {
                    response.insert("rng".to_owned(), hex::encode(drawn).into());
                }
            }
            Err(failure) => {
                random.give_back();
                response.insert("error".to_owned(), failure.to_value(name));
            }
        }
        response.into()
    }

    /// The party that the request is about, and its randomness.
    fn party(&mut self, fields: Fields<'_>) -> Result<(&mut Party, &mut Random), Failure> {
        let name = fields.text("party")?;
        let party =
            self.parties.get_mut(name).ok_or_else(|| Failure::new("KeyError", format!("no party {name}")))?;
        Ok((party, self.randomness.entry(Some(name.to_owned())).or_default()))
    }

    fn random(&mut self, fields: Fields<'_>) -> &mut Random {
        self.randomness.entry(fields.party_name().map(str::to_owned)).or_default()
    }
}

fn hello(_: &mut World, _: Fields<'_>) -> Answer {
    let mut names: Vec<&str> = OPERATIONS.iter().copied().flatten().map(|operation| operation.0).collect();
    names.sort_unstable();
    Ok(json!({ "peer": "subrosa", "profile": "omemo", "version": env!("CARGO_PKG_VERSION"), "ops": names }))
}

fn batch(world: &mut World, fields: Fields<'_>) -> Answer {
    let responses: Vec<Value> =
        fields.list("requests")?.iter().map(|request| world.handle(request)).collect();
    Ok(json!({ "responses": responses }))
}

fn feed_rng(world: &mut World, fields: Fields<'_>) -> Answer {
    let bytes = fields.bytes("bytes")?;
    let random = world.random(fields);
    random.feed(&bytes);
    Ok(json!({ "waiting": random.waiting(), "from_system": random.system_draws() }))
}
