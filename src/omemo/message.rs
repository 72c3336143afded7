// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages in and out: what stands in `<key>`, once base64 is undone.

use alloc::vec::Vec;

use crate::wire::omemo::{KeyExchange, ParseError, RatchetMessage, Version};

/// The kind of a message, which the XML says: `kex='true'`, or legacy `prekey='true'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A message with a key exchange around it.
    KeyExchange,
    /// A message of a session.
    Plain,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Form<'a> {
    KeyExchange(KeyExchange<'a>),
    Plain(RatchetMessage<'a>),
}

/// A received message. Nothing is verified.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub(super) version: Version,
    pub(super) form: Form<'a>,
}

impl<'a> Message<'a> {
    /// Reads a message of the kind that the XML says. A message of the other kind is refused.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(version: Version, kind: Kind, bytes: &'a [u8]) -> Result<Self, ParseError> {
        let form = match kind {
            Kind::KeyExchange => Form::KeyExchange(KeyExchange::parse(version, bytes)?),
            Kind::Plain => Form::Plain(RatchetMessage::parse(version, bytes)?),
        };
        Ok(Self { version, form })
    }

    const fn inner(&self) -> &RatchetMessage<'a> {
        match &self.form {
            Form::KeyExchange(exchange) => &exchange.message,
            Form::Plain(message) => message,
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.form {
            Form::KeyExchange(_) => Kind::KeyExchange,
            Form::Plain(_) => Kind::Plain,
        }
    }

    /// The counter in its chain, from 0, as the message says.
    #[must_use]
    pub const fn counter(&self) -> u32 {
        self.inner().header.counter
    }

    /// The length of the sender's previous chain, as the message says.
    #[must_use]
    pub const fn previous_counter(&self) -> u32 {
        self.inner().header.previous
    }

    /// The ratchet key, 32 bytes, as the message says.
    #[must_use]
    pub const fn ratchet_key(&self) -> &[u8; 32] {
        self.inner().header.ratchet_key.as_bytes()
    }

    /// The numbers of the one-time prekey (0: none) and the signed prekey that a key exchange names.
    #[must_use]
    pub const fn pre_key_ids(&self) -> Option<(u32, u32)> {
        match &self.form {
            Form::KeyExchange(KeyExchange { exchange, .. }) => {
                Some((exchange.pre_key_id, exchange.signed_pre_key_id))
            }
            Form::Plain(_) => None,
        }
    }
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub(super) kind: Kind,
    pub(super) bytes: Vec<u8>,
    pub(super) counter: u32,
    pub(super) previous: u32,
}

impl Outgoing {
    /// The kind, for the XML.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The bytes, for base64.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The counter in its chain, from 0.
    #[must_use]
    pub const fn counter(&self) -> u32 {
        self.counter
    }

    /// The length of our previous chain.
    #[must_use]
    pub const fn previous_counter(&self) -> u32 {
        self.previous
    }
}
