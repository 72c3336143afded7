// SPDX-License-Identifier: MIT OR Apache-2.0

//! Files of recorded requests and responses.
//!
//! A selection is in `tests/vectors`. `SUBROSA_VECTORS` names a folder with the complete files instead.

use std::path::PathBuf;

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
    let folder = std::env::var_os("SUBROSA_VECTORS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")), PathBuf::from);
    let path = folder.join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Case {
    /// `value` with each reference to an earlier output replaced by that output.
    pub(crate) fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('@') {
                Some(reference) => self.output(reference).clone(),
                None => value.clone(),
            },
            Value::Array(list) => list.iter().map(|value| self.resolve(value)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), self.resolve(value))).collect()
            }
            other => other.clone(),
        }
    }

    /// The output that `n.path.to.it` names.
    fn output(&self, reference: &str) -> &Value {
        let mut path = reference.split('.');
        let step: usize = path.next().and_then(|n| n.parse().ok()).expect("a step's number");
        path.fold(self.steps[step].out.as_ref().expect("an output"), |value, key| match value {
            Value::Array(list) => &list[key.parse::<usize>().expect("an index")],
            other => &other[key],
        })
    }
}
