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

#[path = "../support/accounts.rs"]
mod accounts;
#[path = "../support/by_hand.rs"]
mod by_hand;
#[path = "../support/cases.rs"]
mod cases;
#[path = "../support/counting.rs"]
mod counting;
#[path = "../support/device.rs"]
mod device;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../peer/src/rng.rs"]
mod rng;
#[path = "../support/sealed.rs"]
mod sealed;

mod kept;
mod known_answers;
mod properties;
mod scenarios;
