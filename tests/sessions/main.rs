// SPDX-License-Identifier: MIT OR Apache-2.0

//! One-to-one sessions and the ratchets below them.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unreachable,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

#[path = "../support/cases.rs"]
mod cases;
#[path = "../../benches/support/setting.rs"]
mod setting;
#[path = "../support/simulation.rs"]
mod simulation;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/spqr.rs"]
mod spqr;

use setting::device;

mod braid_properties;
mod braid_scenarios;
mod braid_stored;
mod braid_vectors;
mod each;
mod identities;
mod lifetime;
mod prekey_messages;
mod properties;
mod records_and_bundles;
mod retry;
mod scenarios;
mod staged;
