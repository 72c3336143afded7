// SPDX-License-Identifier: MIT OR Apache-2.0

//! Replays recorded requests on a peer of ours, with the recorded randomness, and compares all responses.

use serde_json::{Map, Value, json};

use super::vectors::{Case, Step, resolve, sent};
use crate::peer::Peer;

/// Who wrote a file, as far as it matters for the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorder {
    /// The official client: refusals are compared by name and code.
    Official,
    /// The official client beside an older release: what both drew is in one log.
    BesideOlder,
    /// An official client of version 3.
    OfficialVersion3,
    /// Other implementations of version 3: their refusals have other names, and they trust anyone.
    OtherVersion3,
}

/// How a file is replayed.
pub(crate) struct Replay<'a> {
    pub(crate) recorder: Recorder,
    /// Parties that are not played, by case: they were held by something that we are not.
    pub(crate) absent: &'a [(&'a str, &'a str)],
    /// Where we are known to differ.
    pub(crate) differs: &'a [Difference],
}

/// A place where we do other than the recorder did, and why.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) case: &'static str,
    /// The numbers of steps, or the descriptions of trials.
    pub(crate) at: &'static [&'static str],
    pub(crate) reason: &'static str,
}

/// What became of a case.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How many responses were compared.
    pub(crate) compared: usize,
    /// Where we differ, but for the places that are listed.
    pub(crate) unexpected: Vec<String>,
    /// How often we differ where it is listed.
    pub(crate) expected: usize,
}

impl Replay<'_> {
    /// A replay of everything, without any difference.
    pub(crate) const fn of(recorder: Recorder) -> Self {
        Self { recorder, absent: &[], differs: &[] }
    }

    /// Whether a step is left out.
    fn skips(&self, case: &Case, step: &Step) -> bool {
        let absent = |party: &Value| {
            self.absent.iter().any(|(name, absent)| *name == case.name && party.as_str() == Some(absent))
        };
        step.input.get("party").is_some_and(absent)
    }

    pub(crate) fn run(&self, case: &Case) -> Outcome {
        let (mut peer, mut outcome) = (Peer::default(), Outcome::default());
        for (number, step) in case.steps.iter().enumerate() {
            if self.skips(case, step) {
                continue;
            }
            if faulty(step) {
                // The recorder's fault, which ends the case. Between two of ours nothing is refused.
                self.note(case, &number.to_string(), self.converse(case), &mut outcome);
                break;
            }
            let request = self.request(step, case.resolve(&step.input));
            let verdict = self.step(step, &mut peer, &request);
            self.note(case, &number.to_string(), verdict, &mut outcome);
        }
        for trial in &case.trials {
            if self.skips(case, trial) {
                continue;
            }
            let about = trial.about.as_deref().expect("trials are described");
            let mut request = self.request(trial, case.resolve(&trial.input));
            if request.contains_key("party") {
                let party = request.insert("party".to_owned(), "(trial)".into());
                peer.handle(&json!({ "op": "clone_party", "party": party, "as": "(trial)" }));
            }
            let verdict = self.step(trial, &mut peer, &request);
            self.note(case, about, verdict, &mut outcome);
        }
        outcome
    }

    /// The request of a step with this input, as our peer wants it.
    fn request(&self, step: &Step, input: Value) -> Map<String, Value> {
        let Value::Object(mut request) = input else { panic!("requests are objects") };
        request.insert("op".to_owned(), step.op.as_str().into());
        let version3 = matches!(self.recorder, Recorder::OfficialVersion3 | Recorder::OtherVersion3);
        let private = step.out.as_ref().and_then(|out| out.get("identity_private"));
        match (step.op.as_str(), private) {
            ("new_party", Some(private)) if self.recorder == Recorder::BesideOlder => {
                request.insert("identity_private".to_owned(), private.clone());
            }
            ("new_party", _) if version3 => drop(request.insert("version3".to_owned(), true.into())),
            ("bundle", _) if version3 => drop(request.insert("kyber".to_owned(), false.into())),
            _ => {}
        }
        request.entry("now_ms").or_insert(NOW_MS.into());
        request
    }

    /// Carries a request out and compares the response.
    fn step(&self, step: &Step, peer: &mut Peer, request: &Map<String, Value>) -> Result<(), String> {
        let recorded = step.out.as_ref();
        if step.op == "bundle"
            && recorded.is_some_and(|out| out.get("records").is_none() || out.get("rng").is_none())
        {
            // Without stored records the signature's randomness may not be known either.
            let out = recorded.expect("it has no records");
            let import = json!({ "op": "import_bundle", "party": request["party"], "bundle": out["bundle"], "private": out["private"] });
            return succeeded(&peer.handle(&import));
        }
        let feed = |bytes: &str| json!({ "op": "feed_rng", "party": request.get("party"), "bytes": bytes });
        let randomness = self.randomness(step, peer, request);
        let before = peer.handle(&feed(&randomness));
        let mut response = Value::Null;
        for _ in 0..step.repeat.unwrap_or(1) {
            response = peer.handle(&Value::Object(request.clone()));
        }
        let after = peer.handle(&feed(""));
        if step.op == "new_party" && self.recorder == Recorder::OtherVersion3 {
            peer.handle(&json!({ "op": "set_trust", "party": request["party"], "policy": "all" }));
        }
        match (recorded, &step.error) {
            (Some(out), None) => {
                self.same_output(out, &response)?;
                let drawn = (&after["waiting"], &after["from_system"]);
                let as_recorded = drawn == (&json!(0), &before["from_system"]);
                // What a trial drew was not recorded.
                if as_recorded || step.about.is_some() {
                    Ok(())
                } else {
                    Err(format!("drew other than recorded: {after}"))
                }
            }
            (None, Some(error)) => self.same_refusal(error, &response),
            _ => panic!("a step has an output or an error"),
        }
    }

    /// Holds a conversation among parties of ours only, with their own messages and randomness. Every message
    /// must be decrypted, also the one that the recorder refused.
    fn converse(&self, case: &Case) -> Result<(), String> {
        let (mut peer, mut outputs) = (Peer::default(), Vec::<Value>::new());
        for step in &case.steps {
            let mut request = self.request(step, resolve(&step.input, &|number| &outputs[number]));
            if step.op == "decrypt" {
                request.insert("type".to_owned(), outputs[sent(step)]["type"].clone());
            }
            let response = peer.handle(&Value::Object(request));
            succeeded(&response).map_err(|reason| format!("among ourselves: {reason}"))?;
            if step.op == "decrypt" && response["plaintext"] != case.steps[sent(step)].input["plaintext"] {
                return Err("among ourselves: another plaintext".to_owned());
            }
            outputs.push(response);
        }
        Ok(())
    }

    /// The random bytes to be drawn in a step.
    ///
    /// Other implementations than the official one don't draw a ratchet key for each session that they try
    /// in vain. Only the last key drawn is used, so theirs is put behind as many as ours draws more. In a log
    /// of several implementations, what is drawn in a step comes last too.
    fn randomness(&self, step: &Step, peer: &mut Peer, request: &Map<String, Value>) -> String {
        let recorded = step.out.as_ref().and_then(|out| out["rng"].as_str()).unwrap_or_default();
        if step.op == "new_party" && self.recorder == Recorder::BesideOlder {
            return String::new();
        }
        let aligned = match self.recorder {
            Recorder::Official | Recorder::OfficialVersion3 => false,
            Recorder::OtherVersion3 => step.op == "decrypt",
            Recorder::BesideOlder => true,
        };
        if !aligned || step.out.is_none() {
            return recorded.to_owned();
        }
        let (mut rehearsal, party) = (request.clone(), &request["party"]);
        rehearsal.insert("party".to_owned(), "(rehearsal)".into());
        peer.handle(&json!({ "op": "clone_party", "party": party, "as": "(rehearsal)" }));
        let drawn = |peer: &mut Peer| {
            let answer = peer.handle(&json!({ "op": "feed_rng", "party": "(rehearsal)", "bytes": "" }));
            usize::try_from(answer["from_system"].as_u64().expect("a number")).expect("not many")
        };
        let before = drawn(peer);
        peer.handle(&Value::Object(rehearsal));
        let bytes = drawn(peer) - before;
        let padded = "00".repeat(bytes) + recorded;
        padded.split_at(padded.len() - 2 * bytes).1.to_owned()
    }

    /// Whether all fields of the recorded output, but its randomness, are in ours.
    fn same_output(&self, recorded: &Value, response: &Value) -> Result<(), String> {
        succeeded(response)?;
        for (name, value) in recorded.as_object().expect("outputs are objects") {
            let mut value = value.clone();
            if self.recorder == Recorder::OtherVersion3 && name.ends_with("private") {
                clamp(&mut value);
            }
            if name != "rng" && !contains(&response[name], &value) {
                return Err(format!("{name} is {} and not {value}", response[name]));
            }
        }
        Ok(())
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
        let listed = self.differs.iter().any(|listed| listed.case == case.name && listed.at.contains(&at));
        match verdict {
            Ok(()) if listed => {
                outcome.unexpected.push(format!("{}, {at}: no difference, but listed", case.name));
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

/// Clamps a private key in hex: not all implementations keep it clamped.
fn clamp(key: &mut Value) {
    let mut bytes = hex::decode(key.as_str().expect("a private key")).expect("hex");
    bytes[0] &= 0xF8;
    bytes[31] = bytes[31] & 0x7F | 0x40;
    *key = hex::encode(bytes).into();
}

/// Whether `ours` is `recorded`, or an object that has all its fields.
fn contains(ours: &Value, recorded: &Value) -> bool {
    match recorded {
        Value::Object(fields) => fields.iter().all(|(name, value)| contains(&ours[name], value)),
        other => ours == other,
    }
}
