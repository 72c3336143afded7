// SPDX-License-Identifier: MIT OR Apache-2.0

//! Small values.

use std::sync::Arc;

use subrosa_binding as core;

/// A device of an account.
#[derive(Clone, uniffi::Record)]
pub struct Address {
    /// The account: a service id, or any text.
    pub name: String,
    /// The device's number.
    pub device: u32,
}

impl From<core::Address> for Address {
    fn from(core::Address { name, device }: core::Address) -> Self {
        Self { name, device }
    }
}

impl From<Address> for core::Address {
    fn from(Address { name, device }: Address) -> Self {
        Self { name, device }
    }
}

/// A message to send: its bytes, and its kind, which travels beside them.
#[derive(uniffi::Object)]
pub struct Message(pub(crate) core::Outgoing);

#[uniffi::export]
impl Message {
    /// 2 a message of a session, 3 one that can begin a session, 7 of a group, 8 not encrypted.
    pub fn kind(&self) -> u8 {
        self.0.kind()
    }

    /// The bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.bytes()
    }
}

/// What repair does about a message that was not decrypted.
#[derive(Clone, Copy, Debug, uniffi::Enum)]
pub enum Failure {
    /// It came before: nothing.
    Duplicate,
    /// The sender is asked to send it again.
    Undecryptable,
    /// The user decides about the sender's identity.
    Untrusted,
}

impl From<core::Failure> for Failure {
    fn from(failure: core::Failure) -> Self {
        match failure {
            core::Failure::Duplicate => Self::Duplicate,
            core::Failure::Undecryptable => Self::Undecryptable,
            core::Failure::Untrusted => Self::Untrusted,
        }
    }
}

impl From<Failure> for core::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Duplicate => Self::Duplicate,
            Failure::Undecryptable => Self::Undecryptable,
            Failure::Untrusted => Self::Untrusted,
        }
    }
}

/// Whether a message that was not decrypted is shown to the user as missing.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum Show {
    /// At once.
    Now,
    /// Later, unless it was sent again.
    IfNotSentAgain,
    /// Not at all.
    Never,
}

impl From<core::Show> for Show {
    fn from(show: core::Show) -> Self {
        match show {
            core::Show::Now => Self::Now,
            core::Show::IfNotSentAgain => Self::IfNotSentAgain,
            core::Show::Never => Self::Never,
        }
    }
}

/// A Curve25519 key pair, for the service's certificates.
#[derive(uniffi::Object)]
pub struct KeyPair(core::KeyPair);

#[uniffi::export]
impl KeyPair {
    /// A fresh pair.
    #[uniffi::constructor]
    pub fn generate() -> Arc<Self> {
        Arc::new(Self(core::KeyPair::generate()))
    }

    /// 33 bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public.clone()
    }

    /// 32 bytes, secret: a copy that is the caller's to wipe.
    pub fn private_key(&self) -> Vec<u8> {
        self.0.private.to_vec()
    }
}
