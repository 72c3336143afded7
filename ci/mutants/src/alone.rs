// SPDX-License-Identifier: MIT OR Apache-2.0

//! Mutants that cannot be one of many in a build: in what the compiler computes, in functions that return `impl Trait`. Each
//! is written into a copy of the sources by itself, and whole programs of tests are run, the unit tests first.

use std::fs;
use std::path::Path;

use crate::mutant::{Mutant, Place};
use crate::outcome::{Outcome, Outcomes};
use crate::{Asked, Failure, copy, run, tests};

/// Tries all of `wanted` that were left, with `--again` all that survived, too, and writes each outcome at once.
pub fn all(wanted: &[&Mutant], root: &Path, scratch: &Path, asked: &Asked) -> Result<(), Failure> {
    if asked.programs.is_empty() {
        return Err("name the programs to build for each mutant with --test".into());
    }
    let mut outcomes = Outcomes::open(scratch)?;
    let plain = copy::plain(root, scratch)?;
    let is_open = |outcome: Outcome| outcome == Outcome::Left || asked.again && outcome.can_change();
    let open = wanted.iter().filter(|mutant| outcomes.of(mutant).is_some_and(is_open));
    for mutant in open.collect::<Vec<_>>() {
        let (original, changed) = (fs::read_to_string(root.join(&mutant.file))?, plain.join(&mutant.file));
        fs::write(&changed, mutated(&original, mutant)?)?;
        let outcome = attempt(&plain, scratch, &asked.programs);
        fs::write(&changed, original)?;
        let (outcome, by) = outcome?;
        println!("{}: {}", outcome.name(), mutant.name);
        outcomes.write(mutant, outcome, &by)?;
    }
    Ok(())
}

fn attempt(tree: &Path, scratch: &Path, programs: &[String]) -> Result<(Outcome, String), Failure> {
    // The unit tests are soon built, and mostly enough.
    let (unit, others): (Vec<String>, Vec<String>) = programs.iter().cloned().partition(|name| name == "lib");
    for some in [unit, others].iter().filter(|some| !some.is_empty()) {
        let Ok(built) = tests::build(tree, scratch, some) else {
            return Ok((Outcome::Unviable, String::new()));
        };
        for (name, path) in built {
            match run::fails(tests::whole(tree, &path), run::LONGEST)? {
                Some(true) => return Ok((Outcome::Killed, name)),
                Some(false) => {}
                None => return Ok((Outcome::TimedOut, name)),
            }
        }
    }
    Ok((Outcome::Survived, String::new()))
}

/// The text of a file with a mutant in its place.
fn mutated(text: &str, mutant: &Mutant) -> Result<String, Failure> {
    let at = |place| offset(text, place).ok_or_else(|| format!("no such place: {}", mutant.name));
    let (before, rest) = text.split_at(at(mutant.start)?);
    let (_, after) = rest.split_at(at(mutant.end)? - before.len());
    Ok([before, &mutant.replacement, after].concat())
}

fn offset(text: &str, (line, column): Place) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let (at, _) = text.get(start..)?.char_indices().nth(column - 1)?;
    Some(start + at)
}
