// SPDX-License-Identifier: MIT OR Apache-2.0

//! Verification of a blob without an incremental MAC.

use core::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::chunk_size::ChunkSize;
use super::decrypt::MAC_LEN;
use super::error::AttachmentError;
use super::incremental_mac::IncrementalMacBuilder;
use super::key::AttachmentKey;
use super::manifest::AttachmentManifest;
use super::padding::blob_len;
use crate::crypto::cbc::BLOCK_LEN;

/// The first of two passes over a blob whose message has no incremental MAC: checks all of it, and gives a
/// manifest for an [`AttachmentDecryptor`](super::AttachmentDecryptor) to make the second pass with.
///
/// The manifest has an incremental MAC, made in this pass. So the second pass refuses whatever has changed since, and
/// again only authentic plaintext comes out.
pub struct AttachmentVerifier {
    macs: IncrementalMacBuilder,
    digest: Sha256,
    expected_digest: [u8; 32],
    plaintext_len: u64,
    /// The last bytes so far, of which the first `end_len` are there: they may be the MAC, and are not in `macs`.
    end: [u8; MAC_LEN],
    end_len: usize,
    len: u64,
}

impl AttachmentVerifier {
    /// Begins to verify a blob, with the SHA-256 and the length of the plaintext from the message.
    #[must_use]
    pub fn new(key: &AttachmentKey, digest: [u8; 32], plaintext_len: u64) -> Self {
        let chunk_size = ChunkSize::for_len(blob_len(plaintext_len));
        Self {
            macs: IncrementalMacBuilder::new(key.mac().as_bytes(), chunk_size),
            digest: Sha256::new(),
            expected_digest: digest,
            plaintext_len,
            end: [0; MAC_LEN],
            end_len: 0,
            len: 0,
        }
    }

    /// Takes the next piece of the blob.
    pub fn update(&mut self, blob: &[u8]) {
        self.digest.update(blob);
        self.len = self.len.saturating_add(u64::try_from(blob.len()).unwrap_or(u64::MAX));
        if let Some((before, end)) = blob.split_last_chunk() {
            self.pass_on(self.end_len);
            self.macs.update(before);
            (self.end, self.end_len) = (*end, MAC_LEN);
        } else {
            self.pass_on((self.end_len + blob.len()).saturating_sub(MAC_LEN));
            for (slot, byte) in self.end.iter_mut().skip(self.end_len).zip(blob) {
                *slot = *byte;
            }
            self.end_len += blob.len();
        }
    }

    /// Checks the blob after its last byte.
    ///
    /// # Errors
    /// [`AttachmentError`], in this order: `Malformed`, `BadMac`, `BadDigest`.
    pub fn finish(mut self) -> Result<AttachmentManifest, AttachmentError> {
        const MIN_LEN: usize = 2 * BLOCK_LEN + MAC_LEN;
        if self.len < MIN_LEN as u64 || !self.len.is_multiple_of(BLOCK_LEN as u64) {
            return Err(AttachmentError::Malformed);
        }
        if !bool::from(self.macs.so_far().ct_eq(&self.end)) {
            return Err(AttachmentError::BadMac);
        }
        self.pass_on(MAC_LEN);
        let digest: [u8; 32] = self.digest.finalize().into();
        if !bool::from(digest.ct_eq(&self.expected_digest)) {
            return Err(AttachmentError::BadDigest);
        }
        let Self { macs, plaintext_len, .. } = self;
        Ok(AttachmentManifest { digest, plaintext_len, incremental_mac: macs.finish() })
    }

    /// Puts the first `count` of the last bytes into the MACs: they are no longer the last ones.
    fn pass_on(&mut self, count: usize) {
        self.macs.update(self.end.get(..count).unwrap_or_default());
        self.end.rotate_left(count);
        self.end_len -= count;
    }
}

impl fmt::Debug for AttachmentVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { macs: _, digest: _, expected_digest: _, plaintext_len, end: _, end_len: _, len } = self;
        let mut shown = f.debug_struct("AttachmentVerifier");
        shown.field("len", len).field("plaintext_len", plaintext_len).finish_non_exhaustive()
    }
}
