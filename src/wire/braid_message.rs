// SPDX-License-Identifier: MIT OR Apache-2.0

//! The message of the sparse post-quantum ratchet: field 5 of a `SignalMessage`.
//!
//! ```text
//! prefix = version (1) || epoch (varint) || index (varint)
//! message = prefix || type (1) || [chunk index (varint) || chunk (32)]
//! ```
//!
//! Varints have 7 bits a byte, the least significant first. Every version begins with the prefix. An empty
//! message counts as version 0: the ratchet is off.

use core::fmt;
use core::ops::Deref;

use crate::crypto::erasure::{CHUNK_LEN, Chunk};

/// The version that this module reads and writes.
pub const VERSION: u8 = 1;

/// The longest message in bytes: version, epoch, index, type, chunk index, chunk.
pub const MAX_LEN: usize = 1 + 10 + 5 + 1 + 3 + CHUNK_LEN;

/// A varint takes at most this many bytes.
const MAX_VARINT_LEN: u32 = 10;

/// The reason that bytes are not a message of the post-quantum ratchet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BraidMessageError {
    /// The bytes end too early.
    #[error("post-quantum ratchet message is cut short")]
    CutShort,
    /// A varint of more than ten bytes.
    #[error("varint is too long")]
    VarintTooLong,
    /// Epoch 0; the first is 1.
    #[error("epoch 0")]
    ZeroEpoch,
    /// The index of the key has more than 32 bits.
    #[error("key index is too large")]
    IndexTooLarge,
    /// The whole message was asked for, but it is not of version 1. Carries its version.
    #[error("version <{0}> of the post-quantum ratchet")]
    UnknownVersion(u8),
    /// A type that version 1 does not have. Carries its byte.
    #[error("unknown payload type <{0}>")]
    UnknownType(u8),
    /// The index of the chunk has more than 16 bits.
    #[error("chunk index is too large")]
    ChunkIndexTooLarge,
}

/// The header of every message of every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BraidPrefix {
    /// The version of the message.
    pub version: u8,
    /// The sender's epoch, from 1.
    pub epoch: u64,
    /// The index of the message's key in its chain, from 1; 0 means no key.
    pub index: u32,
}

impl BraidPrefix {
    /// Reads the header of a message of any version that is not empty.
    ///
    /// # Errors
    /// [`BraidMessageError`]: `CutShort`, `VarintTooLong`, `ZeroEpoch`, `IndexTooLarge`.
    pub fn parse(message: &[u8]) -> Result<Self, BraidMessageError> {
        Self::read(&mut &*message)
    }

    fn read(rest: &mut &[u8]) -> Result<Self, BraidMessageError> {
        let version = read_byte(rest)?;
        let epoch = match read_varint(rest)? {
            0 => return Err(BraidMessageError::ZeroEpoch),
            epoch => epoch,
        };
        let index = u32::try_from(read_varint(rest)?).map_err(|_| BraidMessageError::IndexTooLarge)?;
        Ok(Self { version, epoch, index })
    }
}

/// The braid's part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BraidPayload {
    /// Type 0: nothing.
    None,
    /// Type 1: a chunk of the header and its MAC, 3 chunks of data.
    Hdr(Chunk),
    /// Type 2: a chunk of the `ek_vector`, 36 chunks of data.
    Ek(Chunk),
    /// Type 3: a chunk of the `ek_vector`, and the sender has all of `ct1`.
    EkCt1Ack(Chunk),
    /// Type 4: the sender has all of `ct1`.
    Ct1Ack,
    /// Type 5: a chunk of `ct1`, 30 chunks of data.
    Ct1(Chunk),
    /// Type 6: a chunk of `ct2` and the ciphertext's MAC, 5 chunks of data.
    Ct2(Chunk),
}

impl BraidPayload {
    /// The type byte and the chunk.
    const fn parts(&self) -> (u8, Option<&Chunk>) {
        match self {
            Self::None => (0, None),
            Self::Hdr(chunk) => (1, Some(chunk)),
            Self::Ek(chunk) => (2, Some(chunk)),
            Self::EkCt1Ack(chunk) => (3, Some(chunk)),
            Self::Ct1Ack => (4, None),
            Self::Ct1(chunk) => (5, Some(chunk)),
            Self::Ct2(chunk) => (6, Some(chunk)),
        }
    }

    fn read(rest: &mut &[u8]) -> Result<Self, BraidMessageError> {
        let chunk_payload = match read_byte(rest)? {
            0 => return Ok(Self::None),
            1 => Self::Hdr,
            2 => Self::Ek,
            3 => Self::EkCt1Ack,
            4 => return Ok(Self::Ct1Ack),
            5 => Self::Ct1,
            6 => Self::Ct2,
            other => return Err(BraidMessageError::UnknownType(other)),
        };
        let index = u16::try_from(read_varint(rest)?).map_err(|_| BraidMessageError::ChunkIndexTooLarge)?;
        let data = *rest.first_chunk().ok_or(BraidMessageError::CutShort)?;
        Ok(chunk_payload(Chunk { index, data }))
    }
}

/// A message of version 1: 4 or 37 bytes while its numbers are below 128, at most 52.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BraidMessage {
    /// The sender's epoch, from 1.
    pub epoch: u64,
    /// The index of the message's key in the chain of the epoch before; 0 means no key.
    pub index: u32,
    /// Its part for the braid.
    pub payload: BraidPayload,
}

impl BraidMessage {
    /// Reads a message. Bytes after its end are ignored: they are room for later versions.
    ///
    /// # Errors
    /// [`BraidMessageError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BraidMessageError> {
        let mut rest = bytes;
        let BraidPrefix { version, epoch, index } = BraidPrefix::read(&mut rest)?;
        if version != VERSION {
            return Err(BraidMessageError::UnknownVersion(version));
        }
        Ok(Self { epoch, index, payload: BraidPayload::read(&mut rest)? })
    }

    /// The bytes of the message.
    #[must_use]
    pub fn encode(&self) -> EncodedBraidMessage {
        let (type_byte, chunk) = self.payload.parts();
        let mut out = EncodedBraidMessage::default();
        out.put(&[VERSION]);
        out.put_varint(self.epoch);
        out.put_varint(self.index.into());
        out.put(&[type_byte]);
        if let Some(Chunk { index, data }) = chunk {
            out.put_varint((*index).into());
            out.put(data);
        }
        out
    }
}

/// The bytes of a message, at most [`MAX_LEN`]; none if the ratchet is off.
#[derive(Clone, Copy)]
pub struct EncodedBraidMessage {
    bytes: [u8; MAX_LEN],
    len: usize,
}

impl EncodedBraidMessage {
    fn put(&mut self, more: &[u8]) {
        let (_, room) = self.bytes.split_at_mut(self.len);
        room.iter_mut().zip(more).for_each(|(slot, byte)| *slot = *byte);
        self.len += more.len().min(room.len());
    }

    fn put_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(&[value.to_le_bytes()[0] | 0x80]);
            value >>= 7;
        }
        self.put(&[value.to_le_bytes()[0]]);
    }
}

impl Default for EncodedBraidMessage {
    fn default() -> Self {
        Self { bytes: [0; MAX_LEN], len: 0 }
    }
}

impl Deref for EncodedBraidMessage {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.split_at(self.len).0
    }
}

impl AsRef<[u8]> for EncodedBraidMessage {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for EncodedBraidMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncodedBraidMessage({} bytes)", self.len)
    }
}

fn read_byte(rest: &mut &[u8]) -> Result<u8, BraidMessageError> {
    let (&byte, tail) = rest.split_first().ok_or(BraidMessageError::CutShort)?;
    *rest = tail;
    Ok(byte)
}

/// A varint of up to ten bytes, minimal or not. As deployed, bits beyond the 64th are dropped; so this is
/// not the varint of protobuf.
fn read_varint(rest: &mut &[u8]) -> Result<u64, BraidMessageError> {
    let mut value = 0;
    for k in 0..MAX_VARINT_LEN {
        let byte = read_byte(rest)?;
        value |= u64::from(byte & 0x7F) << (7 * k);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(BraidMessageError::VarintTooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const CHUNK: Chunk = Chunk { index: 65_535, data: [0xAB; CHUNK_LEN] };

    fn varint(value: u64) -> Vec<u8> {
        let mut out = EncodedBraidMessage::default();
        out.put_varint(value);
        out.to_vec()
    }

    #[test]
    fn scenario_11_varints_come_back() {
        assert_eq!(varint(300), [0xAC, 0x02]);
        assert_eq!(varint(0), [0]);
        for k in 0..64 {
            for value in [1 << k, (1 << k) - 1, u64::MAX << k] {
                let bytes = [varint(value), alloc::vec![0x55]].concat();
                let mut rest = &bytes[..];
                assert_eq!(read_varint(&mut rest), Ok(value));
                assert_eq!(rest, [0x55]);
            }
        }
    }

    #[test]
    fn scenario_12_longer_varints_than_needed_up_to_ten_bytes() {
        assert_eq!(read_varint(&mut &[0x81, 0x80, 0x00][..]), Ok(1));
        let ten = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7E];
        assert_eq!(read_varint(&mut &ten[..]), Ok(1));
        assert_eq!(read_varint(&mut &[0x80; 11][..]), Err(BraidMessageError::VarintTooLong));
        assert_eq!(read_varint(&mut &[0x80; 9][..]), Err(BraidMessageError::CutShort));
    }

    #[test]
    fn every_payload_comes_back_and_nothing_shorter_is_read() {
        use BraidPayload::{Ct1, Ct1Ack, Ct2, Ek, EkCt1Ack, Hdr, None};
        for payload in [None, Hdr(CHUNK), Ek(CHUNK), EkCt1Ack(CHUNK), Ct1Ack, Ct1(CHUNK), Ct2(CHUNK)] {
            let message = BraidMessage { epoch: u64::MAX, index: u32::MAX, payload };
            let bytes = message.encode();
            let carries_none = matches!(payload, None | Ct1Ack);
            assert_eq!(bytes.len(), MAX_LEN - if carries_none { 3 + CHUNK_LEN } else { 0 });
            assert_eq!(BraidMessage::parse(&bytes), Ok(message));
            assert_eq!(BraidMessage::parse(&[&*bytes, &[1, 2]].concat()), Ok(message));
            for len in 0..bytes.len() {
                assert_eq!(BraidMessage::parse(&bytes[..len]), Err(BraidMessageError::CutShort));
            }
        }
    }

    #[test]
    fn scenario_13_numbers_out_of_range_are_refused() {
        let parse = BraidMessage::parse;
        assert_eq!(parse(&[1, 0, 1, 0]), Err(BraidMessageError::ZeroEpoch));
        assert_eq!(parse(&[1, 1, 1, 7]), Err(BraidMessageError::UnknownType(7)));
        assert_eq!(parse(&[2, 1, 1, 0]), Err(BraidMessageError::UnknownVersion(2)));
        let too_large = [[1, 1].to_vec(), varint(1 << 32), alloc::vec![0]].concat();
        assert_eq!(parse(&too_large), Err(BraidMessageError::IndexTooLarge));
        let too_large = [[1, 1, 1, 1].to_vec(), varint(65_536), alloc::vec![0; 32]].concat();
        assert_eq!(parse(&too_large), Err(BraidMessageError::ChunkIndexTooLarge));
    }

    #[test]
    fn usual_lengths() {
        let message = |payload| BraidMessage { epoch: 127, index: 127, payload };
        assert_eq!(message(BraidPayload::Ct1Ack).encode().len(), 4);
        assert_eq!(message(BraidPayload::Hdr(Chunk { index: 127, ..CHUNK })).encode().len(), 37);
    }
}
