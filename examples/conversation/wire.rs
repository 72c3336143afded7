// SPDX-License-Identifier: MIT OR Apache-2.0

//! What can be seen of a message: by anybody on the way, and by its receiver alone.

use subrosa::hazmat::sealed::Envelope as Opened;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::protobuf::Malformed;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::hazmat::wire::sealed_message::SealedMessageParts;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::sealed::OpenError;
use subrosa::{IdentityKeyPair, MessageKind, ParseError};

/// What anybody on the way can see of an envelope. The rest of it looks like random bytes, and its key is a
/// new one each time.
#[derive(Debug)]
pub struct Visible {
    /// The version of sealed sender.
    pub version: u8,
    /// In bytes.
    pub len: usize,
}

/// What is inside. Nobody on the way can see it: this program looks with the receiver's key.
#[derive(Debug)]
pub struct Inside {
    pub kind: &'static str,
    pub version: u8,
    pub counter: u32,
    /// The whole message, in bytes.
    pub len: usize,
    /// The part of the post-quantum ratchet, if there is one.
    pub post_quantum: Option<PostQuantum>,
}

/// Tag and length in front of the part, in bytes.
const FRAMING: usize = 2;

/// The part of the post-quantum ratchet.
#[derive(Clone, Copy, Debug)]
pub struct PostQuantum {
    pub epoch: u64,
    /// What it adds to the message, in bytes: itself, a tag and a length.
    pub len: usize,
}

/// Why an envelope of our own can't be looked into.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("its content is malformed")]
    Content(#[from] Malformed),
    #[error(transparent)]
    Message(#[from] ParseError),
}

impl Visible {
    pub fn of(sealed: &[u8]) -> Self {
        Self { version: sealed.first().map_or(0, |first| first >> 4), len: sealed.len() }
    }
}

impl Inside {
    /// Looks into an envelope with its receiver's key.
    pub fn of(sealed: &[u8], receiver: &IdentityKeyPair) -> Result<Self, LookError> {
        let (kind, bytes) = message_inside(sealed, receiver)?;
        let message = match kind {
            MessageKind::PreKey => *PreKeySignalMessage::parse(&bytes)?.message(),
            _ => SignalMessage::parse(&bytes)?,
        };
        Ok(Self {
            kind: if kind == MessageKind::PreKey { "prekey" } else { "whisper" },
            version: message.version(),
            counter: message.counter(),
            len: bytes.len(),
            post_quantum: PostQuantum::of(message.pq_ratchet()),
        })
    }
}

impl PostQuantum {
    /// It begins with its version, in one byte, and the epoch, as a varint.
    fn of(part: &[u8]) -> Option<Self> {
        let (_, rest) = part.split_first()?;
        let mut epoch = 0;
        for (at, byte) in rest.iter().take(9).enumerate() {
            epoch |= u64::from(byte & 0x7F) << (7 * at);
            if byte & 0x80 == 0 {
                break;
            }
        }
        Some(Self { epoch, len: part.len() + FRAMING })
    }
}

/// What is inside an envelope, for somebody who somehow got the receiver's key.
pub fn message_inside(
    sealed: &[u8],
    receiver: &IdentityKeyPair,
) -> Result<(MessageKind, Vec<u8>), LookError> {
    let opened = Opened::open(sealed, receiver)?;
    let content = SealedContent::parse(opened.content())?;
    Ok((content.kind, content.message.to_vec()))
}

/// The parts of an envelope, and for each the envelope with one of its bits flipped.
pub fn flip_bits(sealed: &[u8]) -> Result<[(&'static str, Vec<u8>); 3], LookError> {
    let parts = SealedMessageParts::parse(sealed.get(1..).unwrap_or_default())?;
    Ok([
        ("its key", parts.ephemeral_public),
        ("the sender's key", parts.encrypted_static),
        ("the message", parts.encrypted_message),
    ]
    .map(|(name, part)| (name, flip_last_bit(sealed, part))))
}

/// The envelope with a bit flipped in the last byte of one of its parts.
fn flip_last_bit(sealed: &[u8], part: &[u8]) -> Vec<u8> {
    let at = sealed.windows(part.len()).rposition(|window| window == part).unwrap_or_default();
    let mut forged = sealed.to_vec();
    if let Some(byte) = forged.get_mut(at + part.len().saturating_sub(1)) {
        *byte ^= 1;
    }
    forged
}

/// Bytes in hexadecimal, with spaces between.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
