// SPDX-License-Identifier: MIT OR Apache-2.0

//! A service carries sealed messages between devices over loopback TCP, and prints all that it learns.
//!
//! `relay.rs`, `registry.rs` and `learnt.rs` are the service, `client.rs` a messenger's use of the crate. The rest is
//! their protocol, and the order of events.

mod client;
mod codec;
mod frame;
mod learnt;
mod letter;
mod line;
mod on_purpose;
mod protocol;
mod registry;
mod relay;
mod report;
mod scenes;
mod sight;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use subrosa::keys::KeyPair;
use subrosa::os_rng;

use line::Line;
use relay::{Relay, Stop};
use report::Report;
use scenes::Stage;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell if this fails.
            let _ = writeln!(io::stderr(), "relay: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays everything, printing it to `out`.
fn run(out: &mut dyn Write) -> Result<(), Error> {
    // Kept far from the service, which has only a certificate of it.
    let trust_root = KeyPair::generate(&mut os_rng());
    let (log, learnt) = mpsc::channel();
    let relay = Relay::new(trust_root.private(), log);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut stage = Stage {
        line: Line(address),
        trust_root: *trust_root.public(),
        devices: Vec::new(),
        report: Report::new(out, learnt),
    };
    thread::scope(|scope| {
        let _stop = Stop { relay: &relay, address };
        scope.spawn(|| relay.serve(&listener, scope));
        scenes::play(&mut stage, &relay)
    })
}
