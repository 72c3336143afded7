// SPDX-License-Identifier: MIT OR Apache-2.0

//! A writer that makes an incremental MAC, and a reader that verifies one.

use core::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};

use super::BUFFER_LEN;
use crate::attachment::chunk_size::ChunkSize;
use crate::attachment::chunk_verifier::ChunkVerifier;
use crate::attachment::error::AttachmentError;
use crate::attachment::incremental_mac::{IncrementalMac, IncrementalMacBuilder};

/// Passes writes on, and makes the incremental MAC of the data.
pub struct IncrementalMacWriter<W> {
    inner: W,
    builder: IncrementalMacBuilder,
}

impl<W: Write> IncrementalMacWriter<W> {
    /// Writes into `inner`.
    pub fn new(inner: W, key: &[u8], chunk_size: ChunkSize) -> Self {
        Self { inner, builder: IncrementalMacBuilder::new(key, chunk_size) }
    }

    /// Ends the data, and gives the inner writer and the list.
    pub fn finish(self) -> (W, IncrementalMac) {
        let Self { inner, builder } = self;
        (inner, builder.finish())
    }
}

impl<W: Write> Write for IncrementalMacWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(data)?;
        self.builder.update(data.get(..count).unwrap_or(data));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Passes data on once it is verified against an incremental MAC, in the memory for a chunk.
///
/// The end is only reached if all of the data is authentic. Else reading fails with
/// [`InvalidData`](io::ErrorKind::InvalidData), and an [`AttachmentError`](crate::attachment::AttachmentError) is
/// inside.
pub struct IncrementalMacReader<R> {
    inner: BufReader<R>,
    chunks: ChunkVerifier,
    /// The data has ended well.
    ended: bool,
}

impl<R: Read> IncrementalMacReader<R> {
    /// Reads from `inner`, which must end where the data does.
    ///
    /// # Errors
    /// [`AttachmentError::ChunkTooLarge`] if the chunks are larger than 2 MiB.
    pub fn new(inner: R, key: &[u8], expected: IncrementalMac) -> Result<Self, AttachmentError> {
        let chunks = ChunkVerifier::new(key, expected, 0)?;
        Ok(Self { inner: BufReader::with_capacity(BUFFER_LEN, inner), chunks, ended: false })
    }
}

impl<R: Read> Read for IncrementalMacReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.chunks.validated().read(out)?;
            self.chunks.take_out(count);
            if count > 0 || out.is_empty() || self.ended {
                return Ok(count);
            }
            let mut data = self.inner.fill_buf()?;
            if data.is_empty() {
                self.chunks.finish()?;
                self.ended = true;
            } else {
                let taken = self.chunks.take_in(&mut data)?.len();
                self.inner.consume(taken);
            }
        }
    }
}

impl<W> fmt::Debug for IncrementalMacWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner: _, builder } = self;
        f.debug_struct("IncrementalMacWriter").field("builder", builder).finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for IncrementalMacReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner: _, chunks: _, ended } = self;
        f.debug_struct("IncrementalMacReader").field("ended", ended).finish_non_exhaustive()
    }
}
