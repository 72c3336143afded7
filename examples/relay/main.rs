// SPDX-License-Identifier: MIT OR Apache-2.0

//! A service that carries sealed messages between devices over loopback TCP, and prints all that it learns about
//! each. Of the sender that is nothing.
//!
//! ```text
//! cargo run -p subrosa-examples --bin relay
//! ```
//!
//! `relay.rs`, `registry.rs` and `learnt.rs` are the service; `client.rs`, `send.rs` and `receive.rs` what a
//! messenger does with the crate. The rest is what they say to each other, and the printing.

mod answer;
mod client;
mod codec;
mod failure;
mod frame;
mod learnt;
mod letter;
mod line;
mod on_purpose;
mod prekeys;
mod protocol;
#[path = "../conversation/published.rs"]
mod published;
mod receive;
mod registry;
mod relay;
mod report;
mod scenes;
mod send;
mod shelf;
pub(crate) mod sight;
#[allow(dead_code, reason = "the conversation uses the rest")]
#[path = "../conversation/world.rs"]
mod world;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use subrosa::keys::KeyPair;

pub(crate) use failure::Failure;
use line::Line;
use relay::{Relay, Stop};
use report::Report;
use scenes::Stage;
use sight::Sight;
use world::World;

fn main() -> ExitCode {
    match run(&mut io::stdout().lock()) {
        Ok(_) => ExitCode::SUCCESS,
        // Whoever closed our output, as `head` does, has seen enough.
        Err(failure) if failure.is_closed_output() => ExitCode::FAILURE,
        Err(failure) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(io::stderr(), "relay: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Plays everything, printing it to `out`.
pub(crate) fn run(out: &mut dyn Write) -> Result<Sight, Failure> {
    let mut world = World::new(None, 0);
    // Kept far from the service, which has only a certificate of it.
    let trust_root = KeyPair::generate(&mut world.random);
    let (log, learnt) = mpsc::channel();
    let relay = Relay::new(trust_root.private(), World::new(None, 0), log);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut stage = Stage {
        line: Line(address),
        trust_root: *trust_root.public(),
        devices: Vec::new(),
        world,
        report: Report::new(out, learnt),
    };
    thread::scope(|scope| {
        let _stop = Stop { relay: &relay, address };
        scope.spawn(|| relay.serve(&listener, scope));
        scenes::play(&mut stage, &relay)
    })
}
