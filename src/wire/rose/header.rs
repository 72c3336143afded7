// SPDX-License-Identifier: MIT OR Apache-2.0

//! The encrypted header's plaintext, 88 bytes (rose 33 §3).
//!
//! ```text
//! dh (32) || pn (4) || n (4) || mix (4) || braid epoch (4) || braid index (4)
//!     || braid type (1) || chunk index (2) || chunk (32) || form (1)
//! ```

use crate::crypto::erasure::{CHUNK_LEN, Chunk};
use crate::wire::braid_message::{BraidMessage, BraidPayload};

/// Length of a header in bytes.
pub const HEADER_LEN: usize = 88;

/// The header opened, but breaks a rule of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed header")]
pub struct MalformedHeader;

/// The form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A message of its own.
    Single,
    /// A stub of one session, with a part that many share.
    Split,
}

/// The header of a session's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// `dh`: the sender's ratchet key.
    pub ratchet_key: [u8; 32],
    /// `pn`: length of the sender's previous chain.
    pub previous: u32,
    /// `n`: number in the chain, from 0.
    pub number: u32,
    /// `mix`: the chain epoch whose `hx` began the chain.
    pub mix: u32,
    /// The braid's message. Its epoch has 32 bits.
    pub braid: BraidMessage,
    /// Single or split.
    pub form: Form,
}

/// The header of a sender key's message: all but two fields are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupHeader {
    /// `n`: the iteration.
    pub iteration: u32,
    /// `mix`: the generation.
    pub generation: u32,
}

impl Header {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let (kind, chunk) = parts(&self.braid.payload);
        let epoch = u32::try_from(self.braid.epoch).unwrap_or(u32::MAX);
        let mut out = [0; HEADER_LEN];
        out[..32].copy_from_slice(&self.ratchet_key);
        let numbers = [self.previous, self.number, self.mix, epoch, self.braid.index];
        for (slot, number) in out[32..52].chunks_exact_mut(4).zip(numbers) {
            slot.copy_from_slice(&number.to_be_bytes());
        }
        out[52] = kind;
        if let Some(Chunk { index, data }) = chunk {
            out[53..55].copy_from_slice(&index.to_be_bytes());
            out[55..87].copy_from_slice(&data);
        }
        out[87] = u8::from(self.form == Form::Split);
        out
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`MalformedHeader`]: `n` is 2^32 − 1, epoch or index 0, an unknown type or form, or a chunk where the type has
    /// none.
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, MalformedHeader> {
        let (epoch, index) = (be32(bytes, 44), be32(bytes, 48));
        let [kind, high, low] = [bytes[52], bytes[53], bytes[54]];
        let chunk = Chunk { index: u16::from_be_bytes([high, low]), data: array(bytes, 55) };
        let empty = chunk.index == 0 && chunk.data == [0; CHUNK_LEN];
        let payload = match kind {
            0 if empty => BraidPayload::None,
            1 => BraidPayload::Hdr(chunk),
            2 => BraidPayload::Ek(chunk),
            3 => BraidPayload::EkCt1Ack(chunk),
            4 if empty => BraidPayload::Ct1Ack,
            5 => BraidPayload::Ct1(chunk),
            6 => BraidPayload::Ct2(chunk),
            _ => return Err(MalformedHeader),
        };
        let form = match bytes[87] {
            0 => Form::Single,
            1 => Form::Split,
            _ => return Err(MalformedHeader),
        };
        let header = Self {
            ratchet_key: array(bytes, 0),
            previous: be32(bytes, 32),
            number: number(bytes),
            mix: be32(bytes, 40),
            braid: BraidMessage { epoch: epoch.into(), index, payload },
            form,
        };
        if header.number == u32::MAX || epoch == 0 || index == 0 { Err(MalformedHeader) } else { Ok(header) }
    }
}

impl GroupHeader {
    /// The bytes.
    #[must_use]
    pub fn encode(self) -> [u8; HEADER_LEN] {
        let mut out = [0; HEADER_LEN];
        out[36..40].copy_from_slice(&self.iteration.to_be_bytes());
        out[40..44].copy_from_slice(&self.generation.to_be_bytes());
        out
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`MalformedHeader`]: `n` is 2^32 − 1, or another field is not zero.
    pub fn parse(bytes: &[u8; HEADER_LEN]) -> Result<Self, MalformedHeader> {
        let header = Self { iteration: number(bytes), generation: be32(bytes, 40) };
        let fits = header.iteration != u32::MAX && header.encode() == *bytes;
        if fits { Ok(header) } else { Err(MalformedHeader) }
    }
}

/// `n` of a header of either kind, before it is read.
#[must_use]
pub fn number(bytes: &[u8; HEADER_LEN]) -> u32 {
    be32(bytes, 36)
}

const fn parts(payload: &BraidPayload) -> (u8, Option<Chunk>) {
    match payload {
        BraidPayload::None => (0, None),
        BraidPayload::Hdr(chunk) => (1, Some(*chunk)),
        BraidPayload::Ek(chunk) => (2, Some(*chunk)),
        BraidPayload::EkCt1Ack(chunk) => (3, Some(*chunk)),
        BraidPayload::Ct1Ack => (4, None),
        BraidPayload::Ct1(chunk) => (5, Some(*chunk)),
        BraidPayload::Ct2(chunk) => (6, Some(*chunk)),
    }
}

fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes.iter().skip(offset)).for_each(|(to, from)| *to = *from);
    out
}

fn be32(bytes: &[u8], offset: usize) -> u32 {
    u32::from_be_bytes(array(bytes, offset))
}
