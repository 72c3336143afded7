// SPDX-License-Identifier: MIT OR Apache-2.0

//! Whether branches or addresses depend on secrets. `ci/constant-time.sh` runs it under valgrind's memcheck:
//! what is marked undefined there is secret, and what memcheck reports is a leak.
//!
//! The operations run as they are shipped, on inputs that differ by nothing but their seeds; so a branch that they do
//! not come by is not seen. `allowed.supp` has what may depend on a secret, with the reason, by name.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod batches;
mod marking;
mod memcheck;
mod omemo;
mod planted;
mod primitives;
mod report;
mod rose;
mod sealing;
mod sessions;

use std::process::ExitCode;

fn main() -> ExitCode {
    if !memcheck::is_running() {
        eprintln!("run it by ci/constant-time.sh: without valgrind nothing is seen");
        return ExitCode::FAILURE;
    }
    let mut report = report::Report::default();
    planted::run(&mut report);
    primitives::run(&mut report);
    batches::run(&mut report);
    sealing::run(&mut report);
    sessions::run(&mut report);
    rose::run(&mut report);
    omemo::run(&mut report);
    report.end()
}
