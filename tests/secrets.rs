// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where secrets must not be: in what `Debug` shows, in memory that was freed, and in memory that is in use
//! for something that no longer needs them.
//!
//! Observed is the heap. The stack is not: it is overwritten by what runs next, and no safe code can wipe it
//! for certain. That also excludes what `libcrux-ml-kem`, `curve25519-dalek`, `sha2`, `hmac`, `aes` and
//! `aes-gcm` leave behind: they allocate nothing, so all of theirs is on the stack. (`libcrux-ml-kem` wipes
//! nothing there; the others wipe keys.) That they allocate nothing is not taken for granted here: none of
//! their blocks is exempt.

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
#[path = "secrets/sessions.rs"]
mod sessions;
#[path = "secrets/under_seal.rs"]
mod under_seal;
