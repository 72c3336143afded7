// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on parties, and on the identities they know.

use serde_json::json;
use subrosa::session::Policy;
use subrosa::{IdentityKey, IdentityKeyPair};

use super::party::{Party, TrustPolicy};
use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("new_party", new_party),
    ("clone_party", clone_party),
    ("drop_party", drop_party),
    ("set_trust", set_trust),
    ("identity_get", identity_get),
    ("identity_set", identity_set),
];

fn new_party(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (name, address) = (request.text("party")?, request.own_address()?);
    let registration_id = match request.optional_u32("registration_id")? {
        Some(id) => id,
        None => u32::from(u16::from_le_bytes(system_bytes()) % 16380) + 1,
    };
    let policy = if request.flag("version3", false)? { Policy::AllowVersion3 } else { Policy::PostQuantum };
    let identity = match request.field("identity_private") {
        Some(_) => IdentityKeyPair::from_private(request.private("identity_private")?),
        None => IdentityKeyPair::generate(peer.randomness(Some(name))),
    };
    let answer = json!({
        "identity_public": hex::encode(identity.public().encode()),
        "identity_private": hex::encode(identity.private().as_bytes()),
        "registration_id": registration_id,
    });
    peer.parties.insert(name.to_owned(), Party::new(address, identity, registration_id, policy));
    Ok(answer)
}

/// Bytes that nobody needs to foretell.
fn system_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes
}

/// A second, independent copy: what happens to one is not seen by the other.
fn clone_party(peer: &mut Peer, request: Request<'_>) -> Answer {
    let name = request.text("as")?;
    let (party, randomness) = peer.party(request)?;
    let copy = (party.clone(), randomness.clone());
    peer.parties.insert(name.to_owned(), copy.0);
    peer.randomness.insert(Some(name.to_owned()), copy.1);
    Ok(json!({}))
}

fn drop_party(peer: &mut Peer, request: Request<'_>) -> Answer {
    let name = request.text("party")?;
    peer.randomness.remove(&Some(name.to_owned()));
    Ok(json!({ "dropped": peer.parties.remove(name).is_some() }))
}

fn set_trust(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    party.trust = match request.text("policy")? {
        "tofu" => TrustPolicy::FirstUse,
        "all" => TrustPolicy::All,
        "none" => TrustPolicy::None,
        other => return Err(Failure::error(format!("unknown policy {other}"))),
    };
    Ok(json!({}))
}

fn identity_get(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let identity = party.identities.get(&request.address("remote")?);
    Ok(json!({ "identity": identity.map(|key| hex::encode(key.encode())) }))
}

fn identity_set(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    party.identities.insert(request.address("remote")?, IdentityKey::new(request.public("identity")?));
    Ok(json!({}))
}
