// SPDX-License-Identifier: MIT OR Apache-2.0

//! The post-quantum ratchet alone.

use serde_json::{Value, json};
use subrosa::hazmat::crypto::kem768::{KeySeed, encapsulate1, encapsulate2};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::spqr::{Direction, Limits, Spqr};

use crate::own_vectors::state;
use crate::own_vectors::stream::Stream;

const NAMES: [&str; 2] = ["A", "B"];

pub fn cases() -> Vec<Value> {
    let lockstep = Case::new("lockstep").run(2, |_, _| Fate::Delivered);
    // A fifth of the messages is lost, a fifth comes late.
    let bad = Case::new("a bad network").run(1, |stream, _| match stream.below(5) {
        0 => Fate::Lost,
        1 => Fate::Late,
        _ => Fate::Delivered,
    });
    vec![lockstep, bad]
}

enum Fate {
    Delivered,
    Lost,
    /// It is delivered after the next message of the same sender.
    Late,
}

struct Case {
    name: &'static str,
    stream: Stream,
    schedule: Stream,
    auth_key: [u8; 32],
    braids: [Spqr; 2],
    states: [String; 2],
    /// The last one that was made.
    ek_vector: Option<[u8; 1152]>,
    /// The bytes of messages and the keys that they have.
    sent: Vec<(Vec<u8>, [u8; 32])>,
    steps: Vec<Value>,
}

impl Case {
    fn new(name: &'static str) -> Self {
        let mut stream = Stream::new(&format!("subrosa vectors 1: braid, {name}"));
        let auth_key = *Secret::<32>::random(&mut stream).as_bytes();
        stream.drawn();
        let braid = |direction| Spqr::new(direction, &Secret::new(auth_key), Limits::default());
        Self {
            name,
            stream,
            schedule: Stream::new(&format!("subrosa vectors 1: schedule, {name}")),
            auth_key,
            braids: [braid(Direction::A2B), braid(Direction::B2A)],
            states: [const { String::new() }; 2],
            ek_vector: None,
            sent: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// A and B take turns until `epochs` are over on both sides.
    fn run(mut self, epochs: u64, fate: impl Fn(&mut Stream, usize) -> Fate) -> Value {
        let start =
            [state::braid(&state::stored(&self.braids[0])), state::braid(&state::stored(&self.braids[1]))];
        let mut late = [None; 2];
        while self.braids.iter().any(|braid| braid.state().unwrap().1 <= epochs) {
            for by in [0, 1] {
                let number = self.send(by);
                match fate(&mut self.schedule, by) {
                    Fate::Delivered => {
                        self.receive(1 - by, number);
                        if let Some(number) = late[by].take() {
                            self.receive(1 - by, number);
                        }
                    }
                    Fate::Lost => {}
                    Fate::Late => late[by] = late[by].or(Some(number)),
                }
            }
        }
        json!({
            "name": self.name,
            "seed": format!("subrosa vectors 1: braid, {}", self.name),
            "auth_key": hex::encode(self.auth_key),
            "start": { "A": start[0].lines(), "B": start[1].lines() },
            "steps": self.steps,
        })
    }

    fn send(&mut self, by: usize) -> usize {
        let before = self.braids[by].state().unwrap().0;
        let sent = self.braids[by].send(&mut self.stream).unwrap();
        self.braids[by].apply(sent.change);
        let (number, key) = (self.sent.len(), *sent.key.unwrap().as_bytes());
        let random = self.stream.drawn();
        let mut step = json!({ "op": "send", "number": number, "message": hex::encode(sent.message), "key": hex::encode(key) });
        if let Some(drawn) = random.first() {
            step["kem"] = kem(before, drawn, &state::stored(&self.braids[by]), self.ek_vector.as_ref());
            if before == "KeysUnsampled" {
                self.ek_vector = array(step["kem"]["ek_vector"].as_str().unwrap());
            }
            step["random"] = json!(random);
        }
        self.sent.push((sent.message.to_vec(), key));
        self.record(by, step);
        number
    }

    fn receive(&mut self, by: usize, number: usize) {
        let (message, key) = &self.sent[number];
        let received = self.braids[by].receive(message).unwrap();
        assert_eq!(received.key.unwrap().as_bytes(), key);
        self.braids[by].apply(received.change);
        self.record(by, json!({ "op": "receive", "number": number }));
    }

    fn record(&mut self, by: usize, mut step: Value) {
        let listing = state::braid(&state::stored(&self.braids[by]));
        step["by"] = json!(NAMES[by]);
        step["state_hash"] = json!(listing.hash());
        let (name, epoch) = self.braids[by].state().unwrap();
        let state = format!("{name} {epoch}");
        if state != self.states[by] {
            step["state"] = listing.lines();
        }
        self.states[by] = state;
        self.steps.push(step);
    }
}

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex::decode(text).unwrap().try_into().ok()
}

/// What a KEM makes of the bytes that were drawn for a message. `after` is the stored ratchet after it was sent;
/// `ek_vector` is what the peer will send, if an encapsulation is to be finished with it.
pub fn kem(before: &str, drawn: &str, after: &[u8], ek_vector: Option<&[u8; 1152]>) -> Value {
    if before == "KeysUnsampled" {
        let key = KeySeed::from_seed(Secret::new(array(drawn).unwrap())).expand();
        return json!({
            "seed": drawn,
            "header": hex::encode(key.header()),
            "ek_vector": hex::encode(key.ek_vector()),
            "dk": hex::encode(key.as_bytes()),
        });
    }
    let lines = state::braid(after).lines();
    let header = state::value(&lines, "header=").unwrap();
    let (header, random) = (array(header).unwrap(), Secret::new(array(drawn).unwrap()));
    let (ct1, shared) = encapsulate1(&header, &random);
    let mut out = json!({ "m": drawn, "ct1": hex::encode(ct1), "K": hex::encode(shared.as_bytes()) });
    if let Some(ek_vector) = ek_vector {
        out["ct2"] = json!(hex::encode(encapsulate2(&header, ek_vector, &random).unwrap()));
    }
    out
}
