// SPDX-License-Identifier: MIT OR Apache-2.0

//! Replays recorded requests on a peer of ours, with the recorded randomness, and compares all responses.

use serde_json::{Map, Value, json};

use super::vectors::{Case, Step};
use crate::peer::Peer;

/// Who wrote a file, as far as it matters for the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorder {
    /// The official client: refusals are compared by name and code.
    Official,
    /// An official client of version 3.
    OfficialVersion3,
    /// Other implementations of version 3: their refusals have other names, and they trust anyone.
    OtherVersion3,
}

/// How a file is replayed.
pub(crate) struct Replay<'a> {
    pub(crate) recorder: Recorder,
    /// Operations that are left out, because what they need is not there.
    pub(crate) skip: &'a [&'a str],
    /// Where we are known to differ: case, and step's number or trial's description.
    pub(crate) differs: &'a [Difference],
}

/// A place where we do other than the recorder did, and why.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) case: &'static str,
    /// The number of the step, or the description of the trial.
    pub(crate) at: &'static str,
    pub(crate) reason: &'static str,
}

/// What became of a case.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How many responses were compared.
    pub(crate) compared: usize,
    /// Where we differ, but for the places that are listed.
    pub(crate) unexpected: Vec<String>,
    /// Listed places where we differ.
    pub(crate) expected: usize,
}

impl Replay<'_> {
    pub(crate) fn run(&self, case: &Case) -> Outcome {
        let (mut peer, mut outcome) = (Peer::default(), Outcome::default());
        for (number, step) in case.steps.iter().enumerate() {
            if self.skip.contains(&step.op.as_str()) {
                continue;
            }
            let request = self.request(case, step);
            if faulty(step) {
                // The recorder's fault ends the case. What it could not decrypt, we must.
                let verdict = self.good_after_all(case, step, &mut peer, &request);
                self.note(case, &number.to_string(), verdict, &mut outcome);
                break;
            }
            let verdict = self.step(step, &mut peer, &request);
            self.note(case, &number.to_string(), verdict, &mut outcome);
        }
        for trial in &case.trials {
            if self.skip.contains(&trial.op.as_str()) {
                continue;
            }
            let about = trial.about.as_deref().expect("trials are described");
            let mut request = self.request(case, trial);
            if request.contains_key("party") {
                let party = request.insert("party".to_owned(), "(trial)".into());
                peer.handle(&json!({ "op": "clone_party", "party": party, "as": "(trial)" }));
            }
            let verdict = self.step(trial, &mut peer, &request);
            self.note(case, about, verdict, &mut outcome);
        }
        outcome
    }

    /// The request of a step, as our peer wants it.
    fn request(&self, case: &Case, step: &Step) -> Map<String, Value> {
        let Value::Object(mut request) = case.resolve(&step.input) else { panic!("requests are objects") };
        request.insert("op".to_owned(), step.op.as_str().into());
        let version3 = self.recorder != Recorder::Official;
        match step.op.as_str() {
            "new_party" if version3 => drop(request.insert("version3".to_owned(), true.into())),
            "bundle" if version3 => drop(request.insert("kyber".to_owned(), false.into())),
            _ => {}
        }
        request.entry("now_ms").or_insert(NOW_MS.into());
        request
    }

    /// Carries a request out and compares the response.
    fn step(&self, step: &Step, peer: &mut Peer, request: &Map<String, Value>) -> Result<(), String> {
        let recorded = step.out.as_ref();
        if step.op == "bundle" && recorded.is_some_and(|out| out.get("records").is_none()) {
            // Without stored records the signature's randomness may not be known either.
            let out = recorded.expect("it has no records");
            let import = json!({ "op": "import_bundle", "party": request["party"], "bundle": out["bundle"], "private": out["private"] });
            return succeeded(&peer.handle(&import));
        }
        let rng = recorded.and_then(|out| out.get("rng")).cloned().unwrap_or_else(|| "".into());
        let feed = |bytes| json!({ "op": "feed_rng", "party": request.get("party"), "bytes": bytes });
        let before = peer.handle(&feed(rng));
        let mut response = Value::Null;
        for _ in 0..step.repeat.unwrap_or(1) {
            response = peer.handle(&Value::Object(request.clone()));
        }
        let after = peer.handle(&feed("".into()));
        if step.op == "new_party" && self.recorder == Recorder::OtherVersion3 {
            peer.handle(&json!({ "op": "set_trust", "party": request["party"], "policy": "all" }));
        }
        match (recorded, &step.error) {
            (Some(out), None) => {
                same_output(out, &response)?;
                let drawn = (&after["waiting"], &after["from_system"]);
                let expected = (&json!(0), &before["from_system"]);
                if drawn == expected { Ok(()) } else { Err(format!("drew other than recorded: {after}")) }
            }
            (None, Some(error)) => self.same_refusal(error, &response),
            _ => panic!("a step has an output or an error"),
        }
    }

    /// A message that the recorder should have decrypted.
    fn good_after_all(
        &self,
        case: &Case,
        step: &Step,
        peer: &mut Peer,
        request: &Map<String, Value>,
    ) -> Result<(), String> {
        let reference = step.input["message"].as_str().and_then(|text| text.strip_prefix('@'));
        let number = reference.and_then(|text| text.split('.').next()).and_then(|n| n.parse::<usize>().ok());
        let sent = &case.steps[number.expect("the message is a reference")].input["plaintext"];
        let response = peer.handle(&Value::Object(request.clone()));
        same_output(&json!({ "plaintext": sent }), &response)
    }

    fn same_refusal(&self, recorded: &Value, response: &Value) -> Result<(), String> {
        let ours = &response["error"];
        if response["ok"] == true {
            return Err(format!("accepted, but the recorder said {recorded}"));
        }
        let kind = |error: &Value| {
            let name = error["name"].as_str().unwrap_or_default().to_owned();
            // Older releases have no class for the rest, and JavaScript's own errors differ in name.
            let name = if name == "LibSignalError" { "Generic".to_owned() } else { name };
            (if error["code"].is_null() { String::new() } else { name }, error["code"].clone())
        };
        if self.recorder == Recorder::OtherVersion3 || kind(recorded) == kind(ours) {
            Ok(())
        } else {
            Err(format!("refused as {ours}, but the recorder said {recorded}"))
        }
    }

    fn note(&self, case: &Case, at: &str, verdict: Result<(), String>, outcome: &mut Outcome) {
        outcome.compared += 1;
        let listed = self.differs.iter().any(|listed| listed.case == case.name && listed.at == at);
        match verdict {
            Ok(()) if listed => {
                outcome.unexpected.push(format!("{}, {at}: no difference, but listed", case.name))
            }
            Err(_) if listed => outcome.expected += 1,
            Err(reason) => outcome.unexpected.push(format!("{}, {at}: {reason}", case.name)),
            Ok(()) => {}
        }
    }
}

/// The time of a step that has none of its own.
const NOW_MS: u64 = 1_700_000_000_000;

/// Whether the recorder refused a good message, as the note then says.
fn faulty(step: &Step) -> bool {
    step.error.is_some() && step.note.as_deref().is_some_and(|note| note.starts_with("a good message"))
}

fn succeeded(response: &Value) -> Result<(), String> {
    if response["ok"] == true { Ok(()) } else { Err(format!("refused: {}", response["error"])) }
}

/// Whether all fields of the recorded output, but its randomness, are in ours.
fn same_output(recorded: &Value, response: &Value) -> Result<(), String> {
    succeeded(response)?;
    for (name, value) in recorded.as_object().expect("outputs are objects") {
        if name != "rng" && !contains(&response[name], value) {
            return Err(format!("{name} is {} and not {value}", response[name]));
        }
    }
    Ok(())
}

/// Whether `ours` is `recorded`, or an object that has all its fields.
fn contains(ours: &Value, recorded: &Value) -> bool {
    match recorded {
        Value::Object(fields) => fields.iter().all(|(name, value)| contains(&ours[name], value)),
        other => ours == other,
    }
}
