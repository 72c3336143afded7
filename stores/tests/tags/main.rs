// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tags of the rose profile in real stores: they change in the transaction of their session, and a message is found
//! by its tag however many there are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod hub;
#[path = "../../../tests/support/rose.rs"]
mod parties;
mod scale;
mod transactions;
