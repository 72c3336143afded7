// SPDX-License-Identifier: MIT OR Apache-2.0

//! Parties, sessions and messages.

use serde_json::{Value, json};
use subrosa::Timestamp;
use subrosa::keys::PrivateKey;
use subrosa::rose::sas::SasError;
use subrosa::rose::{
    Account, Admission, Class, DeviceKeys, DeviceName, Issuers, Kind, Outgoing, Policy, ReceiveError, Sender,
    Session, TagOwner, Upload, VerifiedBundle, issue, seal_for_many, trial,
};

use super::party::{Party, Store};
use super::{Answer, Failure, NOW, Operation, Step, World};

pub(super) const OPERATIONS: &[Operation] = &[
    ("issuer", issuer),
    ("make", make),
    ("seal", seal),
    ("prekey", prekey),
    ("policy", policy),
    ("clock", clock),
    ("begin", begin),
    ("send", send),
    ("deliver", deliver),
    ("expected_tags", expected_tags),
    ("save", save),
    ("restore", restore),
    ("clone", clone),
    ("split", split),
    ("sas", sas),
];

const ISSUER_ID: u32 = 7;
const DAY: u64 = 86_400;

fn issuer(world: &mut World, _: &Step<'_>) -> Answer {
    let key = PrivateKey::generate(&mut world.draws.of("issuer"));
    let public = hex::encode(key.public_key().as_bytes());
    world.issuer = Some(key);
    Ok(json!({ "key": public, "id": ISSUER_ID }))
}

/// The device of a party's name: account `00 || name padded to 16`, device 1.
pub(super) fn device_name(name: &str) -> DeviceName {
    let mut account = [0; 17];
    account.iter_mut().skip(1).zip(name.bytes()).for_each(|(slot, byte)| *slot = byte);
    DeviceName::new(account, 1)
}

fn make(world: &mut World, step: &Step<'_>) -> Answer {
    let (by, now) = (step.by(), Timestamp::from_secs(step.0["now"].as_u64().unwrap_or(NOW)));
    let name = device_name(by);
    let keys = DeviceKeys::generate(name, 1, now, &mut world.draws.of(by));
    let hash = keys.card().hash();
    let staged = Account::new(keys, now, &mut world.draws.of(by));
    let mut store = Store::default();
    store.apply(&staged.writes());
    let account = staged.commit();
    let issuer = world.issuer.as_ref().ok_or_else(|| Failure::usage("no issuer"))?;
    let expires = Timestamp::from_secs((now.as_secs() / DAY + 2) * DAY);
    let certificate = issue((ISSUER_ID, issuer), expires, &hash, &mut world.draws.of("issuer"));
    let mut issuers = Issuers::default();
    issuers.add(ISSUER_ID, *issuer.public_key().as_bytes());
    let out = json!({
        "card": hex::encode(account.keys().card().as_bytes()),
        "seal": account.sealing_prekey().map(hex::encode),
        "certificate": hex::encode(certificate),
        "name": hex::encode(name.as_bytes()),
    });
    let policy = Policy { franked: Some(false), require_one_time: false };
    let party = Party {
        account,
        certificate,
        issuers,
        now,
        policy,
        trusts: true,
        sessions: Vec::new(),
        newest_prekey: 0,
        groups: std::collections::BTreeMap::new(),
        group_keys: Vec::new(),
        token: None,
        slots: std::collections::BTreeMap::new(),
        store,
    };
    world.parties.insert(by.to_owned(), party);
    Ok(out)
}

fn seal(world: &mut World, step: &Step<'_>) -> Answer {
    let World { parties, draws, .. } = world;
    let party = parties.get_mut(step.by()).ok_or_else(|| Failure::usage("no party"))?;
    let staged =
        party.account.new_sealing_prekey(party.now, &mut draws.of(step.by())).map_err(Failure::of)?;
    party.store.apply(&staged.writes());
    Ok(json!({ "seal": hex::encode(staged.commit().as_slice()) }))
}

fn prekey(world: &mut World, step: &Step<'_>) -> Answer {
    let class = if step.number("cls")? == 1 { Class::OneTime } else { Class::LastResort };
    let World { parties, draws, .. } = world;
    let party = parties.get_mut(step.by()).ok_or_else(|| Failure::usage("no party"))?;
    let staged =
        party.account.new_prekeys((class, 1), party.now, &mut draws.of(step.by())).map_err(Failure::of)?;
    party.store.apply(&staged.writes());
    let prekeys = staged.commit();
    let prekey = prekeys.first().ok_or_else(|| Failure::usage("no prekey"))?;
    party.newest_prekey = u32::from_be_bytes(*prekey.first_chunk().ok_or_else(|| Failure::usage("no id"))?);
    Ok(json!({ "prekey": hex::encode(prekey.as_slice()) }))
}

fn policy(world: &mut World, step: &Step<'_>) -> Answer {
    let fields = step.0.as_object().ok_or_else(|| Failure::usage("no fields"))?;
    let party = world.party(step.by())?;
    if let Some(franking) = fields.get("franking") {
        party.policy.franked = franking.as_bool();
    }
    if let Some(trusts) = fields.get("trust_all").and_then(Value::as_bool) {
        party.trusts = trusts;
    }
    if let Some(required) = fields.get("require_one_time").and_then(Value::as_bool) {
        party.policy.require_one_time = required;
    }
    Ok(json!({}))
}

fn clock(world: &mut World, step: &Step<'_>) -> Answer {
    world.party(step.by())?.now = Timestamp::from_secs(step.number("now")?);
    Ok(json!({}))
}

fn begin(world: &mut World, step: &Step<'_>) -> Answer {
    let (by, peer) = (step.by(), step.text("peer")?);
    let bundle = {
        let peer = world.party(peer)?;
        peer.account.bundle(peer.newest_prekey)
    };
    let bundle = match bundle {
        Some(bundle) => bundle,
        None => step.bytes("bundle")?,
    };
    let World { parties, draws, tags, .. } = world;
    let party = parties.get_mut(by).ok_or_else(|| Failure::usage("no party"))?;
    let name = device_name(peer);
    let contact = party.contact(name);
    let trust = party.trust(contact.as_ref());
    let at = party.session_at(name);
    let session = &mut party.sessions[at];
    let bundle = VerifiedBundle::verify(&bundle, session, trust, party.now).map_err(Failure::of)?;
    let franked = step.0["franking"].as_bool().unwrap_or_default();
    let staged = session
        .initiate(party.account.keys(), bundle, franked, party.now, &mut draws.of(by))
        .map_err(Failure::of)?;
    *tags = party.store.apply(&staged.writes());
    staged.commit();
    let [transcript, secret] = session.secrets().ok_or_else(|| Failure::usage("no state"))?;
    Ok(json!({
        "peer_name": hex::encode(name.as_bytes()),
        "block": session.block().map(hex::encode),
        "th": hex::encode(transcript),
        "sx": hex::encode(secret),
    }))
}

fn send(world: &mut World, step: &Step<'_>) -> Answer {
    let (by, name) = (step.by(), device_name(step.text("peer")?));
    let content = step.bytes("content")?;
    let kind = u8::try_from(step.number("kind")?).map_err(|_| Failure::usage("kind"))?;
    let report = if step.has("report") { Some(step.array::<68>("report")?) } else { None };
    let outgoing = Outgoing {
        kind: Kind::from_u8(kind),
        content: &content,
        at_least: step.at_least(),
        report: report.as_ref(),
    };
    let World { parties, draws, tags, .. } = world;
    let party = parties.get_mut(by).ok_or_else(|| Failure::usage("no party"))?;
    let contact = party.contact(name);
    let at = party.session_at(name);
    let sender = Sender { certificate: &party.certificate, contact: contact.as_ref(), now: party.now };
    let staged = party.sessions[at].encrypt(&outgoing, &sender, &mut draws.of(by)).map_err(Failure::of)?;
    *tags = party.store.apply(&staged.writes());
    let message = staged.commit();
    world.gives(&message);
    Ok(json!({ "message": hex::encode(message) }))
}

fn deliver(world: &mut World, step: &Step<'_>) -> Answer {
    let message = world.message(step)?;
    let by = step.by();
    let World { parties, draws, tags, .. } = world;
    let party = parties.get_mut(by).ok_or_else(|| Failure::usage("no party"))?;
    let mut outcome = by_tag(party, &message, &mut draws.of(by), tags);
    if outcome.as_ref().is_some_and(Result::is_err) && party.store.owners(&message).is_empty() {
        outcome = None;
    }
    let found = match outcome {
        Some(found) => found,
        None => match first_contact(party, &message, &mut draws.of(by), tags) {
            Err(ReceiveError::NotFound) if asks_for_trial(step) => {
                by_trial(party, (&message, &step.0["trial"]), &mut draws.of(by), tags)
            }
            found => found,
        },
    };
    let (at, kind, content) = found.map_err(Failure::of)?;
    let session = &party.sessions[at];
    let hybrid = session.authentication() == Some(subrosa::rose::PeerAuthentication::Hybrid);
    Ok(json!({
        "from": hex::encode(session.remote().as_bytes()),
        "kind": kind.to_u8(),
        "content": hex::encode(content),
        "hybrid": hybrid,
    }))
}

type Found = Result<(usize, Kind, Vec<u8>), ReceiveError>;
type TagChanges = (Vec<[u8; 16]>, Vec<[u8; 16]>);

/// Tries the sessions that expect the message; none if there is no such session.
fn by_tag(
    party: &mut Party,
    message: &[u8],
    rng: &mut super::draws::OfParty<'_>,
    tags: &mut TagChanges,
) -> Option<Found> {
    let mut outcome = None;
    for owner in party.store.owners(message) {
        let TagOwner::Session(name) = owner else { continue };
        let at = party.session_at(name);
        match party.sessions[at].decrypt(message, party.account.keys(), rng) {
            Ok(staged) => {
                *tags = party.store.apply(&staged.writes());
                let received = staged.commit();
                return Some(Ok((at, received.kind, received.content.to_vec())));
            }
            Err(error) => outcome = Some(Err(error)),
        }
    }
    outcome
}

fn first_contact(
    party: &mut Party,
    message: &[u8],
    rng: &mut super::draws::OfParty<'_>,
    tags: &mut TagChanges,
) -> Found {
    let first = party.account.open(message)?;
    let name = first.claimed_sender();
    let contact = party.contact(name);
    let trust = party.trust(contact.as_ref());
    let at = party.session_at(name);
    let admission = Admission { issuers: &party.issuers, trust, policy: party.policy, now: party.now };
    let session = &mut party.sessions[at];
    match party.account.receive_first(session, &first, &admission, rng) {
        Ok(staged) => {
            *tags = party.store.apply(&staged.writes());
            let received = staged.commit();
            Ok((at, received.kind, received.content.to_vec()))
        }
        Err(error) => {
            party.sessions.retain(|session| session.is_begun() || session.remote() != name);
            Err(error)
        }
    }
}

fn asks_for_trial(step: &Step<'_>) -> bool {
    match &step.0["trial"] {
        Value::Bool(asked) => *asked,
        Value::Array(_) => true,
        _ => false,
    }
}

fn by_trial(
    party: &mut Party,
    (message, over): (&[u8], &Value),
    rng: &mut super::draws::OfParty<'_>,
    tags: &mut TagChanges,
) -> Found {
    let named: Option<Vec<DeviceName>> =
        over.as_array().map(|names| names.iter().filter_map(Value::as_str).map(device_name).collect());
    let is_named = |session: &Session| named.as_ref().is_none_or(|names| names.contains(&session.remote()));
    let (places, sessions): (Vec<usize>, Vec<&mut Session>) =
        party.sessions.iter_mut().enumerate().filter(|(_, session)| is_named(session)).unzip();
    let (place, staged) = trial(sessions, message, party.account.keys(), rng)?;
    *tags = party.store.apply(&staged.writes());
    let received = staged.commit();
    Ok((places[place], received.kind, received.content.to_vec()))
}

fn expected_tags(world: &mut World, step: &Step<'_>) -> Answer {
    let party = world.party(step.by())?;
    let mut tags: Vec<[u8; 16]> = party.sessions.iter().flat_map(Session::expected_tags).collect();
    tags.sort_unstable();
    tags.dedup();
    Ok(json!({ "tags": super::hexes(&tags) }))
}

fn save(world: &mut World, step: &Step<'_>) -> Answer {
    let (slot, party) = (step.number("slot")?, world.party(step.by())?);
    let saved = party.save();
    party.slots.insert(slot, saved);
    Ok(json!({}))
}

fn restore(world: &mut World, step: &Step<'_>) -> Answer {
    let (slot, party) = (step.number("slot")?, world.party(step.by())?);
    let saved = party.slots.get(&slot).cloned().ok_or_else(|| Failure::usage("slot: nothing put away"))?;
    party.restore(&saved);
    Ok(json!({}))
}

fn clone(world: &mut World, step: &Step<'_>) -> Answer {
    let to = step.text("to")?.to_owned();
    let copy = world.party(step.by())?.copy();
    world.parties.insert(to, copy);
    Ok(json!({}))
}

fn split(world: &mut World, step: &Step<'_>) -> Answer {
    let by = step.by();
    let names: Vec<DeviceName> = step.names("to")?.into_iter().map(device_name).collect();
    let content = step.bytes("content")?;
    let World { parties, draws, tags, .. } = world;
    let party = parties.get_mut(by).ok_or_else(|| Failure::usage("no party"))?;
    let mailboxes: Vec<[u8; 18]> = names.iter().map(|name| *name.as_bytes()).collect();
    let mut sessions: Vec<Option<&mut Session>> = party.sessions.iter_mut().map(Some).collect();
    let mut chosen = Vec::new();
    for (name, mailbox) in names.iter().zip(&mailboxes) {
        let is_it = |session: &&mut Option<&mut Session>| {
            session.as_ref().is_some_and(|session| session.remote() == *name)
        };
        let session = sessions.iter_mut().find(is_it).and_then(Option::take);
        chosen.push((&mailbox[..], session.ok_or_else(|| Failure::Refused("NoState".to_owned()))?));
    }
    let sender = Sender { certificate: &party.certificate, contact: None, now: party.now };
    let staged = seal_for_many(chosen, (&content, step.at_least()), &sender, &mut draws.of(by));
    let staged = staged.map_err(Failure::of)?;
    *tags = party.store.apply(&staged.writes());
    let upload = staged.commit();
    let deliveries: Vec<Vec<u8>> =
        Upload::parse(&upload.bytes).map_err(Failure::of)?.deliveries().map(|(_, message)| message).collect();
    world.give_all(&deliveries);
    Ok(json!({
        "upload": hex::encode(&upload.bytes),
        "b": hex::encode(upload.shared_key.as_bytes()),
    }))
}

fn sas(world: &mut World, step: &Step<'_>) -> Answer {
    let name = device_name(step.text("peer")?);
    let (run, n0, n1) = (step.array("run")?, step.array("n0")?, step.array("n1")?);
    let party = world.party(step.by())?;
    let at = party.session_at(name);
    let session = &party.sessions[at];
    let (commit, sas, confirm) =
        session.sas_of(&run, &n0, &n1).ok_or_else(|| Failure::of(SasError::TooEarly))?;
    Ok(json!({
        "commit": hex::encode(commit),
        "sas": hex::encode(sas.as_bytes()),
        "digits": sas.digits(),
        "emoji": sas.symbols().map(|(_, name)| name),
        "confirm": confirm.map(hex::encode),
    }))
}
