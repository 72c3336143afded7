// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on the certificates of sealed sender.

use serde_json::{Value, json};
use subrosa::sealed::certificate::{
    OFFICIAL_REVOKED, SenderCertificate, SenderDetails, ServerCertificate, TrustStore, official,
};
use subrosa::{Address, IdentityKey, Timestamp};

use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("server_cert", server_cert),
    ("sender_cert", sender_cert),
    ("parse_server_cert", parse_server_cert),
    ("parse_sender_cert", parse_sender_cert),
    ("validate_sender_cert", validate_sender_cert),
];

fn server_cert(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (id, key, root) =
        (request.u32("key_id")?, request.public("server_public")?, request.private("trust_root_private")?);
    let certificate = ServerCertificate::issue(id, &key, &root, peer.randomness(request.party_name()));
    Ok(json!({ "server_cert": hex::encode(certificate.as_bytes()) }))
}

fn sender_cert(peer: &mut Peer, request: Request<'_>) -> Answer {
    let server = ServerCertificate::parse(&request.bytes("server_cert")?)?;
    let server_key = request.private("server_private")?;
    let details = SenderDetails {
        address: Address::new(request.text("sender_uuid")?, request.u32("sender_device")?),
        e164: request.field("sender_e164").and_then(Value::as_str).map(str::to_owned),
        identity_key: IdentityKey::new(request.public("sender_public")?),
        expires: Timestamp::from_millis(request.u64("expiration")?),
    };
    let certificate = details.issue(&server, &server_key, peer.randomness(request.party_name()))?;
    Ok(json!({ "sender_cert": hex::encode(certificate.as_bytes()) }))
}

fn parse_server_cert(_: &mut Peer, request: Request<'_>) -> Answer {
    let certificate = ServerCertificate::parse(&request.bytes("server_cert")?)?;
    Ok(json!({
        "key_id": certificate.id(),
        "key": hex::encode(certificate.key().encode()),
        "certificate": hex::encode(certificate.certificate()),
        "signature": hex::encode(certificate.signature()),
    }))
}

/// The fields of a sender certificate, with the one of the server that signed it.
fn parse_sender_cert(_: &mut Peer, request: Request<'_>) -> Answer {
    let certificate = SenderCertificate::parse(&request.bytes("sender_cert")?)?;
    let known = official();
    let trust = TrustStore { trust_roots: &[], revoked: &[], known: &known };
    let server = certificate.server(&trust).map_err(Failure::generic)?.as_bytes().to_vec();
    let SenderDetails { address, e164, identity_key, expires } = certificate.claimed();
    Ok(json!({
        "sender_uuid": address.name().as_str(),
        "sender_e164": e164,
        "sender_device": address.device().get(),
        "expiration": expires.as_millis(),
        "key": hex::encode(identity_key.encode()),
        "certificate": hex::encode(certificate.certificate()),
        "signature": hex::encode(certificate.signature()),
        "server_certificate": hex::encode(server),
    }))
}

fn validate_sender_cert(_: &mut Peer, request: Request<'_>) -> Answer {
    let certificate = SenderCertificate::parse(&request.bytes("sender_cert")?)?;
    let roots = request.public_list("trust_roots")?;
    let known = official();
    let trust = TrustStore { trust_roots: &roots, revoked: &OFFICIAL_REVOKED, known: &known };
    let verified = certificate.verify(&trust, Timestamp::from_millis(request.u64("now")?));
    Ok(json!({ "valid": verified.is_ok() }))
}
