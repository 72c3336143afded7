// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on messages alone, without a session.

use serde_json::json;
use subrosa::hazmat::crypto::kdf::MacKey;
use subrosa::hazmat::wire::message::first_byte;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::hazmat::wire::signal_message::{MAC_LEN, SignalMessageParts};

use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("parse_message", parse_message),
    ("parse_prekey_message", parse_prekey_message),
    ("build_message", build_message),
];

fn parse_message(_: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("message")?;
    let message = SignalMessage::parse(&bytes)?;
    Ok(json!({
        "version": message.version(),
        "counter": message.counter(),
        "body": hex::encode(message.body()),
        "pq_ratchet": hex::encode(message.pq_ratchet()),
    }))
}

fn parse_prekey_message(_: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("message")?;
    let message = PreKeySignalMessage::parse(&bytes)?;
    Ok(json!({
        "version": message.version(),
        "registration_id": message.registration_id(),
        "pre_key_id": message.pre_key_id().map(|id| id.0),
        "signed_pre_key_id": message.signed_pre_key_id().0,
    }))
}

/// A message from its parts, with its MAC.
fn build_message(_: &mut Peer, request: Request<'_>) -> Answer {
    let version = u8::try_from(request.u32("version")?).map_err(Failure::usage)?;
    let mac_key = request.bytes("mac_key")?;
    let mac_key = mac_key.as_slice().try_into().map_err(|_| Failure::generic("invalid MAC key length"))?;
    let [sender, receiver] = [request.public("sender_identity")?, request.public("receiver_identity")?];
    let mut message = SignalMessageParts {
        first_byte: first_byte(version),
        ratchet_key: &request.public("ratchet_key")?,
        counter: request.u32("counter")?,
        previous_counter: request.u32("previous_counter")?,
        body: &request.bytes("ciphertext")?,
        pq_ratchet: &request.optional_bytes("pq_ratchet")?.unwrap_or_default(),
        addresses: None,
    }
    .encode();
    let mac: [u8; MAC_LEN] = MacKey::new(mac_key).tag(&[&sender.encode(), &receiver.encode(), &message]);
    message.extend(mac);
    Ok(json!({ "message": hex::encode(message) }))
}
