// SPDX-License-Identifier: MIT OR Apache-2.0

//! `DistributionMessage`: lets a member read a sender key's messages from some iteration on.
//!
//! ```text
//! byte 0    : version << 4 | 3
//! bytes 1.. : protobuf, with the chain key
//! ```

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::crypto::curve::PublicKey;

use super::distribution_id::{DistributionId, FieldShift, Format};
use super::message::{ParseError, SENDER_KEY_VERSION, check_sender_key_version, first_byte};
use super::protobuf::{Encode, Fields, Sink};

/// The smallest message that is read, in bytes.
const MIN_LEN: usize = 65;

// Of the format without id. With one, that is the first field, and the others come after it.
const DISTRIBUTION_ID: u32 = 0;
const CHAIN_ID: u32 = 1;
const ITERATION: u32 = 2;
const CHAIN_KEY: u32 = 3;
const SIGNING_KEY: u32 = 4;

/// A received distribution message, borrowing the received bytes. Nothing in it is authenticated: it comes inside a
/// message that a session decrypted, and speaks for that session's peer alone. It is secret.
#[derive(Clone, Copy)]
pub struct DistributionMessage<'a> {
    bytes: &'a [u8],
    format: Format,
    chain_id: u32,
    iteration: u32,
    chain_key: &'a [u8; 32],
    signing_key: PublicKey,
}

impl<'a> DistributionMessage<'a> {
    /// Reads a message that names its distribution id.
    ///
    /// # Errors
    /// [`ParseError`], in this order: `TooShort` below 65 bytes; `LegacyVersion` or `UnrecognizedVersion`;
    /// `InvalidProtobuf`, also if a field is missing, or distribution id, chain key or signing key have not 16,
    /// 32 and 33 bytes; `Key` if the signing key does not decode.
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
        const INVALID: ParseError = ParseError::InvalidProtobuf;
        let too_short = ParseError::TooShort(bytes.len());
        let (&first, protobuf) = bytes.split_first().ok_or(too_short)?;
        if bytes.len() < MIN_LEN {
            return Err(too_short);
        }
        check_sender_key_version(first)?;
        let (mut id, mut chain_id, mut iteration) = (None, None, None);
        let (mut chain_key, mut signing_key) = (None, None);
        for field in Fields::new(protobuf) {
            let field = field?;
            match shift.field(field.number) {
                DISTRIBUTION_ID => id = Some(field.bytes()?),
                CHAIN_ID => chain_id = Some(field.uint32()?),
                ITERATION => iteration = Some(field.uint32()?),
                CHAIN_KEY => chain_key = Some(field.bytes()?),
                SIGNING_KEY => signing_key = Some(field.bytes()?),
                _ => {}
            }
        }
        // Here alone bytes after a public key are refused.
        let signing_key: &[u8; PublicKey::ENCODED_LEN] =
            signing_key.and_then(|key| key.try_into().ok()).ok_or(INVALID)?;
        Ok(Self {
            bytes,
            format: shift.format(id).ok_or(INVALID)?,
            chain_id: chain_id.ok_or(INVALID)?,
            iteration: iteration.ok_or(INVALID)?,
            chain_key: chain_key.and_then(|key| key.try_into().ok()).ok_or(INVALID)?,
            signing_key: PublicKey::decode(signing_key)?,
        })
    }

    /// The format, with the distribution id if the message names one.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The distribution id, if the message names one.
    #[must_use]
    pub const fn distribution_id(&self) -> Option<DistributionId> {
        self.format.distribution_id()
    }

    /// The id of the sender's chain.
    #[must_use]
    pub const fn chain_id(&self) -> u32 {
        self.chain_id
    }

    /// The index of the first message that can be read.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.iteration
    }

    /// The chain key of that message.
    #[must_use]
    pub const fn chain_key(&self) -> &'a [u8; 32] {
        self.chain_key
    }

    /// The key that signs the chain's messages.
    #[must_use]
    pub const fn signing_key(&self) -> &PublicKey {
        &self.signing_key
    }

    /// The whole message as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl fmt::Debug for DistributionMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, format: _, chain_id, iteration, chain_key: _, signing_key: _ } = self;
        write!(f, "DistributionMessage(chain {chain_id}, iteration {iteration})")
    }
}

/// The parts of a distribution message.
#[derive(Clone, Copy)]
pub struct SenderKeyDistributionParts<'a> {
    /// The format, with the distribution id if it has one.
    pub format: Format,
    /// The id of our chain.
    pub chain_id: u32,
    /// The index of the first message that can be read.
    pub iteration: u32,
    /// The chain key of that message.
    pub chain_key: &'a [u8; 32],
    /// The key that messages are signed with.
    pub signing_key: &'a PublicKey,
}

impl SenderKeyDistributionParts<'_> {
    /// The complete message, in memory that is wiped when dropped.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(1 + self.encoded_len()));
        out.push(first_byte(SENDER_KEY_VERSION));
        self.write(&mut *out);
        out
    }
}

impl Encode for SenderKeyDistributionParts<'_> {
    fn write(&self, out: &mut impl Sink) {
        let shift = FieldShift::of(self.format);
        if let Format::WithId(id) = &self.format {
            out.bytes(shift.number(DISTRIBUTION_ID), id.as_bytes());
        }
        out.varint(shift.number(CHAIN_ID), self.chain_id);
        out.varint(shift.number(ITERATION), self.iteration);
        out.bytes(shift.number(CHAIN_KEY), self.chain_key);
        out.bytes(shift.number(SIGNING_KEY), &self.signing_key.encode());
    }
}

impl fmt::Debug for SenderKeyDistributionParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format: _, chain_id, iteration, chain_key: _, signing_key: _ } = self;
        write!(f, "SenderKeyDistributionParts(chain {chain_id}, iteration {iteration})")
    }
}
