// SPDX-License-Identifier: MIT OR Apache-2.0

//! What came of each mutant, in a file that the next run goes on with.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use crate::Failure;
use crate::mutant::Mutant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A test failed.
    Killed,
    /// A test did not end.
    TimedOut,
    /// All tests passed.
    Survived,
    /// All tests passed that there was time for.
    SurvivedShort,
    /// No test comes by.
    NotReached,
    /// It does not compile.
    Unviable,
    /// Not tried yet: it has to be built by itself.
    Left,
}

const ALL: [(Outcome, &str); 7] = [
    (Outcome::Killed, "killed"),
    (Outcome::TimedOut, "timed out"),
    (Outcome::Survived, "survived"),
    (Outcome::SurvivedShort, "survived short"),
    (Outcome::NotReached, "not reached"),
    (Outcome::Unviable, "unviable"),
    (Outcome::Left, "left"),
];

impl Outcome {
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(outcome, _)| *outcome == self).map_or("", |(_, name)| name)
    }

    /// Whether other tests could change it.
    pub fn can_change(self) -> bool {
        matches!(self, Self::Survived | Self::SurvivedShort | Self::NotReached)
    }
}

pub struct Outcomes {
    file: fs::File,
    known: HashMap<String, Outcome>,
}

impl Outcomes {
    pub fn open(scratch: &Path) -> Result<Self, Failure> {
        let path = scratch.join("outcome.tsv");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let file = fs::OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self { file, known: text.lines().filter_map(read).collect() })
    }

    pub fn of(&self, mutant: &Mutant) -> Option<Outcome> {
        self.known.get(&mutant.name).copied()
    }

    pub fn write(&mut self, mutant: &Mutant, outcome: Outcome, by: &str) -> Result<(), Failure> {
        writeln!(self.file, "{}\t{}\t{}\t{by}", mutant.id, mutant.name, outcome.name())?;
        self.known.insert(mutant.name.clone(), outcome);
        Ok(())
    }
}

fn read(line: &str) -> Option<(String, Outcome)> {
    let mut fields = line.split('\t').skip(1);
    let name = fields.next()?.to_owned();
    let outcome = fields.next()?;
    Some((name, ALL.iter().find(|(_, name)| *name == outcome)?.0))
}

/// Prints totals for each module, and what a test should be written for. Tells how many these are.
pub fn report(scratch: &Path, wanted: &[&Mutant]) -> Result<usize, Failure> {
    let outcomes = Outcomes::open(scratch)?;
    let mut open = 0;
    let mut modules: Vec<&str> = Vec::new();
    let mut totals: BTreeMap<(&str, Option<Outcome>), usize> = BTreeMap::new();
    for mutant in wanted {
        let module = mutant.module();
        if !modules.contains(&module) {
            modules.push(module);
        }
        let outcome = outcomes.of(mutant);
        *totals.entry((module, outcome)).or_default() += 1;
        if let Some(outcome) = outcome.filter(|outcome| outcome.can_change()) {
            println!("{}: {}", outcome.name(), mutant.name);
            open += 1;
        }
    }
    let names: Vec<&str> = ALL.iter().map(|(_, name)| *name).collect();
    println!("| module | {} | not run |", names.join(" | "));
    modules.push("all");
    for module in modules {
        print!("| {module} |");
        for outcome in ALL.iter().map(|(outcome, _)| Some(*outcome)).chain([None]) {
            let is_of =
                |key: &(&str, Option<Outcome>)| (key.0 == module || module == "all") && key.1 == outcome;
            let count: usize = totals.iter().filter(|(key, _)| is_of(key)).map(|(_, count)| count).sum();
            print!(" {count} |");
        }
        println!();
    }
    Ok(open)
}
