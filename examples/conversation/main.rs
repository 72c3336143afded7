// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices hold a conversation over a bad network and print what they do, step by step:
//!
//! ```text
//! cargo run -p subrosa-examples -- --help
//! ```
//!
//! `device.rs` is what a messenger does with the crate, `store.rs` how it stores what the crate gives it. The
//! rest is the world around them, and the printing.

mod args;
mod conversation;
mod device;
mod failure;
mod key_file;
mod ledger;
mod network;
mod on_purpose;
mod place;
mod published;
mod receive;
mod report;
mod row;
mod scenes;
mod senders;
mod service;
mod side;
mod store;
mod text;
mod wire;
mod world;

use std::io::{self, Write};
use std::process::ExitCode;

pub(crate) use args::{Options, Request};
pub(crate) use failure::Failure;
pub(crate) use ledger::Summary;

/// Everything that was deliverable arrived.
const GOOD: u8 = 0;
/// It did not, or the conversation could not be held.
const BAD: u8 = 1;
/// The options made no sense.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let result = match Request::parse(std::env::args_os().skip(1)) {
        Ok(Request::Help) => out.write_all(args::HELP.as_bytes()).map_err(Failure::Output).map(|()| GOOD),
        Ok(Request::Run(options)) => {
            run(&options, &mut out).map(|summary| if summary.good() { GOOD } else { BAD })
        }
        Err(error) => {
            complain(&format_args!("{error}\nTry --help."));
            Ok(USAGE)
        }
    };
    ExitCode::from(result.unwrap_or_else(|failure| {
        // Whoever closed our output, as `head` does, has seen enough.
        if !failure.is_closed_output() {
            complain(&failure);
        }
        BAD
    }))
}

/// Holds the conversation, printing it to `out`.
pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Result<Summary, Failure> {
    scenes::play(options, out)
}

fn complain(what: &dyn std::fmt::Display) {
    // There is nobody left to tell if this fails.
    let _ = writeln!(io::stderr(), "conversation: {what}");
}
