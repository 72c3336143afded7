// SPDX-License-Identifier: MIT OR Apache-2.0

//! All messages that are protobuf, declared a second time for `prost`, and each compared with what our reader makes
//! of the same bytes: both refuse, for the same reason where there is more than one, or every field is the same.
//!
//! A message comes with what is around its protobuf, and what it needs to be valid is asked of prost's here, too.
//! Where the two are meant to differ, the function says so.

#![allow(
    dead_code,
    clippy::missing_docs_in_private_items,
    clippy::struct_field_names,
    clippy::type_complexity,
    missing_docs,
    reason = "a test kit, of which each test uses a part"
)]

#[path = "by_prost/braid.rs"]
pub mod braid;
#[path = "by_prost/fingerprint.rs"]
pub mod fingerprint;
#[path = "by_prost/messages.rs"]
pub mod messages;
#[path = "by_prost/sealed.rs"]
pub mod sealed;
#[path = "by_prost/sender_keys.rs"]
pub mod sender_keys;
#[path = "by_prost/stored.rs"]
pub mod stored;
