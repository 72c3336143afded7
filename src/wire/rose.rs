// SPDX-License-Identifier: MIT OR Apache-2.0

//! The bytes of the rose profile (rose 31, 33, 34): headers, lengths, bodies, uploads.

pub mod body;
pub mod header;
pub mod length;
pub mod upload;

/// Length of a tag in bytes.
pub const TAG_LEN: usize = 16;

/// A one-time tag, by which a message is found.
pub type Tag = [u8; TAG_LEN];
