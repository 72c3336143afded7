// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices hold a conversation over a bad network, all of it sealed; then one is robbed.
//!
//! `device.rs` is a messenger as it uses the crate, `store.rs` and `outbox.rs` its store: begin there. `scenes.rs` and
//! `refusals.rs` are the order of events, `thief.rs` the thief, the rest the world around.

mod args;
mod device;
mod inside;
mod network;
mod outbox;
mod refusals;
mod report;
mod scenes;
mod service;
mod stage;
mod store;
mod thief;
mod who;

use std::io::{self, Write};
use std::process::ExitCode;

use args::{HELP, Options};
use report::Report;
use stage::Stage;
use subrosa::rand_core::Rng;
use who::Error;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => return end(2, &error),
    };
    match run(options, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads on: `head` has seen enough.
        Err(error) if is_closed_output(&error) => ExitCode::FAILURE,
        Err(error) => end(1, &error),
    }
}

fn end(code: u8, error: &Error) -> ExitCode {
    // There is nobody left to tell if this fails.
    let _ = writeln!(io::stderr(), "conversation: {error}");
    code.into()
}

fn is_closed_output(error: &Error) -> bool {
    error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let mut report = Report::new(out);
    if options.help {
        return Ok(report.progress(HELP)?);
    }
    let seed = options.seed.unwrap_or_else(|| subrosa::os_rng().next_u64() >> 40);
    report.line(format_args!("subrosa: a conversation (--seed {seed} repeats it)"))?;
    scenes::play(&mut Stage::new(seed, report)?, options)
}
