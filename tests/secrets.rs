// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where secrets must not be: in what `Debug` shows, in memory that was freed, and in memory that is in use
//! for something that no longer needs them.
//!
//! The heap is observed all the time, and nothing is exempt. The stack is searched after single operations, and what they
//! leave there is held against the list in `docs/secrets.md`, which says whose it is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "secrets/accounts.rs"]
mod accounts;
#[path = "secrets/attachments.rs"]
mod attachments;
#[path = "support/by_hand.rs"]
mod by_hand;
#[path = "secrets/debug.rs"]
mod debug;
#[path = "secrets/groups.rs"]
mod groups;
#[path = "secrets/heap.rs"]
mod heap;
#[path = "secrets/keys.rs"]
mod keys;
#[path = "support/moved.rs"]
mod moved;
#[path = "secrets/omemo.rs"]
mod omemo;
#[path = "support/omemo.rs"]
mod omemo_party;
#[path = "secrets/on_the_stack.rs"]
mod on_the_stack;
#[path = "support/rose.rs"]
mod parties;
#[path = "secrets/rose.rs"]
mod rose;
#[path = "secrets/sessions.rs"]
mod sessions;
#[path = "secrets/stack.rs"]
mod stack;
#[path = "secrets/under_seal.rs"]
mod under_seal;
