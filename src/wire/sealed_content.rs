// SPDX-License-Identifier: MIT OR Apache-2.0

//! `UnidentifiedSenderMessage.Message`: the content of a sealed-sender envelope.

use alloc::vec::Vec;
use core::fmt;

use super::message::MessageKind;
use super::protobuf::{Encode, Fields, Malformed, Sink};

const TYPE: u32 = 1;
const SENDER_CERTIFICATE: u32 = 2;
const CONTENT: u32 = 3;
const CONTENT_HINT: u32 = 4;
const GROUP_ID: u32 = 5;

/// A sender's hint for the case that a message can't be decrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentHint {
    /// 0: the message will not be sent again. Show an error at once.
    #[default]
    Default,
    /// 1: the message will be sent again on request.
    Resendable,
    /// 2: nobody waits for it, so show no error.
    Implicit,
    /// A number that has no meaning yet. It is kept.
    Unknown(u32),
}

impl ContentHint {
    /// The number of the hint.
    #[must_use]
    pub const fn to_u32(self) -> u32 {
        match self {
            Self::Default => 0,
            Self::Resendable => 1,
            Self::Implicit => 2,
            Self::Unknown(number) => number,
        }
    }
}

impl From<u32> for ContentHint {
    fn from(number: u32) -> Self {
        match number {
            0 => Self::Default,
            1 => Self::Resendable,
            2 => Self::Implicit,
            number => Self::Unknown(number),
        }
    }
}

/// The content of an envelope: a message, its claimed sender, and the sender's hint.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealedContent<'a> {
    /// The kind of the message.
    pub kind: MessageKind,
    /// A whole sender certificate, as it was received.
    pub certificate: &'a [u8],
    /// The message; it may be empty.
    pub message: &'a [u8],
    /// The hint.
    pub hint: ContentHint,
    /// The group that the message is for, opaque to us. An empty one is not written.
    pub group_id: Option<&'a [u8]>,
}

impl<'a> SealedContent<'a> {
    /// Reads a content. The certificate is not parsed.
    ///
    /// # Errors
    /// [`Malformed`], also if type, certificate or message is missing or the type is unknown.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (mut kind, mut certificate, mut message) = (None, None, None);
        let (mut hint, mut group_id) = (ContentHint::Default, None);
        for field in Fields::new(bytes) {
            let field = field?;
            match field.number {
                TYPE => kind = Some(field.int32()?),
                SENDER_CERTIFICATE => certificate = Some(field.bytes()?),
                CONTENT => message = Some(field.bytes()?),
                CONTENT_HINT => hint = field.uint32()?.into(),
                GROUP_ID => group_id = Some(field.bytes()?),
                _ => {}
            }
        }
        Ok(Self {
            kind: kind.and_then(read_kind).ok_or(Malformed)?,
            certificate: certificate.ok_or(Malformed)?,
            message: message.ok_or(Malformed)?,
            hint,
            group_id,
        })
    }

    /// The encoded form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.write(&mut out);
        out
    }
}

impl Encode for SealedContent<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.int32(TYPE, written_kind(self.kind));
        out.bytes(SENDER_CERTIFICATE, self.certificate);
        out.bytes(CONTENT, self.message);
        if self.hint.to_u32() != 0 {
            out.int32(CONTENT_HINT, self.hint.to_u32().cast_signed());
        }
        out.bytes_unless_empty(GROUP_ID, self.group_id.unwrap_or_default());
    }
}

/// The numbers of the kinds differ here from those of other envelopes in the first two.
const fn written_kind(kind: MessageKind) -> i32 {
    match kind {
        MessageKind::PreKey => 1,
        MessageKind::Whisper => 2,
        MessageKind::SenderKey => 7,
        MessageKind::Plaintext => 8,
    }
}

const fn read_kind(number: i32) -> Option<MessageKind> {
    match number {
        1 => Some(MessageKind::PreKey),
        2 => Some(MessageKind::Whisper),
        7 => Some(MessageKind::SenderKey),
        8 => Some(MessageKind::Plaintext),
        _ => None,
    }
}

impl fmt::Debug for SealedContent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, certificate: _, message, hint, group_id: _ } = self;
        f.debug_struct("SealedContent")
            .field("kind", kind)
            .field("message_len", &message.len())
            .field("hint", hint)
            .finish_non_exhaustive()
    }
}
