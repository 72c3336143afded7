// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stored sessions.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::chain::StoredChain;
use super::list;
use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

const CURRENT: u32 = 1;
const ARCHIVED: u32 = 2;

const VERSION: u32 = 1;
const LOCAL_IDENTITY: u32 = 2;
const REMOTE_IDENTITY: u32 = 3;
const ROOT_KEY: u32 = 4;
const PREVIOUS_COUNTER: u32 = 5;
const SENDER_CHAIN: u32 = 6;
const RECEIVER_CHAINS: u32 = 7;
const PENDING_PRE_KEY: u32 = 9;
const REMOTE_REGISTRATION_ID: u32 = 10;
const LOCAL_REGISTRATION_ID: u32 = 11;
const BASE_KEY: u32 = 13;
const PENDING_KYBER_PRE_KEY: u32 = 14;
const PQ_RATCHET: u32 = 15;

/// No session is shorter, in bytes: it has two identities and a base key.
const MIN_SESSION_LEN: usize = 3 * 33;

const PENDING_PRE_KEY_ID: u32 = 1;
const PENDING_BASE_KEY: u32 = 2;
const PENDING_SIGNED_PRE_KEY_ID: u32 = 3;
const PENDING_CREATED: u32 = 4;

const PENDING_KYBER_ID: u32 = 1;
const PENDING_KYBER_CIPHERTEXT: u32 = 2;

/// All sessions with one remote device. A record without any is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredSessionRecord<'a> {
    /// The current session.
    pub current: Option<StoredSession<'a>>,
    /// The archived sessions, newest first. Read each by [`StoredSession::parse`]; one that does not parse does not
    /// spoil the record.
    pub archived: Vec<&'a [u8]>,
}

impl<'a> StoredSessionRecord<'a> {
    /// Reads a record and its current session.
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

impl<'a> Merge<'a> for StoredSessionRecord<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                CURRENT => self.current.get_or_insert_default().merge(field.message()?)?,
                ARCHIVED => {
                    let session = field.bytes()?;
                    list::push(&mut self.archived, session, session.len() >= MIN_SESSION_LEN);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredSessionRecord<'_> {
    fn write(&self, out: &mut impl Sink) {
        if let Some(session) = &self.current {
            out.message(CURRENT, session);
        }
        for session in &self.archived {
            out.bytes(ARCHIVED, session);
        }
    }
}

impl fmt::Debug for StoredSessionRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { current, archived } = self;
        write!(f, "StoredSessionRecord({current:?}, {} archived)", archived.len())
    }
}

/// One session.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredSession<'a> {
    /// The session version: 4, or 3 for old sessions. 0 means 2.
    pub version: u32,
    /// Our identity public key, 33 bytes.
    pub local_identity: &'a [u8],
    /// Their identity public key, 33 bytes; empty if there is none.
    pub remote_identity: &'a [u8],
    /// The root key, 32 bytes.
    pub root_key: &'a [u8],
    /// The last counter of our previous sending chain, or 0.
    pub previous_counter: u32,
    /// The sending chain.
    pub sender_chain: Option<StoredChain<'a>>,
    /// The receiving chains, oldest first.
    pub receiver_chains: Vec<StoredChain<'a>>,
    /// The prekeys that the session was made from, as long as it is unacknowledged.
    pub pending_pre_key: Option<StoredPendingPreKey<'a>>,
    /// Their registration id.
    pub remote_registration_id: u32,
    /// Our registration id.
    pub local_registration_id: u32,
    /// The base key of the initiator, 33 bytes.
    pub base_key: &'a [u8],
    /// The Kyber prekey that the session was made from, as long as it is unacknowledged.
    pub pending_kyber_pre_key: Option<StoredPendingKyberPreKey<'a>>,
    /// The state of the post-quantum ratchet; empty if it is off.
    pub pq_ratchet: &'a [u8],
}

impl<'a> StoredSession<'a> {
    /// Reads a session, such as an archived one. The keys are not decoded.
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

impl<'a> Merge<'a> for StoredSession<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                VERSION => self.version = field.uint32()?,
                LOCAL_IDENTITY => self.local_identity = field.bytes()?,
                REMOTE_IDENTITY => self.remote_identity = field.bytes()?,
                ROOT_KEY => self.root_key = field.bytes()?,
                PREVIOUS_COUNTER => self.previous_counter = field.uint32()?,
                SENDER_CHAIN => self.sender_chain.get_or_insert_default().merge(field.message()?)?,
                RECEIVER_CHAINS => {
                    let chain = StoredChain::from_fields(field.message()?)?;
                    let usable = chain.chain_key.is_some_and(|key| key.is_usable());
                    list::push(&mut self.receiver_chains, chain, usable);
                }
                PENDING_PRE_KEY => self.pending_pre_key.get_or_insert_default().merge(field.message()?)?,
                REMOTE_REGISTRATION_ID => self.remote_registration_id = field.uint32()?,
                LOCAL_REGISTRATION_ID => self.local_registration_id = field.uint32()?,
                BASE_KEY => self.base_key = field.bytes()?,
                PENDING_KYBER_PRE_KEY => {
                    self.pending_kyber_pre_key.get_or_insert_default().merge(field.message()?)?;
                }
                PQ_RATCHET => self.pq_ratchet = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredSession<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(VERSION, self.version);
        out.bytes_unless_empty(LOCAL_IDENTITY, self.local_identity);
        out.bytes_unless_empty(REMOTE_IDENTITY, self.remote_identity);
        out.bytes_unless_empty(ROOT_KEY, self.root_key);
        out.varint_unless_zero(PREVIOUS_COUNTER, self.previous_counter);
        if let Some(chain) = &self.sender_chain {
            out.message(SENDER_CHAIN, chain);
        }
        for chain in &self.receiver_chains {
            out.message(RECEIVER_CHAINS, chain);
        }
        if let Some(pending) = &self.pending_pre_key {
            out.message(PENDING_PRE_KEY, pending);
        }
        out.varint_unless_zero(REMOTE_REGISTRATION_ID, self.remote_registration_id);
        out.varint_unless_zero(LOCAL_REGISTRATION_ID, self.local_registration_id);
        out.bytes_unless_empty(BASE_KEY, self.base_key);
        if let Some(pending) = &self.pending_kyber_pre_key {
            out.message(PENDING_KYBER_PRE_KEY, pending);
        }
        out.bytes_unless_empty(PQ_RATCHET, self.pq_ratchet);
    }
}

impl fmt::Debug for StoredSession<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version,
            local_identity: _,
            remote_identity: _,
            root_key: _,
            previous_counter: _,
            sender_chain,
            receiver_chains,
            pending_pre_key: _,
            remote_registration_id: _,
            local_registration_id: _,
            base_key: _,
            pending_kyber_pre_key: _,
            pq_ratchet: _,
        } = self;
        write!(f, "StoredSession(version {version}, {sender_chain:?}, {receiver_chains:?})")
    }
}

/// The prekeys that an unacknowledged session was made from.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredPendingPreKey<'a> {
    /// The id of the one-time prekey, if one was used; 0 is a valid one.
    pub pre_key_id: Option<u32>,
    /// Our base key, 33 bytes.
    pub base_key: &'a [u8],
    /// The id of the signed prekey, its 32 bits read as a signed number.
    pub signed_pre_key_id: i32,
    /// When the session was made, in seconds since 1970.
    pub created: u64,
}

impl<'a> Merge<'a> for StoredPendingPreKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                PENDING_PRE_KEY_ID => self.pre_key_id = Some(field.uint32()?),
                PENDING_BASE_KEY => self.base_key = field.bytes()?,
                PENDING_SIGNED_PRE_KEY_ID => self.signed_pre_key_id = field.int32()?,
                PENDING_CREATED => self.created = field.uint64()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredPendingPreKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        if let Some(id) = self.pre_key_id {
            out.varint(PENDING_PRE_KEY_ID, id);
        }
        out.bytes_unless_empty(PENDING_BASE_KEY, self.base_key);
        if self.signed_pre_key_id != 0 {
            out.int32(PENDING_SIGNED_PRE_KEY_ID, self.signed_pre_key_id);
        }
        out.varint_unless_zero(PENDING_CREATED, self.created);
    }
}

impl fmt::Debug for StoredPendingPreKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pre_key_id: _, base_key: _, signed_pre_key_id: _, created } = self;
        write!(f, "StoredPendingPreKey(made at {created}, ..)")
    }
}

/// The Kyber prekey that an unacknowledged session was made from.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredPendingKyberPreKey<'a> {
    /// The id; 0 is a valid one.
    pub pre_key_id: u32,
    /// The ciphertext with its type byte, 1,569 bytes.
    pub ciphertext: &'a [u8],
}

impl<'a> Merge<'a> for StoredPendingKyberPreKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                PENDING_KYBER_ID => self.pre_key_id = field.uint32()?,
                PENDING_KYBER_CIPHERTEXT => self.ciphertext = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredPendingKyberPreKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(PENDING_KYBER_ID, self.pre_key_id);
        out.bytes_unless_empty(PENDING_KYBER_CIPHERTEXT, self.ciphertext);
    }
}

impl fmt::Debug for StoredPendingKyberPreKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pre_key_id: _, ciphertext } = self;
        write!(f, "StoredPendingKyberPreKey({} bytes)", ciphertext.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_archived_sessions_those_that_are_long_enough_are_kept() {
        // Two identities and a base key, 33 bytes each.
        let (session, short) = (&[7; 99][..], &[7; 98][..]);
        let archived = [[short; 64], [session; 64], [short; 64]].concat();
        let stored = StoredSessionRecord { current: None, archived }.encode();
        let read = StoredSessionRecord::parse(&stored).unwrap();
        assert_eq!(read.archived, [[short; 64], [session; 64]].concat());
    }
}
