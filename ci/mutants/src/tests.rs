// SPDX-License-Identifier: MIT OR Apache-2.0

//! Each test by itself: how long it takes, and which mutants it comes by.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{Failure, copy};

/// Programs that are not built: what looks at the tree or at other programs, counts what the instrumentation changes,
/// needs peers, or takes minutes.
const LEFT_OUT: [&str; 3] = ["allocations", "project", "resource_bounds"];

pub struct Test {
    /// Name of the program: `lib`, or that of the file in `tests`.
    pub program: String,
    pub path: PathBuf,
    pub name: String,
    pub takes: Duration,
    pub reaches: BTreeSet<usize>,
}

/// Builds all test programs and runs each test once, without a mutant.
pub fn measure(tree: &Path, scratch: &Path, asked: &[String]) -> Result<Vec<Test>, Failure> {
    let programs = build(tree, scratch, asked)?;
    let mut suite = Vec::new();
    for (program, path) in programs {
        let kept = scratch.join("reached").join(path.file_name().unwrap_or_default());
        let text =
            if is_newer(&kept, &path) { fs::read_to_string(&kept)? } else { note(tree, scratch, &path)? };
        copy::write(&kept, &text)?;
        for line in text.lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                [name, micros, ids] => suite.push(Test {
                    program: program.clone(),
                    path: path.clone(),
                    name: name.into(),
                    takes: Duration::from_micros(micros.parse()?),
                    reaches: ids.split(' ').map(str::parse).collect::<Result<_, _>>()?,
                }),
                _ => println!("left out: {program} {line}"),
            }
        }
    }
    let total: Duration = suite.iter().map(|test| test.takes).sum();
    let programs: BTreeSet<&str> = suite.iter().map(|test| test.program.as_str()).collect();
    println!(
        "{} tests in {} programs reach a mutant, {:.0} s",
        suite.len(),
        programs.len(),
        total.as_secs_f64()
    );
    for program in programs {
        let of = suite.iter().filter(|test| test.program == program);
        let takes: Duration = of.clone().map(|test| test.takes).sum();
        println!("  {program}: {} tests, {:.1} s", of.count(), takes.as_secs_f64());
    }
    Ok(suite)
}

fn is_newer(kept: &Path, program: &Path) -> bool {
    let date = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    date(kept).zip(date(program)).is_some_and(|(kept, program)| kept > program)
}

/// A line for each test of a program that reaches a mutant, and for each that can't be used.
fn note(tree: &Path, scratch: &Path, path: &Path) -> Result<String, Failure> {
    let listed = Command::new(path).args(["--list", "--format", "terse"]).current_dir(tree).output()?;
    let mut text = String::new();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        let Some(name) = line.strip_suffix(": test") else { continue };
        // Copies on the stack are others in each build, and in each run of some.
        if name.starts_with("on_the_stack::") {
            continue;
        }
        match once(tree, scratch, path, name)? {
            Ok((_, reaches)) if reaches.is_empty() => {}
            Ok((takes, reaches)) => {
                let ids: Vec<String> = reaches.iter().map(ToString::to_string).collect();
                let _ = writeln!(text, "{name}\t{}\t{}", takes.as_micros(), ids.join(" "));
            }
            Err(why) => {
                let _ = writeln!(text, "{name}: {why}");
            }
        }
    }
    Ok(text)
}

/// What a test is run with.
pub fn command(tree: &Path, path: &Path, name: &str) -> Command {
    let mut command = whole(tree, path);
    command.args(["--exact", name]);
    command
}

/// What all tests of a program are run with: the same random cases, none kept, none made smaller.
pub fn whole(tree: &Path, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -v 6291456; exec \"$@\"", "sh"])
        .arg(path)
        .args(["--test-threads", "1"])
        .current_dir(tree)
        .env("PROPTEST_RNG_SEED", "1")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .env("RUST_BACKTRACE", "0")
        // Functions with many mutants have large frames.
        .env("RUST_MIN_STACK", "33554432")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

type Measured = Result<(Duration, BTreeSet<usize>), &'static str>;

fn once(tree: &Path, scratch: &Path, path: &Path, name: &str) -> Result<Measured, Failure> {
    let noted = scratch.canonicalize()?.join("reached.txt");
    let _ = fs::remove_file(&noted);
    let start = Instant::now();
    let output = command(tree, path, name).env("SUBROSA_MUTANTS_REACHED", &noted).output()?;
    let takes = start.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains("; 1 ignored;") {
        return Ok(Err("ignored"));
    }
    if !output.status.success() || !said.contains(" 1 passed;") {
        return Ok(Err("fails without any mutant"));
    }
    let reached = fs::read_to_string(&noted).unwrap_or_default();
    Ok(Ok((takes, reached.lines().filter_map(|line| line.parse().ok()).collect())))
}

pub fn build(tree: &Path, scratch: &Path, asked: &[String]) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut cargo = crate::cargo(tree, scratch)?;
    cargo.args(["test", "--no-run", "--message-format=json"]);
    let mut names = integration_tests(tree)?;
    names.retain(|name| !LEFT_OUT.contains(&name.as_str()));
    names.push("lib".into());
    for name in names.iter().filter(|name| asked.is_empty() || asked.contains(name)) {
        if name == "lib" {
            cargo.arg("--lib")
        } else {
            cargo.args(["--test", name])
        };
    }
    let start = Instant::now();
    let output = cargo.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the tests do not compile".into());
    }
    println!("tests built in {:.0} s", start.elapsed().as_secs_f64());
    let mut programs = Vec::new();
    for line in output.stdout.split(|&byte| byte == b'\n') {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
        let is_test = value["profile"]["test"] == true;
        let is_ours = value["target"]["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "lib" || kind == "test"));
        if let (true, true, Some(path)) = (is_test, is_ours, value["executable"].as_str()) {
            let is_lib = value["target"]["kind"][0] == "lib";
            let name = if is_lib { "lib" } else { value["target"]["name"].as_str().unwrap_or_default() };
            programs.push((name.to_owned(), PathBuf::from(path)));
        }
    }
    programs.sort();
    Ok(programs)
}

fn integration_tests(tree: &Path) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(tree.join("tests"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file() {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}
