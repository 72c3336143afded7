// SPDX-License-Identifier: MIT OR Apache-2.0

//! MACs over growing prefixes, so that each chunk is verified as it arrives.

use alloc::vec::Vec;
use core::fmt;

use subtle::ConstantTimeEq;

use super::chunk_size::ChunkSize;
use super::error::AttachmentError;
use crate::crypto::mac::{MacKey, RunningMac};

/// Length of a MAC in bytes.
const MAC_LEN: usize = 32;

/// A list of MACs, and the size of the chunks between them.
///
/// ```text
/// with q = floor(n / chunk size), the q + 1 MACs of data d[0..n]:
/// HMAC(d[0..c]), HMAC(d[0..2c]), …, HMAC(d[0..qc]), HMAC(d[0..n])
/// ```
///
/// Each is the HMAC-SHA-256 of a prefix, and the last one that of all the data. If the length is a multiple of the
/// chunk size, the last one comes twice.
#[derive(Clone, PartialEq, Eq)]
pub struct IncrementalMac {
    chunk_size: ChunkSize,
    /// A whole number of MACs.
    macs: Vec<u8>,
}

impl IncrementalMac {
    /// A list from its bytes: the MACs one after the other. An empty one fits no data at all.
    ///
    /// # Errors
    /// [`AttachmentError::NotAnIncrementalMac`] if the length of `macs` is not a multiple of 32.
    pub fn from_bytes(chunk_size: ChunkSize, macs: &[u8]) -> Result<Self, AttachmentError> {
        if macs.len().is_multiple_of(MAC_LEN) {
            Ok(Self { chunk_size, macs: macs.to_vec() })
        } else {
            Err(AttachmentError::NotAnIncrementalMac)
        }
    }

    /// The MACs one after the other, 32 bytes each.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.macs
    }

    /// The size of the chunks.
    #[must_use]
    pub const fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    fn mac(&self, number: usize) -> Option<&[u8; MAC_LEN]> {
        self.macs.as_chunks().0.get(number)
    }
}

/// Makes an [`IncrementalMac`] of data that comes in pieces, cut anywhere.
pub struct IncrementalMacBuilder {
    data: Chunked,
    macs: Vec<u8>,
}

impl IncrementalMacBuilder {
    /// Begins a list. The key may have any length; 32 bytes are usual.
    #[must_use]
    pub fn new(key: &[u8], chunk_size: ChunkSize) -> Self {
        Self { data: Chunked::new(key, chunk_size), macs: Vec::new() }
    }

    /// Takes the next piece of the data.
    pub fn update(&mut self, mut data: &[u8]) {
        while let Some(mac) = self.data.next_mac(&mut data) {
            self.macs.extend_from_slice(&mac);
        }
    }

    /// The MAC of all data so far.
    pub(super) fn so_far(&self) -> [u8; MAC_LEN] {
        self.data.mac.so_far()
    }

    /// The list, after the last piece.
    #[must_use]
    pub fn finish(self) -> IncrementalMac {
        let last = self.so_far();
        let Self { data, mut macs } = self;
        macs.extend_from_slice(&last);
        IncrementalMac { chunk_size: data.chunk_size, macs }
    }
}

/// Verifies data that comes in pieces against an [`IncrementalMac`].
///
/// The data itself stays with the caller, which must not use a byte of it before it is counted as verified.
pub struct IncrementalMacVerifier {
    data: Chunked,
    expected: IncrementalMac,
    /// Number of MACs that were right so far.
    matched: usize,
    failed: Option<AttachmentError>,
}

impl IncrementalMacVerifier {
    /// A verifier of data that has not begun.
    #[must_use]
    pub fn new(key: &[u8], expected: IncrementalMac) -> Self {
        Self { data: Chunked::new(key, expected.chunk_size), expected, matched: 0, failed: None }
    }

    /// Takes the next piece of the data. Gives the number of bytes that are verified by it, which may have come with
    /// earlier pieces: a multiple of the chunk size.
    ///
    /// # Errors
    /// [`AttachmentError`]: `Mismatch` or `DataTooLong`. No byte after the last one that was counted is to
    /// be used; all further calls give the same error.
    pub fn update(&mut self, mut data: &[u8]) -> Result<u64, AttachmentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut validated = 0;
        while let Some(mac) = self.data.next_mac(&mut data) {
            self.check(&mac).inspect_err(|error| self.failed = Some(*error))?;
            validated += u64::from(self.data.chunk_size.get());
        }
        Ok(validated)
    }

    /// The MAC of all data so far.
    pub(super) fn so_far(&self) -> [u8; MAC_LEN] {
        self.data.mac.so_far()
    }

    /// Checks the end of the data. Gives the number of bytes after the last whole chunk, which are verified by it.
    ///
    /// # Errors
    /// [`AttachmentError`]: that of [`Self::update`], if there was one; `DataTooLong` if no MAC is left for
    /// the end, `DataTooShort` if more than one is; `Mismatch`.
    pub fn finish(mut self) -> Result<u32, AttachmentError> {
        self.check_end()
    }

    /// [`Self::finish`]. Another call gives an error.
    pub(super) fn check_end(&mut self) -> Result<u32, AttachmentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let end = if self.expected.mac(self.matched + 1).is_some() {
            Err(AttachmentError::DataTooShort)
        } else {
            self.check(&self.so_far())
        };
        end.inspect_err(|error| self.failed = Some(*error))?;
        Ok(self.data.filled)
    }

    /// Compares the next MAC of the list.
    fn check(&mut self, mac: &[u8; MAC_LEN]) -> Result<(), AttachmentError> {
        let expected = self.expected.mac(self.matched).ok_or(AttachmentError::DataTooLong)?;
        if !bool::from(expected.ct_eq(mac)) {
            return Err(AttachmentError::Mismatch);
        }
        self.matched += 1;
        Ok(())
    }
}

/// The running MAC, and where in a chunk it is.
struct Chunked {
    mac: RunningMac,
    chunk_size: ChunkSize,
    /// Bytes since the last boundary, fewer than the chunk size.
    filled: u32,
}

impl Chunked {
    fn new(key: &[u8], chunk_size: ChunkSize) -> Self {
        Self { mac: RunningMac::new(&MacKey::of(key)), chunk_size, filled: 0 }
    }

    /// Takes data up to the next boundary and gives the MAC there; or takes all, if it does not reach that far.
    fn next_mac(&mut self, data: &mut &[u8]) -> Option<[u8; MAC_LEN]> {
        let missing = self.chunk_size.get() - self.filled;
        if let Some(chunk) = usize::try_from(missing).ok().and_then(|missing| data.split_off(..missing)) {
            self.mac.update(chunk);
            self.filled = 0;
            return Some(self.mac.so_far());
        }
        let rest = core::mem::take(data);
        self.mac.update(rest);
        // Fewer than are missing, so it fits.
        self.filled += u32::try_from(rest.len()).unwrap_or_default();
        None
    }
}

impl fmt::Debug for IncrementalMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chunk_size, macs } = self;
        write!(f, "IncrementalMac({} MACs, chunks of {} bytes)", macs.len() / MAC_LEN, chunk_size.get())
    }
}

impl fmt::Debug for IncrementalMacBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data: _, macs } = self;
        write!(f, "IncrementalMacBuilder({} MACs so far)", macs.len() / MAC_LEN)
    }
}

impl fmt::Debug for IncrementalMacVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data: _, expected, matched, failed } = self;
        let mut shown = f.debug_struct("IncrementalMacVerifier");
        shown.field("expected", expected).field("matched", matched).field("failed", failed);
        shown.finish_non_exhaustive()
    }
}
