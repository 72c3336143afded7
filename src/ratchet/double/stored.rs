// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Double Ratchet in the sessions that libsignal stores.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{DoubleRatchet, MAX_RECEIVING_CHAINS, Receiving, SendingChain};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::ratchet::chain::ChainKey;
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
    /// skipped: no message can belong to it. So are message keys without a seed, which old releases wrote. None if
    /// there is no sound root key or sending chain.
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
    Some(Box::new(Receiving {
        ratchet_key: PublicKey::decode(stored.ratchet_key).ok()?,
        chain: ReceivingChain::from_stored(chain_key(stored)?, skipped),
    }))
}

const fn stored_chain_key(chain: &ChainKey) -> StoredChainKey<'_> {
    StoredChainKey { index: chain.index(), key: chain.as_bytes() }
}

fn stored<'a>(receiving: &'a Receiving, key: &'a [u8; PublicKey::ENCODED_LEN]) -> StoredChain<'a> {
    let message_key =
        |(index, seed): (u32, &'a [u8; 32])| StoredMessageKey { index, seed, ..StoredMessageKey::default() };
    StoredChain {
        ratchet_key: key,
        ratchet_private_key: &[],
        chain_key: Some(stored_chain_key(receiving.chain.next())),
        message_keys: receiving.chain.skipped().iter().rev().map(message_key).collect(),
    }
}
