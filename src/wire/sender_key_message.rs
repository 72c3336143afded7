// SPDX-License-Identifier: MIT OR Apache-2.0

//! `SenderKeyMessage`: one ciphertext of a sender key's chain, the same bytes for all members of a group.
//!
//! ```text
//! byte 0        : version << 4 | 3
//! bytes 1..n-64 : protobuf
//! last 64 bytes : XEdDSA signature over all bytes before
//! ```

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::curve::PublicKey;
use crate::crypto::xeddsa::{SIGNATURE_LEN, Signature};

use super::distribution_id::{DistributionId, FieldShift, Format};
use super::message::{ParseError, SENDER_KEY_VERSION, check_sender_key_version, first_byte};
use super::protobuf::{Encode, Fields, Sink};

// Of the format without id. With one, that is the first field, and the others come after it.
const DISTRIBUTION_ID: u32 = 0;
const CHAIN_ID: u32 = 1;
const ITERATION: u32 = 2;
const CIPHERTEXT: u32 = 3;

/// A received group message, borrowing the received bytes. Its signature has not been checked.
#[derive(Clone, Copy)]
pub struct SenderKeyMessage<'a> {
    bytes: &'a [u8],
    signed: &'a [u8],
    signature: &'a Signature,
    format: Format,
    chain_id: u32,
    iteration: u32,
    body: &'a [u8],
}

impl<'a> SenderKeyMessage<'a> {
    /// Reads a message that names its distribution id. The length of the ciphertext is not checked.
    ///
    /// # Errors
    /// [`ParseError`], in this order: `TooShort` below 65 bytes; `LegacyVersion` or `UnrecognizedVersion`;
    /// `InvalidProtobuf`, also if a field is missing or the distribution id has not 16 bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(bytes, FieldShift::WITH_ID)
    }

    /// Reads a message of the older format, [`Format::WithoutId`].
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_without_id(bytes: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(bytes, FieldShift::WITHOUT_ID)
    }

    fn read(bytes: &'a [u8], shift: FieldShift) -> Result<Self, ParseError> {
        let too_short = ParseError::TooShort(bytes.len());
        let (signed, signature) = bytes.split_last_chunk().ok_or(too_short)?;
        let (&first, protobuf) = signed.split_first().ok_or(too_short)?;
        check_sender_key_version(first)?;
        let (mut id, mut chain_id, mut iteration, mut body) = (None, None, None, None);
        for field in Fields::new(protobuf) {
            let field = field?;
            match shift.field(field.number) {
                DISTRIBUTION_ID => id = Some(field.bytes()?),
                CHAIN_ID => chain_id = Some(field.uint32()?),
                ITERATION => iteration = Some(field.uint32()?),
                CIPHERTEXT => body = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(Self {
            bytes,
            signed,
            signature,
            format: shift.format(id).ok_or(ParseError::InvalidProtobuf)?,
            chain_id: chain_id.ok_or(ParseError::InvalidProtobuf)?,
            iteration: iteration.ok_or(ParseError::InvalidProtobuf)?,
            body: body.ok_or(ParseError::InvalidProtobuf)?,
        })
    }

    /// The format, with the distribution id if the message names one: the keys that decrypt it are kept under that and
    /// the sender's address.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The distribution id, if the message names one.
    #[cfg(any(test, feature = "hazmat"))]
    #[must_use]
    pub const fn distribution_id(&self) -> Option<DistributionId> {
        self.format.distribution_id()
    }

    /// The id of the sender's chain that the message belongs to.
    #[must_use]
    pub const fn chain_id(&self) -> u32 {
        self.chain_id
    }

    /// The index of the message in its chain. The first is 0.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.iteration
    }

    /// The ciphertext.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The bytes that the signature covers: all before the signature, as received.
    #[must_use]
    pub const fn signed(&self) -> &'a [u8] {
        self.signed
    }

    /// The signature, 64 bytes.
    #[must_use]
    pub const fn signature(&self) -> &'a Signature {
        self.signature
    }

    /// Returns whether the signature is by the holder of `signing_key`.
    #[must_use]
    pub fn verify(&self, signing_key: &PublicKey) -> bool {
        signing_key.verify(&[self.signed], self.signature)
    }

    /// The whole message as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl fmt::Debug for SenderKeyMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, signed: _, signature: _, format: _, chain_id, iteration, body: _ } = self;
        write!(f, "SenderKeyMessage(chain {chain_id}, iteration {iteration}, {} bytes)", bytes.len())
    }
}

/// The parts of a group message, without its signature.
#[derive(Clone, Copy)]
pub struct SenderKeyMessageParts<'a> {
    /// The format, with the distribution id if it has one.
    pub format: Format,
    /// The id of our chain.
    pub chain_id: u32,
    /// The index in the chain.
    pub iteration: u32,
    /// The ciphertext.
    pub body: &'a [u8],
}

impl SenderKeyMessageParts<'_> {
    /// The message without its signature. The buffer has room for the signature's 64 bytes, which the caller
    /// makes over it and appends.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.encoded_len() + SIGNATURE_LEN);
        out.push(first_byte(SENDER_KEY_VERSION));
        self.write(&mut out);
        out
    }
}

impl Encode for SenderKeyMessageParts<'_> {
    fn write(&self, out: &mut impl Sink) {
        let shift = FieldShift::of(self.format);
        if let Format::WithId(id) = &self.format {
            out.bytes(shift.number(DISTRIBUTION_ID), id.as_bytes());
        }
        out.varint(shift.number(CHAIN_ID), self.chain_id);
        out.varint(shift.number(ITERATION), self.iteration);
        out.bytes(shift.number(CIPHERTEXT), self.body);
    }
}

impl fmt::Debug for SenderKeyMessageParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format: _, chain_id, iteration, body } = self;
        write!(f, "SenderKeyMessageParts(chain {chain_id}, iteration {iteration}, {} bytes)", body.len())
    }
}
