// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Signal protocol for Python, Kotlin and Swift. `README.md` has a conversation in twenty lines.

#![allow(missing_debug_implementations, reason = "states hold secrets, and the languages have their own")]

uniffi::setup_scaffolding!();

mod account;
mod attachment;
mod bundle;
mod delivery;
mod error;
mod fingerprint;
mod group;
mod omemo;
mod plain;
mod repair;
mod sealed;
mod session;
mod stage;
mod store;
