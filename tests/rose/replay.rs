// SPDX-License-Identifier: MIT OR Apache-2.0

//! The conversations of an independent reference, replayed by the peer: every byte sent, tags added and removed, digests,
//! refusals; and the number and order of draws.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::peer::World;

/// The arguments of each operation; what else a step has are results.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("begin", &["peer", "franking"]),
    ("clock", &["now"]),
    ("clone", &["to", "seed"]),
    ("deliver", &["message", "of", "flip", "trial"]),
    ("group_distribution", &["group", "to"]),
    ("group_learn", &["sender", "distribution", "franked"]),
    ("group_new", &["group", "group_id"]),
    ("group_receive", &["message", "of", "flip"]),
    ("group_rotate", &["group"]),
    ("group_send", &["group", "to", "content", "at_least", "report"]),
    ("policy", &["franking", "trust_all", "require_one_time"]),
    ("prekey", &["cls"]),
    ("report_part", &["peer", "day", "content"]),
    ("restore", &["slot"]),
    ("sas", &["peer", "run", "n0", "n1"]),
    ("save", &["slot"]),
    ("send", &["peer", "kind", "content", "at_least", "report"]),
    ("split", &["to", "content", "at_least"]),
    ("token", &["day"]),
];
/// What stands beside the results.
const BESIDE: [&str; 5] = ["table", "digests", "tags_add", "tags_remove", "group_table"];

/// A file of the selection, or of the complete vectors.
pub(crate) fn load(name: &str) -> Value {
    let folder = std::env::var_os("SUBROSA_VECTORS").unwrap_or_else(|| "tests/vectors".into());
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .join(folder)
        .join("rose")
        .join(name)
        .with_extension("json");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The request of a step, and the response that it must have.
fn parts(step: &Map<String, Value>, full_tags: bool) -> (Value, Value) {
    let op = step["op"].as_str().unwrap();
    let arguments = ARGUMENTS.iter().find(|(name, _)| *name == op).map_or(&[][..], |(_, names)| *names);
    let (mut request, mut results, mut response) = (Map::new(), Map::new(), Map::new());
    request.insert("draws".to_owned(), json!({}));
    for (name, value) in step {
        // Of `deliver` and `group_receive` the content is a result.
        if ["by", "op", "draws"].contains(&&**name) || arguments.contains(&&**name) {
            request.insert(name.clone(), value.clone());
        } else if BESIDE.contains(&&**name) {
            if full_tags || !name.starts_with("tags_") {
                response.insert(name.clone(), value.clone());
            }
        } else if name != "refused" {
            results.insert(name.clone(), value.clone());
        }
    }
    match step.get("refused") {
        Some(name) => response.insert("refused".to_owned(), name.clone()),
        None => response.insert("ok".to_owned(), results.into()),
    };
    (request.into(), response.into())
}

/// Replays a file, and gives how many steps were refused, by the name of the refusal.
fn replay(name: &str) -> HashMap<String, usize> {
    let file = load(name);
    let full_tags = file["tags"] == "full";
    let (mut world, mut refused) = (World::default(), HashMap::new());
    for (at, step) in file["steps"].as_array().unwrap().iter().enumerate() {
        let (request, expected) = parts(step.as_object().unwrap(), full_tags);
        let mut response = world.handle(&request);
        if !full_tags {
            response.as_object_mut().unwrap().retain(|name, _| !name.starts_with("tags_"));
        }
        assert_eq!(response, expected, "{name}, step {at}");
        if let Some(name) = response["refused"].as_str() {
            *refused.entry(name.to_owned()).or_default() += 1;
        }
    }
    refused
}

macro_rules! conversations {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            replay(stringify!($name));
        })*
    };
}

conversations!(
    conversation_lockstep
    conversation_renewal
    conversation_rollback
    conversation_simultaneous
    conversation_unanswered
    conversation_windows
    first_contact
    group
    report
    sas
    split
);

/// Those that are only among the complete vectors.
#[test]
#[ignore = "needs the complete vectors in SUBROSA_VECTORS"]
fn complete_conversations() {
    replay("conversation_bursts");
    replay("conversation_lossy");
}

#[test]
fn refusals() {
    let refused = replay("refusals");
    for name in ["NotFound", "BadContent", "BadKey", "Malformed", "UnknownEpoch", "Braid(KeyJump)"] {
        assert!(refused.contains_key(name), "{name} is among them");
    }
}
