// SPDX-License-Identifier: MIT OR Apache-2.0

//! `SignalMessage`: one ciphertext of a ratchet, with the header that selects its key.
//!
//! ```text
//! byte 0       : version << 4 | 4
//! bytes 1..n-8 : protobuf
//! last 8 bytes : MAC over the two identity keys and all bytes before
//! ```

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::curve::PublicKey;

use super::message::{ParseError, read_version};
use super::protobuf::{Encode, Fields, Sink, len_of_len};
use crate::profile::SIGNAL_4;

/// Length of the MAC at the end of a message, in bytes.
pub const MAC_LEN: usize = SIGNAL_4.mac_len;

/// Length of the addresses field in bytes: two service ids of 17 bytes, each with a device id of one.
pub const ADDRESSES_LEN: usize = 36;

const RATCHET_KEY: u32 = 1;
const COUNTER: u32 = 2;
const PREVIOUS_COUNTER: u32 = 3;
const CIPHERTEXT: u32 = 4;
const PQ_RATCHET: u32 = 5;
const ADDRESSES: u32 = 6;

/// A received message, borrowing the received bytes. Its MAC has not been checked.
#[derive(Clone, Copy)]
pub struct SignalMessage<'a> {
    bytes: &'a [u8],
    authenticated: &'a [u8],
    mac: &'a [u8; MAC_LEN],
    version: u8,
    ratchet_key: PublicKey,
    counter: u32,
    previous_counter: u32,
    body: &'a [u8],
    pq_ratchet: &'a [u8],
    addresses: Option<&'a [u8]>,
}

impl<'a> SignalMessage<'a> {
    /// Reads a message. Bytes after the 33rd of the ratchet key are ignored; the lengths of the other
    /// fields are not checked.
    ///
    /// # Errors
    /// [`ParseError`], in this order: `TooShort` below 9 bytes; `LegacyVersion` or `UnrecognizedVersion`;
    /// `InvalidProtobuf`, also if there is no ratchet key; `Key` if the ratchet key does not decode;
    /// `InvalidProtobuf` if there is no counter or no ciphertext.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let too_short = ParseError::TooShort(bytes.len());
        let (authenticated, mac) = bytes.split_last_chunk().ok_or(too_short)?;
        let (&first, protobuf) = authenticated.split_first().ok_or(too_short)?;
        let version = read_version(first)?;
        let fields = RawFields::read(protobuf)?;
        Ok(Self {
            bytes,
            authenticated,
            mac,
            version,
            ratchet_key: PublicKey::decode(fields.ratchet_key.ok_or(ParseError::InvalidProtobuf)?)?,
            counter: fields.counter.ok_or(ParseError::InvalidProtobuf)?,
            previous_counter: fields.previous_counter.unwrap_or_default(),
            body: fields.ciphertext.ok_or(ParseError::InvalidProtobuf)?,
            pq_ratchet: fields.pq_ratchet.unwrap_or_default(),
            addresses: fields.addresses,
        })
    }

    /// The session version: 3 or 4.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The sender's ratchet key.
    #[must_use]
    pub const fn ratchet_key(&self) -> &PublicKey {
        &self.ratchet_key
    }

    /// The index of the message in its sending chain. The first is 0.
    #[must_use]
    pub const fn counter(&self) -> u32 {
        self.counter
    }

    /// The last counter of the sender's previous chain, as the sender says. Nothing depends on it.
    #[must_use]
    pub const fn previous_counter(&self) -> u32 {
        self.previous_counter
    }

    /// The ciphertext.
    #[must_use]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The message of the post-quantum ratchet; empty if the field is absent.
    #[must_use]
    pub const fn pq_ratchet(&self) -> &'a [u8] {
        self.pq_ratchet
    }

    /// The addresses of sender and recipient, if the field is there; of any length. Believe them only after the MAC was
    /// checked.
    #[must_use]
    pub const fn addresses(&self) -> Option<&'a [u8]> {
        self.addresses
    }

    /// The bytes that the MAC covers besides the identity keys: all before the MAC, as received.
    #[must_use]
    pub const fn authenticated(&self) -> &'a [u8] {
        self.authenticated
    }

    /// The MAC, 8 bytes.
    #[must_use]
    pub const fn mac(&self) -> &'a [u8; MAC_LEN] {
        self.mac
    }

    /// The whole message as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl fmt::Debug for SignalMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bytes,
            authenticated: _,
            mac: _,
            version,
            ratchet_key: _,
            counter,
            previous_counter: _,
            body: _,
            pq_ratchet: _,
            addresses: _,
        } = self;
        write!(f, "SignalMessage(version {version}, counter {counter}, {} bytes)", bytes.len())
    }
}

/// The protobuf fields as they stand, all optional.
#[derive(Default)]
struct RawFields<'a> {
    ratchet_key: Option<&'a [u8]>,
    counter: Option<u32>,
    previous_counter: Option<u32>,
    ciphertext: Option<&'a [u8]>,
    pq_ratchet: Option<&'a [u8]>,
    addresses: Option<&'a [u8]>,
}

impl<'a> RawFields<'a> {
    fn read(protobuf: &'a [u8]) -> Result<Self, ParseError> {
        let mut fields = Self::default();
        for field in Fields::new(protobuf) {
            let field = field?;
            match field.number {
                RATCHET_KEY => fields.ratchet_key = Some(field.bytes()?),
                COUNTER => fields.counter = Some(field.uint32()?),
                PREVIOUS_COUNTER => fields.previous_counter = Some(field.uint32()?),
                CIPHERTEXT => fields.ciphertext = Some(field.bytes()?),
                PQ_RATCHET => fields.pq_ratchet = Some(field.bytes()?),
                ADDRESSES => fields.addresses = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(fields)
    }
}

/// The parts of a message, without its MAC.
#[derive(Clone, Copy)]
pub struct SignalMessageParts<'a> {
    /// Version in the upper half; see [`first_byte`](super::message::first_byte).
    pub first_byte: u8,
    /// Our ratchet key.
    pub ratchet_key: &'a PublicKey,
    /// The index in our sending chain.
    pub counter: u32,
    /// The last counter of our previous sending chain, or 0.
    pub previous_counter: u32,
    /// The ciphertext.
    pub body: &'a [u8],
    /// The message of the post-quantum ratchet. The field is left out if it is empty.
    pub pq_ratchet: &'a [u8],
    /// The addresses of sender and recipient. Only a message inside a `PreKeySignalMessage` has them.
    pub addresses: Option<&'a [u8; ADDRESSES_LEN]>,
}

impl SignalMessageParts<'_> {
    /// The message without its MAC. The buffer has room for the MAC's 8 bytes, which the caller computes
    /// over it and appends.
    #[cfg(any(test, feature = "hazmat"))]
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(self.body.len(), &mut out, |out| out.extend_from_slice(self.body));
        out
    }

    /// [`Self::encode`] at the end of `out`, with a ciphertext of `body_len` bytes that `append_body` appends, in
    /// place of [`Self::body`].
    pub fn encode_into(&self, body_len: usize, out: &mut Vec<u8>, append_body: impl FnOnce(&mut Vec<u8>)) {
        let no_body = Self { body: &[], ..*self }.encoded_len() - 1;
        out.reserve_exact(1 + no_body + len_of_len(body_len) + body_len + MAC_LEN);
        out.push(self.first_byte);
        self.write_before_body(out);
        out.key(CIPHERTEXT, 2);
        out.raw_len(body_len);
        append_body(out);
        self.write_after_body(out);
    }

    fn write_before_body(&self, out: &mut impl Sink) {
        out.bytes(RATCHET_KEY, &self.ratchet_key.encode());
        out.varint(COUNTER, self.counter);
        out.varint(PREVIOUS_COUNTER, self.previous_counter);
    }

    fn write_after_body(&self, out: &mut impl Sink) {
        if !self.pq_ratchet.is_empty() {
            out.bytes(PQ_RATCHET, self.pq_ratchet);
        }
        if let Some(addresses) = self.addresses {
            out.bytes(ADDRESSES, addresses);
        }
    }
}

impl Encode for SignalMessageParts<'_> {
    fn write(&self, out: &mut impl Sink) {
        self.write_before_body(out);
        out.bytes(CIPHERTEXT, self.body);
        self.write_after_body(out);
    }
}

impl fmt::Debug for SignalMessageParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            first_byte,
            ratchet_key: _,
            counter,
            previous_counter: _,
            body: _,
            pq_ratchet: _,
            addresses: _,
        } = self;
        write!(f, "SignalMessageParts(first byte {first_byte:#04x}, counter {counter})")
    }
}
