// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups.

use subrosa_binding as core;
use wasm_bindgen::prelude::*;

use crate::error::{Fallible, thrown};
use crate::plain::Address;
use crate::sealed::SealedContent;
use crate::stage::{StagedChange, StagedMessage, StagedText};

/// A fresh distribution id, as a UUID in text.
#[wasm_bindgen(js_name = generateDistributionId)]
pub fn generate_distribution_id() -> String {
    core::generate_distribution_id()
}

/// The distribution id in a distribution.
#[wasm_bindgen(js_name = distributionIdOf)]
pub fn distribution_id_of(distribution: &[u8]) -> Fallible<Option<String>> {
    core::distribution_id_of(distribution).map_err(thrown)
}

/// Our own sender key, for sending to a group.
#[wasm_bindgen]
pub struct SenderKey(pub(crate) core::SenderKey);

#[wasm_bindgen]
impl SenderKey {
    /// A fresh key for a distribution id. It is stored with its first message.
    pub fn generate(distribution_id: Option<String>) -> Fallible<Self> {
        Ok(Self(core::SenderKey::generate(distribution_id.as_deref()).map_err(thrown)?))
    }

    /// Reads a stored record.
    #[wasm_bindgen(js_name = fromRecord)]
    pub fn from_record(record: &[u8]) -> Fallible<Self> {
        Ok(Self(core::SenderKey::from_record(record).map_err(thrown)?))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// What members need, to be sent to each inside a message of a session. Secret.
    pub fn distribution(&self) -> Vec<u8> {
        self.0.distribution().to_vec()
    }

    /// The number of the present chain, by which to remember who has its distribution.
    #[wasm_bindgen(getter, js_name = chainId)]
    pub fn chain_id(&self) -> u32 {
        self.0.chain_id()
    }

    /// Encrypts a text for the group.
    pub fn encrypt(&self, text: &[u8]) -> Fallible<StagedMessage> {
        self.0.encrypt(text).map(StagedMessage).map_err(thrown)
    }

    /// Replaces the key: whenever a member leaves.
    pub fn rotate(&self) -> Fallible<StagedChange> {
        self.0.rotate().map(StagedChange).map_err(thrown)
    }
}

/// The sender keys of another device.
#[wasm_bindgen]
pub struct ReceiverKeys(pub(crate) core::ReceiverKeys);

#[wasm_bindgen]
impl ReceiverKeys {
    /// No keys yet, of this device in this distribution.
    #[wasm_bindgen(constructor)]
    pub fn new(sender: &Address, distribution_id: Option<String>) -> Fallible<Self> {
        Ok(Self(core::ReceiverKeys::new(&sender.0, distribution_id.as_deref()).map_err(thrown)?))
    }

    /// Reads a stored record, of the same device.
    #[wasm_bindgen(js_name = fromRecord)]
    pub fn from_record(record: &[u8], sender: &Address) -> Fallible<Self> {
        Ok(Self(core::ReceiverKeys::from_record(record, &sender.0).map_err(thrown)?))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// The device whose keys these are.
    #[wasm_bindgen(getter)]
    pub fn sender(&self) -> Address {
        Address(self.0.sender())
    }

    /// Takes in a distribution that came in a message of a session with that very device. `identityKey` is the one that
    /// the session is with: `session.remoteIdentity`.
    pub fn process(&self, distribution: &[u8], identity_key: &[u8]) -> Fallible<StagedChange> {
        self.0.process(distribution, identity_key).map(StagedChange).map_err(thrown)
    }

    /// Takes in a distribution as `process` does, and moves a chain that is known on to where its sender is now: the way
    /// out when messages are `TooFarAhead`. The messages before are given up.
    #[wasm_bindgen(js_name = fastForward)]
    pub fn fast_forward(&self, distribution: &[u8], identity_key: &[u8]) -> Fallible<StagedChange> {
        self.0.fast_forward(distribution, identity_key).map(StagedChange).map_err(thrown)
    }

    /// Moves the keys to another address of the sender. `to` is what is stored under the new address, or empty keys of
    /// it: after the commit it has them all, and this object has none.
    #[wasm_bindgen(js_name = moveTo)]
    pub fn move_to(&self, to: &ReceiverKeys) -> Fallible<StagedChange> {
        self.0.move_to(&to.0).map(StagedChange).map_err(thrown)
    }

    /// Decrypts a message of the group.
    pub fn decrypt(&self, bytes: &[u8], pinned: Option<Vec<u8>>) -> Fallible<StagedText> {
        self.0.decrypt(bytes, pinned.as_deref()).map(StagedText).map_err(thrown)
    }

    /// Decrypts the message in an envelope; its certified sender is checked.
    #[wasm_bindgen(js_name = decryptSealed)]
    pub fn decrypt_sealed(&self, content: &SealedContent, pinned: Option<Vec<u8>>) -> Fallible<StagedText> {
        self.0.decrypt_sealed(&content.0, pinned.as_deref()).map(StagedText).map_err(thrown)
    }
}
