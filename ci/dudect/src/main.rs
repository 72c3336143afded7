// SPDX-License-Identifier: MIT OR Apache-2.0

//! Whether the time of secret operations depends on their secrets, asked by statistics: `ci/dudect.sh` runs it. After
//! "dude, is my code constant time?" (Reparaz, Balasch, Verbauwhede, 2017).
//!
//! Each operation is timed on inputs of two classes, in random order. Welch's t-test tells whether the two classes'
//! times have the same mean. It finds what depends on secrets and is large enough to be seen, and proves nothing
//! about what is smaller, nor about secrets that no class stands for.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test"
)]

mod cycles;
mod message;
mod operations;
mod planted;
mod profiles;
mod report;
mod welch;

use std::process::ExitCode;

use report::Report;

/// How many samples of each operation, unless that is given.
const SAMPLES: usize = 10_000;

fn main() -> ExitCode {
    let samples = match std::env::args().nth(1).map(|text| text.parse()) {
        None => SAMPLES,
        Some(Ok(samples)) => samples,
        Some(Err(_)) => {
            eprintln!("usage: dudect [SAMPLES]");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::new(samples);
    planted::run(&mut report);
    operations::run(&mut report);
    message::run(&mut report);
    profiles::run(&mut report);
    report.end()
}
