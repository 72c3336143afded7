// SPDX-License-Identifier: MIT OR Apache-2.0

//! Runs the tests that reach a mutant until one fails.

use std::collections::HashMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::check::Unviable;
use crate::mutant::Mutant;
use crate::outcome::{Outcome, Outcomes};
use crate::tests::{self, Test};
use crate::{Asked, Failure};

/// Tries all of `wanted` that have no outcome yet, and writes each outcome at once.
pub fn all(
    wanted: &[&Mutant],
    unviable: &Unviable,
    suite: &[Test],
    tree: &Path,
    scratch: &Path,
    asked: &Asked,
) -> Result<(), Failure> {
    let mut outcomes = Outcomes::open(scratch)?;
    // What needs no test comes first, so that `--alone` may go on beside the rest.
    for mutant in wanted.iter().filter(|mutant| outcomes.of(mutant).is_none()).collect::<Vec<_>>() {
        if unviable.compile.contains(&mutant.id) {
            outcomes.write(mutant, Outcome::Unviable, "")?;
        } else if unviable.left.contains(&mutant.id) || mutant.constant {
            outcomes.write(mutant, Outcome::Left, "")?;
        }
    }
    let begin = Instant::now();
    let mut killers: HashMap<&str, Vec<usize>> = HashMap::new();
    for mutant in wanted {
        if outcomes.of(mutant).is_some_and(|outcome| !asked.again || !outcome.can_change()) {
            continue;
        }
        if begin.elapsed().as_secs_f64() > asked.seconds {
            println!("out of time");
            break;
        }
        let killers = killers.entry(&mutant.file).or_default();
        let (outcome, by) = attempt(mutant, suite, killers, tree, asked.short)?;
        // Some programs alone say little of a mutant that survives them.
        let partly = !asked.programs.is_empty() && outcome.can_change();
        if partly && outcomes.of(mutant).is_none() {
            outcomes.write(mutant, Outcome::SurvivedShort, &by)?;
        } else if !partly {
            outcomes.write(mutant, outcome, &by)?;
        }
    }
    Ok(())
}

fn attempt(
    mutant: &Mutant,
    suite: &[Test],
    killers: &mut Vec<usize>,
    tree: &Path,
    short: f64,
) -> Result<(Outcome, String), Failure> {
    let reaches = |(_, test): &(usize, &Test)| test.reaches.contains(&mutant.id);
    let mut reaching: Vec<(usize, &Test)> = suite.iter().enumerate().filter(reaches).collect();
    if reaching.is_empty() {
        return Ok((Outcome::NotReached, String::new()));
    }
    let of_file = unit_tests_of(&mutant.file);
    let is_near = |test: &Test| test.program == "lib" && test.name.starts_with(&of_file);
    // What killed others in the same file, the last one first; unit tests of the file; then what takes least.
    let rank = |index: usize| killers.iter().rev().position(|&killer| killer == index).unwrap_or(usize::MAX);
    reaching.sort_by_key(|&(index, test)| (rank(index), !is_near(test), test.takes));
    let mut spent = 0.0;
    for (index, test) in reaching {
        spent += test.takes.as_secs_f64();
        if spent > short {
            return Ok((Outcome::SurvivedShort, String::new()));
        }
        let by = || format!("{} {}", test.program, test.name);
        let mut command = tests::command(tree, &test.path, &test.name);
        command.env("SUBROSA_MUTANT", mutant.id.to_string());
        match fails(command, test.takes * 5 + Duration::from_secs(10))? {
            Some(true) => {
                killers.retain(|&killer| killer != index);
                killers.push(index);
                return Ok((Outcome::Killed, by()));
            }
            Some(false) => {}
            None => return Ok((Outcome::TimedOut, by())),
        }
    }
    Ok((Outcome::Survived, String::new()))
}

/// `src/a/b.rs` is tested by `a::b::tests`, as a rule.
fn unit_tests_of(file: &str) -> String {
    let path = file.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs")).unwrap_or(file);
    path.replace('/', "::") + "::"
}

/// How long a program of tests may take.
pub const LONGEST: Duration = Duration::from_secs(300);

/// Whether a test, or a program of tests, fails; nothing if it does not end in time.
pub fn fails(mut command: Command, limit: Duration) -> Result<Option<bool>, Failure> {
    let mut child = command.stdout(Stdio::null()).process_group(0).spawn()?;
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(!status.success()));
        }
        if start.elapsed() > limit {
            // The group is its own: the test, and what it started.
            Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 3 / 2).min(Duration::from_millis(50));
    }
}
