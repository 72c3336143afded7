// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations of sealed sender.

use serde_json::{Value, json};
use subrosa::hazmat::sealed::Envelope;
use subrosa::hazmat::sealed::v1;
use subrosa::hazmat::sealed::{Entry, MAX_REGISTRATION_ID, seal_for_many};
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::keys::Secret;
use subrosa::repair::{DecryptionErrorMessage, PlaintextContent};
use subrosa::sealed::certificate::{OFFICIAL_REVOKED, SenderCertificate, TrustStore, official};
use subrosa::sealed::server::SentMessage;
use subrosa::sealed::{Body, UnverifiedContent};
use subrosa::{Address, IdentityKey, MessageKind, ServiceId, Session, Timestamp};

use super::party::Party;
use super::request::Request;
use super::sessions::receive;
use super::{Answer, Failure, Operation, Peer};

pub(super) const OPERATIONS: &[Operation] = &[
    ("usmc", usmc),
    ("parse_usmc", parse_usmc),
    ("seal_v1", seal_v1),
    ("seal_multi", seal_multi),
    ("parse_multi", parse_multi),
    ("unseal", unseal),
    ("unseal_usmc", unseal_usmc),
];

/// Makes a content of a message that is encrypted first, or of a decryption error message.
fn usmc(peer: &mut Peer, request: Request<'_>) -> Answer {
    let certificate = request.bytes("sender_cert")?;
    let claimed = SenderCertificate::parse(&certificate)?;
    let (kind, message) = match request.text("inner")? {
        "message" => encrypted(peer, request, "encrypt")?,
        "group" => encrypted(peer, request, "group_encrypt")?,
        "plaintext" => {
            let error = DecryptionErrorMessage::parse(&request.bytes("dem")?)?;
            (MessageKind::Plaintext, PlaintextContent::from(&error).as_bytes().to_vec())
        }
        other => return Err(Failure::usage(format!("unknown inner {other}"))),
    };
    let group_id = request.optional_bytes("group_id")?;
    let content = SealedContent {
        kind,
        certificate: &certificate,
        message: &message,
        hint: request.optional_u32("content_hint")?.unwrap_or_default().into(),
        group_id: group_id.as_deref(),
    };
    Ok(fields(&content, &claimed, &content.encode()))
}

/// What another operation makes of the same request: the kind of a message, and its bytes.
fn encrypted(
    peer: &mut Peer,
    request: Request<'_>,
    operation: &str,
) -> Result<(MessageKind, Vec<u8>), Failure> {
    let answer = peer.answer(&request.with_operation(operation))?;
    let answer = Request::new(&answer);
    let kind = u8::try_from(answer.u32("type")?).ok().and_then(MessageKind::from_u8);
    Ok((kind.ok_or_else(|| Failure::generic("unknown message type"))?, answer.bytes("message")?))
}

fn fields(content: &SealedContent<'_>, certificate: &SenderCertificate, bytes: &[u8]) -> Value {
    let sender = certificate.claimed();
    json!({
        "usmc": hex::encode(bytes),
        "msg_type": content.kind.to_u8(),
        "contents": hex::encode(content.message),
        "content_hint": content.hint.to_u32(),
        "group_id": content.group_id.map(hex::encode),
        "sender_cert": hex::encode(content.certificate),
        "sender_uuid": sender.address.name().as_str(),
        "sender_e164": sender.e164,
        "sender_device": sender.address.device().get(),
    })
}

fn parse_usmc(_: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("usmc")?;
    let content = SealedContent::parse(&bytes).map_err(Failure::generic)?;
    let certificate = SenderCertificate::parse(content.certificate)?;
    Ok(fields(&content, &certificate, &bytes))
}

impl Party {
    /// The identity key that is kept for an address.
    fn kept(&self, remote: &Address) -> Result<&IdentityKey, Failure> {
        self.identities.get(remote).ok_or_else(|| Failure::error(format!("no session for {remote}")))
    }
}

fn seal_v1(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, rng) = peer.party(request)?;
    let theirs = party.kept(&request.address("remote")?)?;
    let sealed = v1::seal(&request.bytes("usmc")?, &party.identity, theirs, rng).map_err(Failure::generic)?;
    Ok(json!({ "sealed": hex::encode(sealed) }))
}

/// Seals for many, without looking for accounts that are named twice: neighbours are one entry.
fn seal_multi(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, rng) = peer.party(request)?;
    let content = request.bytes("usmc")?;
    let mut entries: Vec<(Address, Entry<'_>)> = Vec::new();
    for recipient in request.list("recipients")? {
        let address = Request::new(recipient).own_address()?;
        let session =
            party.session(&address)?.ok_or_else(|| Failure::error(format!("no session for {address}")))?;
        let device = u8::try_from(address.device().get()).ok().filter(|device| (1..=127).contains(device));
        let device =
            device.ok_or_else(|| Failure::invalid_address(format!("invalid device of {address}")))?;
        let device = (device, registration_id(&session)?);
        match entries.last_mut() {
            Some((first, entry)) if first.name() == address.name() => entry.devices.push(device),
            _ => {
                let service_id =
                    address.service_id().ok_or_else(|| Failure::generic("invalid argument: service id"))?;
                let identity = party.kept(&address)?;
                entries
                    .push((address, Entry { service_id, identity, devices: vec![device], agreement: None }));
            }
        }
    }
    let entries: Vec<&Entry<'_>> = entries.iter().map(|(_, entry)| entry).collect();
    let excluded = request.field("excluded").and_then(Value::as_array);
    let excluded = excluded.into_iter().flatten().map(service_id).collect::<Result<Vec<_>, _>>()?;
    let sent = seal_for_many(&content, &party.identity, &entries, &excluded, Secret::random(rng));
    let sent = sent.map_err(Failure::generic)?;
    match sent.failed.first() {
        Some(_) => Err(Failure::generic("invalid key agreement")),
        None => Ok(json!({ "sent": hex::encode(&sent.bytes) })),
    }
}

fn registration_id(session: &Session) -> Result<u16, Failure> {
    let id = session.remote_registration_id().ok_or_else(|| {
        Failure::generic(format!("cannot get registration ID from session with {}", session.remote()))
    })?;
    let short = u16::try_from(id).ok().filter(|id| *id <= MAX_REGISTRATION_ID);
    short.ok_or_else(|| Failure::invalid_registration_id(session.remote(), id))
}

fn service_id(value: &Value) -> Result<ServiceId, Failure> {
    let text = value.as_str().unwrap_or_default();
    text.parse().map_err(|_| Failure::generic(format!("invalid argument: {text} is not a service id")))
}

fn parse_multi(_: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("sent")?;
    let sent = SentMessage::parse(&bytes)?;
    let recipients: Vec<Value> = sent
        .recipients()
        .map(|recipient| {
            let (devices, ids): (Vec<_>, Vec<_>) =
                recipient.devices().map(|(device, id)| (device.get(), id)).unzip();
            json!({
                "service_id": recipient.service_id().to_string(),
                "devices": devices,
                "registration_ids": ids,
                "received": hex::encode(recipient.received().to_vec()),
            })
        })
        .collect();
    let excluded: Vec<String> = sent.excluded().map(|id| id.to_string()).collect();
    Ok(json!({ "recipients": recipients, "excluded": excluded }))
}

/// Opens an envelope, verifies who sent it, and decrypts what is inside if that is of a session.
fn unseal(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, rng) = peer.party(request)?;
    let content = UnverifiedContent::open(&request.bytes("sealed")?, &party.identity)?;
    let (roots, known) = ([request.public("trust_root")?], official());
    let trust = TrustStore { trust_roots: &roots, revoked: &OFFICIAL_REVOKED, known: &known };
    let e164 = request.field("local_e164").and_then(Value::as_str);
    let taken = Timestamp::from_millis(request.u64("now")?);
    let content = content.verify(&trust, &party.address, e164, taken)?;
    let Body::Session(message) = content.body()? else {
        return Err(Failure::generic(format!("invalid message: unexpected kind {:?}", content.kind())));
    };
    let sender = content.sender().details();
    let plaintext = receive(party, &sender.address, &message, rng)?;
    Ok(json!({
        "plaintext": hex::encode(&*plaintext),
        "sender_uuid": sender.address.name().as_str(),
        "sender_e164": sender.e164,
        "sender_device": sender.address.device().get(),
    }))
}

/// Opens an envelope and does no more.
fn unseal_usmc(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let sealed = request.bytes("sealed")?;
    UnverifiedContent::open(&sealed, &party.identity)?;
    let envelope = Envelope::open(&sealed, &party.identity)?;
    let content = SealedContent::parse(envelope.content()).map_err(Failure::generic)?;
    let certificate = SenderCertificate::parse(content.certificate)?;
    Ok(fields(&content, &certificate, envelope.content()))
}
