// SPDX-License-Identifier: MIT OR Apache-2.0

//! One session: its ratchet, and who began it with which exchange (OMEMO facts §8, §9).

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::error::ReceiveError;
use super::identity::IdentityKey;
use crate::crypto::cbc;
use crate::crypto::curve::PublicKey;
use crate::crypto::kdf::MacKey;
use crate::profile::Order;
use crate::ratchet::chain::{ChainExhausted, MessageKeySeed};
use crate::ratchet::message_keys::MessageKeys;
use crate::ratchet::omemo::{OmemoRatchet, RatchetChange, Sent};
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::wire::omemo::{self as wire, Exchange, RatchetMessage, Version};

/// A session.
#[derive(Debug)]
pub(crate) struct SessionState {
    /// Whether we began it.
    pub(super) began: bool,
    /// Whether the peer has answered, so that we need not repeat the exchange.
    pub(super) answered: bool,
    pub(super) exchange: Exchange,
    pub(super) ours: IdentityKey,
    pub(super) theirs: IdentityKey,
    pub(super) ratchet: OmemoRatchet,
}

/// Who sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Us,
    Them,
}

/// The associated data of one message, before the message's own bytes.
pub(super) fn associated_data(
    version: Version,
    identities: (&IdentityKey, &IdentityKey),
    (began, sender): (bool, Sender),
) -> Vec<u8> {
    let (ours, theirs) = identities;
    let ours_first = match version.profile().order {
        Order::InitiatorFirst => began,
        Order::SenderFirst => sender == Sender::Us,
    };
    let (first, second) = if ours_first { (ours, theirs) } else { (theirs, ours) };
    let mut out = first.encode();
    out.extend_from_slice(&second.encode());
    out
}

/// Encrypts and authenticates a message.
pub(super) fn seal(
    version: Version,
    header: &wire::Header,
    seed: &MessageKeySeed,
    associated_data: &[u8],
    plaintext: &[u8],
) -> Vec<u8> {
    let keys = MessageKeys::derive(version.profile().message, seed, None);
    let mut body = Vec::with_capacity(cbc::encrypted_len(plaintext.len()));
    cbc::encrypt_into(keys.cipher_key.as_bytes(), keys.iv.as_bytes(), plaintext, &mut body);
    let authenticated = wire::authenticated(version, header, &body);
    let mac = MacKey::new(keys.mac_key.as_bytes());
    let parts = [associated_data, &authenticated];
    match version {
        Version::Two => {
            let tag = mac.tag::<16>(&parts);
            wire::with_mac(version, authenticated, &tag)
        }
        Version::Legacy => {
            let tag = mac.tag::<8>(&parts);
            wire::with_mac(version, authenticated, &tag)
        }
    }
}

/// Verifies and decrypts a message.
pub(super) fn open(
    version: Version,
    message: &RatchetMessage<'_>,
    seed: &MessageKeySeed,
    associated_data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, ReceiveError> {
    let keys = MessageKeys::derive(version.profile().message, seed, None);
    let mac = MacKey::new(keys.mac_key.as_bytes());
    let parts = [associated_data, message.authenticated];
    let authentic = match version {
        Version::Two => message.mac.try_into().is_ok_and(|tag| mac.verify::<16>(&parts, tag)),
        Version::Legacy => message.mac.try_into().is_ok_and(|tag| mac.verify::<8>(&parts, tag)),
    };
    if !authentic {
        return Err(ReceiveError::NotAuthentic);
    }
    cbc::decrypt(keys.cipher_key.as_bytes(), keys.iv.as_bytes(), message.body)
        .map_err(|_| ReceiveError::BadPadding)
}

impl SessionState {
    pub(super) const fn version(&self) -> Version {
        self.ours.version()
    }

    pub(super) fn associated_data(&self, sender: Sender) -> Vec<u8> {
        associated_data(self.version(), (&self.ours, &self.theirs), (self.began, sender))
    }

    /// Whether a key exchange is the one that began this session.
    pub(super) fn is_of(&self, exchange: &Exchange, identity: &IdentityKey) -> bool {
        // The identity's bytes on the wire need not be canonical.
        let named = (exchange.base_key, exchange.signed_pre_key_id, exchange.pre_key_id);
        let held = (self.exchange.base_key, self.exchange.signed_pre_key_id, self.exchange.pre_key_id);
        !self.began && self.theirs == *identity && named == held
    }

    /// The next message, and the change that sending it makes.
    pub(super) fn encrypt(&self, plaintext: &[u8]) -> Result<(wire::Header, Vec<u8>, Sent), ChainExhausted> {
        let (header, seed, sent) = self.ratchet.send()?;
        let associated_data = self.associated_data(Sender::Us);
        let message = seal(self.version(), &header, &seed, &associated_data, plaintext);
        if self.began && !self.answered {
            return Ok((header, wire::with_exchange(self.version(), &self.exchange, &message), sent));
        }
        Ok((header, message, sent))
    }

    pub(super) fn usual_len(&self) -> usize {
        256 + self.ratchet.usual_len()
    }

    /// Writes the state as it will be after `change`.
    pub(super) fn write(&self, change: RatchetChange<'_>, writer: &mut RecordWriter) {
        writer.put_flag(self.began);
        writer.put_flag(self.answered || matches!(change, RatchetChange::Received(_)));
        writer.put_array(&self.exchange.identity);
        writer.put_array(self.exchange.base_key.as_bytes());
        writer.put_u32(self.exchange.signed_pre_key_id);
        writer.put_u32(self.exchange.pre_key_id);
        self.ours.write(writer);
        self.theirs.write(writer);
        self.ratchet.write(change, writer);
    }

    pub(super) fn read(
        version: Version,
        reader: &mut RecordReader<'_>,
        limits: crate::ratchet::omemo::Limits,
    ) -> Result<Self, RecordError> {
        let (began, answered) = (reader.flag()?, reader.flag()?);
        let exchange = Exchange {
            identity: reader.array()?,
            base_key: PublicKey::from_bytes(reader.array()?),
            signed_pre_key_id: reader.u32()?,
            pre_key_id: reader.u32()?,
        };
        let ours = IdentityKey::read(version, reader)?;
        let theirs = IdentityKey::read(version, reader)?;
        let ratchet = OmemoRatchet::read(reader, limits)?;
        Ok(Self { began, answered, exchange, ours, theirs, ratchet })
    }
}
