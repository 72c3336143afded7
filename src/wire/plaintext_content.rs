// SPDX-License-Identifier: MIT OR Apache-2.0

//! `PlaintextContent`: the only content that is sent unencrypted, a decryption error message.
//!
//! ```text
//! C0 || protobuf Content || 80
//! ```

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use super::ciphertext::Ciphertext;
use super::decryption_error::DecryptionErrorMessage;
use super::message::{MessageKind, ParseError};
use super::protobuf::{Encode, Fields, Sink};

const FIRST_BYTE: u8 = 0xC0;
/// The byte after the content, where its padding would begin.
const BOUNDARY: u8 = 0x80;

/// The fields 1 to 8 of `Content` are all bytes; the last is this one.
const DECRYPTION_ERROR_MESSAGE: u32 = 8;

/// An unencrypted message. Nobody vouches for it: do not show a received one to a user.
#[derive(Clone, PartialEq, Eq)]
pub struct PlaintextContent<'a>(Cow<'a, [u8]>);

impl<'a> PlaintextContent<'a> {
    /// Reads a message, of which only the first byte is checked.
    ///
    /// # Errors
    /// [`ParseError`]: `TooShort(0)`, or `UnrecognizedMessageVersion` unless the first byte is `0xC0`.
    pub const fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        match bytes {
            [] => Err(ParseError::TooShort(0)),
            [FIRST_BYTE, ..] => Ok(Self(Cow::Borrowed(bytes))),
            [other, ..] => Err(ParseError::UnrecognizedMessageVersion(*other)),
        }
    }

    /// All but the first byte. Nobody vouches for it.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.unauthenticated()
    }

    fn unauthenticated(&self) -> &[u8] {
        self.0.split_first().map_or(&[], |(_, body)| body)
    }

    /// The whole message.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The decryption error message inside.
    ///
    /// # Errors
    /// [`ParseError`], in this order: `InvalidProtobuf` if the last byte is not `0x80` or
    /// what is before it does not decode; `NoDecryptionError`; the errors of
    /// [`DecryptionErrorMessage::parse`].
    pub fn decryption_error_message(&self) -> Result<DecryptionErrorMessage, ParseError> {
        decryption_error_in(self.unauthenticated())
    }
}

/// The decryption error message inside the body of a plaintext content.
///
/// # Errors
/// Those of [`PlaintextContent::decryption_error_message`].
pub fn decryption_error_in(body: &[u8]) -> Result<DecryptionErrorMessage, ParseError> {
    let Some((&BOUNDARY, content)) = body.split_last() else {
        return Err(ParseError::InvalidProtobuf);
    };
    let message = read_content(content)?.ok_or(ParseError::NoDecryptionError)?;
    DecryptionErrorMessage::parse(message)
}

/// Field 8 of a `Content`, if it is there.
fn read_content(content: &[u8]) -> Result<Option<&[u8]>, ParseError> {
    let mut message = None;
    for field in Fields::new(content) {
        let field = field?;
        match field.number {
            DECRYPTION_ERROR_MESSAGE => message = Some(field.bytes()?),
            1..DECRYPTION_ERROR_MESSAGE => drop(field.bytes()?),
            _ => {}
        }
    }
    Ok(message)
}

impl From<&DecryptionErrorMessage> for PlaintextContent<'static> {
    fn from(message: &DecryptionErrorMessage) -> Self {
        let content = Content(message);
        let mut out = Vec::with_capacity(content.encoded_len() + 2);
        out.push(FIRST_BYTE);
        content.write(&mut out);
        out.push(BOUNDARY);
        Self(Cow::Owned(out))
    }
}

impl From<PlaintextContent<'_>> for Ciphertext {
    /// For sealing it as other messages, though it is not encrypted itself.
    fn from(content: PlaintextContent<'_>) -> Self {
        Self::new(MessageKind::Plaintext, content.0.into_owned())
    }
}

/// A `Content` that holds only a decryption error message.
struct Content<'a>(&'a DecryptionErrorMessage);

impl Encode for Content<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.message(DECRYPTION_ERROR_MESSAGE, self.0);
    }
}

impl fmt::Debug for PlaintextContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = self;
        write!(f, "PlaintextContent({} bytes)", bytes.len())
    }
}
