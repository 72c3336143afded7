// SPDX-License-Identifier: MIT OR Apache-2.0

//! Writing fields.

use alloc::vec::Vec;

use zeroize::Zeroizing;

/// A message that can be written.
pub trait Encode {
    /// Writes the fields, in ascending order of their numbers.
    fn write(&self, out: &mut impl Sink);

    /// The number of bytes that [`Self::write`] writes.
    fn encoded_len(&self) -> usize {
        let mut length = Length(0);
        self.write(&mut length);
        length.0
    }

    /// The message in memory that is wiped when dropped.
    #[cfg(any(feature = "hazmat", feature = "libsignal"))]
    fn encode_secret(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.encoded_len()));
        self.write(&mut *out);
        out
    }
}

/// The sink of fields: a buffer, or a mere count of their bytes. So one list of fields gives both the message and its
/// length, and a buffer can be made that never grows: growing would leave a copy of secrets behind.
pub trait Sink: Sized {
    /// Appends bytes as they are.
    fn raw(&mut self, bytes: &[u8]);

    /// Appends a varint without a field number.
    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.raw(&[value.to_le_bytes()[0] | 0x80]);
            value >>= 7;
        }
        self.raw(&[value.to_le_bytes()[0]]);
    }

    /// Appends a field of type uint32 or uint64.
    fn varint(&mut self, number: u32, value: impl Into<u64>) {
        self.key(number, 0);
        self.raw_varint(value.into());
    }

    /// Appends a field of type int32: a negative number takes ten bytes.
    fn int32(&mut self, number: u32, value: i32) {
        self.varint(number, i64::from(value).cast_unsigned());
    }

    /// Appends a field of type fixed64.
    fn fixed64(&mut self, number: u32, value: u64) {
        self.key(number, 1);
        self.raw(&value.to_le_bytes());
    }

    /// Appends a field of type bytes.
    fn bytes(&mut self, number: u32, value: &[u8]) {
        self.key(number, 2);
        self.raw_len(value.len());
        self.raw(value);
    }

    /// Appends a field of type uint32 or uint64 unless it is 0, as proto3 does.
    #[cfg(any(feature = "hazmat", feature = "libsignal"))]
    fn varint_unless_zero(&mut self, number: u32, value: impl Into<u64>) {
        let value = value.into();
        if value != 0 {
            self.varint(number, value);
        }
    }

    /// Appends a field of type bytes unless it is empty, as proto3 does.
    fn bytes_unless_empty(&mut self, number: u32, value: &[u8]) {
        if !value.is_empty() {
            self.bytes(number, value);
        }
    }

    /// Appends a nested message.
    fn message(&mut self, number: u32, message: &impl Encode) {
        self.key(number, 2);
        self.raw_len(message.encoded_len());
        message.write(self);
    }

    /// Appends field number and wire type.
    fn key(&mut self, number: u32, wire_type: u8) {
        self.raw_varint(u64::from(number) << 3 | u64::from(wire_type));
    }

    /// Appends a length.
    fn raw_len(&mut self, len: usize) {
        // No platform has a usize of more than 64 bits.
        self.raw_varint(u64::try_from(len).unwrap_or(u64::MAX));
    }
}

impl Sink for Vec<u8> {
    fn raw(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Number of bytes that [`Sink::raw_len`] appends for a length.
#[must_use]
pub fn len_of_len(len: usize) -> usize {
    let mut length = Length(0);
    length.raw_len(len);
    length.0
}

/// Counts instead of writing.
struct Length(usize);

impl Sink for Length {
    fn raw(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
}
