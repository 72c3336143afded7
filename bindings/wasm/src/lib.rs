// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Signal protocol for JavaScript. `README.md` has a conversation in twenty lines.

// Values that come from JavaScript are owned, and classes are documented where they are declared.
#![allow(missing_debug_implementations, reason = "JavaScript has no use for it, and states hold secrets")]

mod account;
mod attachment;
mod bundle;
mod delivery;
mod error;
mod fingerprint;
mod group;
mod object;
mod plain;
mod repair;
mod sealed;
mod session;
mod stage;
mod store;
