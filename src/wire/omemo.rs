// SPDX-License-Identifier: MIT OR Apache-2.0

//! L1: the messages of OMEMO, both versions (OMEMO facts §7, §9). Never verifies, never decides.
//!
//! ```text
//! 2:      protobuf { 1: mac (16), 2: OMEMOMessage }
//!         OMEMOMessage { 1: n, 2: pn, 3: dh_pub (32), 4: ciphertext }
//! legacy: 33 || protobuf { 1: 05 || dh_pub, 2: n, 3: pn, 4: ciphertext } || mac (8)
//! ```

use alloc::vec::Vec;

use super::protobuf::{Fields, Malformed, Sink};
use crate::crypto::curve::PublicKey;
use crate::profile::{KeyForm, OMEMO_2, OMEMO_LEGACY, Profile};

/// The version byte of legacy messages.
const LEGACY_BYTE: u8 = 0x33;
/// The type byte in front of legacy keys.
const KEY_TYPE: u8 = 0x05;

/// The versions of OMEMO. They share nothing on the wire; a session, an account and a message are of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// `urn:xmpp:omemo:2`, as XEP-0384 has it since 0.8.
    Two,
    /// `eu.siacs.conversations.axolotl`, as XEP-0384 0.3 has it: libsignal's version 3.
    Legacy,
}

impl Version {
    /// The XML namespace.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Two => "urn:xmpp:omemo:2",
            Self::Legacy => "eu.siacs.conversations.axolotl",
        }
    }

    /// The number in records and keys of records.
    pub(crate) const fn to_u8(self) -> u8 {
        match self {
            Self::Two => 2,
            Self::Legacy => 1,
        }
    }

    /// Reads that number.
    pub(crate) const fn from_u8(number: u8) -> Option<Self> {
        match number {
            2 => Some(Self::Two),
            1 => Some(Self::Legacy),
            _ => None,
        }
    }

    /// The profile.
    pub(crate) const fn profile(self) -> &'static Profile {
        match self {
            Self::Two => &OMEMO_2,
            Self::Legacy => &OMEMO_LEGACY,
        }
    }
}

/// The bytes are no message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Not a protobuf, or a field of another type.
    #[error("protobuf encoding was invalid")]
    Malformed,
    /// A required field is missing.
    #[error("a required field is missing")]
    MissingField,
    /// A key or MAC has another length, or a key another type byte.
    #[error("a key or mac has a wrong length or type")]
    BadLength,
    /// Legacy: the first byte is not `33`.
    #[error("not a message of this version")]
    BadVersion,
}

impl From<Malformed> for ParseError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Writes a public key as `version` has it: 32 bytes, or 33.
#[must_use]
pub(crate) fn encode_key(version: Version, key: &[u8; 32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(33);
    if version.profile().keys == KeyForm::Typed {
        out.push(KEY_TYPE);
    }
    out.extend_from_slice(key);
    out
}

/// Reads [such a key](encode_key); its length is exact.
pub(crate) fn decode_key(version: Version, bytes: &[u8]) -> Result<[u8; 32], ParseError> {
    let key = match (version.profile().keys, bytes.split_first()) {
        (KeyForm::Bare, _) => bytes,
        (KeyForm::Typed, Some((&KEY_TYPE, key))) => key,
        (KeyForm::Typed, _) => return Err(ParseError::BadLength),
    };
    key.try_into().map_err(|_| ParseError::BadLength)
}

/// The place of a message in the ratchet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// `dh_pub`: the sender's ratchet key.
    pub(crate) ratchet_key: PublicKey,
    /// `n`: the message's counter in its chain, from 0.
    pub(crate) counter: u32,
    /// `pn`: number of messages of the sender's previous chain.
    pub(crate) previous: u32,
}

/// A message of a session, as received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RatchetMessage<'a> {
    pub(crate) header: Header,
    pub(crate) body: &'a [u8],
    /// The bytes under the MAC, after the associated data.
    pub(crate) authenticated: &'a [u8],
    pub(crate) mac: &'a [u8],
}

impl<'a> RatchetMessage<'a> {
    pub(crate) fn parse(version: Version, bytes: &'a [u8]) -> Result<Self, ParseError> {
        let (authenticated, mac, protobuf) = match version {
            Version::Two => {
                let [mac, message] = byte_fields(bytes, [1, 2])?;
                let message = message.ok_or(ParseError::MissingField)?;
                (message, mac.ok_or(ParseError::MissingField)?, message)
            }
            Version::Legacy => {
                let (authenticated, mac) = bytes.split_last_chunk::<8>().ok_or(ParseError::BadLength)?;
                (authenticated, &mac[..], legacy_protobuf(authenticated)?)
            }
        };
        if mac.len() != version.profile().mac_len {
            return Err(ParseError::BadLength);
        }
        let (n, pn, key) = header_fields(version);
        let (mut counter, mut previous, mut ratchet_key, mut body) = (None, None, None, &[][..]);
        for field in Fields::new(protobuf) {
            let field = field?;
            match field.number {
                number if number == n => counter = Some(field.uint32()?),
                number if number == pn => previous = Some(field.uint32()?),
                number if number == key => ratchet_key = Some(field.bytes()?),
                4 => body = field.bytes()?,
                _ => {}
            }
        }
        let previous = match version {
            Version::Two => previous.ok_or(ParseError::MissingField)?,
            // As libsignal, which also reads messages without one.
            Version::Legacy => previous.unwrap_or_default(),
        };
        let ratchet_key = decode_key(version, ratchet_key.ok_or(ParseError::MissingField)?)?;
        let header = Header {
            ratchet_key: PublicKey::from_bytes(ratchet_key),
            counter: counter.ok_or(ParseError::MissingField)?,
            previous,
        };
        Ok(Self { header, body, authenticated, mac })
    }
}

/// The field numbers of n, pn and the ratchet key.
const fn header_fields(version: Version) -> (u32, u32, u32) {
    match version {
        Version::Two => (1, 2, 3),
        Version::Legacy => (2, 3, 1),
    }
}

fn legacy_protobuf(bytes: &[u8]) -> Result<&[u8], ParseError> {
    match bytes.split_first() {
        Some((&LEGACY_BYTE, protobuf)) => Ok(protobuf),
        _ => Err(ParseError::BadVersion),
    }
}

fn byte_fields<const N: usize>(bytes: &[u8], numbers: [u32; N]) -> Result<[Option<&[u8]>; N], ParseError> {
    let mut found = [None; N];
    for field in Fields::new(bytes) {
        let field = field?;
        for (slot, number) in found.iter_mut().zip(numbers) {
            if field.number == number {
                *slot = Some(field.bytes()?);
            }
        }
    }
    Ok(found)
}

/// The bytes of a message that its MAC is over, after the associated data.
pub(crate) fn authenticated(version: Version, header: &Header, body: &[u8]) -> Vec<u8> {
    let key = encode_key(version, header.ratchet_key.as_bytes());
    let mut out = Vec::with_capacity(1 + 2 + key.len() + 2 * 6 + 6 + body.len() + 8);
    match version {
        Version::Two => {
            out.varint(1, header.counter);
            out.varint(2, header.previous);
            out.bytes(3, &key);
        }
        Version::Legacy => {
            out.push(LEGACY_BYTE);
            out.bytes(1, &key);
            out.varint(2, header.counter);
            out.varint(3, header.previous);
        }
    }
    out.bytes(4, body);
    out
}

/// The whole message.
pub(crate) fn with_mac(version: Version, mut authenticated: Vec<u8>, mac: &[u8]) -> Vec<u8> {
    match version {
        Version::Two => {
            let mut out = Vec::with_capacity(2 + mac.len() + 6 + authenticated.len());
            out.bytes(1, mac);
            out.bytes(2, &authenticated);
            out
        }
        Version::Legacy => {
            authenticated.extend_from_slice(mac);
            authenticated
        }
    }
}

/// The fields that a key exchange adds to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The identity as on the wire: Ed25519, or the u-coordinate.
    pub(crate) identity: [u8; 32],
    /// `ek`.
    pub(crate) base_key: PublicKey,
    pub(crate) signed_pre_key_id: u32,
    /// 0 is none.
    pub(crate) pre_key_id: u32,
}

/// A key exchange, as received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyExchange<'a> {
    pub(crate) exchange: Exchange,
    pub(crate) message: RatchetMessage<'a>,
    #[cfg(feature = "hazmat")]
    pub(crate) message_bytes: &'a [u8],
}

/// The field numbers of a key exchange.
struct ExchangeFields {
    pre_key_id: u32,
    signed_pre_key_id: u32,
    identity: u32,
    base_key: u32,
    message: u32,
}

const fn exchange_fields(version: Version) -> ExchangeFields {
    match version {
        Version::Two => {
            ExchangeFields { pre_key_id: 1, signed_pre_key_id: 2, identity: 3, base_key: 4, message: 5 }
        }
        Version::Legacy => {
            ExchangeFields { pre_key_id: 1, signed_pre_key_id: 6, identity: 3, base_key: 2, message: 4 }
        }
    }
}

impl<'a> KeyExchange<'a> {
    pub(crate) fn parse(version: Version, bytes: &'a [u8]) -> Result<Self, ParseError> {
        let protobuf = match version {
            Version::Two => bytes,
            Version::Legacy => legacy_protobuf(bytes)?,
        };
        let numbers = exchange_fields(version);
        let (mut pre_key_id, mut signed_pre_key_id) = (None, None);
        let (mut identity, mut base_key, mut message) = (None, None, None);
        for field in Fields::new(protobuf) {
            let field = field?;
            match field.number {
                number if number == numbers.pre_key_id => pre_key_id = Some(field.uint32()?),
                number if number == numbers.signed_pre_key_id => signed_pre_key_id = Some(field.uint32()?),
                number if number == numbers.identity => identity = Some(field.bytes()?),
                number if number == numbers.base_key => base_key = Some(field.bytes()?),
                number if number == numbers.message => message = Some(field.bytes()?),
                _ => {}
            }
        }
        if version == Version::Two && pre_key_id.is_none() {
            return Err(ParseError::MissingField);
        }
        let required = |field: Option<&'a [u8]>| field.ok_or(ParseError::MissingField);
        let message_bytes = required(message)?;
        let exchange = Exchange {
            identity: decode_key(version, required(identity)?)?,
            base_key: PublicKey::from_bytes(decode_key(version, required(base_key)?)?),
            signed_pre_key_id: signed_pre_key_id.ok_or(ParseError::MissingField)?,
            pre_key_id: pre_key_id.unwrap_or_default(),
        };
        let message = RatchetMessage::parse(version, message_bytes)?;
        Ok(Self {
            exchange,
            message,
            #[cfg(feature = "hazmat")]
            message_bytes,
        })
    }
}

/// Writes a key exchange around a message.
pub(crate) fn with_exchange(version: Version, exchange: &Exchange, message: &[u8]) -> Vec<u8> {
    let identity = encode_key(version, &exchange.identity);
    let base_key = encode_key(version, exchange.base_key.as_bytes());
    let mut out = Vec::with_capacity(2 * 6 + 2 * 35 + 7 + message.len());
    match version {
        Version::Two => {
            out.varint(1, exchange.pre_key_id);
            out.varint(2, exchange.signed_pre_key_id);
            out.bytes(3, &identity);
            out.bytes(4, &base_key);
            out.bytes(5, message);
        }
        Version::Legacy => {
            out.push(LEGACY_BYTE);
            out.varint(1, exchange.pre_key_id);
            out.bytes(2, &base_key);
            out.bytes(3, &identity);
            out.bytes(4, message);
            out.varint(6, exchange.signed_pre_key_id);
        }
    }
    out
}
