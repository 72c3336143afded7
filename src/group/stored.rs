// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender keys in libsignal's form: for moving over from it, and back. libsignal keeps our own key and those of others
//! in records of one form, under the owner's address and the distribution id; ours has a private key in it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::receiver_keys::{MAX_CHAINS, ReceiverKeys, SenderChain};
use super::sender_key::SenderKey;
use crate::address::Address;
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::lease::Lease;
use crate::libsignal::LibsignalError;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::receiving::ReceivingChain;
use crate::wire::distribution_id::Format;
use crate::wire::message::SENDER_KEY_VERSION;
use crate::wire::stored::{StoredChainKey, StoredSenderKey, StoredSenderKeyRecord, StoredSigningKey};

impl SenderKey {
    /// Reads our own sender key from the record that libsignal keeps under our own address and the distribution
    /// id.
    ///
    /// # Errors
    /// [`LibsignalError`], in the order of its variants.
    pub fn from_libsignal_record(bytes: &[u8], format: impl Into<Format>) -> Result<Self, LibsignalError> {
        let record = StoredSenderKeyRecord::parse(bytes).map_err(|_| LibsignalError::Malformed)?;
        let stored = record.states.first().ok_or(LibsignalError::Empty)?;
        let (public, chain) = sound(stored).ok_or(LibsignalError::Unsound)?;
        let private = stored.signing_key.map(|key| key.private).unwrap_or_default();
        if private.is_empty() {
            return Err(LibsignalError::NotOurs);
        }
        let private = PrivateKey::decode(private).map_err(|_| LibsignalError::Unsound)?;
        let signing = KeyPair::from_parts(private, public);
        Ok(Self {
            format: format.into(),
            chain_id: stored.chain_id,
            chain,
            signing,
            signing_point: None,
            generation: 0,
            lease: Lease::new(),
        })
    }

    /// The record that libsignal would store.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        let public = self.signing_key().encode();
        let private = self.signing.private().as_bytes();
        let state = stored(self.chain_id, &self.chain, StoredSigningKey { public: &public, private });
        StoredSenderKeyRecord { states: alloc::vec![state] }.encode()
    }
}

impl ReceiverKeys {
    /// Reads a sender's keys from the record that libsignal keeps under that sender's address and the distribution id.
    /// An unsound state is skipped, since no message could be read with it, unless all are unsound.
    ///
    /// # Errors
    /// [`LibsignalError`]: `Malformed`, `Unsound`.
    pub fn from_libsignal_record(
        bytes: &[u8],
        sender: Address,
        format: impl Into<Format>,
    ) -> Result<Self, LibsignalError> {
        let record = StoredSenderKeyRecord::parse(bytes).map_err(|_| LibsignalError::Malformed)?;
        let mut chains: Vec<Box<SenderChain>> = Vec::with_capacity(MAX_CHAINS);
        for chain in record.states.iter().filter_map(SenderChain::from_stored) {
            let known = chains.iter().any(|held| held.chain_id == chain.chain_id);
            if !known && chains.len() < MAX_CHAINS {
                chains.push(chain);
            }
        }
        if chains.is_empty() && !record.states.is_empty() {
            return Err(LibsignalError::Unsound);
        }
        Ok(Self { chains, ..Self::new(sender, format) })
    }

    /// The record that libsignal would store.
    #[must_use]
    pub fn to_libsignal_record(&self) -> Zeroizing<Vec<u8>> {
        let keys: Vec<_> = self.chains.iter().map(|held| held.signing_key().encode()).collect();
        let states = self.chains.iter().zip(&keys).map(|(held, key)| held.to_stored(key)).collect();
        StoredSenderKeyRecord { states }.encode()
    }
}

impl SenderChain {
    fn from_stored(stored: &StoredSenderKey<'_>) -> Option<Box<Self>> {
        let (signing_key, next) = sound(stored)?;
        let skipped = stored
            .message_keys
            .iter()
            .filter_map(|key| Some((key.index, key.key.try_into().ok()?)))
            .collect();
        let chain = ReceivingChain::from_stored(next, skipped, Vec::new());
        Some(Box::new(Self::new(stored.chain_id, signing_key, None, chain)))
    }

    fn to_stored<'a>(&'a self, signing_key: &'a [u8]) -> StoredSenderKey<'a> {
        let signing_key = StoredSigningKey { public: signing_key, private: &[] };
        let seed = |(index, seed): (u32, &'a [u8; 32])| StoredChainKey { index, key: seed };
        let message_keys = self.chain.skipped().iter().map(seed).collect();
        StoredSenderKey { message_keys, ..stored(self.chain_id, self.chain.next(), signing_key) }
    }
}

/// Signing key and chain key of a state, if both decode and its version is known.
fn sound(stored: &StoredSenderKey<'_>) -> Option<(PublicKey, ChainKey)> {
    if stored.version != 0 && stored.version != u32::from(SENDER_KEY_VERSION) {
        return None;
    }
    let signing_key = PublicKey::decode(stored.signing_key.as_ref()?.public).ok()?;
    let chain_key = stored.chain_key.as_ref()?;
    Some((signing_key, ChainKey::new(chain_key.key.try_into().ok()?, chain_key.index)))
}

fn stored<'a>(chain_id: u32, chain: &'a ChainKey, signing_key: StoredSigningKey<'a>) -> StoredSenderKey<'a> {
    StoredSenderKey {
        chain_id,
        chain_key: Some(StoredChainKey { index: chain.index(), key: chain.as_bytes() }),
        signing_key: Some(signing_key),
        message_keys: Vec::new(),
        version: u32::from(SENDER_KEY_VERSION),
    }
}
