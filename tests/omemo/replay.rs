// SPDX-License-Identifier: MIT OR Apache-2.0

//! Recordings of twomemo and oldmemo, replayed by the peer: every output to the last bit, and the same refusals.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::peer::World;

/// Kinds of refusals that are compared; of others only that there is one.
const KINDS: [&str; 2] = ["DuplicateMessageException", "DoSProtectionException"];

/// Trials marked `free` that we decide otherwise than the library, by version and words of the trial, and why.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("2", "well-MACed: no counter", "the schema says required"),
    ("2", "well-MACed: no previous counter", "the schema says required"),
    ("2", "message in two halves (merged)", "no deployed writer cuts a message; each half lacks fields"),
    ("legacy", "well-MACed: no counter", "libsignal refuses it too"),
    ("legacy", "tag at the payload's end, key alone (old senders)", "Conversations reads it too"),
];

/// The step from which this case is the library's alone: it keeps one session, and we heal. `properties` shows how.
const HEALED: (&str, usize) = ("both begin at once", 11);

fn load(name: &str) -> Value {
    let folder = std::env::var_os("SUBROSA_VECTORS").unwrap_or_else(|| "tests/vectors".into());
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .join(folder)
        .join("omemo")
        .join(name)
        .with_extension("json");
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `value` with references to outputs put in.
fn resolve(value: &Value, outputs: &[Value]) -> Value {
    match value {
        Value::String(text) if text.starts_with('@') => {
            let mut parts = text.trim_start_matches('@').split('.');
            let at: usize = parts.next().unwrap().parse().unwrap();
            parts.fold(&outputs[at], |value, part| &value[part]).clone()
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), resolve(value, outputs)));
            fields.collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.iter().map(|value| resolve(value, outputs)).collect(),
        other => other.clone(),
    }
}

struct Replay {
    world: World,
    version: String,
}

impl Replay {
    /// Makes a step by the party under `prefix`. Says what is wrong with its result, if anything is.
    fn step(&mut self, step: &Value, outputs: &[Value], prefix: &str) -> Result<(), String> {
        let mut request = resolve(&step["in"], outputs);
        request["op"] = step["op"].clone();
        if request["version"].is_null() {
            request["version"] = self.version.clone().into();
        }
        let mut feed = json!({ "op": "feed_rng", "bytes": step["out"]["rng"] });
        if let Some(party) = request["party"].as_str().map(|party| format!("{prefix}{party}")) {
            request["party"] = party.clone().into();
            feed["party"] = party.into();
        }
        if feed["bytes"].is_string() {
            self.world.handle(&feed);
        }
        let mut answer = self.world.handle(&request);
        let accepted = answer["ok"] == true;
        answer.as_object_mut().unwrap().remove("ok");
        if let Some(wanted) = step.get("out") {
            return if accepted && answer == *wanted {
                Ok(())
            } else {
                Err(format!("{answer:#} is not {wanted:#}"))
            };
        }
        let (wanted, cause) = (&step["error"]["cause"], &answer["error"]["cause"]);
        let same_kind = KINDS.iter().all(|kind| wanted != kind || cause == kind);
        if !accepted && (same_kind || step.get("free").is_some()) {
            Ok(())
        } else {
            Err(format!("{answer:#} is not the refusal {wanted}"))
        }
    }
}

fn replay(name: &str) {
    let file = load(name);
    let version = file["version"].as_str().unwrap();
    let mut steps = 0;
    for case in file["cases"].as_array().unwrap() {
        let title = case["name"].as_str().unwrap();
        let mut run = Replay { world: World::default(), version: version.to_owned() };
        let (mut outputs, mut parties) = (Vec::new(), Vec::new());
        for (at, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            if (title, at) == HEALED {
                break;
            }
            run.step(step, &outputs, "")
                .unwrap_or_else(|wrong| panic!("{name}, {title}, step {at}: {wrong}"));
            parties.extend((step["op"] == "new_party").then(|| step["in"]["party"].as_str().unwrap()));
            outputs.push(step["out"].clone());
            steps += 1;
        }
        for (at, trial) in case["trials"].as_array().into_iter().flatten().enumerate() {
            for party in &parties {
                let copy = json!({ "op": "clone_party", "party": party, "as": format!("copy of {party}") });
                assert_eq!(run.world.handle(&copy)["ok"], true);
            }
            let about = trial["about"].as_str().unwrap();
            let otherwise = OTHERWISE.iter().any(|(of, words, _)| (*of, *words) == (version, about))
                && trial.get("free").is_some();
            let result = run.step(trial, &outputs, "copy of ");
            // A message that nobody accepts is no other decision.
            if let Err(wrong) = result {
                assert!(otherwise, "{name}, {title}, trial {at} ({about}): {wrong}");
            }
            steps += 1;
        }
    }
    assert!(steps > 20, "{name} has {steps} steps");
}

/// What `session_export` shows is taken back, and shown as the same.
#[test]
fn a_session_is_moved() {
    for (name, bundle) in [("omemo2-one-way", "2"), ("legacy-one-way", "legacy")] {
        let file = load(name);
        let steps = file["cases"][0]["steps"].as_array().unwrap();
        let export = steps.iter().find(|step| step["op"] == "session_export").unwrap();
        let mut world = World::default();
        let party = json!({ "op": "new_party", "party": "x", "name": "x", "device": 1, "version": bundle });
        assert_eq!(world.handle(&party)["ok"], true);
        let remote = &export["in"]["remote"];
        let record = &export["out"]["record"];
        let import = json!({ "op": "session_import", "party": "x", "remote": remote, "record": record });
        assert_eq!(world.handle(&import)["ok"], true);
        let mut shown = world.handle(&json!({ "op": "session_export", "party": "x", "remote": remote }));
        // A legacy exchange has no sign of the identity; the exporter's own knew it.
        shown["record"]["key_exchange"]["identity_key"] = record["key_exchange"]["identity_key"].clone();
        assert_eq!(shown["record"], *record);
    }
}

macro_rules! recordings {
    ($($test:ident: $file:literal)*) => {
        $(#[test]
        fn $test() {
            replay($file);
        })*
    };
}

recordings!(
    two_primitives: "omemo2-primitives"
    two_one_way: "omemo2-one-way"
    two_both_ways: "omemo2-both-ways"
    two_limits: "omemo2-limits"
    two_malformed: "omemo2-malformed"
    two_payload: "omemo2-payload"
    legacy_primitives: "legacy-primitives"
    legacy_one_way: "legacy-one-way"
    legacy_both_ways: "legacy-both-ways"
    legacy_limits: "legacy-limits"
    legacy_malformed: "legacy-malformed"
    legacy_payload: "legacy-payload"
);
