// SPDX-License-Identifier: MIT OR Apache-2.0

//! Verification of chunks: data is held back until the MAC of its chunk has come.

use alloc::vec::Vec;

use super::chunk_size::ChunkSize;
use super::error::AttachmentError;
use super::incremental_mac::{IncrementalMac, IncrementalMacVerifier};
use crate::crypto::cbc::BLOCK_LEN;

/// Holds data back, at most one chunk and a little more, until it is verified.
///
/// With a *lag*, the last so many bytes of the data are only verified at the end. The MAC of all data before them is
/// known there.
pub(super) struct ChunkVerifier {
    verifier: IncrementalMacVerifier,
    /// The verified bytes, then those hashed but not yet verified, then the lagging ones.
    held: Vec<u8>,
    validated: usize,
    hashed: usize,
    /// Verified bytes that were taken out, but not yet removed.
    taken: usize,
    lag: usize,
    capacity: usize,
}

/// Number of verified bytes that may be left in before more are needed: a block.
const MAY_STAY: usize = BLOCK_LEN;

impl ChunkVerifier {
    pub(super) fn new(key: &[u8], expected: IncrementalMac, lag: usize) -> Result<Self, AttachmentError> {
        let chunk_size = expected.chunk_size();
        if chunk_size > ChunkSize::LARGEST {
            return Err(AttachmentError::ChunkTooLarge(chunk_size.get()));
        }
        let chunk = usize::try_from(chunk_size.get())
            .map_err(|_| AttachmentError::ChunkTooLarge(chunk_size.get()))?;
        Ok(Self {
            verifier: IncrementalMacVerifier::new(key, expected),
            held: Vec::with_capacity(chunk + lag + MAY_STAY),
            validated: 0,
            hashed: 0,
            taken: 0,
            lag,
            capacity: chunk + lag + MAY_STAY,
        })
    }

    /// The bytes that are verified and not taken out.
    pub(super) fn validated(&self) -> &[u8] {
        self.held.get(self.taken..self.validated).unwrap_or_default()
    }

    /// Takes out the first `count` validated bytes.
    pub(super) fn take_out(&mut self, count: usize) {
        self.taken = (self.taken + count).min(self.validated);
    }

    /// Takes data from the front of `input`, as much as there is room for, and gives it. All verified bytes but
    /// [`MAY_STAY`] must have been taken out before.
    pub(super) fn take_in<'a>(&mut self, input: &mut &'a [u8]) -> Result<&'a [u8], AttachmentError> {
        if self.held.len() == self.capacity {
            self.held.drain(..self.taken);
            self.validated -= self.taken;
            self.hashed -= self.taken;
            self.taken = 0;
        }
        let count = (self.capacity - self.held.len()).min(input.len());
        let data = input.split_off(..count).unwrap_or_default();
        self.held.extend_from_slice(data);
        self.hash_up_to(self.held.len().saturating_sub(self.lag))?;
        Ok(data)
    }

    /// Ends the data: verifies the rest, lagging bytes and all. Gives the MAC of the data before them.
    pub(super) fn finish(&mut self) -> Result<[u8; 32], AttachmentError> {
        let mac = self.verifier.so_far();
        self.hash_up_to(self.held.len())?;
        self.verifier.check_end()?;
        self.validated = self.held.len();
        Ok(mac)
    }

    fn hash_up_to(&mut self, end: usize) -> Result<(), AttachmentError> {
        let data = self.held.get(self.hashed..end).unwrap_or_default();
        self.hashed += data.len();
        let validated = self.verifier.update(data)?;
        // Not more than is held.
        self.validated += usize::try_from(validated).unwrap_or_default();
        Ok(())
    }
}
