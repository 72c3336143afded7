// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on prekeys.

use serde_json::{Value, json};
use subrosa::Timestamp;
use subrosa::prekey::{
    KemPreKeyId, LastResortKemPreKey, OneTimePreKey, OneTimePreKeyId, SignedPreKey, SignedPreKeyId,
};

use super::shelf::{Shelf, Shelves};
use super::stored::StoredPreKey;
use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("bundle", bundle),
    ("import_bundle", import_bundle),
    ("import_pre_keys", import_pre_keys),
    ("list_pre_keys", list_pre_keys),
];

/// Makes new prekeys and keeps them. With `"kyber": false` it is a bundle of version 3.
fn bundle(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, rng) = peer.party(request)?;
    let id = party.shelves.next_id;
    let or_next = |name| Ok::<u32, Failure>(request.optional_u32(name)?.unwrap_or(id));
    let ids = [or_next("pre_key_id")?, or_next("signed_pre_key_id")?, or_next("kyber_pre_key_id")?];
    let created = Timestamp::from_millis(request.optional_u64("timestamp")?.unwrap_or_default());
    let (with_one_time, with_kyber) = (request.flag("one_time", true)?, request.flag("kyber", true)?);

    let [one_time, signed, kyber] = ids;
    let one_time = with_one_time.then(|| OneTimePreKey::generate(OneTimePreKeyId(one_time), rng));
    let signed = SignedPreKey::generate(SignedPreKeyId(signed), &party.identity, created, rng);
    let kyber =
        with_kyber.then(|| LastResortKemPreKey::generate(KemPreKeyId(kyber), &party.identity, created, rng));
    let stored = [
        one_time.as_ref().map(StoredPreKey::from),
        Some(StoredPreKey::from(&signed)),
        kyber.as_ref().map(StoredPreKey::from),
    ];

    party.shelves.next_id += 1;
    keep(&mut party.shelves, stored.clone());
    let [one_time, signed, kyber] = &stored;
    let describe = |key: &Option<StoredPreKey>, part: fn(&StoredPreKey) -> Value| key.as_ref().map(part);
    let public: fn(&StoredPreKey) -> Value = |key| hex::encode(&key.public).into();
    let private: fn(&StoredPreKey) -> Value = |key| hex::encode(&key.private).into();
    let signature: fn(&StoredPreKey) -> Value = |key| hex::encode(&key.signature).into();
    let record: fn(&StoredPreKey) -> Value = |key| hex::encode(key.encode()).into();
    let id: fn(&StoredPreKey) -> Value = |key| key.id.into();
    let each = |part| {
        let [one_time, signed, kyber] = stored.each_ref().map(|key| describe(key, part));
        json!({ "pre_key": one_time, "signed_pre_key": signed, "kyber_pre_key": kyber })
    };
    Ok(json!({
        "bundle": {
            "registration_id": party.registration_id,
            "device_id": party.address.device().get(),
            "identity_key": hex::encode(party.identity.public().encode()),
            "pre_key_id": describe(one_time, id),
            "pre_key_public": describe(one_time, public),
            "signed_pre_key_id": describe(signed, id),
            "signed_pre_key_public": describe(signed, public),
            "signed_pre_key_signature": describe(signed, signature),
            "kyber_pre_key_id": describe(kyber, id),
            "kyber_pre_key_public": describe(kyber, public),
            "kyber_pre_key_signature": describe(kyber, signature),
        },
        "private": each(private),
        "records": each(record),
    }))
}

/// Keeps a one-time, a signed and a Kyber prekey, as far as they are there.
fn keep(shelves: &mut Shelves, keys: [Option<StoredPreKey>; 3]) {
    let Shelves { one_time, signed, kyber, .. } = shelves;
    for (shelf, key) in [one_time, signed, kyber].into_iter().zip(keys) {
        if let Some(key) = key {
            shelf.put(key);
        }
    }
}

/// Keeps the prekeys of another implementation's answer to `bundle`, which need not have stored records.
fn import_bundle(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let (public, private) = (request.object("bundle")?, request.object("private")?);
    let read = |name: &str| {
        let Some(private) = private.optional_bytes(name)? else { return Ok(None) };
        Ok::<_, Failure>(Some(StoredPreKey {
            id: public.u32(&format!("{name}_id"))?,
            public: public.bytes(&format!("{name}_public"))?,
            private,
            signature: public.optional_bytes(&format!("{name}_signature"))?.unwrap_or_default(),
            created: 0,
        }))
    };
    keep(&mut party.shelves, [read("pre_key")?, read("signed_pre_key")?, read("kyber_pre_key")?]);
    Ok(json!({}))
}

/// Keeps stored records, each read before the first is kept.
fn import_pre_keys(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let read = |name| {
        let bytes = request.optional_bytes(name)?;
        Ok::<_, Failure>(bytes.map(|bytes| StoredPreKey::decode(&bytes)).transpose()?)
    };
    let names = ["pre_key", "signed_pre_key", "kyber_pre_key"];
    let [one_time, signed, kyber] = names;
    let keys = [read(one_time)?, read(signed)?, read(kyber)?];
    let mut ids = serde_json::Map::new();
    for (name, key) in names.into_iter().zip(&keys) {
        if let Some(key) = key {
            ids.insert(format!("{name}_id"), key.id.into());
        }
    }
    keep(&mut party.shelves, keys);
    Ok(ids.into())
}

fn list_pre_keys(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let Shelves { one_time, signed, kyber, kyber_used, .. } = &party.shelves;
    let [one_time, signed, kyber] = [one_time, signed, kyber].map(Shelf::ids);
    Ok(json!({
        "pre_keys": one_time, "signed_pre_keys": signed, "kyber_pre_keys": kyber, "kyber_used": kyber_used.len(),
    }))
}
