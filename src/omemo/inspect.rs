// SPDX-License-Identifier: MIT OR Apache-2.0

//! What tests and peers look at, without a stability promise.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::identity::{IdentityKey, InvalidIdentity};
use super::session::Session;
use super::state::{self, SessionState};
use crate::address::Address;
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::secret::Secret;
use crate::ratchet::chain::{ChainKey, MessageKeySeed};
use crate::ratchet::omemo::OmemoRatchet;
use crate::ratchet::root::RootKey;
use crate::wire::omemo::{self as wire, Exchange, KeyExchange, ParseError, Version};

pub use crate::crypto::ed25519;

/// The first session's state.
pub struct Shown<'a> {
    /// Whether we began it.
    pub began: bool,
    /// Whether the peer has answered.
    pub answered: bool,
    /// Both identities, the initiator's first.
    pub associated_data: Vec<u8>,
    /// The initiator's identity on the wire, 32 bytes.
    pub identity: [u8; 32],
    /// `ek`.
    pub base_key: [u8; 32],
    /// The signed prekey's number.
    pub signed_pre_key_id: u32,
    /// The one-time prekey's number.
    pub pre_key_id: u32,
    /// `RK`.
    pub root: &'a RootKey,
    /// `DHs`, clamped.
    pub own_private: &'a [u8; 32],
    /// `DHr`.
    pub remote: &'a [u8; 32],
    /// `CKs`, with `Ns`.
    pub sending: &'a ChainKey,
    /// `CKr`, with `Nr`.
    pub receiving: Option<&'a ChainKey>,
    /// `PN`.
    pub previous: u32,
    /// Ratchet key, counter and message key of each skipped key, oldest first.
    pub skipped: Vec<([u8; 32], u32, &'a [u8; 32])>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({} skipped keys)", self.skipped.len())
    }
}

/// Shows the session that sends.
#[must_use]
pub fn session(session: &Session) -> Option<Shown<'_>> {
    let state = session.states.first()?;
    let (root, pair, sending, previous, remote, receiving) = state.ratchet.inspect();
    let Exchange { identity, base_key, signed_pre_key_id, pre_key_id } = state.exchange;
    let skipped = state.ratchet.inspect_skipped();
    Some(Shown {
        began: state.began,
        answered: state.answered,
        associated_data: state.agreed_data(),
        identity,
        base_key: *base_key.as_bytes(),
        signed_pre_key_id,
        pre_key_id,
        root,
        own_private: pair.private().as_bytes(),
        remote: remote.as_bytes(),
        sending,
        receiving,
        previous,
        skipped: skipped.map(|(key, counter, seed)| (*key.as_bytes(), counter, seed)).collect(),
    })
}

/// A root step: the next root key, and the chain.
#[must_use]
pub fn root_step(version: Version, root: &[u8; 32], dh: &[u8; 32]) -> (RootKey, ChainKey) {
    RootKey::new(Secret::new(*root)).step(version.profile().root, &Secret::new(*dh))
}

/// One message of a message key.
#[must_use]
pub fn seal(
    version: Version,
    message_key: &[u8; 32],
    (ratchet_key, counter, previous): (&[u8; 32], u32, u32),
    associated_data: &[u8],
    plaintext: &[u8],
) -> Vec<u8> {
    let seed = MessageKeySeed::new(Secret::new(*message_key));
    let header = wire::Header { ratchet_key: PublicKey::from_bytes(*ratchet_key), counter, previous };
    state::seal(version, &header, &seed, associated_data, plaintext)
}

/// The fields of a key exchange.
#[derive(Debug)]
pub struct ShownExchange<'a> {
    /// 0 is none.
    pub pre_key_id: u32,
    /// The signed prekey's number.
    pub signed_pre_key_id: u32,
    /// The identity, 32 bytes.
    pub identity: [u8; 32],
    /// `ek`.
    pub base_key: [u8; 32],
    /// The message inside.
    pub message: &'a [u8],
}

/// Parses a key exchange.
///
/// # Errors
/// [`ParseError`].
pub fn key_exchange(version: Version, bytes: &[u8]) -> Result<ShownExchange<'_>, ParseError> {
    let KeyExchange { exchange, message_bytes, .. } = KeyExchange::parse(version, bytes)?;
    let Exchange { identity, base_key, signed_pre_key_id, pre_key_id } = exchange;
    let base_key = *base_key.as_bytes();
    Ok(ShownExchange { pre_key_id, signed_pre_key_id, identity, base_key, message: message_bytes })
}

/// The parts of a session from elsewhere.
pub struct Parts<'a> {
    /// Whether we began it.
    pub began: bool,
    /// Whether the peer has answered.
    pub answered: bool,
    /// Both identities as on the wire, the initiator's first.
    pub associated_data: &'a [u8],
    /// `ek`.
    pub base_key: [u8; 32],
    /// The signed prekey's number.
    pub signed_pre_key_id: u32,
    /// The one-time prekey's number.
    pub pre_key_id: u32,
    /// `RK`.
    pub root: [u8; 32],
    /// `DHs`.
    pub own_private: [u8; 32],
    /// `DHr`.
    pub remote: [u8; 32],
    /// `CKs` and `Ns`.
    pub sending: ([u8; 32], u32),
    /// `CKr` and `Nr`.
    pub receiving: Option<([u8; 32], u32)>,
    /// `PN`.
    pub previous: u32,
    /// Ratchet key, counter and message key of each skipped key, oldest first.
    pub skipped: Vec<([u8; 32], u32, [u8; 32])>,
}

impl fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts({} skipped keys)", self.skipped.len())
    }
}

/// The only session with a device, from its parts.
///
/// # Errors
/// [`InvalidIdentity`] if the associated data is not that of two identities.
pub fn restore(version: Version, remote: Address, parts: &Parts<'_>) -> Result<Session, InvalidIdentity> {
    let (first, second) =
        parts.associated_data.split_at_checked(parts.associated_data.len() / 2).ok_or(InvalidIdentity)?;
    let [initiator, responder] = [first, second].map(|key| IdentityKey::decode(version, key));
    let (initiator, responder) = (initiator?, responder?);
    let (ours, theirs) = if parts.began { (initiator, responder) } else { (responder, initiator) };
    let exchange = Exchange {
        identity: *initiator.wire_bytes(),
        base_key: PublicKey::from_bytes(parts.base_key),
        signed_pre_key_id: parts.signed_pre_key_id,
        pre_key_id: parts.pre_key_id,
    };
    let chain = |(key, index): &([u8; 32], u32)| ChainKey::new(Secret::new(*key), *index);
    let pair = KeyPair::from_private(PrivateKey::from_secret(&Secret::new(parts.own_private)));
    let mut session = Session::new(version, remote);
    let ratchet = OmemoRatchet::from_parts(
        (RootKey::new(Secret::new(parts.root)), pair, PublicKey::from_bytes(parts.remote)),
        (chain(&parts.sending), parts.receiving.as_ref().map(chain), parts.previous),
        &parts.skipped,
        session.limits,
    );
    let (began, answered) = (parts.began, parts.answered);
    session.states.push(Box::new(SessionState { began, answered, exchange, ours, theirs, ratchet }));
    Ok(session)
}
