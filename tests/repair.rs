// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair: messages that were not decrypted are asked for and sent again, within bounds, whatever the peer does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "repair/answers.rs"]
mod answers;
#[path = "support/circle.rs"]
mod circle;
#[path = "support/device.rs"]
mod device;
#[path = "repair/hostile.rs"]
mod hostile;
#[path = "repair/lessons.rs"]
mod lessons;
#[path = "repair/limits.rs"]
mod limits;
#[path = "repair/records.rs"]
mod records;
#[path = "support/repair.rs"]
mod repair;
#[path = "repair/requests.rs"]
mod requests;
#[path = "support/sealed.rs"]
mod sealed;
#[path = "repair/two_devices.rs"]
mod two_devices;
#[path = "repair/under_seal.rs"]
mod under_seal;
