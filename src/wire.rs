// SPDX-License-Identifier: MIT OR Apache-2.0

//! L1: bytes to typed values and back. Never verifies, never decides.

pub mod braid_message;
pub(crate) mod ciphertext;
pub mod decryption_error;
pub mod distribution_id;
pub mod message;
#[cfg(feature = "omemo")]
pub(crate) mod omemo;
pub mod plaintext_content;
pub mod prekey_message;
pub mod protobuf;
#[cfg(feature = "rose")]
pub(crate) mod rose;
pub mod sealed_content;
pub mod sealed_message;
pub mod sender_key_distribution;
pub mod sender_key_message;
pub mod signal_message;
#[cfg(any(feature = "hazmat", feature = "libsignal"))]
pub mod stored;
pub(crate) mod uuid;
