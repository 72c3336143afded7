// SPDX-License-Identifier: MIT OR Apache-2.0

//! Small values.

use std::fmt;

use subrosa::keys::KeyPair as Pair;
use subrosa::{Ciphertext, IdentityKey, Message, MessageKind, Trust, os_rng, repair};
use zeroize::Zeroizing;

use crate::error::{Code, Error};

/// A device of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The account: a service id, or any text.
    pub name: String,
    /// The device's number.
    pub device: u32,
}

impl Address {
    /// An address.
    pub fn new(name: impl Into<String>, device: u32) -> Self {
        Self { name: name.into(), device }
    }

    pub(crate) fn to_subrosa(&self) -> subrosa::Address {
        subrosa::Address::new(self.name.as_str(), self.device)
    }
}

impl From<&subrosa::Address> for Address {
    fn from(address: &subrosa::Address) -> Self {
        Self { name: address.name().as_str().to_owned(), device: address.device().get() }
    }
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing(pub(crate) Ciphertext);

impl Outgoing {
    /// Its kind, which travels beside it: 2 a message of a session, 3 one that can begin a session, 7 of a group,
    /// 8 not encrypted.
    pub const fn kind(&self) -> u8 {
        self.0.kind().to_u8()
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
}

impl From<&Ciphertext> for Outgoing {
    fn from(message: &Ciphertext) -> Self {
        Self(message.clone())
    }
}

/// A Curve25519 key pair, for the service's certificates.
pub struct KeyPair {
    /// 32 bytes, secret.
    pub private: Zeroizing<Vec<u8>>,
    /// 33 bytes.
    pub public: Vec<u8>,
}

impl KeyPair {
    /// A fresh pair.
    pub fn generate() -> Self {
        let pair = Pair::generate(&mut os_rng());
        Self {
            private: Zeroizing::new(pair.private().as_bytes().to_vec()),
            public: pair.public().encode().into(),
        }
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(..)")
    }
}

/// What repair does about a message that was not decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It came before: nothing.
    Duplicate = 1,
    /// The sender is asked to send it again.
    Undecryptable = 2,
    /// The user decides about the sender's identity.
    Untrusted = 3,
}

impl From<repair::Failure> for Failure {
    fn from(failure: repair::Failure) -> Self {
        match failure {
            repair::Failure::Duplicate => Self::Duplicate,
            repair::Failure::Untrusted => Self::Untrusted,
            _ => Self::Undecryptable,
        }
    }
}

impl From<Failure> for repair::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Duplicate => Self::Duplicate,
            Failure::Undecryptable => Self::Undecryptable,
            Failure::Untrusted => Self::Untrusted,
        }
    }
}

/// Whether a message that was not decrypted is shown to the user as missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// At once.
    Now = 1,
    /// Later, unless it was sent again.
    IfNotSentAgain = 2,
    /// Not at all.
    Never = 3,
}

impl From<repair::Show> for Show {
    fn from(show: repair::Show) -> Self {
        match show {
            repair::Show::Never => Self::Never,
            repair::Show::IfNotSentAgain => Self::IfNotSentAgain,
            _ => Self::Now,
        }
    }
}

/// The identity key that is pinned for a peer, or none at a first contact.
pub(crate) struct Pinned(Option<IdentityKey>);

impl Pinned {
    pub(crate) fn new(pinned: Option<&[u8]>) -> Result<Self, Error> {
        Ok(Self(pinned.map(identity).transpose()?))
    }

    pub(crate) const fn trust(&self) -> Trust<'_> {
        Trust::on_first_use(self.0.as_ref())
    }
}

pub(crate) fn identity(bytes: &[u8]) -> Result<IdentityKey, Error> {
    exact(bytes, IdentityKey::ENCODED_LEN, "an identity key")?;
    Ok(IdentityKey::decode(bytes)?)
}

/// The crate ignores what follows a key, as deployed; a caller that passes more has made a mistake.
pub(crate) fn exact(bytes: &[u8], len: usize, what: &str) -> Result<(), Error> {
    if bytes.len() == len {
        return Ok(());
    }
    Err(Error::argument(&format!("{what} has {len} bytes, not {}", bytes.len())))
}

pub(crate) fn array<const N: usize>(bytes: &[u8], what: &str) -> Result<[u8; N], Error> {
    exact(bytes, N, what)?;
    bytes.try_into().map_err(|_| Error::argument(what))
}

pub(crate) fn kind(number: u8) -> Result<MessageKind, Error> {
    MessageKind::from_u8(number)
        .ok_or_else(|| Error::new(Code::UnknownKind, format!("unknown kind of message {number}"), None))
}

pub(crate) fn message(number: u8, bytes: &[u8]) -> Result<Message<'_>, Error> {
    Ok(Message::parse(kind(number)?, bytes)?)
}
