// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions of another implementation.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use super::pipe::Peer;
use crate::harness::Batch;

/// How many pairs take their turns at once, each at another point of an epoch, which has 174 turns.
const PAIRS: u32 = 58;

/// Two parties, both of the same program. The name of each is its address.
#[derive(Clone)]
struct Talk {
    peer: Rc<Peer>,
    alice: Party,
    bob: Party,
}

#[derive(Clone)]
struct Party {
    /// What the program knows it by.
    id: String,
    name: String,
}

impl Party {
    fn new(peer: &Peer) -> Self {
        let name = peer.name();
        peer.ask(&json!({ "op": "new_party", "party": name, "name": name, "device": 1 }));
        Self { id: name.clone(), name }
    }

    fn address(&self) -> Value {
        json!({ "name": self.name, "device": 1 })
    }

    fn copy(&self, copy: u32) -> (Self, Value) {
        let id = format!("{} {copy}", self.id);
        let request = json!({ "op": "clone_party", "party": self.id, "as": id });
        (Self { id, name: self.name.clone() }, request)
    }

    fn encrypt(&self, to: &Self, len: usize) -> Value {
        json!({ "op": "encrypt", "party": self.id, "remote": to.address(), "plaintext": "78".repeat(len) })
    }

    fn decrypt(&self, from: &Self, answer: &Value) -> Value {
        let (kind, message) = (&answer["type"], &answer["message"]);
        json!({ "op": "decrypt", "party": self.id, "remote": from.address(), "type": kind, "message": message })
    }

    fn process(&self, from: &Self, bundle: &Value) -> Value {
        json!({ "op": "process_bundle", "party": self.id, "remote": from.address(), "bundle": bundle })
    }
}

impl Talk {
    /// Two parties, and a bundle of Bob's.
    fn strangers(peer: Rc<Peer>) -> (Self, Value) {
        let (alice, bob) = (Party::new(&peer), Party::new(&peer));
        let bundle = peer.ask(&json!({ "op": "bundle", "party": bob.id }))["bundle"].take();
        (Self { peer, alice, bob }, bundle)
    }

    /// Two parties whose session is acknowledged.
    fn new(peer: Rc<Peer>) -> Self {
        let (mut talk, bundle) = Self::strangers(peer);
        talk.peer.ask(&talk.alice.process(&talk.bob, &bundle));
        (0..3).for_each(|_| drop(talk.turn()));
        std::mem::swap(&mut talk.alice, &mut talk.bob);
        talk
    }

    /// One message there; the next one will go back. Gives its answer.
    fn turn(&mut self) -> Value {
        let answer = self.peer.ask(&self.alice.encrypt(&self.bob, 1_024));
        self.peer.ask(&self.bob.decrypt(&self.alice, &answer));
        std::mem::swap(&mut self.alice, &mut self.bob);
        answer
    }

    fn encrypts(&self, count: u32, len: usize) -> Vec<Value> {
        (0..count).map(|_| self.alice.encrypt(&self.bob, len)).collect()
    }

    /// Alice sends as many that are lost; gives the answer to one more.
    fn after(&self, lost: u32) -> Value {
        (0..lost).step_by(1_000).for_each(|from| {
            self.peer.batch(&self.encrypts((lost - from).min(1_000), 0));
        });
        self.peer.ask(&self.alice.encrypt(&self.bob, 64))
    }

    fn copy(&self, copy: u32) -> Self {
        let ((alice, first), (bob, second)) = (self.alice.copy(copy), self.bob.copy(copy));
        self.peer.batch(&[first, second]);
        Self { peer: Rc::clone(&self.peer), alice, bob }
    }
}

/// Copies of a party, each in the place of the one before.
fn copies(peer: &Peer, party: &Party, count: u32) -> Vec<Party> {
    let (copies, requests): (Vec<_>, Vec<_>) = (0..count).map(|copy| party.copy(copy)).unzip();
    peer.batch(&requests);
    copies
}

pub fn encrypt(peer: Rc<Peer>, len: usize) -> Batch {
    let talk = Talk::new(peer);
    Box::new(move |count| talk.peer.net(&talk.encrypts(count, len)).1)
}

pub fn decrypt(peer: Rc<Peer>, len: usize, held: u32) -> Batch {
    let talk = Talk::new(peer);
    if held > 0 {
        let ahead = talk.after(held);
        talk.peer.ask(&talk.bob.decrypt(&talk.alice, &ahead));
    }
    Box::new(move |count| {
        let answers = talk.peer.batch(&talk.encrypts(count, len));
        let requests: Vec<_> = answers.iter().map(|answer| talk.bob.decrypt(&talk.alice, answer)).collect();
        talk.peer.net(&requests).1
    })
}

pub fn turn(peer: Rc<Peer>) -> Batch {
    let mut talk = Talk::new(Rc::clone(&peer));
    let mut pairs = Vec::new();
    for copy in 0..PAIRS {
        (0..3).for_each(|_| drop(talk.turn()));
        pairs.push(talk.copy(copy));
    }
    Box::new(move |count| {
        let mut total = Duration::ZERO;
        for from in (0..count).step_by(PAIRS as usize) {
            let pairs = pairs.iter_mut().take((count - from) as usize);
            let pairs: Vec<_> = pairs.collect();
            let requests: Vec<_> = pairs.iter().map(|pair| pair.alice.encrypt(&pair.bob, 1_024)).collect();
            let (answers, encrypted) = peer.net(&requests);
            let requests = pairs.iter().zip(&answers);
            let requests: Vec<_> =
                requests.map(|(pair, answer)| pair.bob.decrypt(&pair.alice, answer)).collect();
            total += encrypted + peer.net(&requests).1;
            for pair in pairs {
                std::mem::swap(&mut pair.alice, &mut pair.bob);
            }
        }
        total
    })
}

pub fn initiate(peer: Rc<Peer>) -> Batch {
    let (talk, bundle) = Talk::strangers(peer);
    Box::new(move |count| {
        let copies = copies(&talk.peer, &talk.alice, count);
        let requests: Vec<_> = copies.iter().map(|alice| alice.process(&talk.bob, &bundle)).collect();
        talk.peer.net(&requests).1
    })
}

pub fn respond(peer: Rc<Peer>) -> Batch {
    let (talk, bundle) = Talk::strangers(peer);
    talk.peer.ask(&talk.alice.process(&talk.bob, &bundle));
    let first = talk.peer.ask(&talk.alice.encrypt(&talk.bob, 1_024));
    decrypts(talk, first)
}

pub fn jump(peer: Rc<Peer>, skipped: u32) -> Batch {
    let talk = Talk::new(peer);
    let message = talk.after(skipped);
    decrypts(talk, message)
}

/// Copies of Bob decrypt the same message.
fn decrypts(talk: Talk, message: Value) -> Batch {
    Box::new(move |count| {
        let copies = copies(&talk.peer, &talk.bob, count);
        let requests: Vec<_> = copies.iter().map(|bob| bob.decrypt(&talk.alice, &message)).collect();
        talk.peer.net(&requests).1
    })
}

/// Mean length of a message of 1,024 bytes over an epoch, in bytes.
pub fn wire_len(peer: Rc<Peer>) -> f64 {
    let mut talk = Talk::new(peer);
    let characters: usize = (0..174).map(|_| talk.turn()["message"].as_str().unwrap().len()).sum();
    #[allow(clippy::cast_precision_loss, reason = "it is small")]
    let characters = characters as f64;
    characters / 2.0 / 174.0
}
