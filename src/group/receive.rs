// SPDX-License-Identifier: MIT OR Apache-2.0

//! Receiving a group message.

use super::receiver_keys::{Change, ReceiverKeys};
use super::{Error, codec};
use crate::crypto::cbc::BadPadding;
use crate::crypto::stack;
use crate::identity::Trust;
use crate::message::GroupMessage;
use crate::plaintext::Plaintext;
use crate::ratchet::chain::MessageKeySeed;
use crate::ratchet::receiving::MAX_JUMP;
use crate::staged::Staged;

impl ReceiverKeys {
    /// Verifies and decrypts a message of the sender that these keys are of. `trust` decides about the identity that
    /// distributed the key. Where the message came in an envelope, the certified sender is compared with the keys'
    /// owner, and `trust` decides about its identity, too. Messages may come in any order: each
    /// chain keeps the keys of the last 2,000 that were skipped, and skips up to 25,000 at once, in time linear in
    /// their number. The signature is verified before that. Draws nothing.
    ///
    /// Changes nothing until the stage is committed.
    ///
    /// # Errors
    /// [`Error`], in the order of its variants.
    pub fn decrypt(
        &mut self,
        message: &GroupMessage<'_>,
        trust: Trust<'_>,
    ) -> Result<Staged<'_, Plaintext>, Error> {
        stack::wiped(stack::OPERATION, move || {
            self.lease.free()?;
            if message.format() != self.format {
                return Err(Error::OtherDistribution);
            }
            if let Some(sender) = message.sender() {
                if *sender.address != self.sender {
                    return Err(Error::OtherSender);
                }
                if !trust.accepts(sender.identity) {
                    return Err(Error::UntrustedIdentity);
                }
            }
            let certified = message.sender().map(|sender| sender.identity);
            let message = message.message();
            let held =
                self.chains.iter_mut().enumerate().find(|(_, held)| held.chain_id == message.chain_id());
            let (at, held) = held.ok_or(Error::NoSenderKey)?;
            if !held.is_trusted(certified, trust) {
                return Err(Error::UntrustedIdentity);
            }
            if !held.verifying_key().verify(&[message.signed()], message.signature()) {
                return Err(Error::Signature);
            }
            let mut seed = MessageKeySeed::to_be_filled();
            let change = held.chain.receive(message.iteration(), MAX_JUMP, &mut seed)?;
            let plaintext = codec::decrypt(&seed, message.body()).map_err(|BadPadding| Error::Padding)?;
            let plaintext = plaintext.sent_by(held.identity().or(certified));
            Ok(Staged::of(self, Change::Received { at, change }, plaintext))
        })
    }
}
