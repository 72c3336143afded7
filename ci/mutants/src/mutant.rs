// SPDX-License-Identifier: MIT OR Apache-2.0

//! The list of mutants, by cargo-mutants.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::Failure;

/// A line, from 1, and a column in characters, from 1.
pub type Place = (usize, usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Genre {
    /// The function returns at once.
    FnValue,
    /// Another operator between two operands.
    Binary,
    /// No `!` or `-`.
    Unary,
    /// An arm that is not there.
    Arm,
    /// A guard that is always true, or never.
    Guard,
    /// A field that is taken from the base instead.
    Field,
}

#[derive(Debug)]
pub struct Mutant {
    pub id: usize,
    pub file: String,
    pub genre: Genre,
    pub start: Place,
    /// Behind the last character.
    pub end: Place,
    pub replacement: String,
    /// Whether the function returns `impl Trait`: then it cannot return values of two types.
    pub opaque: bool,
    /// Whether it is for the compiler only: in a constant, or in a file that is built for another feature.
    pub constant: bool,
    /// `FILE:LINE:COLUMN: WHAT`, which is the same in every run.
    pub name: String,
}

impl Mutant {
    /// The first folder or file below `src`.
    pub fn module(&self) -> &str {
        let name = self.file.split('/').nth(1).unwrap_or_default();
        name.strip_suffix(".rs").unwrap_or(name)
    }

    fn read(id: usize, value: &Value) -> Option<Self> {
        let text = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let genre = match value.get("genre")?.as_str()? {
            "FnValue" => Genre::FnValue,
            "BinaryOperator" => Genre::Binary,
            "UnaryOperator" => Genre::Unary,
            "MatchArm" => Genre::Arm,
            "MatchArmGuard" => Genre::Guard,
            "StructField" => Genre::Field,
            _ => return None,
        };
        let place = |name: &str| {
            let place = value.get("span")?.get(name)?;
            let number = |name: &str| usize::try_from(place.get(name)?.as_u64()?).ok();
            Some((number("line")?, number("column")?))
        };
        let function = value.get("function").filter(|function| !function.is_null());
        let returned = function.and_then(|function| function.get("return_type"));
        Some(Self {
            id,
            file: text("file")?,
            genre,
            start: place("start")?,
            end: place("end")?,
            replacement: text("replacement")?,
            opaque: returned.and_then(Value::as_str).is_some_and(|text| text.contains("impl ")),
            constant: function.is_none(),
            name: text("name")?,
        })
    }
}

pub fn list(root: &Path) -> Result<Vec<Mutant>, Failure> {
    let output = Command::new("cargo").args(["mutants", "--list", "--json"]).current_dir(root).output()?;
    if !output.status.success() {
        return Err(format!("cargo mutants: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let values: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let read = |(id, value)| {
        Mutant::read(id, value).ok_or_else(|| format!("a mutant of a new kind: {value}").into())
    };
    values.iter().enumerate().map(read).collect()
}
