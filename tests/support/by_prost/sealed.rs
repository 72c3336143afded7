// SPDX-License-Identifier: MIT OR Apache-2.0

//! The messages of sealed sender: envelopes, contents and certificates.

use prost::{Message, Oneof};
use subrosa::address::ServiceIdKind;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::hazmat::wire::sealed_message::SealedMessageParts;
use subrosa::keys::PublicKey;
use subrosa::sealed::certificate::{CertificateError, SenderCertificate, ServerCertificate, Signer};
use subrosa::{MessageKind, ServiceId};

#[derive(Clone, PartialEq, Message)]
pub struct Envelope {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub ephemeral_public: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub encrypted_static: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub encrypted_message: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Content {
    #[prost(int32, optional, tag = "1")]
    pub kind: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub certificate: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub message: Option<Vec<u8>>,
    #[prost(int32, optional, tag = "4")]
    pub hint: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub group_id: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Signed {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub certificate: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub signature: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Server {
    #[prost(uint32, optional, tag = "1")]
    pub id: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub key: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Sender {
    #[prost(string, optional, tag = "1")]
    pub e164: Option<String>,
    #[prost(uint32, optional, tag = "2")]
    pub device: Option<u32>,
    #[prost(fixed64, optional, tag = "3")]
    pub expires: Option<u64>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub identity_key: Option<Vec<u8>>,
    #[prost(oneof = "SignedBy", tags = "5, 8")]
    pub signer: Option<SignedBy>,
    #[prost(oneof = "Name", tags = "6, 7")]
    pub name: Option<Name>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum SignedBy {
    #[prost(bytes = "vec", tag = "5")]
    Certificate(Vec<u8>),
    #[prost(uint32, tag = "8")]
    Id(u32),
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Name {
    #[prost(string, tag = "6")]
    Text(String),
    #[prost(bytes = "vec", tag = "7")]
    Uuid(Vec<u8>),
}

pub fn envelope(protobuf: &[u8]) {
    let theirs = Envelope::decode(protobuf).ok().filter(|message| {
        let Envelope { ephemeral_public, encrypted_static, encrypted_message } = message;
        [ephemeral_public, encrypted_static, encrypted_message].into_iter().all(Option::is_some)
    });
    let ours = SealedMessageParts::parse(protobuf).ok();
    let view = ours.map(|parts| Envelope {
        ephemeral_public: Some(parts.ephemeral_public.to_vec()),
        encrypted_static: Some(parts.encrypted_static.to_vec()),
        encrypted_message: Some(parts.encrypted_message.to_vec()),
    });
    assert_eq!(&view, &theirs);
    let theirs = theirs.map(|message| [vec![0x11], message.encode_to_vec()].concat());
    assert_eq!(ours.map(|parts| parts.encode()), theirs);
}

/// The kinds in the order of their numbers here.
const KINDS: [(i32, MessageKind); 4] = [
    (1, MessageKind::PreKey),
    (2, MessageKind::Whisper),
    (7, MessageKind::SenderKey),
    (8, MessageKind::Plaintext),
];

pub fn content(protobuf: &[u8]) {
    let theirs = Content::decode(protobuf).ok().filter(|message| {
        let known = KINDS.iter().any(|(number, _)| message.kind == Some(*number));
        known && message.certificate.is_some() && message.message.is_some()
    });
    let ours = SealedContent::parse(protobuf).ok();
    let view = ours.map(|content| Content {
        kind: KINDS.iter().find(|(_, kind)| *kind == content.kind).map(|(number, _)| *number),
        certificate: Some(content.certificate.to_vec()),
        message: Some(content.message.to_vec()),
        hint: Some(content.hint.to_u32().cast_signed()),
        group_id: content.group_id.map(<[u8]>::to_vec),
    });
    let expected = theirs.clone().map(|message| Content { hint: Some(message.hint.unwrap_or(0)), ..message });
    assert_eq!(view, expected);
    // Neither the default hint nor an empty group id is written.
    let theirs = theirs.map(|message| Content {
        hint: message.hint.filter(|hint| *hint != 0),
        group_id: message.group_id.clone().filter(|id| !id.is_empty()),
        ..message
    });
    assert_eq!(ours.map(|content| content.encode()), theirs.map(|content| content.encode_to_vec()));
}

/// What is signed, if a certificate has all that it needs.
fn signed(bytes: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let signed = Signed::decode(bytes).map_err(|_| CertificateError::Malformed)?;
    signed.certificate.zip(signed.signature).map(|(inner, _)| inner).ok_or(CertificateError::Malformed)
}

fn server_by_prost(bytes: &[u8]) -> Result<(u32, PublicKey), CertificateError> {
    let inner = Server::decode(&*signed(bytes)?).map_err(|_| CertificateError::Malformed)?;
    let key = PublicKey::decode(&inner.key.ok_or(CertificateError::Malformed)?)?;
    Ok((inner.id.ok_or(CertificateError::Malformed)?, key))
}

pub fn server(bytes: &[u8]) {
    let ours = ServerCertificate::parse(bytes);
    let view = ours.as_ref().map(|certificate| (certificate.id(), *certificate.key()));
    assert_eq!(view.map_err(|error| *error), server_by_prost(bytes));
    assert!(ours.is_err() || ours.is_ok_and(|certificate| certificate.as_bytes() == bytes));
}

/// Phone number, device, expiry, name, key, and the signer's id, embedded or not.
type SenderParts = (Option<String>, u32, u64, String, PublicKey, Result<u32, u32>);

fn sender_by_prost(bytes: &[u8]) -> Result<SenderParts, CertificateError> {
    let missing = CertificateError::Malformed;
    let inner = Sender::decode(&*signed(bytes)?).map_err(|_| missing)?;
    let device = inner.device.filter(|device| (1..=127).contains(device)).ok_or(missing)?;
    let expires = inner.expires.ok_or(missing)?;
    let signer = match inner.signer.ok_or(missing)? {
        SignedBy::Certificate(server) => Ok(server_by_prost(&server)?.0),
        SignedBy::Id(id) => Err(id),
    };
    let name = match inner.name.ok_or(missing)? {
        Name::Text(text) => text,
        Name::Uuid(uuid) => {
            ServiceId::new(ServiceIdKind::Aci, uuid.try_into().map_err(|_| missing)?).to_string()
        }
    };
    let key = PublicKey::decode(&inner.identity_key.ok_or(missing)?)?;
    Ok((inner.e164, device, expires, name, key, signer))
}

pub fn sender(bytes: &[u8]) {
    let ours = SenderCertificate::parse(bytes);
    let view = ours.as_ref().map(|certificate| {
        let who = certificate.claimed();
        let signer = match certificate.signer() {
            Signer::Embedded(server) => Ok(server.id()),
            Signer::Known(id) => Err(*id),
        };
        let (key, name) = (*who.identity_key.public_key(), who.address.name().to_string());
        (who.e164.clone(), who.address.device().get(), who.expires.as_millis(), name, key, signer)
    });
    assert_eq!(view.map_err(|error| *error), sender_by_prost(bytes));
}
