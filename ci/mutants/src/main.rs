// SPDX-License-Identifier: MIT OR Apache-2.0

//! Mutation tests with one build instead of one for each mutant. `docs/mutants.md` says how; `ci/mutants.sh` runs it.
//!
//! cargo-mutants says what is to be changed. A copy of the tree then has all of it behind `mutants::on(ID)`, which asks
//! the environment; what does not compile is dropped, and each test is run once to see which mutants it comes by.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program")]

mod alone;
mod check;
mod copy;
mod mutant;
mod outcome;
mod render;
mod run;
mod sites;
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mutant::Mutant;

type Failure = Box<dyn std::error::Error>;

/// What is asked for on the command line.
struct Asked {
    /// Only files whose path begins with one of these; all if there are none.
    paths: Vec<String>,
    /// Every n-th mutant.
    every: usize,
    /// Only these test programs, where `lib` are the unit tests; all if there are none.
    programs: Vec<String>,
    /// Survivors and what was not reached are tried again.
    again: bool,
    /// Only those that have to be built by themselves.
    alone: bool,
    /// It is an error if one survives.
    strict: bool,
    /// How many seconds of tests a mutant is given.
    short: f64,
    /// No more mutants are begun after so many seconds.
    seconds: f64,
}

impl Asked {
    fn read() -> Result<Self, Failure> {
        let mut asked = Self {
            paths: Vec::new(),
            every: 1,
            programs: Vec::new(),
            again: false,
            alone: false,
            strict: false,
            short: f64::INFINITY,
            seconds: f64::INFINITY,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let mut next = || words.next().ok_or_else(|| format!("{word} lacks its value"));
            match word.as_str() {
                "--every" => asked.every = next()?.parse()?,
                "--short" => asked.short = next()?.parse()?,
                "--seconds" => asked.seconds = next()?.parse()?,
                "--test" => asked.programs.push(next()?),
                "--again" => asked.again = true,
                "--alone" => asked.alone = true,
                "--strict" => asked.strict = true,
                option if option.starts_with('-') => return Err(format!("unknown option {option}").into()),
                path => asked.paths.push(path.to_owned()),
            }
        }
        Ok(asked)
    }

    fn wants(&self, mutant: &Mutant) -> bool {
        let named = self.paths.is_empty() || self.paths.iter().any(|path| mutant.file.starts_with(path));
        named && mutant.id.is_multiple_of(self.every)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("FAILED: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// In the order of the layers, from below.
const ORDER: [&str; 21] = [
    "crypto",
    "record",
    "wire",
    "timestamp",
    "plaintext",
    "ratchet",
    "agreement",
    "session",
    "staged",
    "prekey",
    "identity",
    "address",
    "account",
    "repair",
    "delivery",
    "sealed",
    "group",
    "fingerprint",
    "attachment",
    "omemo",
    "rose",
];

fn run() -> Result<(), Failure> {
    let asked = Asked::read()?;
    let root = PathBuf::from(".");
    let scratch = root.join("target/mutants");
    let all = mutant::list(&root)?;
    let place = |mutant: &Mutant| ORDER.iter().position(|&name| name == mutant.module());
    let mut wanted: Vec<&Mutant> =
        all.iter().filter(|mutant| place(mutant).is_some() && asked.wants(mutant)).collect();
    wanted.sort_by_key(|mutant| (place(mutant), mutant.id));
    println!("{} mutants in all, {} wanted", all.len(), wanted.len());
    if asked.alone {
        alone::all(&wanted, &root, &scratch, &asked)?;
    } else {
        together(&all, &wanted, &root, &scratch, &asked)?;
    }
    match outcome::report(&scratch, &wanted)? {
        open if open > 0 && asked.strict => Err(format!("{open} survived").into()),
        _ => Ok(()),
    }
}

/// Tries `wanted` in one build.
fn together(
    all: &[Mutant],
    wanted: &[&Mutant],
    root: &Path,
    scratch: &Path,
    asked: &Asked,
) -> Result<(), Failure> {
    // All are compiled in, so that what is asked for makes no other build.
    let has_place = |mutant: &&Mutant| ORDER.contains(&mutant.module());
    let ids: BTreeSet<usize> = all.iter().filter(has_place).map(|mutant| mutant.id).collect();
    let tree = copy::tree(root, scratch)?;
    let unviable = check::compile(root, &tree, scratch, all, &ids)?;
    let suite = tests::measure(&tree, scratch, &asked.programs)?;
    run::all(wanted, &unviable, &suite, &tree, scratch, asked)
}

/// The environment of everything that is compiled: the copy may use what only the standard library may.
fn cargo(tree: &Path, scratch: &Path) -> Result<std::process::Command, Failure> {
    let mut cargo = std::process::Command::new("cargo");
    // One file changes at a time there.
    let incremental = if tree.ends_with(copy::PLAIN) { "1" } else { "0" };
    cargo
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", scratch.canonicalize()?.join("build"))
        .env("RUSTC_WORKSPACE_WRAPPER", scratch.canonicalize()?.join("rustc"))
        .env("CARGO_INCREMENTAL", incremental)
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .env("CARGO_PROFILE_TEST_DEBUG", "line-tables-only");
    Ok(cargo)
}
