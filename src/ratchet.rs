// SPDX-License-Identifier: MIT OR Apache-2.0

//! L4: the ratchets. They know no message format: they give keys for one message, and the change of their state by
//! using them. Nothing changes before that is applied.

pub mod chain;
pub mod double;
pub mod message_keys;
#[cfg(feature = "omemo")]
pub(crate) mod omemo;
mod past;
pub mod receiving;
pub mod root;
#[cfg(feature = "rose")]
pub(crate) mod rose;
pub mod skipped;
pub mod spqr;
pub mod triple;
pub mod turns;
