// SPDX-License-Identifier: MIT OR Apache-2.0

//! Decrypting an attachment while it arrives.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::buffer::{Buffer, Ready};
use super::chunk_verifier::ChunkVerifier;
use super::error::AttachmentError;
use super::key::AttachmentKey;
use super::manifest::AttachmentManifest;
use crate::crypto::cbc::{BLOCK_LEN, CbcDecryptor};
use crate::crypto::secret::Secret;
use crate::plaintext::Plaintext;

/// Length of the MAC at the end of a blob, in bytes.
pub(super) const MAC_LEN: usize = 32;

/// Decrypts a blob that comes in pieces, in the memory for one chunk. No byte of plaintext comes out before its chunk
/// is verified against the manifest's incremental MAC.
///
/// The blob may be cut anywhere, and the buffers for the plaintext may have any size. Only [`finish`](Self::finish)
/// verifies the end: without it a cut blob passes for a whole one.
///
/// ```
/// # use subrosa::attachment::{AttachmentDecryptor, AttachmentError, AttachmentKey, AttachmentManifest};
/// # fn receive(key: &AttachmentKey, manifest: AttachmentManifest, pieces: &[&[u8]]) -> Result<(), Box<dyn std::error::Error>> {
/// # let mut file = Vec::new();
/// # let mut buffer = [0; 1024];
/// let mut decryptor = AttachmentDecryptor::new(key, manifest)?;
/// for mut piece in pieces.iter().copied() {
///     while !piece.is_empty() {
///         let written = decryptor.update(&mut piece, &mut buffer)?;
///         file.extend_from_slice(&buffer[..written]);
///     }
/// }
/// file.extend_from_slice(&decryptor.finish()?);
/// # Ok(())
/// # }
/// ```
pub struct AttachmentDecryptor {
    key: Secret<32>,
    /// Boxed, because it is aligned to 16 bytes, and stale stack bytes would fill the gap at the end.
    cipher: Box<CbcDecryptor>,
    /// Whether the IV has come and was given to the cipher.
    begun: bool,
    chunks: ChunkVerifier,
    digest: Sha256,
    expected_digest: [u8; 32],
    /// A block of plaintext for which there was no room.
    ready: Ready<BLOCK_LEN>,
    /// Length of the plaintext that is still to come.
    left: u64,
    failed: Option<AttachmentError>,
}

impl AttachmentDecryptor {
    /// A decryptor of a blob that has not begun.
    ///
    /// # Errors
    /// [`AttachmentError::ChunkTooLarge`] if the manifest's chunks are larger than 2 MiB.
    pub fn new(key: &AttachmentKey, manifest: AttachmentManifest) -> Result<Self, AttachmentError> {
        let AttachmentManifest { digest, plaintext_len, incremental_mac } = manifest;
        Ok(Self {
            key: key.cipher().duplicate(),
            cipher: Box::new(CbcDecryptor::new(key.cipher().as_bytes(), &[0; BLOCK_LEN])),
            begun: false,
            chunks: ChunkVerifier::new(key.mac().as_bytes(), incremental_mac, MAC_LEN)?,
            digest: Sha256::new(),
            expected_digest: digest,
            ready: Ready::new(),
            left: plaintext_len,
            failed: None,
        })
    }

    /// Takes from the front of `blob` until it is empty or a chunk is verified, and writes verified plaintext into
    /// `out`. Gives the number of bytes written, which is 0 if there is none yet. An empty `out` is of no use.
    ///
    /// # Errors
    /// [`AttachmentError`]: `Mismatch`, `DataTooLong`. Nothing more comes out then, and all further calls give the same
    /// error.
    pub fn update(&mut self, blob: &mut &[u8], out: &mut [u8]) -> Result<usize, AttachmentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut written = self.release(out);
        while written == 0 && !out.is_empty() && !blob.is_empty() {
            let taken = self.chunks.take_in(blob);
            self.digest.update(taken.inspect_err(|error| self.failed = Some(*error))?);
            written = self.release(out);
        }
        Ok(written)
    }

    /// Checks the end of the blob, after its last byte, and gives the rest of the plaintext: at most a chunk and a
    /// little more.
    ///
    /// # Errors
    /// [`AttachmentError`]: that of [`Self::update`], if there was one; else in this order `Mismatch`,
    /// `DataTooLong`, `DataTooShort`, `Malformed`, `BadMac`, `BadDigest`, `BadPadding`, `TooShort`.
    pub fn finish(mut self) -> Result<Plaintext, AttachmentError> {
        self.end()
    }

    /// [`Self::finish`], which must not be called again after it succeeded.
    pub(super) fn end(&mut self) -> Result<Plaintext, AttachmentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.check_end().inspect_err(|error| self.failed = Some(*error))
    }

    fn check_end(&mut self) -> Result<Plaintext, AttachmentError> {
        let mac = self.chunks.finish()?;
        let (blob, end) =
            self.chunks.validated().split_last_chunk::<MAC_LEN>().ok_or(AttachmentError::Malformed)?;
        let mut ciphertext = blob;
        if !self.begun {
            let (iv, blocks) = blob.split_first_chunk().ok_or(AttachmentError::Malformed)?;
            *self.cipher = CbcDecryptor::new(self.key.as_bytes(), iv);
            ciphertext = blocks;
        }
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(BLOCK_LEN) {
            return Err(AttachmentError::Malformed);
        }
        if !bool::from(mac.ct_eq(end)) {
            return Err(AttachmentError::BadMac);
        }
        if !bool::from(self.digest.clone().finalize().ct_eq(&self.expected_digest)) {
            return Err(AttachmentError::BadDigest);
        }
        decrypt_end(&mut self.cipher, ciphertext, self.ready.rest(), self.left)
    }

    /// Decrypts verified bytes into `out`, and gives the number of bytes. The last block stays, because it may have the
    /// padding of the cipher.
    fn release(&mut self, out: &mut [u8]) -> usize {
        let mut buffer = Buffer::new(out);
        loop {
            self.ready.drain(&mut buffer);
            if buffer.is_full() || !self.decrypt(&mut buffer) {
                return buffer.written();
            }
        }
    }

    /// Decrypts some verified bytes into `buffer`, or one block to the place it is drained from. False if there is
    /// none.
    fn decrypt(&mut self, buffer: &mut Buffer<'_>) -> bool {
        let validated = self.chunks.validated();
        if !self.begun {
            let Some(iv) = validated.first_chunk() else { return false };
            *self.cipher = CbcDecryptor::new(self.key.as_bytes(), iv);
            self.begun = true;
            self.chunks.take_out(BLOCK_LEN);
            return true;
        }
        let blocks = validated.get(..validated.len().saturating_sub(1) / BLOCK_LEN * BLOCK_LEN);
        let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) else { return false };
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        if left == 0 {
            // Padding. Only its last block is decrypted, at the end, and needs the one before.
            let iv = blocks.last_chunk().unwrap_or(&[0; BLOCK_LEN]);
            *self.cipher = CbcDecryptor::new(self.key.as_bytes(), iv);
            self.chunks.take_out(blocks.len());
            return true;
        }
        let to = buffer.left();
        let to_len = to.len().min(left);
        let mut count = self.cipher.decrypt(blocks, to.get_mut(..to_len).unwrap_or_default());
        buffer.keep(count);
        let mut wanted = count;
        if count == 0 {
            let mut block = Zeroizing::new([0; BLOCK_LEN]);
            count = self.cipher.decrypt(blocks, block.as_mut_slice());
            wanted = count.min(left);
            self.ready.put(block.get(..wanted).unwrap_or_default());
        }
        self.left -= u64::try_from(wanted).unwrap_or_default();
        self.chunks.take_out(count);
        true
    }
}

/// Decrypts the last blocks. Gives `ready`, and behind it the `left` bytes that are not padding.
fn decrypt_end(
    cipher: &mut CbcDecryptor,
    ciphertext: &[u8],
    ready: &[u8],
    left: u64,
) -> Result<Plaintext, AttachmentError> {
    let mut plaintext = Zeroizing::new(Vec::with_capacity(ready.len() + ciphertext.len()));
    plaintext.extend_from_slice(ready);
    plaintext.resize(ready.len() + ciphertext.len(), 0);
    let (_, end) = plaintext.split_at_mut(ready.len());
    cipher.decrypt(ciphertext, end);
    let end_len = unpadded_len(end).ok_or(AttachmentError::BadPadding)?;
    let left = usize::try_from(left).ok().filter(|left| *left <= end_len).ok_or(AttachmentError::TooShort)?;
    plaintext.truncate(ready.len() + left);
    Ok(Plaintext::new(plaintext))
}

/// The length without PKCS#7 padding. Padding need not be hidden from timing: it is authentic.
fn unpadded_len(padded: &[u8]) -> Option<usize> {
    let padding = *padded.last()?;
    let len = padded.len().checked_sub(usize::from(padding))?;
    let valid = (1..=16).contains(&padding) && padded.iter().skip(len).all(|byte| *byte == padding);
    valid.then_some(len)
}

impl fmt::Debug for AttachmentDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key: _,
            cipher: _,
            begun,
            chunks: _,
            digest: _,
            expected_digest: _,
            ready: _,
            left,
            failed,
        } = self;
        let mut shown = f.debug_struct("AttachmentDecryptor");
        shown.field("begun", begun).field("left", left).field("failed", failed).finish_non_exhaustive()
    }
}
