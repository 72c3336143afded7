// SPDX-License-Identifier: MIT OR Apache-2.0

//! The message inside of a verified content.

use super::content::Content;
use crate::message::{Certified, GroupMessage, Message};
use crate::wire::message::{MessageKind, ParseError};
use crate::wire::plaintext_content::PlaintextContent;

/// The message inside of a verified content, by kind. It carries its sender.
#[derive(Debug)]
#[non_exhaustive]
pub enum Body<'c> {
    /// A message of a session: for [`Account::receive`](crate::Account::receive), with the session of the
    /// [sender](Content::sender).
    Session(Message<'c>),
    /// A group message: for [`ReceiverKeys::decrypt`](crate::group::ReceiverKeys::decrypt), with the keys of the
    /// sender.
    Group(GroupMessage<'c>),
    /// An unencrypted message: a request to send again. Only the envelope protects it; do not show it to a user.
    Plaintext(PlaintextContent<'c>),
}

impl Content {
    /// The message inside.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn body(&self) -> Result<Body<'_>, ParseError> {
        let details = self.sender().details();
        let sender = Certified { address: &details.address, identity: &details.identity_key };
        Ok(match self.kind() {
            kind @ (MessageKind::Whisper | MessageKind::PreKey) => {
                Body::Session(Message::parse(kind, self.bytes())?.sent_by(sender))
            }
            MessageKind::SenderKey => Body::Group(GroupMessage::parse(self.bytes())?.sent_by(sender)),
            MessageKind::Plaintext => Body::Plaintext(PlaintextContent::parse(self.bytes())?),
        })
    }
}
