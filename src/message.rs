// SPDX-License-Identifier: MIT OR Apache-2.0

//! L3: received messages of any kind, sealed or not.

use core::fmt;

use crate::address::Address;
use crate::crypto::curve::PublicKey;
use crate::identity::IdentityKey;
use crate::wire::ciphertext::Ciphertext;
use crate::wire::distribution_id::Format;
use crate::wire::message::{MessageKind, ParseError};
use crate::wire::prekey_message::PreKeySignalMessage;
use crate::wire::sender_key_message::SenderKeyMessage;
use crate::wire::signal_message::SignalMessage;

/// A received message of a session, first or later, sealed or not. It borrows the received bytes; nothing in it is
/// verified before [`Account::receive`](crate::Account::receive) decrypts it.
///
/// Without an envelope it comes from [`Message::parse`]. Out of an envelope it comes from
/// [`Content::body`](crate::sealed::Content::body) and carries its certified sender, which is then compared with the
/// session.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    parsed: Parsed<'a>,
    sender: Option<Certified<'a>>,
}

/// The two kinds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parsed<'a> {
    /// A later message.
    Whisper(SignalMessage<'a>),
    /// One that may begin a session.
    PreKey(PreKeySignalMessage<'a>),
}

/// The sender of a message, as a verified certificate names it.
#[derive(Clone, Copy)]
pub(crate) struct Certified<'a> {
    pub(crate) address: &'a Address,
    pub(crate) identity: &'a IdentityKey,
}

impl<'a> Message<'a> {
    /// Reads a message of the kind that the transport's envelope names.
    ///
    /// # Errors
    /// [`ParseError`]; `OtherKind` for a group message or a plaintext content.
    pub fn parse(kind: MessageKind, bytes: &'a [u8]) -> Result<Self, ParseError> {
        let parsed = match kind {
            MessageKind::Whisper => Parsed::Whisper(SignalMessage::parse(bytes)?),
            MessageKind::PreKey => Parsed::PreKey(PreKeySignalMessage::parse(bytes)?),
            MessageKind::SenderKey | MessageKind::Plaintext => return Err(ParseError::OtherKind(kind)),
        };
        Ok(Self { parsed, sender: None })
    }

    /// The same message with the sender of its envelope.
    pub(crate) const fn sent_by(self, sender: Certified<'a>) -> Self {
        Self { sender: Some(sender), ..self }
    }

    /// The kind: `Whisper` or `PreKey`.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        match self.parsed {
            Parsed::Whisper(_) => MessageKind::Whisper,
            Parsed::PreKey(_) => MessageKind::PreKey,
        }
    }

    /// The version: 3 or 4.
    #[must_use]
    pub const fn version(&self) -> u8 {
        match &self.parsed {
            Parsed::Whisper(message) => message.version(),
            Parsed::PreKey(message) => message.version(),
        }
    }

    /// The message as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        match &self.parsed {
            Parsed::Whisper(message) => message.as_bytes(),
            Parsed::PreKey(message) => message.as_bytes(),
        }
    }

    pub(crate) const fn parsed(&self) -> &Parsed<'a> {
        &self.parsed
    }

    pub(crate) const fn sender(&self) -> Option<Certified<'a>> {
        self.sender
    }
}

impl<'a> TryFrom<&'a Ciphertext> for Message<'a> {
    type Error = ParseError;

    /// The message that the peer receives.
    fn try_from(sent: &'a Ciphertext) -> Result<Self, ParseError> {
        Self::parse(sent.kind(), sent.as_bytes())
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parsed, sender } = self;
        let sealed = if sender.is_some() { ", sealed" } else { "" };
        write!(f, "Message({parsed:?}{sealed})")
    }
}

/// A received group message, sealed or not. It borrows the received bytes; nothing in it is verified before
/// [`ReceiverKeys::decrypt`](crate::group::ReceiverKeys::decrypt) decrypts it.
///
/// Out of an envelope it comes from [`Content::body`](crate::sealed::Content::body) and carries its certified sender,
/// which is then compared with the keys' owner.
#[derive(Clone, Copy)]
pub struct GroupMessage<'a> {
    message: SenderKeyMessage<'a>,
    sender: Option<Certified<'a>>,
}

impl<'a> GroupMessage<'a> {
    /// Reads a message of either format.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        // Bytes of one format never parse as the other.
        let message = SenderKeyMessage::parse(bytes)
            .or_else(|error| SenderKeyMessage::parse_without_id(bytes).map_err(|_| error))?;
        Ok(Self { message, sender: None })
    }

    /// The same message with the sender of its envelope.
    pub(crate) const fn sent_by(self, sender: Certified<'a>) -> Self {
        Self { sender: Some(sender), ..self }
    }

    /// The format, with the distribution id if the message names one: the sender's keys are stored under that and the
    /// sender's address.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.message.format()
    }

    /// The id of the sender's chain that the message belongs to.
    #[must_use]
    pub const fn chain_id(&self) -> u32 {
        self.message.chain_id()
    }

    /// The index of the message in its chain. The first is 0.
    #[must_use]
    pub const fn iteration(&self) -> u32 {
        self.message.iteration()
    }

    /// Returns whether the message is signed with this key.
    #[must_use]
    pub fn verify(&self, signing_key: &PublicKey) -> bool {
        self.message.verify(signing_key)
    }

    /// The message as received.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.message.as_bytes()
    }

    pub(crate) const fn message(&self) -> &SenderKeyMessage<'a> {
        &self.message
    }

    pub(crate) const fn sender(&self) -> Option<Certified<'a>> {
        self.sender
    }
}

impl fmt::Debug for GroupMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, sender } = self;
        let sealed = if sender.is_some() { ", sealed" } else { "" };
        write!(f, "GroupMessage({message:?}{sealed})")
    }
}
