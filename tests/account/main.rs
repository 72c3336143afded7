// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts, delivery to all devices, and repair.
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
#[path = "../support/circle.rs"]
mod circle;
#[path = "../support/device.rs"]
mod device;
#[path = "../support/repair.rs"]
mod repair;
#[path = "../support/sealed.rs"]
mod sealed;
#[allow(dead_code, reason = "shared between programs")]
#[path = "../support/vectors.rs"]
mod vectors;

mod account;
mod deliveries;
mod import;
mod lessons;
mod moving_in;
mod properties;
mod records;
mod repairs;
