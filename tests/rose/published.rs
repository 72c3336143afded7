// SPDX-License-Identifier: MIT OR Apache-2.0

//! Our own vectors of the profile, `vectors/v1/rose.json`: a conversation of three parties as steps in the form of
//! `ci/peer rose`, with draws, every byte sent, tags, and state digests. They are computed anew and compared;
//! `SUBROSA_WRITE_PUBLISHED=1` writes them.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::peer::World;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/v1/rose.json");

/// The requests; a message is named by the step that sent it.
fn requests() -> Vec<Value> {
    let mut steps = vec![
        json!({"by": "issuer", "op": "issuer"}),
        json!({"by": "alice", "op": "make"}),
        json!({"by": "bob", "op": "make"}),
        json!({"by": "carol", "op": "make"}),
        json!({"by": "bob", "op": "prekey", "cls": 1}),
        json!({"by": "alice", "op": "begin", "peer": "bob", "franking": false}),
    ];
    let send = |by: &str, peer: &str, kind: u8, content: &str| json!({"by": by, "op": "send", "peer": peer, "kind": kind, "content": hex::encode(content), "at_least": 0});
    let deliver = |by: &str, of: usize| json!({"by": by, "op": "deliver", "of": of});
    // The first message is lost for a while: the second begins the session.
    steps.extend([send("alice", "bob", 1, "first"), send("alice", "bob", 2, "second")]);
    steps.extend([deliver("bob", 7), deliver("bob", 6), deliver("bob", 6)]);
    for turn in 0..6 {
        let at = steps.len();
        steps.extend([send("bob", "alice", 1, &format!("answer {turn}")), deliver("alice", at)]);
        let at = steps.len();
        steps.push(send("alice", "bob", 1, &format!("turn {turn}")));
        steps.push(send("alice", "bob", 0, ""));
        steps.extend([deliver("bob", at + 1), deliver("bob", at)]);
    }
    steps.push(json!({"by": "bob", "op": "deliver", "of": steps.len() - 4, "flip": [200, 3]}));
    // Carol and Alice, by a prekey of last resort.
    steps.extend([
        json!({"by": "carol", "op": "prekey", "cls": 2}),
        json!({"by": "alice", "op": "begin", "peer": "carol", "franking": false}),
    ]);
    for by in ["alice", "carol", "alice", "carol"] {
        let (at, other) = (steps.len(), if by == "alice" { "carol" } else { "alice" });
        steps.extend([send(by, other, 0, ""), deliver(other, at)]);
    }
    let at = steps.len();
    steps.push(json!({"by": "alice", "op": "split", "to": ["bob", "carol"], "content": "746f20616c6c", "at_least": 0}));
    steps.extend(
        [("bob", 0), ("carol", 1)].map(|(by, part)| json!({"by": by, "op": "deliver", "of": [at, part]})),
    );
    steps.push(json!({"by": "alice", "op": "group_new", "group": "g", "group_id": "07".repeat(32)}));
    steps
}

fn vectors() -> Value {
    let mut rng = ChaCha20Rng::seed_from_u64(2_026);
    let mut world = World::with_source(Box::new(move |target| rng.fill_bytes(target)));
    let mut steps = Vec::new();
    for mut step in requests() {
        let response = world.handle(&step);
        assert!(response.get("error").is_none(), "{step}: {response}");
        let fields = step.as_object_mut().unwrap();
        for (name, value) in response.as_object().unwrap() {
            match (name.as_str(), value) {
                ("ok", Value::Object(results)) => fields.extend(results.clone()),
                _ => drop(fields.insert(name.clone(), value.clone())),
            }
        }
        steps.push(step);
    }
    json!({"profile": "subrosa-rose-1", "name": "published", "tags": "full", "now": 1_795_000_000, "steps": steps})
}

#[test]
fn published_vectors_are_what_the_crate_makes() {
    let made = vectors();
    if std::env::var_os("SUBROSA_WRITE_PUBLISHED").is_some() {
        let steps: Vec<String> = made["steps"].as_array().unwrap().iter().map(Value::to_string).collect();
        let head = json!({"profile": made["profile"], "name": made["name"], "tags": made["tags"], "now": made["now"]});
        let head = head.to_string();
        let text = format!("{},\"steps\":[\n{}\n]}}\n", head.trim_end_matches('}'), steps.join(",\n"));
        std::fs::write(PATH, text).unwrap();
    }
    let published: Value = serde_json::from_slice(&std::fs::read(PATH).unwrap()).unwrap();
    assert!(published == made, "vectors/v1/rose.json is not what the crate makes");
    let digests = made["steps"].as_array().unwrap().iter().filter(|step| step["digests"].is_object()).count();
    assert!(digests > 40);
    let refused = made["steps"].as_array().unwrap().iter().filter(|step| step["refused"].is_string()).count();
    assert_eq!(refused, 2, "a duplicate and a damaged message");
}
