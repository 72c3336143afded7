// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender: envelopes, certificates, many recipients.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/accounts.rs"]
mod accounts;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/by_hand.rs"]
mod by_hand;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/cases.rs"]
mod cases;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/counting.rs"]
mod counting;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/device.rs"]
mod device;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../peer/src/rng.rs"]
mod rng;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/sealed.rs"]
mod sealed;

mod kept;
mod known_answers;
mod properties;
mod scenarios;
