// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a message says of its attachment.

use super::incremental_mac::IncrementalMac;

/// What a receiver must know of an attachment's blob, beside the [key](super::AttachmentKey), to believe it while
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
    /// MACs of the blob's beginnings, under the HMAC half of the key.
    pub incremental_mac: IncrementalMac,
}
