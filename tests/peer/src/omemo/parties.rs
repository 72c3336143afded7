// SPDX-License-Identifier: MIT OR Apache-2.0

//! Parties, their prekeys, and whom they trust.

use std::collections::HashMap;

use serde_json::{Value, json};
use subrosa::Address;
use subrosa::keys::PrivateKey;
use subrosa::omemo::inspect::ed25519;
use subrosa::omemo::{Account, Bundle, IdentityKey, IdentityKeyPair, Session, Trust, Version};

use super::{Answer, Failure, Fields, Operation, World};

pub(super) const OPERATIONS: &[Operation] = &[
    ("new_party", new_party),
    ("clone_party", clone_party),
    ("drop_party", drop_party),
    ("set_trust", set_trust),
    ("identity_get", identity_get),
    ("identity_set", identity_set),
    ("bundle", bundle),
    ("import_pre_keys", import_pre_keys),
    ("list_pre_keys", list_pre_keys),
    ("sign_label", sign_label),
];

/// Whom a party trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    OnFirstUse,
    All,
    None,
}

/// What `session_export` shows of an exchange and the session does not keep: signed prekey and one-time prekey.
pub(super) type ExchangeKeys = ([u8; 32], [u8; 32]);

/// A bundle that was processed, and what that drew: the session is there with the first `encrypt`.
#[derive(Clone)]
pub(super) struct Pending {
    pub(super) bundle: Bundle,
    pub(super) pre_key_id: Option<u32>,
    pub(super) drawn: Vec<u8>,
}

/// A party.
pub(super) struct Party {
    pub(super) account: Account,
    pub(super) sessions: HashMap<Address, Session>,
    pub(super) pending: HashMap<Address, Pending>,
    pub(super) known: HashMap<Address, Vec<u8>>,
    pub(super) policy: Policy,
    pub(super) skip_limit: u32,
    /// By base key.
    pub(super) exchanges: HashMap<[u8; 32], ExchangeKeys>,
    /// Private signed prekeys as drawn, by number.
    signed: HashMap<u32, [u8; 32]>,
}

impl Party {
    pub(super) fn version(&self) -> Version {
        self.account.version()
    }

    fn duplicate(&self) -> Result<Self, Failure> {
        let damaged = |_| Failure::new("Error", "a record that can't be read");
        let mut sessions = HashMap::new();
        for (remote, session) in &self.sessions {
            let mut copy =
                Session::from_record(session.record().as_bytes(), remote.clone()).map_err(damaged)?;
            copy.set_skip_limit(self.skip_limit);
            sessions.insert(remote.clone(), copy);
        }
        Ok(Self {
            account: Account::from_record(self.account.record().as_bytes()).map_err(damaged)?,
            sessions,
            pending: self.pending.clone(),
            known: self.known.clone(),
            policy: self.policy,
            skip_limit: self.skip_limit,
            exchanges: self.exchanges.clone(),
            signed: self.signed.clone(),
        })
    }

    /// The identity that is known for a device, if the policy asks for it.
    pub(super) fn known_identity(&self, remote: &Address) -> Result<Option<IdentityKey>, Failure> {
        let known = self.known.get(remote).filter(|_| self.policy == Policy::OnFirstUse);
        let untrusted = |_| Failure::new("UntrustedIdentity", "the known identity is no key");
        known.map(|bytes| IdentityKey::decode(self.version(), bytes).map_err(untrusted)).transpose()
    }

    pub(super) fn trust<'a>(&self, known: Option<&'a IdentityKey>) -> Trust<'a> {
        match (self.policy, known) {
            (Policy::None, _) => Trust::Nobody,
            (Policy::OnFirstUse, Some(known)) => Trust::Pinned(known),
            (Policy::OnFirstUse | Policy::All, _) => Trust::Anyone,
        }
    }

    pub(super) fn signed_public(&self, id: u32) -> Option<[u8; 32]> {
        self.signed.get(&id).map(public_of)
    }
}

pub(super) fn public_of(private: &[u8; 32]) -> [u8; 32] {
    PrivateKey::decode(private).map_or([0; 32], |key| *key.public_key().as_bytes())
}

pub(super) const fn version_name(version: Version) -> &'static str {
    match version {
        Version::Legacy => "legacy",
        _ => "2",
    }
}

fn private(bytes: [u8; 32]) -> Result<PrivateKey, Failure> {
    PrivateKey::decode(&bytes).map_err(|_| Failure::new("ValueError", "a private key has 32 bytes"))
}

fn new_party(world: &mut World, fields: Fields<'_>) -> Answer {
    let (version, device) = (fields.version()?, fields.u32("device")?);
    let (_, name) = (fields.text("name")?, fields.text("party")?.to_owned());
    let identity = if fields.field("identity_private").is_some() {
        IdentityKeyPair::from_private(private(fields.array("identity_private")?)?)
    } else if fields.field("identity_seed").is_some() {
        IdentityKeyPair::from_seed(&fields.array("identity_seed")?)
    } else {
        IdentityKeyPair::generate(world.random(fields))
    };
    let [edwards, curve] = [Version::Two, Version::Legacy].map(|version| identity.public(version).encode());
    let out = json!({
        "version": version_name(version),
        "namespace": version.namespace(),
        "device": device,
        "identity_seed": identity.seed().map(hex::encode),
        "identity_private": hex::encode(identity.private().as_bytes()),
        "identity_ed25519": hex::encode(edwards),
        "identity_public": hex::encode(curve),
    });
    let party = Party {
        account: Account::new(version, device, identity),
        sessions: HashMap::new(),
        pending: HashMap::new(),
        known: HashMap::new(),
        policy: Policy::OnFirstUse,
        skip_limit: fields.optional_u32("skip_limit")?.unwrap_or(1000),
        exchanges: HashMap::new(),
        signed: HashMap::new(),
    };
    world.parties.insert(name, party);
    Ok(out)
}

fn clone_party(world: &mut World, fields: Fields<'_>) -> Answer {
    let name = fields.text("as")?.to_owned();
    let (party, random) = world.party(fields)?;
    let (copy, random) = (party.duplicate()?, random.clone());
    world.parties.insert(name.clone(), copy);
    world.randomness.insert(Some(name), random);
    Ok(json!({}))
}

fn drop_party(world: &mut World, fields: Fields<'_>) -> Answer {
    Ok(json!({ "dropped": world.parties.remove(fields.text("party")?).is_some() }))
}

fn set_trust(world: &mut World, fields: Fields<'_>) -> Answer {
    let policy = match fields.text("policy")? {
        "tofu" => Policy::OnFirstUse,
        "all" => Policy::All,
        "none" => Policy::None,
        _ => return Err(Failure::new("ValueError", "policy: tofu, all or none")),
    };
    world.party(fields)?.0.policy = policy;
    Ok(json!({}))
}

fn identity_get(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, _) = world.party(fields)?;
    Ok(json!({ "identity": party.known.get(&fields.remote()?).map(hex::encode) }))
}

fn identity_set(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, _) = world.party(fields)?;
    let (identity, len) = (fields.bytes("identity")?, if party.version() == Version::Two { 32 } else { 33 });
    if identity.len() != len {
        return Err(Failure::new("BadLength", "identity key length"));
    }
    party.known.insert(fields.remote()?, identity);
    Ok(json!({}))
}

fn bundle(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, random) = world.party(fields)?;
    let count = match fields.field("one_time") {
        None => 1,
        Some(Value::Bool(any)) => u32::from(*any),
        Some(_) => fields.u32("one_time")?,
    };
    let signed_ids = party.account.signed_pre_key_ids();
    let first = signed_ids.is_empty();
    let signed_id = if first || fields.flag("rotate") {
        let next = signed_ids.iter().max().map_or(1, |id| id + 1);
        Some(fields.optional_u32("signed_pre_key_id")?.unwrap_or(next))
    } else {
        None
    };
    let ids = match (fields.field("pre_key_ids"), fields.optional_u32("pre_key_id")?) {
        (Some(_), _) => {
            let id = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok());
            let ids: Option<Vec<u32>> = fields.list("pre_key_ids")?.iter().map(id).collect();
            ids.ok_or_else(|| Failure::new("TypeError", "pre_key_ids: expected numbers"))?
        }
        (None, Some(id)) => vec![id],
        (None, None) => party.account.next_pre_key_ids(count),
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let ids = ids.get(..count).ok_or_else(|| Failure::new("IndexError", "too few pre_key_ids"))?;
    party.account.renew(signed_id, ids, random)?.commit();
    let mut drawn = random.drawn();
    if let Some(id) = signed_id {
        let (private, rest) = drawn.split_first_chunk::<32>().unwrap_or((&[0; 32], &[]));
        party.signed.insert(id, *private);
        drawn = rest.get(64..).unwrap_or_default();
    }
    let privates: Vec<String> = drawn.chunks(32).map(hex::encode).collect();
    let bundle = party.account.bundle().ok_or_else(|| Failure::new("Error", "no bundle"))?;
    let made = bundle.pre_keys.iter().filter(|(id, _)| ids.contains(id));
    let pre_keys: Vec<Value> =
        made.map(|(id, key)| json!({ "id": id, "public": hex::encode(key) })).collect();
    let signed = party.signed.get(&bundle.signed_pre_key_id).copied().unwrap_or_default();
    Ok(json!({
        "bundle": {
            "version": version_name(bundle.version),
            "device_id": bundle.device,
            "identity_key": hex::encode(&bundle.identity),
            "signed_pre_key_id": bundle.signed_pre_key_id,
            "signed_pre_key_public": hex::encode(&bundle.signed_pre_key),
            "signed_pre_key_signature": hex::encode(&bundle.signature),
            "pre_keys": pre_keys,
        },
        "private": { "signed_pre_key": hex::encode(signed), "pre_keys": privates },
    }))
}

fn import_pre_keys(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, _) = world.party(fields)?;
    let mut raw = HashMap::new();
    let mut signed = |fields: Fields<'_>| -> Result<(u32, PrivateKey, [u8; 64]), Failure> {
        let (id, bytes) = (fields.u32("id")?, fields.array("private")?);
        let has_signature = fields.field("signature").is_some();
        let signature = if has_signature { fields.array("signature")? } else { [0; 64] };
        raw.insert(id, bytes);
        Ok((id, private(bytes)?, signature))
    };
    let present = signed(fields.object("signed_pre_key")?)?;
    let old = match fields.field("old_signed_pre_key") {
        Some(_) => Some(signed(fields.object("old_signed_pre_key")?)?),
        None => None,
    };
    let mut one_time = Vec::new();
    for key in fields.list("pre_keys")? {
        let key = Fields::new(key);
        one_time.push((key.u32("id")?, private(key.array("private")?)?));
    }
    party.account.import_pre_keys(present, old, &one_time)?.commit();
    party.signed = raw;
    Ok(json!({}))
}

fn list_pre_keys(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, _) = world.party(fields)?;
    let sorted = |mut ids: Vec<u32>| {
        ids.sort_unstable();
        ids
    };
    Ok(json!({
        "pre_keys": sorted(party.account.pre_key_ids()),
        "signed_pre_keys": sorted(party.account.signed_pre_key_ids()),
    }))
}

fn sign_label(world: &mut World, fields: Fields<'_>) -> Answer {
    let label = fields.text("label")?;
    let (party, random) = world.party(fields)?;
    let private = party.account.identity().private();
    Ok(json!({ "signature": hex::encode(ed25519::sign(private, &[label.as_bytes()], random)) }))
}
