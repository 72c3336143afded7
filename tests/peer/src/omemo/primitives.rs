// SPDX-License-Identifier: MIT OR Apache-2.0

//! Labels, fingerprints, derivations, keys and signatures.

use rand_core::Rng;
use serde_json::json;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::keys::{PrivateKey, PublicKey};
use subrosa::omemo::inspect::{self, ed25519};
use subrosa::omemo::{IdentityKey, IdentityKeyPair, Version};

use super::{Answer, Failure, Fields, Operation, World};

pub(super) const OPERATIONS: &[Operation] = &[
    ("verify_label", verify_label),
    ("fingerprint", fingerprint),
    ("root_step", root_step),
    ("chain_step", chain_step),
    ("message_seal", message_seal),
    ("identity_from_seed", identity_from_seed),
    ("ec_generate", ec_generate),
    ("ed_to_curve", ed_to_curve),
    ("curve_to_ed", curve_to_ed),
    ("force_sign", force_sign),
    ("sign", sign),
    ("sign_seed", sign_seed),
    ("verify", verify),
    ("agree", agree),
];

fn rejected() -> Failure {
    Failure::new("XEdDSAException", "a key that is refused")
}

fn private(fields: Fields<'_>) -> Result<PrivateKey, Failure> {
    let bytes: [u8; 32] = fields.array("private")?;
    PrivateKey::decode(&bytes).map_err(|_| rejected())
}

fn identity(fields: Fields<'_>, name: &str) -> Result<IdentityKey, Failure> {
    IdentityKey::decode(Version::Two, &fields.bytes(name)?).map_err(|_| rejected())
}

fn verify_label(_: &mut World, fields: Fields<'_>) -> Answer {
    let (key, signature): ([u8; 32], [u8; 64]) =
        (fields.array("identity_ed25519")?, fields.array("signature")?);
    let label = fields.text("label")?;
    let valid = IdentityKey::decode(Version::Two, &key).is_ok_and(|key| key.verify_label(label, &signature));
    Ok(json!({ "valid": valid }))
}

fn fingerprint(_: &mut World, fields: Fields<'_>) -> Answer {
    Ok(json!({ "display": identity(fields, "identity_ed25519")?.fingerprint() }))
}

fn root_step(_: &mut World, fields: Fields<'_>) -> Answer {
    let (root, chain) = inspect::root_step(fields.version()?, &fields.array("root")?, &fields.array("dh")?);
    Ok(json!({ "root": hex::encode(root.as_bytes()), "chain": hex::encode(chain.as_bytes()) }))
}

fn chain_step(_: &mut World, fields: Fields<'_>) -> Answer {
    let chain = ChainKey::new(Secret::new(fields.array("chain")?), 0);
    let (seed, next) = chain.step().map_err(|error| Failure::new("ValueError", error.to_string()))?;
    Ok(json!({ "chain": hex::encode(next.as_bytes()), "message_key": hex::encode(seed.as_bytes()) }))
}

fn message_seal(_: &mut World, fields: Fields<'_>) -> Answer {
    let ratchet_key = fields.array("ratchet_key")?;
    let header = (&ratchet_key, fields.u32("counter")?, fields.u32("previous_counter")?);
    let [associated_data, plaintext] = [fields.bytes("associated_data")?, fields.bytes("plaintext")?];
    let message_key = fields.array("message_key")?;
    let message = inspect::seal(fields.version()?, &message_key, header, &associated_data, &plaintext);
    Ok(json!({ "message": hex::encode(message) }))
}

fn identity_from_seed(world: &mut World, fields: Fields<'_>) -> Answer {
    let mut seed = [0; 32];
    match fields.field("seed") {
        Some(_) => seed = fields.array("seed")?,
        None => world.random(fields).fill_bytes(&mut seed),
    }
    let pair = IdentityKeyPair::from_seed(&seed);
    Ok(json!({
        "seed": hex::encode(seed),
        "private": hex::encode(pair.private().as_bytes()),
        "ed25519": hex::encode(pair.public(Version::Two).encode()),
        "curve25519": hex::encode(pair.public(Version::Two).curve().as_bytes()),
    }))
}

fn ec_generate(world: &mut World, fields: Fields<'_>) -> Answer {
    let mut bytes = [0; 32];
    world.random(fields).fill_bytes(&mut bytes);
    let key = PrivateKey::decode(&bytes).map_err(|_| rejected())?;
    Ok(json!({
        "private": hex::encode(bytes),
        "public": hex::encode(key.public_key().as_bytes()),
        "ed25519": hex::encode(ed25519::public_of(&key)),
    }))
}

fn ed_to_curve(_: &mut World, fields: Fields<'_>) -> Answer {
    let curve = ed25519::to_curve(&fields.array("ed25519")?).ok_or_else(rejected)?;
    Ok(json!({ "curve25519": hex::encode(curve.as_bytes()) }))
}

fn curve_to_ed(_: &mut World, fields: Fields<'_>) -> Answer {
    let curve = PublicKey::from_bytes(fields.array("curve25519")?);
    let edwards = ed25519::from_curve(&curve, fields.flag("sign").into()).ok_or_else(rejected)?;
    Ok(json!({ "ed25519": hex::encode(edwards) }))
}

fn force_sign(_: &mut World, fields: Fields<'_>) -> Answer {
    let signed = ed25519::with_sign(&private(fields)?, fields.flag("sign").into());
    Ok(json!({ "private": hex::encode(signed.as_bytes()) }))
}

fn sign(world: &mut World, fields: Fields<'_>) -> Answer {
    let (key, message) = (private(fields)?, fields.bytes("message")?);
    Ok(json!({ "signature": hex::encode(ed25519::sign(&key, &[&message], world.random(fields))) }))
}

fn sign_seed(_: &mut World, fields: Fields<'_>) -> Answer {
    let (seed, message) = (Secret::new(fields.array("seed")?), fields.bytes("message")?);
    Ok(json!({ "signature": hex::encode(ed25519::sign_with_seed(&seed, &[&message])) }))
}

fn verify(_: &mut World, fields: Fields<'_>) -> Answer {
    let (key, signature): ([u8; 32], [u8; 64]) = (fields.array("ed25519")?, fields.array("signature")?);
    Ok(json!({ "valid": ed25519::verify(&key, &[&fields.bytes("message")?], &signature) }))
}

fn agree(_: &mut World, fields: Fields<'_>) -> Answer {
    let public = PublicKey::from_bytes(fields.array("public")?);
    let shared = private(fields)?.diffie_hellman(&public).map_err(|_| rejected())?;
    Ok(json!({ "shared": hex::encode(shared.as_bytes()) }))
}
