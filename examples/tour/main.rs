// SPDX-License-Identifier: MIT OR Apache-2.0

//! A tour: one file for each role that a messenger has. README.md shows them.
//!
//! Alice writes to Bob, Bob to a group of the two with Carol, and a service carries it all without knowing who
//! wrote. What would go over a network goes from function to function, and stores are maps.

#![allow(clippy::print_stdout, clippy::unnecessary_wraps, reason = "an example; and a real store may fail")]

mod device;
mod initiator;
mod member;
mod responder;
mod service;
mod tour;
mod verification;

fn main() -> Result<(), device::Error> {
    tour::tour(|line| println!("{line}"))
}
