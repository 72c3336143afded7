// SPDX-License-Identifier: MIT OR Apache-2.0

//! The chains of a stored session.

use alloc::vec::Vec;
use core::fmt;

use super::list;
use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

const RATCHET_KEY: u32 = 1;
const RATCHET_PRIVATE_KEY: u32 = 2;
const CHAIN_KEY: u32 = 3;
const MESSAGE_KEYS: u32 = 4;

const INDEX: u32 = 1;
const KEY: u32 = 2;
const CIPHER_KEY: u32 = 2;
const MAC_KEY: u32 = 3;
const IV: u32 = 4;
const SEED: u32 = 5;

/// Length of a secret key or seed in bytes.
pub(super) const KEY_LEN: usize = 32;

/// A sending or receiving chain.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredChain<'a> {
    /// The ratchet public key, 33 bytes: ours of a sending chain, theirs of a receiving one.
    pub ratchet_key: &'a [u8],
    /// Our ratchet private key, 32 bytes; empty in a receiving chain.
    pub ratchet_private_key: &'a [u8],
    /// The chain key of the next message.
    pub chain_key: Option<StoredChainKey<'a>>,
    /// The skipped message keys of a receiving chain, newest first.
    pub message_keys: Vec<StoredMessageKey<'a>>,
}

impl<'a> Merge<'a> for StoredChain<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                RATCHET_KEY => self.ratchet_key = field.bytes()?,
                RATCHET_PRIVATE_KEY => self.ratchet_private_key = field.bytes()?,
                CHAIN_KEY => self.chain_key.get_or_insert_default().merge(field.message()?)?,
                MESSAGE_KEYS => {
                    let key = StoredMessageKey::from_fields(field.message()?)?;
                    list::push(&mut self.message_keys, key, key.is_usable());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredChain<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes_unless_empty(RATCHET_KEY, self.ratchet_key);
        out.bytes_unless_empty(RATCHET_PRIVATE_KEY, self.ratchet_private_key);
        if let Some(chain_key) = &self.chain_key {
            out.message(CHAIN_KEY, chain_key);
        }
        for message_key in &self.message_keys {
            out.message(MESSAGE_KEYS, message_key);
        }
    }
}

impl fmt::Debug for StoredChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ratchet_key: _, ratchet_private_key: _, chain_key, message_keys } = self;
        write!(f, "StoredChain({chain_key:?}, {} message keys)", message_keys.len())
    }
}

/// A chain key and the index of the message that it is for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredChainKey<'a> {
    /// The index.
    pub index: u32,
    /// The key, 32 bytes.
    pub key: &'a [u8],
}

impl StoredChainKey<'_> {
    /// Returns whether there is a key.
    pub(super) const fn is_usable(&self) -> bool {
        self.key.len() >= KEY_LEN
    }
}

impl<'a> Merge<'a> for StoredChainKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                INDEX => self.index = field.uint32()?,
                KEY => self.key = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredChainKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(INDEX, self.index);
        out.bytes_unless_empty(KEY, self.key);
    }
}

impl fmt::Debug for StoredChainKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, key: _ } = self;
        write!(f, "StoredChainKey({index}, ..)")
    }
}

/// A skipped message key: today its seed, in old sessions the three keys themselves.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredMessageKey<'a> {
    /// The counter of the message.
    pub index: u32,
    /// The AES key, 32 bytes, if there is no seed.
    pub cipher_key: &'a [u8],
    /// The MAC key, 32 bytes, if there is no seed.
    pub mac_key: &'a [u8],
    /// The initialisation vector, 16 bytes, if there is no seed.
    pub iv: &'a [u8],
    /// The seed that the keys are derived from, 32 bytes.
    pub seed: &'a [u8],
}

impl StoredMessageKey<'_> {
    /// Returns whether there is a seed, or keys.
    const fn is_usable(&self) -> bool {
        self.seed.len() >= KEY_LEN || self.cipher_key.len() >= KEY_LEN
    }
}

impl<'a> Merge<'a> for StoredMessageKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                INDEX => self.index = field.uint32()?,
                CIPHER_KEY => self.cipher_key = field.bytes()?,
                MAC_KEY => self.mac_key = field.bytes()?,
                IV => self.iv = field.bytes()?,
                SEED => self.seed = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredMessageKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(INDEX, self.index);
        out.bytes_unless_empty(CIPHER_KEY, self.cipher_key);
        out.bytes_unless_empty(MAC_KEY, self.mac_key);
        out.bytes_unless_empty(IV, self.iv);
        out.bytes_unless_empty(SEED, self.seed);
    }
}

impl fmt::Debug for StoredMessageKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, cipher_key: _, mac_key: _, iv: _, seed: _ } = self;
        write!(f, "StoredMessageKey({index}, ..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_key_can_be_used() {
        let (key, short) = ([7; KEY_LEN], [7; KEY_LEN - 1]);
        assert!(StoredChainKey { index: 0, key: &key }.is_usable());
        assert!(!StoredChainKey { index: 0, key: &short }.is_usable());
        for (seed, cipher_key, usable) in
            [(&key[..], &[][..], true), (&[], &key, true), (&short, &short, false), (&short, &key, true)]
        {
            let stored = StoredMessageKey { cipher_key, seed, ..StoredMessageKey::default() };
            assert_eq!(stored.is_usable(), usable, "{} {}", seed.len(), cipher_key.len());
        }
    }
}
