// SPDX-License-Identifier: MIT OR Apache-2.0

//! What was measured, as Markdown.

use std::fmt::Write;

use crate::Line;
use crate::harness::Sample;
use crate::rows::Side;

/// The legend of the table of times.
const LEGEND: &str = "
Microseconds: median (minimum). * median and minimum differ by more than 12 %: measure the row again. *Via pipe*: a
batch of requests in one line to the other program, less a batch that carries as many bytes and does nothing; what is
left holds its stores, which serialise each record (the official client's are JavaScript's). *Study*: one process,
another machine of this kind, another day. *Floor*: the primitives alone, from the crates that subrosa has. Ratios to
peers above 1: subrosa is faster. Ratios to floors: how many times the floor subrosa takes.
";

const SIDES: [(Side, &str); 6] = [
    (Side::Subrosa, "subrosa"),
    (Side::Vodozemac, "vodozemac"),
    (Side::Wacore, "wacore via pipe"),
    (Side::Official, "official via pipe"),
    (Side::Floor, "floor"),
    (Side::AsmFloor, "asm floor"),
];

/// The table of times, with its legend.
pub fn times(lines: &[Line]) -> String {
    let x25519 = if cfg!(subrosa_curve = "portable") { "without assembly" } else { "as it is with `std`" };
    let mut out = format!("## Times\n\nSubrosa {x25519}.\n\n| operation |");
    let there = |side: Side| lines.iter().any(|line| line.of(side).is_some());
    let sides: Vec<_> = SIDES.into_iter().filter(|(side, _)| there(*side)).collect();
    for (_, title) in &sides {
        let _ = write!(out, " {title} |");
    }
    out += " official (study) | floor (study) | study ÷ subrosa |";
    let peers = |side: Side| matches!(side, Side::Vodozemac | Side::Wacore | Side::Official);
    for (side, title) in sides.iter().filter(|(side, _)| *side != Side::Subrosa) {
        let _ = if peers(*side) {
            write!(out, " {title} ÷ subrosa |")
        } else {
            write!(out, " subrosa ÷ {title} |")
        };
    }
    out += "\n| --- |";
    out += &" ---: |".repeat(2 * sides.len() + 2);
    out += "\n";
    for line in lines {
        let _ = write!(out, "| {} |", line.name);
        for (side, _) in &sides {
            let _ =
                write!(out, " {} |", line.of(*side).map_or_else(String::new, |sample| shown(*side, sample)));
        }
        let subrosa = line.of(Side::Subrosa).map_or(f64::NAN, |sample| sample.median);
        let _ = write!(out, " {} | {} |", number(line.study), number(line.study_floor));
        let _ = write!(out, " {} |", ratio(line.study.map(|study| study / subrosa)));
        for (side, _) in sides.iter().filter(|(side, _)| *side != Side::Subrosa) {
            let other = line.of(*side).map(|sample| sample.median);
            let of = other.map(|other| if peers(*side) { other / subrosa } else { subrosa / other });
            let _ = write!(out, " {} |", ratio(of));
        }
        out += "\n";
    }
    out + LEGEND
}

/// Median (minimum), marked if they are far apart. The minimum of a difference says nothing, so it is left out.
fn shown(side: Side, sample: Sample) -> String {
    let mark = if sample.is_unsteady() { " *" } else { "" };
    if matches!(side, Side::Official | Side::Wacore) {
        return format!("{}{mark}", microseconds(sample.median));
    }
    format!("{} ({}){mark}", microseconds(sample.median), microseconds(sample.minimum))
}

fn number(nanoseconds: Option<f64>) -> String {
    nanoseconds.filter(|number| number.is_finite()).map_or_else(String::new, microseconds)
}

/// Three digits, but the whole number at least.
fn microseconds(nanoseconds: f64) -> String {
    let microseconds = nanoseconds / 1_000.0;
    match microseconds {
        ..10.0 => format!("{microseconds:.2}"),
        ..100.0 => format!("{microseconds:.1}"),
        _ => grouped(microseconds),
    }
}

/// A whole number with its thousands apart.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.filter(|ratio| ratio.is_finite()).map_or_else(String::new, |ratio| format!("{ratio:.2}"))
}

/// What follows from two rows together, where both are there.
pub fn shares(lines: &[Line]) -> String {
    let median = |name: &str| {
        let line = lines.iter().find(|line| line.name == name)?;
        line.of(Side::Subrosa).map(|sample| sample.median)
    };
    let mut out = String::new();
    for way in ["encrypt", "decrypt"] {
        let record = median(&format!("record of a one-way {way}, PQ"));
        if let (Some(record), Some(message)) = (record, median(&format!("{way} 1 KiB one way, PQ"))) {
            let share = 100.0 * record / message;
            let _ = writeln!(out, "\nThe record of a one-way {way} of 1 KiB, PQ: {share:.1} % of its time.");
        }
    }
    for kind in ["PQ", "no PQ"] {
        let held = median(&format!("decrypt 1 KiB one way, {kind}, 2,000 skipped keys held"));
        if let (Some(held), Some(none)) = (held, median(&format!("decrypt 1 KiB one way, {kind}"))) {
            let change = 100.0 * (held / none - 1.0);
            let _ = writeln!(
                out,
                "\n2,000 skipped keys held change a decrypt of 1 KiB, {kind}, by {change:+.1} %."
            );
        }
    }
    out
}

/// The table of allocations.
pub fn allocations(lines: &[Line]) -> String {
    let mut out =
        "\n## Allocations of one operation\n\nTimes that memory was asked for, and how many bytes.\n\n\
        | operation | subrosa | vodozemac |\n| --- | ---: | ---: |\n"
            .to_owned();
    for line in lines {
        let of = |side: Side| {
            let found = line.allocations.iter().find(|(of, _)| *of == side);
            found
                .map_or_else(String::new, |(_, [calls, bytes])| format!("{calls:.1} / {} B", grouped(*bytes)))
        };
        let _ = writeln!(out, "| {} | {} | {} |", line.name, of(Side::Subrosa), of(Side::Vodozemac));
    }
    out
}
