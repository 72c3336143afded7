// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Double Ratchet in the sessions that libsignal stores.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{DoubleRatchet, MAX_RECEIVING_CHAINS, Receiving, SendingChain};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::secret::Secret;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::message_keys::MessageKeys;
use crate::ratchet::receiving::ReceivingChain;
use crate::ratchet::root::RootKey;
use crate::wire::stored::{StoredChain, StoredChainKey, StoredMessageKey, StoredSession};

/// The public keys of a Double Ratchet, encoded, for a [`StoredSession`] to borrow.
pub(crate) struct StoredKeys {
    sending: [u8; PublicKey::ENCODED_LEN],
    receiving: Vec<[u8; PublicKey::ENCODED_LEN]>,
}

impl StoredKeys {
    pub(crate) fn of(ratchet: &DoubleRatchet) -> Self {
        Self {
            sending: ratchet.ratchet_key().encode(),
            receiving: ratchet.receiving.iter().map(|chain| chain.ratchet_key.encode()).collect(),
        }
    }
}

impl DoubleRatchet {
    /// Reads the Double Ratchet of a stored session. As in libsignal, a receiving chain that does not decode is
    /// skipped: no message can belong to it. None if there is no sound root key or sending chain.
    pub(crate) fn from_stored(session: &StoredSession<'_>) -> Option<Self> {
        let root = RootKey::new(session.root_key.try_into().ok()?);
        let sending = session.sender_chain.as_ref()?;
        let private = PrivateKey::decode(sending.ratchet_private_key).ok()?;
        let pair = KeyPair::from_parts(private, PublicKey::decode(sending.ratchet_key).ok()?);
        let sending = SendingChain { pair, chain: chain_key(sending)? };
        let surplus = session.receiver_chains.len().saturating_sub(MAX_RECEIVING_CHAINS);
        let receiving = session.receiver_chains.iter().skip(surplus).filter_map(receiving_chain).collect();
        Some(Self { root, sending, receiving, previous_counter: session.previous_counter })
    }

    /// Fills in the Double Ratchet's part of a stored session. `keys` are this ratchet's.
    pub(crate) fn store<'a>(&'a self, keys: &'a StoredKeys, session: &mut StoredSession<'a>) {
        session.root_key = self.root.as_bytes();
        session.previous_counter = self.previous_counter;
        session.sender_chain = Some(StoredChain {
            ratchet_key: &keys.sending,
            ratchet_private_key: self.sending.pair.private().as_bytes(),
            chain_key: Some(stored_chain_key(&self.sending.chain)),
            message_keys: Vec::new(),
        });
        session.receiver_chains =
            self.receiving.iter().zip(&keys.receiving).map(|(chain, key)| stored(chain, key)).collect();
    }
}

fn chain_key(stored: &StoredChain<'_>) -> Option<ChainKey> {
    let chain_key = stored.chain_key.as_ref()?;
    Some(ChainKey::new(chain_key.key.try_into().ok()?, chain_key.index))
}

fn receiving_chain(stored: &StoredChain<'_>) -> Option<Box<Receiving>> {
    let skipped =
        stored.message_keys.iter().filter_map(|key| Some((key.index, key.seed.try_into().ok()?))).collect();
    let ready = stored.message_keys.iter().filter_map(ready_keys).collect();
    Some(Box::new(Receiving {
        ratchet_key: PublicKey::decode(stored.ratchet_key).ok()?,
        chain: ReceivingChain::from_stored(chain_key(stored)?, skipped, ready),
    }))
}

/// The keys of a message without a seed, as old releases wrote them, if there are all three.
fn ready_keys(stored: &StoredMessageKey<'_>) -> Option<Box<(u32, MessageKeys)>> {
    if !stored.seed.is_empty() {
        return None;
    }
    let keys = MessageKeys {
        cipher_key: Secret::new(stored.cipher_key.try_into().ok()?),
        mac_key: Secret::new(stored.mac_key.try_into().ok()?),
        iv: Secret::new(stored.iv.try_into().ok()?),
    };
    Some(Box::new((stored.index, keys)))
}

const fn stored_chain_key(chain: &ChainKey) -> StoredChainKey<'_> {
    StoredChainKey { index: chain.index(), key: chain.as_bytes() }
}

fn stored<'a>(receiving: &'a Receiving, key: &'a [u8; PublicKey::ENCODED_LEN]) -> StoredChain<'a> {
    let chain = &receiving.chain;
    let message_key =
        |(index, seed): (u32, &'a [u8; 32])| StoredMessageKey { index, seed, ..StoredMessageKey::default() };
    let ready = chain.all_ready_keys().rev().map(|(index, keys)| StoredMessageKey {
        index: *index,
        cipher_key: keys.cipher_key.as_bytes(),
        mac_key: keys.mac_key.as_bytes(),
        iv: keys.iv.as_bytes(),
        seed: &[],
    });
    StoredChain {
        ratchet_key: key,
        ratchet_private_key: &[],
        chain_key: Some(stored_chain_key(chain.next())),
        message_keys: chain.skipped().iter().rev().map(message_key).chain(ready).collect(),
    }
}
