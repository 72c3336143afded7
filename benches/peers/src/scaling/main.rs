// SPDX-License-Identifier: MIT OR Apache-2.0

//! Cost against work, as pictures and as tables. See README.md in this folder.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a benchmark, which stops where it can't go on"
)]
#![allow(unreachable_pub, reason = "modules of a program")]

mod archived;
mod axis;
#[path = "../../../support/groups.rs"]
mod groups;
#[allow(dead_code, reason = "the other program uses all of it")]
#[path = "../harness.rs"]
mod harness;
#[allow(dead_code, reason = "the other program uses all of it")]
#[path = "../heap.rs"]
mod heap;
mod plots;
#[path = "../../../support/sealing.rs"]
mod sealing;
#[path = "../../../support/setting.rs"]
mod setting;
mod svg;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use harness::{LONG_ENOUGH, Measured};
use plots::{PLOTS, Plot};

const USAGE: &str = "scaling [--into FOLDER] [--rounds NUMBER] [PLOT]...";
/// Of the crate, from the folder of this package.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance");

fn main() {
    let Some((folder, rounds, wanted)) = options() else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    fs::create_dir_all(&folder).unwrap();
    for (name, make) in PLOTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            eprintln!("{name}");
            draw(&folder, name, make(), rounds);
        }
    }
}

/// Where to, how many rounds, and which plots: none are all.
fn options() -> Option<(PathBuf, u32, Vec<String>)> {
    let (mut folder, mut rounds, mut wanted) = (FOLDER.into(), 15, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--into" => folder = arguments.next()?.into(),
            "--rounds" => rounds = arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
            name if PLOTS.iter().any(|(plot, _)| *plot == name) => wanted.push(argument),
            _ => return None,
        }
    }
    Some((folder, rounds, wanted))
}

/// Measures all points in turn, and writes the picture and the table.
fn draw(folder: &Path, name: &str, plot: Plot, rounds: u32) {
    let Plot { picture, work, series } = plot;
    let mut lines: Vec<(&str, Vec<(f64, Measured)>)> = Vec::new();
    for (name, points) in series {
        let measured = |(x, batch)| (x, Measured::new(batch, None, LONG_ENOUGH));
        lines.push((name, points.into_iter().map(measured).collect()));
    }
    for _ in 0..rounds {
        lines.iter_mut().flat_map(|(_, points)| points).for_each(|(_, measured)| measured.round());
    }
    let (mut table, mut drawn) = (format!("{work},operation,median_ns,minimum_ns\n"), Vec::new());
    for (name, points) in lines {
        let mut line = Vec::new();
        for (x, mut measured) in points {
            let sample = measured.result();
            let _ = writeln!(table, "{x:.0},{name},{:.0},{:.0}", sample.median, sample.minimum);
            line.push((x, sample.median));
        }
        drawn.push((name, line));
    }
    fs::write(folder.join(name).with_extension("csv"), table).unwrap();
    fs::write(folder.join(name).with_extension("svg"), svg::draw(&picture, &drawn)).unwrap();
}
