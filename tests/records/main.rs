// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is stored: the form of records, and the bytes of old ones.
//!
//! `tests/README.md` says what each file is for.

#![allow(
    clippy::indexing_slicing,
    clippy::missing_docs_in_private_items,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[path = "../support/device.rs"]
mod device;

mod byte_forms;
mod recorded_bytes;
mod records;
mod regression;
mod sizes;
