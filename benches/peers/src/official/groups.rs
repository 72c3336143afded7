// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups of another implementation.

use std::rc::Rc;

use serde_json::{Value, json};

use super::pipe::Peer;
use crate::harness::Batch;

pub const DISTRIBUTION: &str = "d1d1d1d1-7000-11eb-b32a-33b8a8a487a6";

/// A party with a sender key, known by its address.
pub fn sender(peer: &Peer) -> (String, Value) {
    let name = peer.name();
    peer.ask(&json!({ "op": "new_party", "party": name, "name": name, "device": 1 }));
    let create = json!({ "op": "sender_key_create", "party": name, "distribution_id": DISTRIBUTION });
    let distribution = peer.ask(&create)["skdm"].take();
    (name, distribution)
}

fn encrypts(party: &str, count: u32) -> Vec<Value> {
    let plaintext = "78".repeat(1_024);
    let request = json!({ "op": "group_encrypt", "party": party, "distribution_id": DISTRIBUTION, "plaintext": plaintext });
    vec![request; count as usize]
}

pub fn group_encrypt(peer: Rc<Peer>) -> Batch {
    let (alice, _) = sender(&peer);
    Box::new(move |count| peer.net(&encrypts(&alice, count)).1)
}

pub fn group_decrypt(peer: Rc<Peer>) -> Batch {
    let (alice, distribution) = sender(&peer);
    let (bob, _) = sender(&peer);
    let sender = json!({ "name": alice, "device": 1 });
    let learn = json!({ "op": "sender_key_process", "party": bob, "sender": sender,
        "distribution_id": DISTRIBUTION, "skdm": distribution });
    peer.ask(&learn);
    Box::new(move |count| {
        let answers = peer.batch(&encrypts(&alice, count));
        let decrypt = |answer: &Value| {
            json!({ "op": "group_decrypt", "party": bob, "sender": sender,
                "distribution_id": DISTRIBUTION, "message": answer["message"] })
        };
        let requests: Vec<_> = answers.iter().map(decrypt).collect();
        peer.net(&requests).1
    })
}
