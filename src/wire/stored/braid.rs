// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored state of the post-quantum ratchet: field 15 of a stored session.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::epoch_chain::StoredEpochChain;
use super::limits::StoredLimits;
use super::list;
use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

/// Number of lists of elements in a coder: one per lane.
pub(super) const LANES: u32 = 16;

const NEGOTIATION: u32 = 1;
const CHAIN: u32 = 2;
const STATE: u32 = 3;

const AUTH_KEY: u32 = 1;
const NEGOTIATION_DIRECTION: u32 = 2;
const MINIMUM_VERSION: u32 = 3;
const NEGOTIATION_LIMITS: u32 = 4;

const CONTENT: u32 = 1;
const FIRST_CODER: u32 = 2;
const SECOND_CODER: u32 = 3;

const EPOCH: u32 = 1;
const AUTHENTICATOR: u32 = 2;
const FIRST_PART: u32 = 3;

const ROOT: u32 = 1;
const MAC: u32 = 2;

const ENCODER_COUNTER: u32 = 1;
const ENCODER_POINTS: u32 = 2;
const ENCODER_COEFFICIENTS: u32 = 3;

const DECODER_NEEDED: u32 = 1;
const DECODER_LANES: u32 = 2;
const DECODER_POINTS: u32 = 3;

/// The state of the ratchet. Absent if the ratchet is off.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredBraid<'a> {
    /// The initial key of the chain, until the version is settled.
    pub negotiation: Option<StoredNegotiation<'a>>,
    /// The epoch chains, once there are any.
    pub chain: Option<StoredEpochChain<'a>>,
    /// The state of the braid; none if the ratchet is off.
    pub state: Option<StoredState<'a>>,
}

impl<'a> StoredBraid<'a> {
    /// Reads a state.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        Self::from_fields(Fields::new(bytes))
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        self.encode_secret()
    }
}

impl<'a> Merge<'a> for StoredBraid<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                NEGOTIATION => self.negotiation.get_or_insert_default().merge(field.message()?)?,
                CHAIN => self.chain.get_or_insert_default().merge(field.message()?)?,
                STATE => self.state.get_or_insert_default().merge(field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredBraid<'_> {
    fn write(&self, out: &mut impl Sink) {
        if let Some(negotiation) = &self.negotiation {
            out.message(NEGOTIATION, negotiation);
        }
        if let Some(chain) = &self.chain {
            out.message(CHAIN, chain);
        }
        if let Some(state) = &self.state {
            out.message(STATE, state);
        }
    }
}

impl fmt::Debug for StoredBraid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { negotiation, chain, state } = self;
        write!(f, "StoredBraid({}, {chain:?}, {state:?})", negotiation.is_some())
    }
}

/// The initial key of the chain.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredNegotiation<'a> {
    /// The secret that both sides share.
    pub auth_key: &'a [u8],
    /// 0 is A2B, 1 is B2A.
    pub direction: u32,
    /// The lowest version that the peer may fall back to.
    pub minimum_version: u32,
    /// The limits.
    pub limits: StoredLimits,
}

impl<'a> Merge<'a> for StoredNegotiation<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                AUTH_KEY => self.auth_key = field.bytes()?,
                NEGOTIATION_DIRECTION => self.direction = field.uint32()?,
                MINIMUM_VERSION => self.minimum_version = field.uint32()?,
                NEGOTIATION_LIMITS => self.limits.merge(field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredNegotiation<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes_unless_empty(AUTH_KEY, self.auth_key);
        out.varint_unless_zero(NEGOTIATION_DIRECTION, self.direction);
        out.varint_unless_zero(MINIMUM_VERSION, self.minimum_version);
        out.message(NEGOTIATION_LIMITS, &self.limits);
    }
}

impl fmt::Debug for StoredNegotiation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { auth_key: _, direction, minimum_version, limits } = self;
        write!(f, "StoredNegotiation({direction}, {minimum_version}, {limits:?}, ..)")
    }
}

/// The state of the braid: one of eleven messages of the same shape.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredState<'a> {
    /// The number of the state, from 1 to 11; 0 if there is none.
    pub number: u32,
    /// The number of the epoch.
    pub epoch: u64,
    /// The authenticator's root key, 32 bytes.
    pub root: &'a [u8],
    /// The authenticator's MAC key, 32 bytes.
    pub mac: &'a [u8],
    /// Fields 3, 4 and 5 of the inner message: keys and ciphertexts, as the state has them.
    pub parts: [&'a [u8]; 3],
    /// Fields 2 and 3: a [`StoredEncoder`] or [`StoredDecoder`] each, as the state has them.
    pub coders: [Option<&'a [u8]>; 2],
}

impl<'a> StoredState<'a> {
    fn merge_state(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                CONTENT => self.merge_content(field.message()?)?,
                FIRST_CODER => self.coders[0] = Some(field.bytes()?),
                SECOND_CODER => self.coders[1] = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(())
    }

    fn merge_content(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                EPOCH => self.epoch = field.uint64()?,
                AUTHENTICATOR => {
                    for key in field.message()? {
                        let key = key?;
                        match key.number {
                            ROOT => self.root = key.bytes()?,
                            MAC => self.mac = key.bytes()?,
                            _ => {}
                        }
                    }
                }
                3 => self.parts[0] = field.bytes()?,
                4 => self.parts[1] = field.bytes()?,
                5 => self.parts[2] = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl<'a> Merge<'a> for StoredState<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            if (1..=11).contains(&field.number) {
                // Of several states the last counts.
                if self.number != field.number {
                    *self = Self { number: field.number, ..Self::default() };
                }
                self.merge_state(field.message()?)?;
            }
        }
        Ok(())
    }
}

impl Encode for StoredState<'_> {
    fn write(&self, out: &mut impl Sink) {
        // A state that is none of the eleven leaves an empty message.
        if self.number != 0 {
            out.message(self.number, &Numbered(self));
        }
    }
}

/// The message of one state.
struct Numbered<'a>(&'a StoredState<'a>);

impl Encode for Numbered<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.message(CONTENT, &Content(self.0));
        for (number, coder) in (FIRST_CODER..).zip(&self.0.coders) {
            if let Some(coder) = coder {
                out.bytes(number, coder);
            }
        }
    }
}

struct Content<'a>(&'a StoredState<'a>);

impl Encode for Content<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(EPOCH, self.0.epoch);
        out.message(AUTHENTICATOR, &AuthenticatorKeys(self.0));
        for (number, part) in (FIRST_PART..).zip(&self.0.parts) {
            out.bytes_unless_empty(number, part);
        }
    }
}

struct AuthenticatorKeys<'a>(&'a StoredState<'a>);

impl Encode for AuthenticatorKeys<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes_unless_empty(ROOT, self.0.root);
        out.bytes_unless_empty(MAC, self.0.mac);
    }
}

impl fmt::Debug for StoredState<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, epoch, root: _, mac: _, parts: _, coders: _ } = self;
        write!(f, "StoredState({number}, epoch {epoch}, ..)")
    }
}

/// An encoder of the erasure code: public data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredEncoder<'a> {
    /// Number of chunks given.
    pub counter: u32,
    /// The values of each lane at 0, 1, 2 and so on: 16 lists of 16-bit big-endian elements.
    pub points: Vec<&'a [u8]>,
    /// Instead of points, the coefficients of each lane's polynomial, the lowest first.
    pub coefficients: Vec<&'a [u8]>,
}

impl<'a> Merge<'a> for StoredEncoder<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                ENCODER_COUNTER => self.counter = field.uint32()?,
                // Sixteen are wanted.
                ENCODER_POINTS => list::push(&mut self.points, field.bytes()?, false),
                ENCODER_COEFFICIENTS => list::push(&mut self.coefficients, field.bytes()?, false),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredEncoder<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(ENCODER_COUNTER, self.counter);
        for points in &self.points {
            out.bytes(ENCODER_POINTS, points);
        }
        for coefficients in &self.coefficients {
            out.bytes(ENCODER_COEFFICIENTS, coefficients);
        }
    }
}

/// A decoder of the erasure code: public data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredDecoder<'a> {
    /// Number of elements of the byte string.
    pub needed: u32,
    /// The points of each lane, in ascending order: 16 lists of position and value, both 16-bit big endian.
    pub points: Vec<&'a [u8]>,
}

impl<'a> Merge<'a> for StoredDecoder<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                DECODER_NEEDED => self.needed = field.uint32()?,
                DECODER_POINTS => list::push(&mut self.points, field.bytes()?, false),
                // Always 16 lanes, and never complete.
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredDecoder<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(DECODER_NEEDED, self.needed);
        out.varint(DECODER_LANES, LANES);
        for points in &self.points {
            out.bytes(DECODER_POINTS, points);
        }
    }
}
