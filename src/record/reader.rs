// SPDX-License-Identifier: MIT OR Apache-2.0

//! Reading a record.

use core::fmt;

use crate::crypto::secret::Secret;

use super::{RecordError, RecordKind, split_header};

/// Reads a record from its first byte to its last.
///
/// Each method gives [`RecordError::Damaged`] if fewer bytes are left than it needs. Lengths and counts are checked
/// against the remaining bytes before anything is allocated.
pub struct RecordReader<'a> {
    rest: &'a [u8],
}

impl<'a> RecordReader<'a> {
    /// Begins to read a record of the given kind. `newest_version` is the newest version of the kind's format that the
    /// caller can read. Gives the reader and the version of this record.
    ///
    /// # Errors
    /// [`RecordError`], in this order: `NotARecord`, `WrongKind`, `NewerVersion`; `Damaged` for version 0,
    /// which is never written.
    pub fn open(kind: RecordKind, newest_version: u8, bytes: &'a [u8]) -> Result<(Self, u8), RecordError> {
        match split_header(kind, bytes)? {
            (0, _) => Err(RecordError::Damaged),
            (version, _) if version > newest_version => Err(RecordError::NewerVersion(version)),
            (version, rest) => Ok((Self { rest }, version)),
        }
    }

    /// Begins to read bytes that have no header.
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// One byte.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    #[inline]
    pub fn u8(&mut self) -> Result<u8, RecordError> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    #[inline]
    pub fn u16(&mut self) -> Result<u16, RecordError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    #[inline]
    pub fn u32(&mut self) -> Result<u32, RecordError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    #[inline]
    pub fn u64(&mut self) -> Result<u64, RecordError> {
        self.array().map(u64::from_le_bytes)
    }

    /// A byte that is 0 or 1.
    ///
    /// # Errors
    /// [`RecordError::Damaged`], also for any other byte.
    #[inline]
    pub fn flag(&mut self) -> Result<bool, RecordError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(RecordError::Damaged),
        }
    }

    /// Number of items that follow, each of at least `smallest` bytes. That many fit into the rest, so a buffer for
    /// them may be made.
    ///
    /// # Errors
    /// [`RecordError::Damaged`], also if so many items cannot follow.
    #[inline]
    pub fn count(&mut self, smallest: usize) -> Result<usize, RecordError> {
        let count = usize::try_from(self.u32()?).map_err(|_| RecordError::Damaged)?;
        match count.checked_mul(smallest.max(1)) {
            Some(len) if len <= self.rest.len() => Ok(count),
            _ => Err(RecordError::Damaged),
        }
    }

    /// `N` public bytes.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        self.chunk().copied()
    }

    /// `N` secret bytes.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    pub fn secret<const N: usize>(&mut self) -> Result<Secret<N>, RecordError> {
        let chunk = self.chunk::<N>()?;
        let mut secret = Secret::zero();
        secret.as_bytes_mut().copy_from_slice(chunk);
        Ok(secret)
    }

    /// Reads the mark of the addresses that the record belongs to, and compares it with that of the reader's.
    pub(crate) fn owner(&mut self, mark: u64) -> Result<(), RecordError> {
        if self.u64()? == mark { Ok(()) } else { Err(RecordError::OtherOwner) }
    }

    /// Bytes behind their number, which takes four bytes.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    pub fn bytes(&mut self) -> Result<&'a [u8], RecordError> {
        let len = self.count(1)?;
        self.take(len)
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`RecordError::Damaged`] if bytes are left.
    pub const fn finish(self) -> Result<(), RecordError> {
        if self.rest.is_empty() { Ok(()) } else { Err(RecordError::Damaged) }
    }

    /// `count` times `N` bytes, where they lie.
    ///
    /// # Errors
    /// [`RecordError::Damaged`].
    pub(crate) fn chunks<const N: usize>(&mut self, count: usize) -> Result<&'a [[u8; N]], RecordError> {
        let len = count.checked_mul(N).ok_or(RecordError::Damaged)?;
        Ok(self.take(len)?.as_chunks().0)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], RecordError> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(RecordError::Damaged)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], RecordError> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(RecordError::Damaged)?;
        self.rest = rest;
        Ok(chunk)
    }
}

impl fmt::Debug for RecordReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rest } = self;
        write!(f, "RecordReader({} bytes left)", rest.len())
    }
}
