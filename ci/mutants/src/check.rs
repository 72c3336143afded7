// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writes the sources with all mutants, and drops those that do not compile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::mutant::Mutant;
use crate::render::{Rendered, render};
use crate::{Failure, copy, sites};

/// Mutants that cannot be tried here.
#[derive(Default)]
pub struct Unviable {
    /// They do not compile.
    pub compile: BTreeSet<usize>,
    /// They are in no place where they could be one of several: for `--alone`.
    pub left: BTreeSet<usize>,
}

const CODE: &str = include_str!("mutants.rs.txt");

/// Writes `tree/src` with the mutants `ids`, as many as compile.
pub fn compile(
    root: &Path,
    tree: &Path,
    scratch: &Path,
    all: &[Mutant],
    ids: &BTreeSet<usize>,
) -> Result<Unviable, Failure> {
    let known = scratch.join("unviable.txt");
    let names = fs::read_to_string(&known).unwrap_or_default();
    let names: BTreeSet<&str> = names.lines().collect();
    let mut unviable = Unviable::default();
    let is_known = |mutant: &&Mutant| ids.contains(&mutant.id) && names.contains(mutant.name.as_str());
    unviable.compile.extend(all.iter().filter(is_known).map(|mutant| mutant.id));
    for round in 1.. {
        let files = write(root, tree, all, ids, &mut unviable)?;
        let (failed, other) = errors(tree, scratch, &files)?;
        println!("compiled {round} times: {} mutants do not compile", unviable.compile.len() + failed.len());
        if failed.is_empty() && other.is_empty() {
            break;
        }
        if failed.is_empty() {
            return Err(format!("errors outside of all mutants:\n{}", other.join("\n")).into());
        }
        unviable.compile.extend(failed);
    }
    let lines =
        unviable.compile.iter().filter_map(|&id| all.get(id)).map(|mutant| format!("{}\n", mutant.name));
    fs::write(known, lines.collect::<String>())?;
    Ok(unviable)
}

/// Writes all files, and tells where the mutants are in them.
fn write(
    root: &Path,
    tree: &Path,
    all: &[Mutant],
    ids: &BTreeSet<usize>,
    unviable: &mut Unviable,
) -> Result<BTreeMap<String, Rendered>, Failure> {
    let mut files = BTreeMap::new();
    for path in sources(&root.join("src"))? {
        let name = path.strip_prefix(root)?.display().to_string();
        let mut source = fs::read_to_string(&path)?;
        let here = |mutant: &&Mutant| mutant.file == name && ids.contains(&mutant.id);
        let mutants: Vec<&Mutant> =
            all.iter().filter(here).filter(|mutant| !unviable.compile.contains(&mutant.id)).collect();
        let (sites, left) = sites::find(&source, &mutants)?;
        unviable.left.extend(left);
        if name == "src/lib.rs" {
            // Nothing of lib.rs is mutated, so no place moves.
            source = format!(
                "#![feature(core_intrinsics, const_eval_select)]\n#![allow(warnings, internal_features)]\n{}\n{}",
                source.replace("#![no_std]", "").replace("#![forbid(unsafe_code)]", ""),
                "pub(crate) mod mutants;"
            );
        }
        let rendered = render(&source, sites);
        copy::write(&tree.join(&name), &rendered.text)?;
        files.insert(name, rendered);
    }
    let code = format!("{CODE}\nconst COUNT: usize = {};\n", all.len());
    copy::write(&tree.join("src/mutants.rs"), &code)?;
    Ok(files)
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The mutants in which an error is, and the errors that are in none.
fn errors(
    tree: &Path,
    scratch: &Path,
    files: &BTreeMap<String, Rendered>,
) -> Result<(BTreeSet<usize>, Vec<String>), Failure> {
    let mut cargo = crate::cargo(tree, scratch)?;
    let output = cargo
        .args([
            "check",
            "--lib",
            "--profile",
            "test",
            "--features",
            "hazmat,libsignal,os-rng,std",
            "--message-format=json",
        ])
        .stderr(Stdio::piped())
        .output()?;
    let (mut failed, mut other) = (BTreeSet::new(), Vec::new());
    for line in output.stdout.split(|&byte| byte == b'\n') {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
        let Some(message) = value.get("message").filter(|message| message["level"] == "error") else {
            continue;
        };
        let found = blame(message, files);
        let is_summary = message["spans"].as_array().is_none_or(Vec::is_empty);
        if found.is_empty() && !is_summary {
            other.push(message["rendered"].as_str().unwrap_or_default().to_owned());
        }
        failed.extend(found);
    }
    if !output.status.success() && failed.is_empty() && other.is_empty() {
        other.push(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok((failed, other))
}

/// The innermost mutants that the primary places of an error are in; if there are none, those that it also names.
fn blame(message: &Value, files: &BTreeMap<String, Rendered>) -> BTreeSet<usize> {
    let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |primary: bool| -> BTreeSet<usize> {
        spans
            .iter()
            .filter(|span| span["is_primary"] == primary)
            .filter_map(|span| innermost(span, files))
            .collect()
    };
    let first = of(true);
    if first.is_empty() { of(false) } else { first }
}

fn innermost(span: &Value, files: &BTreeMap<String, Rendered>) -> Option<usize> {
    let mut span = span;
    loop {
        let name = span["file_name"].as_str()?;
        if let Some(file) = files.get(name) {
            let number = |name: &str| span[name].as_u64().and_then(|number| usize::try_from(number).ok());
            let (start, end) = (number("byte_start")?, number("byte_end")?);
            let holds =
                |(range, _): &&(std::ops::Range<usize>, usize)| range.start <= start && end <= range.end;
            let smallest = file.mutants.iter().filter(holds).min_by_key(|(range, _)| range.len());
            return smallest.map(|&(_, id)| id);
        }
        // Inside a macro of the standard library: where it was called.
        span = span.get("expansion")?.get("span")?;
    }
}
