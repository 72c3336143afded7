// SPDX-License-Identifier: MIT OR Apache-2.0

//! A message to be sent, of any kind.

use alloc::vec::Vec;

use super::message::MessageKind;

/// A message to be sent. Its kind travels outside the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    kind: MessageKind,
    bytes: Vec<u8>,
}

impl Ciphertext {
    pub(crate) const fn new(kind: MessageKind, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }

    /// From a session: `PreKey` until the peer has answered for the first time, `Whisper` after that. From a
    /// group's sender key: `SenderKey`. From a [`PlaintextContent`](crate::repair::PlaintextContent): `Plaintext`.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The bytes to be sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes to be sent.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
