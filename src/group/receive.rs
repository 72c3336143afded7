// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving a group message.

use super::codec;
use super::receiver_keys::{Change, ReceiverKeys, ReceiverKeysChange};
use crate::crypto::cbc::BadPadding;
use crate::crypto::stack;
use crate::plaintext::Plaintext;
use crate::ratchet::chain::{ChainExhausted, MessageKeySeed};
use crate::ratchet::receiving::{MAX_JUMP, ReceivingError};
use crate::repair::Failure;
use crate::staged::Staged;
use crate::wire::sender_key_message::SenderKeyMessage;

/// Why a group message was refused. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupDecryptError {
    /// The caller's mistake: the message is of another distribution id than these keys, or of another format.
    #[error("group message for another distribution id")]
    OtherDistribution,
    /// The sender has not distributed this chain to us, or so long ago that it was dropped. Tell it by a
    /// [`DecryptionErrorMessage`](crate::DecryptionErrorMessage): it answers by its
    /// [distribution](super::SenderKey::distribution).
    #[error("missing sender key state")]
    NoSenderKey,
    /// The signature is wrong: the message was damaged, or is not the sender's.
    #[error("invalid signature detected")]
    Signature,
    /// The message was decrypted before, or is from before the distribution, or its key expired.
    #[error("message with old counter {chain_index} / {iteration}")]
    Duplicate {
        /// The iteration that the chain expects next.
        chain_index: u32,
        /// The message's iteration.
        iteration: u32,
    },
    /// The message would skip more than 25,000 messages. Ask for the distribution as it is now, and
    /// [catch up](ReceiverKeys::catch_up).
    #[error("message from too far into the future: {jump} skipped")]
    TooFarAhead {
        /// How many messages it would skip.
        jump: u32,
    },
    /// The message is the last one of its chain, which can't be read.
    #[error(transparent)]
    Exhausted(#[from] ChainExhausted),
    /// The message is the sender's, but its ciphertext is no padded one.
    #[error("decryption failed")]
    Padding,
}

impl From<ReceivingError> for GroupDecryptError {
    fn from(error: ReceivingError) -> Self {
        match error {
            ReceivingError::Duplicate { chain_index, counter } => {
                Self::Duplicate { chain_index, iteration: counter }
            }
            ReceivingError::TooFarAhead { jump } => Self::TooFarAhead { jump },
            ReceivingError::Exhausted(error) => Self::Exhausted(error),
        }
    }
}

impl From<&GroupDecryptError> for Failure {
    fn from(error: &GroupDecryptError) -> Self {
        match error {
            GroupDecryptError::Duplicate { .. } => Self::Duplicate,
            GroupDecryptError::OtherDistribution
            | GroupDecryptError::NoSenderKey
            | GroupDecryptError::Signature
            | GroupDecryptError::TooFarAhead { .. }
            | GroupDecryptError::Exhausted(_)
            | GroupDecryptError::Padding => Self::Undecryptable,
        }
    }
}

impl ReceiverKeys {
    /// Verifies and decrypts a message of the sender that these keys are of. Messages may come in any order:
    /// each chain keeps the keys of the last 2,000 that were skipped, and skips up to 25,000 at once, in time
    /// linear in their number. A signature is verified before. Draws nothing.
    ///
    /// Changes nothing until the stage is committed.
    ///
    /// # Errors
    /// [`GroupDecryptError`], in the order of its variants.
    pub fn decrypt(
        &mut self,
        message: &SenderKeyMessage<'_>,
    ) -> Result<Staged<'_, Self, Plaintext>, GroupDecryptError> {
        stack::wiped(stack::OPERATION, move || {
            if message.format() != self.format {
                return Err(GroupDecryptError::OtherDistribution);
            }
            let held =
                self.chains.iter_mut().enumerate().find(|(_, held)| held.chain_id == message.chain_id());
            let (at, held) = held.ok_or(GroupDecryptError::NoSenderKey)?;
            if !held.verifying_key().verify(&[message.signed()], message.signature()) {
                return Err(GroupDecryptError::Signature);
            }
            let mut seed = MessageKeySeed::to_be_filled();
            let change = held.chain.receive(message.iteration(), || MAX_JUMP, &mut seed)?;
            let plaintext =
                codec::decrypt(&seed, message.body()).map_err(|BadPadding| GroupDecryptError::Padding)?;
            Ok(Staged::new(self, ReceiverKeysChange(Change::Received { at, change }), (), plaintext))
        })
    }
}
