// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups: sender keys.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "../support/cases.rs"]
mod cases;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/group.rs"]
mod group;

mod lessons;
mod properties;
mod scenarios;
