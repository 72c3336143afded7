// SPDX-License-Identifier: MIT OR Apache-2.0

//! Subrosa beside its peers and beside the floor, in one process. See README.md in this folder.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark, which stops where it can't go on and prints what it found"
)]
#![allow(unreachable_pub, reason = "modules of a program")]

#[path = "../../support/braids.rs"]
mod braids;
mod floor;
#[path = "../../support/groups.rs"]
mod groups;
mod harness;
mod heap;
mod official;
mod olm;
mod options;
mod rows;
#[path = "../../support/sealing.rs"]
mod sealing;
#[path = "../../support/setting.rs"]
mod setting;
mod sizes;
mod table;

use std::time::Duration;

use harness::{Measured, Sample};
use official::Peers;
use options::Options;
use rows::{ROWS, Row, Side};

/// A row whose sides have been measured.
struct Line {
    name: &'static str,
    sides: Vec<(Side, Sample)>,
    study: Option<f64>,
    study_floor: Option<f64>,
    /// Of subrosa and of vodozemac: allocations and bytes.
    allocations: Vec<(Side, [f64; 2])>,
}

impl Line {
    fn of(&self, side: Side) -> Option<Sample> {
        self.sides.iter().find(|(of, _)| *of == side).map(|(_, sample)| *sample)
    }
}

fn main() {
    let Some(options) = Options::read() else {
        eprintln!("{}", options::USAGE);
        std::process::exit(2);
    };
    if options.lists {
        for (name, _) in ROWS {
            println!("{name}");
        }
        return;
    }
    let peers = Peers::start(options.interop.as_deref());
    let lines = measure(&options, &peers);
    print!("{}", table::times(&lines));
    print!("{}", table::shares(&lines));
    print!("{}", table::allocations(&lines));
    if options.rows.is_empty() {
        print!("{}", sizes::table(&peers));
    }
}

fn measure(options: &Options, peers: &Peers) -> Vec<Line> {
    let wanted = ROWS.iter().filter(|(name, _)| options.wants(name));
    let mut rows: Vec<_> = wanted
        .map(|(name, make)| {
            eprintln!("preparing: {name}");
            let Row { parts, whole, sides, study, study_floor } = make(peers);
            let measured = |(side, batch)| (side, Measured::new(batch, whole, long_enough(side)));
            let sides = sides.into_iter().map(measured).collect();
            (Line { name, sides: Vec::new(), study, study_floor, allocations: Vec::new() }, parts, sides)
        })
        .collect();
    for round in 1..=options.rounds {
        eprint!("\rround {round} of {}", options.rounds);
        for (_, _, sides) in &mut rows {
            let sides: &mut Vec<(Side, Measured)> = sides;
            for (_, measured) in sides {
                measured.round();
            }
        }
    }
    eprintln!();
    rows.into_iter().map(|(line, parts, sides)| finish(line, parts, sides)).collect()
}

const fn long_enough(side: Side) -> Duration {
    match side {
        Side::Official | Side::Wacore => harness::LONG_ENOUGH_FOR_A_PIPE,
        Side::Subrosa | Side::Vodozemac | Side::Floor | Side::AsmFloor => harness::LONG_ENOUGH,
    }
}

fn finish(mut line: Line, parts: u32, sides: Vec<(Side, Measured)>) -> Line {
    for (side, mut measured) in sides {
        line.sides.push((side, measured.result().each(f64::from(parts))));
        if matches!(side, Side::Subrosa | Side::Vodozemac) {
            let allocations = measured.allocations().map(|sum| sum / f64::from(parts));
            line.allocations.push((side, allocations));
        }
    }
    line
}
