// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on decryption error messages and the plaintext contents that carry them.

use serde_json::{Value, json};
use subrosa::hazmat::wire::plaintext_content::decryption_error_in;
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::{DeviceId, MessageKind, Timestamp};

use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("dem", dem),
    ("parse_dem", parse_dem),
    ("plaintext_content", plaintext_content),
    ("parse_plaintext_content", parse_plaintext_content),
    ("dem_from_body", dem_from_body),
];

/// The largest whole number that every JSON implementation carries exactly.
const MAX_SAFE: u64 = (1 << 53) - 1;

fn fields(message: &DecryptionErrorMessage) -> Result<Value, Failure> {
    if message.timestamp().as_millis() > MAX_SAFE {
        return Err(Failure::range("timestamp is larger than a JSON number can be"));
    }
    Ok(json!({
        "dem": hex::encode(message.to_bytes()),
        "timestamp": message.timestamp().as_millis(),
        "device": message.device().get(),
        "ratchet_key": message.ratchet_key().map(|key| hex::encode(key.encode())),
    }))
}

fn dem(_: &mut Peer, request: Request<'_>) -> Answer {
    let kind = u8::try_from(request.u32("original_type")?).ok().and_then(MessageKind::from_u8);
    let kind = kind.ok_or_else(|| Failure::generic("unknown message type"))?;
    let timestamp = Timestamp::from_millis(request.u64("timestamp")?);
    let device = DeviceId::new(request.u32("device")?);
    fields(&DecryptionErrorMessage::for_original(&request.bytes("original")?, kind, timestamp, device)?)
}

fn parse_dem(_: &mut Peer, request: Request<'_>) -> Answer {
    fields(&DecryptionErrorMessage::parse(&request.bytes("dem")?)?)
}

fn plaintext_content(_: &mut Peer, request: Request<'_>) -> Answer {
    let content = PlaintextContent::from(&DecryptionErrorMessage::parse(&request.bytes("dem")?)?);
    Ok(json!({ "content": hex::encode(content.as_bytes()), "body": hex::encode(content.body()) }))
}

fn parse_plaintext_content(_: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("content")?;
    Ok(json!({ "body": hex::encode(PlaintextContent::parse(&bytes)?.body()) }))
}

fn dem_from_body(_: &mut Peer, request: Request<'_>) -> Answer {
    fields(&decryption_error_in(&request.bytes("body")?)?)
}
