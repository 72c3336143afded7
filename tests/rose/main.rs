// SPDX-License-Identifier: MIT OR Apache-2.0

//! The rose profile.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

#[path = "../support/rose.rs"]
mod parties;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../peer/src/rose/world.rs"]
mod peer;
#[path = "../support/rose_run.rs"]
mod run;

mod advice;
mod comparisons;
mod kept;
mod ledger;
mod limits;
mod profiles;
mod properties;
mod published;
mod repairs;
mod replay;
mod reports;
