// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender and fingerprints of the official client.

use std::rc::Rc;

use serde_json::{Value, json};

use super::groups::{DISTRIBUTION, sender};
use super::pipe::Peer;
use crate::harness::Batch;

const NOW: u64 = 1_700_000_000_000;

/// Who seals a group message, and for whom.
struct Sealing {
    peer: Rc<Peer>,
    alice: String,
    bob: String,
    bobs_key: Value,
    trust_root: Value,
    certificate: Value,
    content: Value,
}

impl Sealing {
    fn new(peer: Rc<Peer>) -> Self {
        let (alice, _) = sender(&peer);
        let bob = peer.name();
        let new = json!({ "op": "new_party", "party": bob, "name": bob, "device": 1 });
        let bobs_key = peer.ask(&new)["identity_public"].take();
        let export = json!({ "op": "bundle", "party": alice });
        let alices_key = peer.ask(&export)["bundle"]["identity_key"].take();
        let [root, server] = [(); 2].map(|()| peer.ask(&json!({ "op": "ec_generate" })));
        let request = json!({ "op": "server_cert", "key_id": 1, "server_public": server["public"],
            "trust_root_private": root["private"] });
        let server_certificate = peer.ask(&request)["server_cert"].take();
        let request = json!({ "op": "sender_cert", "sender_uuid": alice, "sender_device": 1,
            "sender_public": alices_key, "expiration": NOW + 1_000, "server_cert": server_certificate,
            "server_private": server["private"] });
        let certificate = peer.ask(&request)["sender_cert"].take();
        let request = json!({ "op": "usmc", "party": alice, "sender_cert": certificate, "inner": "group",
            "distribution_id": DISTRIBUTION, "plaintext": "78".repeat(1_024) });
        let content = peer.ask(&request)["usmc"].take();
        let known = json!({ "op": "identity_set", "party": alice, "remote": { "name": bob, "device": 1 },
            "identity": bobs_key });
        peer.ask(&known);
        Self { peer, alice, bob, bobs_key, trust_root: root["public"].clone(), certificate, content }
    }

    fn seal_v1(&self) -> Value {
        let bob = json!({ "name": self.bob, "device": 1 });
        json!({ "op": "seal_v1", "party": self.alice, "remote": bob, "usmc": self.content })
    }

    /// The same request again and again.
    fn repeated(self, request: Value) -> Batch {
        Box::new(move |count| self.peer.net(&vec![request.clone(); count as usize]).1)
    }
}

pub fn seal_v1(peer: Rc<Peer>) -> Batch {
    let sealing = Sealing::new(peer);
    let request = sealing.seal_v1();
    sealing.repeated(request)
}

pub fn open_v1(peer: Rc<Peer>) -> Batch {
    let sealing = Sealing::new(peer);
    let sealed = sealing.peer.ask(&sealing.seal_v1())["sealed"].take();
    let request = json!({ "op": "unseal_usmc", "party": sealing.bob, "sealed": sealed });
    sealing.repeated(request)
}

pub fn certificate(peer: Rc<Peer>) -> Batch {
    let sealing = Sealing::new(peer);
    let request = json!({ "op": "validate_sender_cert", "sender_cert": sealing.certificate,
        "trust_roots": [sealing.trust_root], "now": NOW });
    sealing.repeated(request)
}

/// All recipients have the same identity key, which the official client does not use.
pub fn seal_v2(peer: Rc<Peer>, recipients: u32) -> Batch {
    let sealing = Sealing::new(peer);
    let bundle = sealing.peer.ask(&json!({ "op": "bundle", "party": sealing.bob }))["bundle"].take();
    let addresses: Vec<Value> =
        (0..recipients).map(|_| json!({ "name": sealing.peer.name(), "device": 1 })).collect();
    let begin = |address: &Value| json!({ "op": "process_bundle", "party": sealing.alice, "remote": address, "bundle": bundle });
    sealing.peer.batch(&addresses.iter().map(begin).collect::<Vec<_>>());
    let request = json!({ "op": "seal_multi", "party": sealing.alice, "recipients": addresses,
        "usmc": sealing.content });
    sealing.repeated(request)
}

pub fn fingerprint(peer: Rc<Peer>) -> Batch {
    let sealing = Sealing::new(peer);
    let key = &sealing.bobs_key;
    let request = json!({ "op": "fingerprint", "version": 2, "local_id": "01".repeat(16), "local_key": key,
        "remote_id": "02".repeat(16), "remote_key": key });
    sealing.repeated(request)
}
