// SPDX-License-Identifier: MIT OR Apache-2.0

//! The plaintexts of messages. Their format is the messenger's own.

use zeroize::Zeroizing;

/// A plaintext.
#[derive(Debug, PartialEq, Eq)]
pub enum Letter {
    /// Something to read.
    Text(String),
    /// The sender's key for a group: a distribution message, which is secret.
    SenderKey(Zeroizing<Vec<u8>>),
}

impl Letter {
    /// The plaintext. A messenger would pad it, so that its length tells less.
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let (tag, content) = match self {
            Self::Text(text) => (0, text.as_bytes()),
            Self::SenderKey(distribution) => (1, distribution.as_slice()),
        };
        Zeroizing::new([&[tag], content].concat())
    }

    /// None if it is no letter.
    pub fn parse(plaintext: &[u8]) -> Option<Self> {
        match plaintext.split_first()? {
            (0, text) => Some(Self::Text(String::from_utf8(text.to_vec()).ok()?)),
            (1, distribution) => Some(Self::SenderKey(Zeroizing::new(distribution.to_vec()))),
            _ => None,
        }
    }
}
