// SPDX-License-Identifier: MIT OR Apache-2.0

//! OMEMO, both versions.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

#[allow(dead_code, reason = "shared between programs")]
#[path = "../peer/src/omemo/world.rs"]
mod peer;

mod live;
mod properties;
mod records;
mod replay;
