// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writing a record.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::{HEADER_LEN, Record, RecordKind, header};

/// Writes a record from its first byte to its last. Integers are little endian.
///
/// If the buffer has to grow, the old one is wiped.
pub struct RecordWriter {
    kind: RecordKind,
    bytes: Zeroizing<Vec<u8>>,
}

impl RecordWriter {
    /// Begins a record of the given kind and version of its format, whose content has `capacity` bytes.
    /// The buffer grows if the content turns out to be longer.
    #[must_use]
    pub fn new(kind: RecordKind, version: u8, capacity: usize) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER_LEN.saturating_add(capacity)));
        bytes.extend_from_slice(&header(kind, version));
        Self { kind, bytes }
    }

    /// Appends one byte.
    #[inline]
    pub fn put_u8(&mut self, value: u8) {
        self.put_array(&[value]);
    }

    /// Appends two bytes.
    #[inline]
    pub fn put_u16(&mut self, value: u16) {
        self.put_array(&value.to_le_bytes());
    }

    /// Appends four bytes.
    #[inline]
    pub fn put_u32(&mut self, value: u32) {
        self.put_array(&value.to_le_bytes());
    }

    /// Appends eight bytes.
    #[inline]
    pub fn put_u64(&mut self, value: u64) {
        self.put_array(&value.to_le_bytes());
    }

    /// Appends a byte that is 0 or 1.
    #[inline]
    pub fn put_flag(&mut self, value: bool) {
        self.put_u8(value.into());
    }

    /// Appends the number of items that follow, as four bytes. No state holds 2^32 items or bytes; if one did, its
    /// record would be refused when read.
    #[inline]
    pub fn put_count(&mut self, count: usize) {
        self.put_u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// Appends bytes whose number the reader knows.
    #[inline]
    pub fn put_array(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends the number of bytes, as four bytes, and the bytes.
    pub fn put_bytes(&mut self, bytes: &[u8]) {
        self.put_count(bytes.len());
        self.put_array(bytes);
    }

    /// The finished record.
    #[must_use]
    pub fn finish(self) -> Record {
        let Self { kind, bytes } = self;
        Record { kind, bytes }
    }

    /// Makes room for `more` bytes.
    #[inline]
    fn make_room(&mut self, more: usize) {
        let needed = self.bytes.len().saturating_add(more);
        if needed > self.bytes.capacity() {
            self.grow(needed);
        }
    }

    /// `Vec` would free the old buffer as it is; here it is wiped first.
    #[cold]
    fn grow(&mut self, needed: usize) {
        let capacity = needed.max(self.bytes.capacity().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(&self.bytes);
        self.bytes = larger;
    }
}

impl fmt::Debug for RecordWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, bytes } = self;
        write!(f, "RecordWriter({kind:?}, {} bytes so far)", bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_capacity_is_kept() {
        let mut writer = RecordWriter::new(RecordKind::Session, 1, 9);
        writer.put_bytes(b"12345");
        assert_eq!((writer.bytes.len(), writer.bytes.capacity()), (13, 13));
    }

    #[test]
    fn growing_goes_to_another_buffer() {
        // `Vec` itself would first try to extend the buffer in place, or move it and free the old one unwiped. After
        // `make_room` the content always fits, so that `Vec` never grows by itself.
        let mut writer = RecordWriter::new(RecordKind::Session, 1, 0);
        for len in 0..200 {
            writer.make_room(len);
            let capacity = writer.bytes.capacity();
            assert!(capacity - writer.bytes.len() >= len);
            writer.put_array(&alloc::vec![7; len]);
            assert_eq!(writer.bytes.capacity(), capacity);
        }
        let record = writer.finish();
        assert_eq!(record.as_bytes().len(), HEADER_LEN + 199 * 100);
        assert!(record.as_bytes().iter().skip(HEADER_LEN).all(|byte| *byte == 7));
    }
}
