// SPDX-License-Identifier: MIT OR Apache-2.0

//! A writer that encrypts, and a reader that decrypts.

use alloc::vec::Vec;
use core::fmt;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use super::BUFFER_LEN;
use crate::attachment::decrypt::AttachmentDecryptor;
use crate::attachment::encrypt::AttachmentEncryptor;
use crate::attachment::error::AttachmentError;
use crate::attachment::key::AttachmentKey;
use crate::attachment::manifest::AttachmentManifest;
use crate::attachment::verify::AttachmentVerifier;
use crate::plaintext::Plaintext;

/// Encrypts all that is written into it, and writes the blob. Call [`finish`](Self::finish) after the last write.
pub struct AttachmentWriter<W> {
    inner: W,
    encryptor: AttachmentEncryptor,
    buffer: Vec<u8>,
    /// A part of the blob was lost because `inner` failed.
    broken: bool,
}

impl<W: Write> AttachmentWriter<W> {
    /// Writes the blob that `encryptor` makes into `inner`.
    pub fn new(inner: W, encryptor: AttachmentEncryptor) -> Self {
        Self { inner, encryptor, buffer: alloc::vec![0; BUFFER_LEN], broken: false }
    }

    /// Writes the end of the blob. Gives back the inner writer, flushed, and the manifest, which the message must
    /// carry.
    ///
    /// # Errors
    /// Those of the writer inside; and if it failed before.
    pub fn finish(self) -> io::Result<(W, AttachmentManifest)> {
        let Self { mut inner, encryptor, mut buffer, broken } = self;
        if broken {
            return Err(failed_before());
        }
        let mut end = encryptor.finish();
        loop {
            match end.read(&mut buffer) {
                0 => break,
                count => inner.write_all(buffer.get(..count).unwrap_or_default())?,
            }
        }
        inner.flush()?;
        Ok((inner, end.manifest().map_err(io::Error::other)?))
    }
}

impl<W: Write> Write for AttachmentWriter<W> {
    /// Encrypts and writes all of `plaintext`. After an error of the writer inside the blob has a gap, and
    /// every call fails.
    fn write(&mut self, plaintext: &[u8]) -> io::Result<usize> {
        if self.broken {
            return Err(failed_before());
        }
        let mut left = plaintext;
        while !left.is_empty() {
            let count = self.encryptor.update(&mut left, &mut self.buffer);
            let blob = self.buffer.get(..count).unwrap_or_default();
            self.inner.write_all(blob).inspect_err(|_| self.broken = true)?;
        }
        Ok(plaintext.len())
    }

    /// Flushes the writer inside. Up to 15 bytes that fill no block stay.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn failed_before() -> io::Error {
    io::Error::other("writing failed before")
}

/// Reads a blob and gives its plaintext, in the memory for a chunk.
///
/// All plaintext that it gives is authentic, and the end is only reached if the whole blob is. Else reading fails with
/// [`InvalidData`](io::ErrorKind::InvalidData), and an [`AttachmentError`](crate::attachment::AttachmentError) is
/// inside.
pub struct AttachmentReader<R> {
    inner: BufReader<R>,
    decryptor: AttachmentDecryptor,
    /// After the end of the blob: the rest of the plaintext.
    end: Option<Plaintext>,
    /// Number of bytes of the rest that were read.
    end_read: usize,
}

impl<R: Read> AttachmentReader<R> {
    /// Reads a blob from `inner`, which must end where the blob does.
    ///
    /// # Errors
    /// [`AttachmentError::ChunkTooLarge`] if the manifest's chunks are larger than 2 MiB.
    pub fn new(inner: R, key: &AttachmentKey, manifest: AttachmentManifest) -> Result<Self, AttachmentError> {
        let decryptor = AttachmentDecryptor::new(key, manifest)?;
        Ok(Self { inner: BufReader::with_capacity(BUFFER_LEN, inner), decryptor, end: None, end_read: 0 })
    }

    /// Reads a blob whose message has no incremental MAC: reads it to its end, checks it, goes back to where it began,
    /// and then reads it again for the plaintext. A blob that changes in between is detected.
    ///
    /// # Errors
    /// Those of the reader inside, and [`InvalidData`](io::ErrorKind::InvalidData) with an
    /// [`AttachmentError`](crate::attachment::AttachmentError) inside.
    pub fn verify_first(
        mut inner: R,
        key: &AttachmentKey,
        digest: [u8; 32],
        plaintext_len: u64,
    ) -> io::Result<Self>
    where
        R: Seek,
    {
        let start = inner.stream_position()?;
        let mut verifier = AttachmentVerifier::new(key, digest, plaintext_len);
        io::copy(&mut inner, &mut verifier)?;
        inner.seek(SeekFrom::Start(start))?;
        Ok(Self::new(inner, key, verifier.finish()?)?)
    }
}

impl<R: Read> Read for AttachmentReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(end) = &self.end {
                let count = end.get(self.end_read..).unwrap_or_default().read(out)?;
                self.end_read += count;
                return Ok(count);
            }
            let mut blob = self.inner.buffer();
            let before = blob.len();
            let count = self.decryptor.update(&mut blob, out)?;
            let taken = before - blob.len();
            self.inner.consume(taken);
            if count > 0 {
                return Ok(count);
            }
            if self.inner.fill_buf()?.is_empty() {
                self.end = Some(self.decryptor.end()?);
            }
        }
    }
}

/// Accepts writes of any length, so that [`io::copy`] can be used.
impl Write for AttachmentVerifier {
    fn write(&mut self, blob: &[u8]) -> io::Result<usize> {
        self.update(blob);
        Ok(blob.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W> fmt::Debug for AttachmentWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner: _, encryptor, buffer: _, broken } = self;
        let mut shown = f.debug_struct("AttachmentWriter");
        shown.field("encryptor", encryptor).field("broken", broken).finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for AttachmentReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner: _, decryptor, end, end_read: _ } = self;
        let mut shown = f.debug_struct("AttachmentReader");
        shown.field("decryptor", decryptor).field("ended", &end.is_some()).finish_non_exhaustive()
    }
}
