// SPDX-License-Identifier: MIT OR Apache-2.0

//! The attachment's part of a message.

use super::incremental_mac::IncrementalMac;

/// The data about an attachment's blob that a receiver needs, beside the [key](super::AttachmentKey), to verify it as
/// it arrives. It travels in the message that the attachment belongs to, and so is authentic.
///
/// A message without an incremental MAC has the other two parts. Then an
/// [`AttachmentVerifier`](super::AttachmentVerifier) makes the list from the blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentManifest {
    /// SHA-256 of the blob.
    pub digest: [u8; 32],
    /// The length of the plaintext without padding, in bytes.
    pub plaintext_len: u64,
    /// MACs of the blob's prefixes, under the HMAC half of the key.
    pub incremental_mac: IncrementalMac,
}
