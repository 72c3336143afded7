// SPDX-License-Identifier: MIT OR Apache-2.0

//! What anybody on the way can see of a message.

use subrosa::{MessageKind, ParseError, PreKeySignalMessage, SignalMessage};

/// What anybody on the way can see of a message.
#[derive(Debug)]
pub struct Visible {
    pub kind: &'static str,
    pub version: u8,
    pub counter: u32,
    /// The whole message, in bytes.
    pub len: usize,
    /// Its first four bytes, in hexadecimal.
    pub head: String,
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

impl Visible {
    pub fn of(kind: MessageKind, bytes: &[u8]) -> Result<Self, ParseError> {
        let message = signal_message(kind, bytes)?;
        Ok(Self {
            kind: if kind == MessageKind::PreKey { "prekey" } else { "whisper" },
            version: message.version(),
            counter: message.counter(),
            len: bytes.len(),
            head: hex(bytes.get(..4).unwrap_or(bytes)),
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

/// The message with one bit of its ciphertext flipped.
pub fn flip_a_bit(kind: MessageKind, bytes: &[u8]) -> Result<Vec<u8>, ParseError> {
    let body = signal_message(kind, bytes)?.body();
    let at = bytes.windows(body.len()).rposition(|window| window == body).unwrap_or_default();
    let mut forged = bytes.to_vec();
    if let Some(byte) = forged.get_mut(at) {
        *byte ^= 1;
    }
    Ok(forged)
}

/// Bytes in hexadecimal, with spaces between.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// The message itself, or the one inside.
fn signal_message(kind: MessageKind, bytes: &[u8]) -> Result<SignalMessage<'_>, ParseError> {
    match kind {
        MessageKind::PreKey => PreKeySignalMessage::parse(bytes).map(|message| *message.message()),
        _ => SignalMessage::parse(bytes),
    }
}
