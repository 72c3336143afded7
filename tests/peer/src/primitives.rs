// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on keys alone.

use serde_json::json;
use subrosa::hazmat::crypto::{kdf, xeddsa};
use subrosa::keys::{KemKeyPair, KemPublicKey, KemSecretKey, KemType, KeyError, KeyPair};
use subrosa::{IdentityKey, IdentityKeyPair};

use super::stored::StoredIdentityKeyPair;
use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("ec_generate", ec_generate),
    ("ec_public", ec_public),
    ("ec_parse", ec_parse),
    ("sign", sign),
    ("verify", verify),
    ("agree", agree),
    ("identity_serialize", identity_serialize),
    ("identity_parse", identity_parse),
    ("sign_alternate", sign_alternate),
    ("verify_alternate", verify_alternate),
    ("hkdf", hkdf),
    ("kem_generate", kem_generate),
    ("kem_parse", kem_parse),
];

fn ec_generate(peer: &mut Peer, request: Request<'_>) -> Answer {
    let pair = KeyPair::generate(peer.randomness(request.party_name()));
    let (private, public) = (hex::encode(pair.private().as_bytes()), hex::encode(pair.public().encode()));
    Ok(json!({ "private": private, "public": public }))
}

fn ec_public(_: &mut Peer, request: Request<'_>) -> Answer {
    Ok(json!({ "public": hex::encode(request.private("private")?.public_key().encode()) }))
}

fn ec_parse(_: &mut Peer, request: Request<'_>) -> Answer {
    Ok(json!({ "public": hex::encode(request.public("public")?.encode()) }))
}

fn sign(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (key, message) = (request.private("private")?, request.bytes("message")?);
    let signature = xeddsa::sign(&key, &[&message], peer.randomness(request.party_name()));
    Ok(json!({ "signature": hex::encode(signature) }))
}

fn verify(_: &mut Peer, request: Request<'_>) -> Answer {
    let (key, message) = (request.public("public")?, request.bytes("message")?);
    Ok(json!({ "valid": xeddsa::verify(&key, &[&message], &request.bytes("signature")?) }))
}

fn agree(_: &mut Peer, request: Request<'_>) -> Answer {
    let shared = request.private("private")?.diffie_hellman(&request.public("public")?)?;
    Ok(json!({ "shared": hex::encode(shared.as_bytes()) }))
}

fn identity_serialize(_: &mut Peer, request: Request<'_>) -> Answer {
    let stored = StoredIdentityKeyPair::new(&request.public("public")?, &request.private("private")?);
    Ok(json!({ "identity_key_pair": hex::encode(stored.encode()) }))
}

fn identity_parse(_: &mut Peer, request: Request<'_>) -> Answer {
    let (public, private) = StoredIdentityKeyPair::decode(&request.bytes("identity_key_pair")?)?.keys()?;
    Ok(json!({ "public": hex::encode(public.encode()), "private": hex::encode(private.as_bytes()) }))
}

fn sign_alternate(peer: &mut Peer, request: Request<'_>) -> Answer {
    let identity = IdentityKeyPair::from_private(request.private("private")?);
    let other = IdentityKey::new(request.public("other")?);
    let signature = identity.sign_alternate_identity(&other, peer.randomness(request.party_name()));
    Ok(json!({ "signature": hex::encode(signature) }))
}

fn verify_alternate(_: &mut Peer, request: Request<'_>) -> Answer {
    let [identity, other] = [request.public("public")?, request.public("other")?].map(IdentityKey::new);
    Ok(json!({ "valid": identity.verify_alternate_identity(&other, &request.bytes("signature")?) }))
}

fn hkdf(_: &mut Peer, request: Request<'_>) -> Answer {
    // One byte more than there can be is enough to be refused.
    let length = usize::try_from(request.u64("length")?.min(8161)).map_err(Failure::usage)?;
    let (input, info) = (request.bytes("input")?, request.bytes("info")?);
    let salt = request.optional_bytes("salt")?.unwrap_or_default();
    let mut output = vec![0; length];
    kdf::hkdf_into(&salt, &input, &info, &mut output)?;
    Ok(json!({ "output": hex::encode(output) }))
}

fn kem_generate(peer: &mut Peer, request: Request<'_>) -> Answer {
    let pair = KemKeyPair::generate(KemType::Kyber1024, peer.randomness(request.party_name()));
    let secret = pair.secret().encode();
    Ok(json!({ "public": hex::encode(pair.public().encode()), "secret": hex::encode(secret.as_bytes()) }))
}

fn kem_parse(_: &mut Peer, request: Request<'_>) -> Answer {
    let public = request.optional_bytes("public")?.map(|bytes| kem_public(&bytes)).transpose()?;
    let secret = request.optional_bytes("secret")?.map(|bytes| kem_secret(&bytes)).transpose()?;
    Ok(json!({
        "public": public.map(|key| hex::encode(key.encode())),
        "secret": secret.map(|key| hex::encode(key.encode().as_bytes())),
    }))
}

/// Kyber-1024 is the only mechanism that deployed clients know.
fn deployed(kem: KemType) -> Result<(), KeyError> {
    if kem == KemType::Kyber1024 { Ok(()) } else { Err(KeyError::BadKeyType(kem.type_byte())) }
}

pub(super) fn kem_public(bytes: &[u8]) -> Result<KemPublicKey, KeyError> {
    let key = KemPublicKey::decode(bytes)?;
    deployed(key.kem_type()).map(|()| key)
}

pub(super) fn kem_secret(bytes: &[u8]) -> Result<KemSecretKey, KeyError> {
    let key = KemSecretKey::decode(bytes)?;
    deployed(key.kem_type()).map(|()| key)
}
