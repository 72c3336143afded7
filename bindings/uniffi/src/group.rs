// SPDX-License-Identifier: MIT OR Apache-2.0

//! Groups.

use std::sync::Arc;

use subrosa_binding as core;

use crate::error::SubrosaError;
use crate::plain::Address;
use crate::sealed::SealedContent;
use crate::stage::{StagedChange, StagedMessage, StagedText};

/// A fresh distribution id, as a UUID in text.
#[uniffi::export]
pub fn generate_distribution_id() -> String {
    core::generate_distribution_id()
}

/// The distribution id in a distribution.
#[uniffi::export]
pub fn distribution_id_of(distribution: Vec<u8>) -> Result<Option<String>, SubrosaError> {
    Ok(core::distribution_id_of(&distribution)?)
}

/// Our own sender key, for sending to a group.
#[derive(uniffi::Object)]
pub struct SenderKey(pub(crate) core::SenderKey);

#[uniffi::export]
impl SenderKey {
    /// A fresh key for a distribution id. It is stored with its first message.
    #[uniffi::constructor]
    pub fn generate(distribution_id: Option<String>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::SenderKey::generate(distribution_id.as_deref())?)))
    }

    /// Reads a stored record.
    #[uniffi::constructor]
    pub fn from_record(record: Vec<u8>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::SenderKey::from_record(&record)?)))
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
    pub fn chain_id(&self) -> u32 {
        self.0.chain_id()
    }

    /// Encrypts a text for the group.
    pub fn encrypt(&self, text: Vec<u8>) -> Result<Arc<StagedMessage>, SubrosaError> {
        Ok(Arc::new(StagedMessage(self.0.encrypt(&text)?)))
    }

    /// Replaces the key: whenever a member leaves.
    pub fn rotate(&self) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.rotate()?)))
    }
}

/// The sender keys of another device.
#[derive(uniffi::Object)]
pub struct ReceiverKeys(pub(crate) core::ReceiverKeys);

#[uniffi::export]
impl ReceiverKeys {
    /// No keys yet, of this device in this distribution.
    #[uniffi::constructor]
    pub fn new(sender: Address, distribution_id: Option<String>) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::ReceiverKeys::new(&sender.into(), distribution_id.as_deref())?)))
    }

    /// Reads a stored record, of the same device.
    #[uniffi::constructor]
    pub fn from_record(record: Vec<u8>, sender: Address) -> Result<Arc<Self>, SubrosaError> {
        Ok(Arc::new(Self(core::ReceiverKeys::from_record(&record, &sender.into())?)))
    }

    /// The record as it is, which holds secrets.
    pub fn record(&self) -> Vec<u8> {
        self.0.record().to_vec()
    }

    /// Takes in a distribution that came in a message of a session with that very device. `identity_key` is the one that
    /// the session is with: `session.remote_identity()`.
    pub fn process(
        &self,
        distribution: Vec<u8>,
        identity_key: Vec<u8>,
    ) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.process(&distribution, &identity_key)?)))
    }

    /// Takes in a distribution as `process` does, and moves a chain that is known on to where its sender is now: the way
    /// out when messages are `TooFarAhead`. The messages before are given up.
    pub fn fast_forward(
        &self,
        distribution: Vec<u8>,
        identity_key: Vec<u8>,
    ) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.fast_forward(&distribution, &identity_key)?)))
    }

    /// Moves the keys to another address of the sender. `to` is what is stored under the new address, or empty keys of
    /// it: after the commit it has them all, and this object has none.
    pub fn move_to(&self, to: &ReceiverKeys) -> Result<Arc<StagedChange>, SubrosaError> {
        Ok(Arc::new(StagedChange(self.0.move_to(&to.0)?)))
    }

    /// The device whose keys these are.
    pub fn sender(&self) -> Address {
        self.0.sender().into()
    }

    /// Decrypts a message of the group.
    #[uniffi::method(default(pinned = None))]
    pub fn decrypt(&self, bytes: Vec<u8>, pinned: Option<Vec<u8>>) -> Result<Arc<StagedText>, SubrosaError> {
        Ok(Arc::new(StagedText(self.0.decrypt(&bytes, pinned.as_deref())?)))
    }

    /// Decrypts the message in an envelope; its certified sender is checked.
    #[uniffi::method(default(pinned = None))]
    pub fn decrypt_sealed(
        &self,
        content: &SealedContent,
        pinned: Option<Vec<u8>>,
    ) -> Result<Arc<StagedText>, SubrosaError> {
        Ok(Arc::new(StagedText(self.0.decrypt_sealed(&content.0, pinned.as_deref())?)))
    }
}
