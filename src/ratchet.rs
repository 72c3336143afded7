// SPDX-License-Identifier: MIT OR Apache-2.0

//! L4: the ratchets. They know no message format: what they yield are keys for one message, and the
//! change that using them makes to their state. Nothing is changed before that change is applied.

pub mod chain;
pub mod double;
pub mod message_keys;
pub mod receiving;
pub mod root;
pub mod skipped;
pub mod spqr;
pub mod triple;
