// SPDX-License-Identifier: MIT OR Apache-2.0

//! Stored sender keys.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::chain::StoredChainKey;
use super::list;
use crate::wire::protobuf::{Encode, Fields, Malformed, Merge, Sink};

const STATES: u32 = 1;

const CHAIN_ID: u32 = 1;
const CHAIN_KEY: u32 = 2;
const SIGNING_KEY: u32 = 3;
const MESSAGE_KEYS: u32 = 4;
const VERSION: u32 = 5;

const PUBLIC: u32 = 1;
const PRIVATE: u32 = 2;

/// The keys for one sender and one distribution id. A record without any state is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredSenderKeyRecord<'a> {
    /// The states, the last one distributed first.
    pub states: Vec<StoredSenderKey<'a>>,
}

impl<'a> StoredSenderKeyRecord<'a> {
    /// Reads a record. The keys are not decoded.
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

impl<'a> Merge<'a> for StoredSenderKeyRecord<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            if field.number == STATES {
                let state = StoredSenderKey::from_fields(field.message()?)?;
                let usable = state.is_usable();
                list::push(&mut self.states, state, usable);
            }
        }
        Ok(())
    }
}

impl Encode for StoredSenderKeyRecord<'_> {
    fn write(&self, out: &mut impl Sink) {
        for state in &self.states {
            out.message(STATES, state);
        }
    }
}

impl fmt::Debug for StoredSenderKeyRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states } = self;
        write!(f, "StoredSenderKeyRecord({} states)", states.len())
    }
}

/// One chain of a sender: our own, or another's.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StoredSenderKey<'a> {
    /// The id that distinguishes the sender's chains.
    pub chain_id: u32,
    /// The chain key of the next message.
    pub chain_key: Option<StoredChainKey<'a>>,
    /// The key that messages are signed with.
    pub signing_key: Option<StoredSigningKey<'a>>,
    /// The seeds of skipped messages with their iterations, oldest first.
    pub message_keys: Vec<StoredChainKey<'a>>,
    /// The message version, 3. 0 means 3.
    pub version: u32,
}

impl StoredSenderKey<'_> {
    /// Returns whether there are a chain key and a signing key.
    fn is_usable(&self) -> bool {
        let chain_key = self.chain_key.is_some_and(|key| key.is_usable());
        chain_key && self.signing_key.is_some_and(|key| !key.public.is_empty())
    }
}

impl<'a> Merge<'a> for StoredSenderKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                CHAIN_ID => self.chain_id = field.uint32()?,
                CHAIN_KEY => self.chain_key.get_or_insert_default().merge(field.message()?)?,
                SIGNING_KEY => self.signing_key.get_or_insert_default().merge(field.message()?)?,
                MESSAGE_KEYS => {
                    let key = StoredChainKey::from_fields(field.message()?)?;
                    list::push(&mut self.message_keys, key, key.is_usable());
                }
                VERSION => self.version = field.uint32()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredSenderKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.varint_unless_zero(CHAIN_ID, self.chain_id);
        if let Some(chain_key) = &self.chain_key {
            out.message(CHAIN_KEY, chain_key);
        }
        if let Some(signing_key) = &self.signing_key {
            out.message(SIGNING_KEY, signing_key);
        }
        for message_key in &self.message_keys {
            out.message(MESSAGE_KEYS, message_key);
        }
        out.varint_unless_zero(VERSION, self.version);
    }
}

impl fmt::Debug for StoredSenderKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain_id, chain_key, signing_key: _, message_keys, version } = self;
        let skipped = message_keys.len();
        write!(
            f,
            "StoredSenderKey(chain {chain_id}, {chain_key:?}, {skipped} message keys, version {version})"
        )
    }
}

/// The key pair that signs a sender's messages.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredSigningKey<'a> {
    /// The public key, 33 bytes.
    pub public: &'a [u8],
    /// The private key, 32 bytes; empty unless it is our own.
    pub private: &'a [u8],
}

impl<'a> Merge<'a> for StoredSigningKey<'a> {
    fn merge(&mut self, fields: Fields<'a>) -> Result<(), Malformed> {
        for field in fields {
            let field = field?;
            match field.number {
                PUBLIC => self.public = field.bytes()?,
                PRIVATE => self.private = field.bytes()?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Encode for StoredSigningKey<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes_unless_empty(PUBLIC, self.public);
        out.bytes_unless_empty(PRIVATE, self.private);
    }
}

impl fmt::Debug for StoredSigningKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { public: _, private: _ } = self;
        f.write_str("StoredSigningKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_with_both_keys_can_be_used() {
        let chain = StoredChainKey { index: 0, key: &[7; 32] };
        let signing = StoredSigningKey { public: &[5; 33], private: &[] };
        let without = StoredSigningKey { public: &[], private: &[] };
        for (chain_key, signing_key, usable) in [
            (Some(chain), Some(signing), true),
            (None, Some(signing), false),
            (Some(chain), None, false),
            (Some(chain), Some(without), false),
        ] {
            let state = StoredSenderKey { chain_key, signing_key, ..StoredSenderKey::default() };
            assert_eq!(state.is_usable(), usable, "{state:?}");
        }
    }
}
