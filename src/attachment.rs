// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments: data too long for a message, encrypted under a key that travels in one.
//!
//! The encrypted form, the *blob*, lies with the service. Its layout, and the incremental MAC over the blob under the
//! HMAC key, follow public descriptions of the deployed apps. They were not compared with an official build, which
//! leaves attachments to the apps. The construction of the incremental MAC itself was observed.
//!
//! ```text
//! key   = AES key (32) || HMAC key (32)
//! blob  = IV (16) || AES-256-CBC(AES key, IV, plaintext || zeros) || HMAC-SHA-256(HMAC key, all before) (32)
//! digest = SHA-256(blob)
//! incremental MAC = that of the blob, under the HMAC key
//! ```
//!
//! Zeros fill the plaintext up to one of a few lengths, 5 % apart. Key, digest, length of the plaintext and the
//! incremental MAC travel in the message.

mod buffer;
mod chunk_size;
mod chunk_verifier;
mod decrypt;
mod encrypt;
mod error;
mod incremental_mac;
#[cfg(feature = "std")]
mod io;
mod key;
mod manifest;
mod padding;
mod verify;

pub use chunk_size::ChunkSize;
pub use decrypt::AttachmentDecryptor;
pub use encrypt::{AttachmentEncryptor, AttachmentEnd};
pub use error::AttachmentError;
pub use incremental_mac::{IncrementalMac, IncrementalMacBuilder, IncrementalMacVerifier};
#[cfg(feature = "std")]
pub use io::{AttachmentReader, AttachmentWriter, IncrementalMacReader, IncrementalMacWriter};
pub use key::AttachmentKey;
pub use manifest::AttachmentManifest;
pub use verify::AttachmentVerifier;
