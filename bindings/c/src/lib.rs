// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Signal protocol for C, and for whatever calls C. `include/subrosa.h` is generated from here, and `README.md` says
//! how it is used.
//!
//! A handle is a number, looked up in a table that never gives out a number twice. So a handle that was freed, or is of
//! another type, or was never one, is an error, and freeing twice is, too. The memory that this crate touches beside its
//! own is that of the caller's buffers: `memory.rs` has all of it, and all `unsafe` code but the names of functions.

#![allow(missing_debug_implementations, reason = "C has no use for it, and states hold secrets")]

mod account;
mod attachment;
mod bundle;
mod call;
mod code;
mod delivery;
mod fingerprint;
mod group;
mod memory;
mod omemo;
mod repair;
mod sealed;
mod session;
mod stage;
mod store;
mod table;

pub use account::*;
pub use attachment::*;
pub use bundle::*;
pub use call::*;
pub use code::*;
pub use delivery::*;
pub use fingerprint::*;
pub use group::*;
pub use memory::*;
pub use omemo::*;
pub use repair::*;
pub use sealed::*;
pub use session::*;
pub use stage::*;
pub use store::*;
pub use table::*;
