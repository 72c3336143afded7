// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files of recorded requests and responses.
//!
//! A selection is in `tests/vectors`. `SUBROSA_VECTORS` names a folder with the complete files instead.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A recorded file.
#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) cases: Vec<Case>,
}

/// Requests that belong together, in order.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
    /// Requests on copies of the parties as they are after the last step.
    #[serde(default)]
    pub(crate) trials: Vec<Step>,
}

/// A request and its response.
#[derive(Deserialize)]
pub(crate) struct Step {
    pub(crate) op: String,
    #[serde(rename = "in")]
    pub(crate) input: Value,
    #[serde(default)]
    pub(crate) out: Option<Value>,
    #[serde(default)]
    pub(crate) error: Option<Value>,
    #[serde(default)]
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) about: Option<String>,
    #[serde(default)]
    pub(crate) repeat: Option<u32>,
}

/// Whether the complete files are there.
pub(crate) fn complete() -> bool {
    std::env::var_os("SUBROSA_VECTORS").is_some()
}

pub(crate) fn load(name: &str) -> File {
    let folder = std::env::var_os("SUBROSA_VECTORS").unwrap_or_else(|| "tests/vectors".into());
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(folder).join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Case {
    /// `value` with each reference to an earlier output replaced by what was recorded.
    pub(crate) fn resolve(&self, value: &Value) -> Value {
        resolve(value, &|number| self.steps[number].out.as_ref().expect("an output"))
    }
}

/// The number of the step that made the message which `step` receives.
pub(crate) fn sent(step: &Step) -> usize {
    let reference = step.input["message"].as_str().expect("a message");
    split(reference).expect("a reference").0
}

/// A reference `@n.path.to.it` to an output: n, and the path.
fn split(text: &str) -> Option<(usize, impl Iterator<Item = &str>)> {
    let mut path = text.strip_prefix('@')?.split('.');
    Some((path.next()?.parse().ok()?, path))
}

/// `value` with each reference replaced by what it names in an output.
pub(crate) fn resolve<'a>(value: &Value, output: &impl Fn(usize) -> &'a Value) -> Value {
    match value {
        Value::String(text) => split(text).map_or_else(
            || value.clone(),
            |(number, path)| path.fold(output(number), |value, key| member(value, key)).clone(),
        ),
        Value::Array(list) => list.iter().map(|value| resolve(value, output)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), resolve(value, output))).collect()
        }
        other => other.clone(),
    }
}

fn member<'a>(value: &'a Value, key: &str) -> &'a Value {
    match value {
        Value::Array(list) => &list[key.parse::<usize>().expect("an index")],
        other => &other[key],
    }
}
