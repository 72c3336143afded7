// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sessions.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use serde_json::{Value, json};
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::keys::PublicKey;
use subrosa::omemo::inspect::{self, ed25519};
use subrosa::omemo::{Agreed, Bundle, Kind, Message, Session, UsedPreKey, Version};

use super::parties::{Pending, Policy, version_name};
use super::{Answer, Failure, Fields, Operation, World};

pub(super) const OPERATIONS: &[Operation] = &[
    ("process_bundle", process_bundle),
    ("encrypt", encrypt),
    ("decrypt", decrypt),
    ("session_export", session_export),
    ("session_import", session_import),
    ("session_delete", session_delete),
    ("session_info", session_info),
    ("parse_message", parse_message),
    ("parse_key_exchange", parse_key_exchange),
];

/// The draws of an operation once more.
struct Replay<'a>(&'a [u8]);

impl TryRng for Replay<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        let (now, rest) = self.0.split_at_checked(target.len()).expect("as many draws as before");
        target.copy_from_slice(now);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Replay<'_> {}

fn read_bundle(version: Version, fields: Fields<'_>) -> Result<Bundle, Failure> {
    let mut pre_keys = Vec::new();
    for key in fields.list("pre_keys")? {
        let key = Fields::new(key);
        pre_keys.push((key.u32("id")?, key.bytes("public")?));
    }
    Ok(Bundle {
        version,
        device: fields.optional_u32("device_id")?.unwrap_or_default(),
        identity: fields.bytes("identity_key")?,
        signed_pre_key_id: fields.u32("signed_pre_key_id")?,
        signed_pre_key: fields.bytes("signed_pre_key_public")?,
        signature: fields.bytes("signed_pre_key_signature")?,
        pre_keys,
    })
}

/// The last 32 bytes of a key on the wire.
fn bare(key: &[u8]) -> [u8; 32] {
    key.last_chunk().copied().unwrap_or_default()
}

fn agreed_fields(agreed: &Agreed) -> (String, String) {
    (hex::encode(agreed.shared_secret()), hex::encode(agreed.associated_data()))
}

fn process_bundle(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, random) = world.party(fields)?;
    let remote = fields.remote()?;
    let mut bundle = read_bundle(party.version(), fields.object("bundle")?)?;
    // As `peer.py`: the address says whose it is.
    bundle.device = remote.device().get();
    if party.policy == Policy::OnFirstUse
        && party.known.get(&remote).is_some_and(|known| *known != bundle.identity)
    {
        return Err(Failure::new(
            "UntrustedIdentity",
            "the identity key is not the one known for this device",
        ));
    }
    let pre_key_id = fields.optional_u32("pre_key_id")?;
    let verified = bundle.verify(pre_key_id)?;
    let known = party.known_identity(&remote)?;
    let trust = party.trust(known.as_ref());
    let mut session = Session::new(party.version(), remote.clone());
    let agreed = session.begin(&party.account, &verified, trust, random)?.commit();
    if let Some(shown) = inspect::session(&session) {
        let chosen = bundle.pre_keys.iter().find(|(id, _)| *id == agreed.pre_key_id());
        let keys = (bare(&bundle.signed_pre_key), chosen.map_or([0; 32], |(_, key)| bare(key)));
        party.exchanges.insert(shown.base_key, keys);
    }
    party.known.insert(remote.clone(), bundle.identity.clone());
    party.pending.insert(remote, Pending { bundle, pre_key_id, drawn: random.drawn().to_vec() });
    let (shared_secret, associated_data) = agreed_fields(&agreed);
    Ok(json!({
        "pre_key_id": agreed.pre_key_id(),
        "shared_secret": shared_secret,
        "associated_data": associated_data,
    }))
}

fn encrypt(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, _) = world.party(fields)?;
    let (remote, plaintext) = (fields.remote()?, fields.bytes("plaintext")?);
    let repeat = fields.optional_u32("repeat")?.unwrap_or(1).max(1);
    if let Some(Pending { bundle, pre_key_id, drawn }) = party.pending.remove(&remote) {
        let verified = bundle.verify(pre_key_id)?;
        let (version, limit) = (party.version(), party.skip_limit);
        let session =
            party.sessions.entry(remote.clone()).or_insert_with(|| Session::new(version, remote.clone()));
        session.set_skip_limit(limit);
        let trust = subrosa::omemo::Trust::Anyone;
        session.begin(&party.account, &verified, trust, &mut Replay(&drawn))?.commit();
    }
    let session = party.sessions.get_mut(&remote).ok_or_else(|| Failure::new("NoSession", "no session"))?;
    let mut sent = session.encrypt(&plaintext)?.commit();
    for _ in 1..repeat {
        sent = session.encrypt(&plaintext)?.commit();
    }
    Ok(json!({
        "type": if sent.kind() == Kind::KeyExchange { 3 } else { 2 },
        "message": hex::encode(sent.as_bytes()),
        "counter": sent.counter(),
        "previous_counter": sent.previous_counter(),
    }))
}

fn kind(fields: Fields<'_>) -> Result<Kind, Failure> {
    Ok(if fields.u32("type")? == 3 { Kind::KeyExchange } else { Kind::Plain })
}

fn decrypt(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, random) = world.party(fields)?;
    let (remote, bytes, kind) = (fields.remote()?, fields.bytes("message")?, kind(fields)?);
    let version = party.version();
    let message = Message::parse(version, kind, &bytes)?;
    let known = party.known_identity(&remote)?;
    let trust = party.trust(known.as_ref());
    let used = if fields.flag("keep_pre_key") { UsedPreKey::Keep } else { UsedPreKey::Delete };
    // The keys that the session does not keep.
    let named = message.pre_key_ids().map(|(one_time, signed)| {
        let one_time = party.account.bundle().and_then(|bundle| {
            bundle.pre_keys.into_iter().find(|(id, _)| *id == one_time).map(|(_, key)| bare(&key))
        });
        (party.signed_public(signed).unwrap_or_default(), one_time.unwrap_or_default())
    });
    let mut fresh = None;
    let session = match party.sessions.get_mut(&remote) {
        Some(session) => session,
        None => fresh.insert(Session::new(version, remote.clone())),
    };
    session.set_skip_limit(party.skip_limit);
    let received = session.receive(&mut party.account, &message, trust, used, random)?.commit();
    let shown = inspect::session(session).filter(|_| received.begun().is_some());
    if let (Some(shown), Some(named)) = (shown, named) {
        party.exchanges.insert(shown.base_key, named);
    }
    if kind == Kind::KeyExchange {
        if let Some(identity) = session.their_identity() {
            party.known.insert(remote.clone(), identity.encode());
        }
        party.pending.remove(&remote);
    }
    if let Some(session) = fresh {
        party.sessions.insert(remote, session);
    }
    let mut out = json!({
        "plaintext": hex::encode(received.plaintext()),
        "new_session": received.begun().is_some(),
        "receiving_chain_length": received.chain_length(),
        "empty_message_due": received.answer_due(),
    });
    if let (Some(agreed), Some(out)) = (received.begun(), out.as_object_mut()) {
        let (shared_secret, associated_data) = agreed_fields(agreed);
        out.insert("shared_secret".to_owned(), shared_secret.into());
        out.insert("associated_data".to_owned(), associated_data.into());
    }
    Ok(out)
}

fn initiation(began: bool) -> &'static str {
    if began { "active" } else { "passive" }
}

fn session_export(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, random) = world.party(fields)?;
    let remote = fields.remote()?;
    let Some(shown) = party.sessions.get(&remote).and_then(inspect::session) else {
        return Ok(json!({ "record": null }));
    };
    let version = party.version();
    // A legacy exchange has no sign: our own is known, theirs is taken as 0.
    let identity = match (version, shown.began) {
        (Version::Two, _) => shown.identity,
        (_, true) => bare(&party.account.identity().public(Version::Two).encode()),
        (_, false) => ed25519::from_curve(&PublicKey::from_bytes(shown.identity), 0).unwrap_or_default(),
    };
    let (signed, one_time) = party.exchanges.get(&shown.base_key).copied().unwrap_or_default();
    let skipped: Vec<Value> = shown
        .skipped
        .iter()
        .map(|(key, index, seed)| {
            json!({ "ratchet_public": hex::encode(key), "index": index, "message_key": hex::encode(seed) })
        })
        .collect();
    let receiving =
        shown.receiving.map(|chain| json!({ "key": hex::encode(chain.as_bytes()), "length": chain.index() }));
    Ok(json!({ "record": {
        "version": version_name(version),
        "initiation": initiation(shown.began),
        "confirmed": shown.answered,
        "associated_data": hex::encode(&shown.associated_data),
        "root_key": hex::encode(shown.root.as_bytes()),
        "own_ratchet_private": hex::encode(random.as_drawn(shown.own_private)),
        "other_ratchet_public": hex::encode(shown.remote),
        "sending": { "key": hex::encode(shown.sending.as_bytes()), "length": shown.sending.index() },
        "receiving": receiving,
        "previous_sending_chain_length": shown.previous,
        "skipped": skipped,
        "key_exchange": {
            "identity_key": hex::encode(identity),
            "ephemeral_key": hex::encode(shown.base_key),
            "signed_pre_key": hex::encode(signed),
            "pre_key": hex::encode(one_time),
            "signed_pre_key_id": shown.signed_pre_key_id,
            "pre_key_id": shown.pre_key_id,
        },
    }}))
}

fn chain(fields: Fields<'_>, name: &str) -> Result<([u8; 32], u32), Failure> {
    let chain = fields.object(name)?;
    Ok((chain.array("key")?, chain.u32("length")?))
}

fn session_import(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, random) = world.party(fields)?;
    let (remote, record) = (fields.remote()?, fields.object("record")?);
    let exchange = record.object("key_exchange")?;
    let mut skipped = Vec::new();
    for key in record.list("skipped")? {
        let key = Fields::new(key);
        skipped.push((key.array("ratchet_public")?, key.u32("index")?, key.array("message_key")?));
    }
    let receiving = match record.field("receiving") {
        Some(_) => Some(chain(record, "receiving")?),
        None => None,
    };
    let own_private = record.array("own_ratchet_private")?;
    let base_key = exchange.array("ephemeral_key")?;
    let shown = inspect::Parts {
        began: record.text("initiation")? == "active",
        answered: record.flag("confirmed"),
        associated_data: &record.bytes("associated_data")?,
        base_key,
        signed_pre_key_id: exchange.u32("signed_pre_key_id")?,
        pre_key_id: exchange.u32("pre_key_id")?,
        root: record.array("root_key")?,
        own_private,
        remote: record.array("other_ratchet_public")?,
        sending: chain(record, "sending")?,
        receiving,
        previous: record.u32("previous_sending_chain_length")?,
        skipped,
    };
    let keys = (exchange.array("signed_pre_key")?, exchange.array("pre_key")?);
    let invalid = |_| Failure::new("ValueError", "associated_data: expected two identities");
    let session = inspect::restore(party.version(), remote.clone(), &shown).map_err(invalid)?;
    random.note(own_private);
    party.exchanges.insert(base_key, keys);
    party.sessions.insert(remote, session);
    Ok(json!({}))
}

fn session_delete(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, _) = world.party(fields)?;
    let remote = fields.remote()?;
    party.sessions.remove(&remote);
    party.pending.remove(&remote);
    Ok(json!({}))
}

fn session_info(world: &mut World, fields: Fields<'_>) -> Answer {
    let (party, _) = world.party(fields)?;
    let remote = fields.remote()?;
    let shown = party.sessions.get(&remote).and_then(inspect::session);
    let pending = party.pending.contains_key(&remote);
    Ok(match shown {
        None => json!({ "exists": false, "pending": pending }),
        Some(shown) => json!({
            "exists": true,
            "pending": pending,
            "initiation": initiation(shown.began),
            "confirmed": shown.answered,
            "sending_chain_length": shown.sending.index(),
            "receiving_chain_length": shown.receiving.map(ChainKey::index),
            "skipped": shown.skipped.len(),
        }),
    })
}

fn parse_message(_: &mut World, fields: Fields<'_>) -> Answer {
    let bytes = fields.bytes("message")?;
    let message = Message::parse(fields.version()?, Kind::Plain, &bytes)?;
    Ok(json!({
        "ratchet_key": hex::encode(message.ratchet_key()),
        "counter": message.counter(),
        "previous_counter": message.previous_counter(),
    }))
}

fn parse_key_exchange(_: &mut World, fields: Fields<'_>) -> Answer {
    let (version, bytes) = (fields.version()?, fields.bytes("message")?);
    let shown = inspect::key_exchange(version, &bytes)?;
    let prefix = if version == Version::Legacy { "05" } else { "" };
    Ok(json!({
        "pre_key_id": shown.pre_key_id,
        "signed_pre_key_id": shown.signed_pre_key_id,
        "identity_key": format!("{prefix}{}", hex::encode(shown.identity)),
        "ephemeral_key": hex::encode(shown.base_key),
        "message": hex::encode(shown.message),
    }))
}
