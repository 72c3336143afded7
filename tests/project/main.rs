// SPDX-License-Identifier: MIT OR Apache-2.0

//! The project itself: layers, public interface, supply chain, seeds of the fuzz targets.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "../support/device.rs"]
mod device;
#[path = "../support/envelopes.rs"]
mod envelopes;

mod compiled_once;
mod fuzz_seeds;
mod layers;
mod supply_chain;
