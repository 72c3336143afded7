// SPDX-License-Identifier: MIT OR Apache-2.0

//! `UnidentifiedSenderMessage`: a sealed-sender envelope of version 1.
//!
//! ```text
//! 11 || protobuf { ephemeral public key, encrypted static key, encrypted message }
//! ```

use alloc::vec::Vec;

use super::protobuf::{Encode, Fields, Malformed, Sink};

/// The first byte of an envelope of version 1, as it is written.
const FIRST_BYTE: u8 = 0x11;

const EPHEMERAL_PUBLIC: u32 = 1;
const ENCRYPTED_STATIC: u32 = 2;
const ENCRYPTED_MESSAGE: u32 = 3;

/// The parts of an envelope of version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedMessageParts<'a> {
    /// The ephemeral public key, encoded; 33 bytes if it is one.
    pub ephemeral_public: &'a [u8],
    /// The sender's identity key, encrypted; 43 bytes.
    pub encrypted_static: &'a [u8],
    /// The content, encrypted; 10 bytes longer than in clear.
    pub encrypted_message: &'a [u8],
}

impl<'a> SealedMessageParts<'a> {
    /// Reads what follows the first byte.
    ///
    /// # Errors
    /// [`Malformed`], also if a part is missing.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        let (mut ephemeral, mut encrypted_static, mut message) = (None, None, None);
        for field in Fields::new(body) {
            let field = field?;
            match field.number {
                EPHEMERAL_PUBLIC => ephemeral = Some(field.bytes()?),
                ENCRYPTED_STATIC => encrypted_static = Some(field.bytes()?),
                ENCRYPTED_MESSAGE => message = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(Self {
            ephemeral_public: ephemeral.ok_or(Malformed)?,
            encrypted_static: encrypted_static.ok_or(Malformed)?,
            encrypted_message: message.ok_or(Malformed)?,
        })
    }

    /// The whole envelope, first byte included.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.encoded_len());
        out.push(FIRST_BYTE);
        self.write(&mut out);
        out
    }
}

impl Encode for SealedMessageParts<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.bytes(EPHEMERAL_PUBLIC, self.ephemeral_public);
        out.bytes(ENCRYPTED_STATIC, self.encrypted_static);
        out.bytes(ENCRYPTED_MESSAGE, self.encrypted_message);
    }
}
