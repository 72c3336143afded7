// SPDX-License-Identifier: MIT OR Apache-2.0

//! Operations on sender keys. A `distribution_id` that is not a UUID is a group's name, and stands for the
//! older format, whose messages have no id.

use std::collections::HashMap;

use serde_json::json;
use subrosa::group::{DistributionMessage, Format, GroupMessage, ReceiverKeys, SenderKey};
use subrosa::hazmat::crypto::xeddsa;
use subrosa::hazmat::wire::sender_key_distribution::SenderKeyDistributionParts;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessageParts;
use subrosa::keys::PublicKey;
use subrosa::libsignal::LibsignalError;
use subrosa::store::Write;
use subrosa::{Address, IdentityKey, ParseError, Record, Staged, Trust};

use super::{Answer, Failure, Operation, Peer, Request};

pub(super) const OPERATIONS: &[Operation] = &[
    ("sender_key_create", sender_key_create),
    ("sender_key_process", sender_key_process),
    ("sender_key_export", sender_key_export),
    ("sender_key_import", sender_key_import),
    ("group_encrypt", group_encrypt),
    ("group_decrypt", group_decrypt),
    ("parse_group_message", parse_group_message),
    ("parse_skdm", parse_skdm),
    ("build_group_message", build_group_message),
    ("build_skdm", build_skdm),
];

/// The records of a party's sender keys, read anew for each operation, by the text of the distribution id or
/// the group's name.
#[derive(Clone, Default)]
pub(crate) struct GroupKeys {
    own: HashMap<String, Vec<u8>>,
    others: HashMap<(Address, String), Vec<u8>>,
}

impl GroupKeys {
    fn own(&self, group: &str) -> Result<Option<SenderKey>, Failure> {
        let record = self.own.get(group);
        record.map(|bytes| SenderKey::from_record(bytes)).transpose().map_err(Failure::error)
    }

    fn of(&self, sender: &Address, group: &str) -> Result<Option<ReceiverKeys>, Failure> {
        let record = self.others.get(&(sender.clone(), group.to_owned()));
        record
            .map(|bytes| ReceiverKeys::from_record(bytes, sender.clone()))
            .transpose()
            .map_err(Failure::error)
    }

    fn put_own(&mut self, group: &str, record: &Record) {
        self.own.insert(group.to_owned(), record.as_bytes().to_vec());
    }

    fn put(&mut self, sender: &Address, group: &str, record: &Record) {
        self.others.insert((sender.clone(), group.to_owned()), record.as_bytes().to_vec());
    }
}

/// The group of a request that names one.
struct Group {
    name: String,
    format: Format,
}

impl Group {
    fn named(name: &str) -> Self {
        match name.parse() {
            Ok(id) => Self::of(Format::WithId(id), None),
            Err(_) => Self { name: name.to_owned(), format: Format::WithoutId },
        }
    }

    /// The group of a message, which names it itself or not.
    fn of(format: Format, name: Option<&str>) -> Self {
        let id = format.distribution_id().map(|id| id.to_string());
        Self { name: id.or_else(|| name.map(str::to_owned)).unwrap_or_default(), format }
    }

    fn in_request(request: Request<'_>) -> Result<Self, Failure> {
        Ok(Self::named(request.text("distribution_id")?))
    }

    fn missing(&self) -> Failure {
        Failure::generic(format!("missing sender key state for distribution ID {}", self.name))
    }
}

/// The name of the group, if the request gives one that is not a UUID.
fn group_name(request: Request<'_>) -> Result<Option<&str>, Failure> {
    let name = request.field("distribution_id").map(|_| request.text("distribution_id")).transpose()?;
    Ok(name.filter(|name| Group::named(name).format == Format::WithoutId))
}

/// Reads a message in the older format if the request names a group, in today's otherwise.
fn read<'m, M>(
    name: Option<&str>,
    bytes: &'m [u8],
    parse: fn(&'m [u8]) -> Result<M, ParseError>,
    parse_without_id: fn(&'m [u8]) -> Result<M, ParseError>,
) -> Result<M, Failure> {
    Ok(if name.is_some() { parse_without_id(bytes) } else { parse(bytes) }?)
}

/// Makes a staged change. That the state is then what was staged is checked each time.
fn commit<T>(staged: Staged<'_, T>) -> Result<(Record, T), Failure> {
    match staged.writes().into_iter().next() {
        Some(Write::Put { record, .. }) => Ok((record, staged.commit())),
        _ => Err(Failure::error("no record is written")),
    }
}

fn same(staged: &Record, committed: &Record) -> Result<(), Failure> {
    if staged.as_bytes() == committed.as_bytes() {
        Ok(())
    } else {
        Err(Failure::error("what was committed is not what was staged"))
    }
}

fn sender_key_create(peer: &mut Peer, request: Request<'_>) -> Answer {
    let group = Group::in_request(request)?;
    let (party, rng) = peer.party(request)?;
    let key = party.groups.own(&group.name)?.unwrap_or_else(|| SenderKey::generate(group.format, rng));
    party.groups.put_own(&group.name, &key.record());
    Ok(json!({ "skdm": hex::encode(key.distribution()) }))
}

fn sender_key_process(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let (sender, name, bytes) = (request.address("sender")?, group_name(request)?, request.bytes("skdm")?);
    let parse = DistributionMessage::parse;
    let message = read(name, &bytes, parse, DistributionMessage::parse_without_id)?;
    let group = Group::of(message.format(), name);
    let keys = party.groups.of(&sender, &group.name)?;
    let mut keys = keys.unwrap_or_else(|| ReceiverKeys::new(sender.clone(), group.format));
    // The requests do not say in which session it came, and nobody is refused here.
    let somebody = IdentityKey::new(PublicKey::decode(&[5; 33]).map_err(|_| Failure::error("no key"))?);
    let (record, ()) = commit(keys.process(&message, &somebody)?)?;
    same(&record, &keys.record())?;
    party.groups.put(&sender, &group.name, &record);
    Ok(json!({}))
}

fn group_encrypt(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (group, plaintext) = (Group::in_request(request)?, request.bytes("plaintext")?);
    let (party, rng) = peer.party(request)?;
    let mut key = party.groups.own(&group.name)?.ok_or_else(|| group.missing())?;
    let (record, message) = commit(key.encrypt(&plaintext, rng)?)?;
    same(&record, &key.record())?;
    party.groups.put_own(&group.name, &record);
    Ok(json!({ "type": message.kind().to_u8(), "message": hex::encode(message.as_bytes()) }))
}

fn group_decrypt(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (party, _) = peer.party(request)?;
    let (sender, name, bytes) = (request.address("sender")?, group_name(request)?, request.bytes("message")?);
    read(name, &bytes, SenderKeyMessage::parse, SenderKeyMessage::parse_without_id)?;
    let message = GroupMessage::parse(&bytes)?;
    let group = Group::of(message.format(), name);
    let mut keys = party.groups.of(&sender, &group.name)?.ok_or_else(|| group.missing())?;
    let (record, plaintext) = commit(keys.decrypt(&message, Trust::Anyone)?)?;
    same(&record, &keys.record())?;
    party.groups.put(&sender, &group.name, &record);
    Ok(json!({ "plaintext": hex::encode(&*plaintext) }))
}

/// Under one's own address there are two things: what one sends with, and what one holds of oneself. The deployed
/// client keeps one record of both; ours gives what one sends with.
fn sender_key_export(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (sender, group) = (request.address("sender")?, Group::in_request(request)?);
    let (party, _) = peer.party(request)?;
    let own = if sender == party.address { party.groups.own(&group.name)? } else { None };
    let record = match own {
        Some(key) => Some(key.to_libsignal_record()),
        None => party.groups.of(&sender, &group.name)?.map(|keys| keys.to_libsignal_record()),
    };
    Ok(json!({ "record": record.map(hex::encode) }))
}

fn sender_key_import(peer: &mut Peer, request: Request<'_>) -> Answer {
    let (sender, group) = (request.address("sender")?, Group::in_request(request)?);
    let (party, _) = peer.party(request)?;
    let bytes = request.bytes("record")?;
    let keys = ReceiverKeys::from_libsignal_record(&bytes, sender.clone(), group.format)?;
    if sender == party.address {
        match SenderKey::from_libsignal_record(&bytes, group.format) {
            Ok(key) => party.groups.put_own(&group.name, &key.record()),
            // Nothing to send with.
            Err(LibsignalError::Empty | LibsignalError::NotOurs) => {
                party.groups.own.remove(&group.name);
            }
            Err(error) => return Err(error.into()),
        }
    }
    party.groups.put(&sender, &group.name, &keys.record());
    Ok(json!({}))
}

/// Reads a message that does not say in which format it is: one of the two parses at most.
fn read_either<'m, M>(
    bytes: &'m [u8],
    parse: fn(&'m [u8]) -> Result<M, ParseError>,
    parse_without_id: fn(&'m [u8]) -> Result<M, ParseError>,
) -> Result<M, ParseError> {
    parse(bytes).or_else(|error| parse_without_id(bytes).map_err(|_| error))
}

fn parse_group_message(_: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("message")?;
    let message = read_either(&bytes, SenderKeyMessage::parse, SenderKeyMessage::parse_without_id)?;
    let valid = |key| xeddsa::verify(&key, &[message.signed()], message.signature());
    Ok(json!({
        "distribution_id": message.distribution_id().map(|id| id.to_string()),
        "chain_id": message.chain_id(),
        "iteration": message.iteration(),
        "ciphertext": hex::encode(message.body()),
        "signature_valid": request.optional_public("signing_key")?.map(valid),
    }))
}

fn parse_skdm(_: &mut Peer, request: Request<'_>) -> Answer {
    let bytes = request.bytes("skdm")?;
    let parse = DistributionMessage::parse;
    let message = read_either(&bytes, parse, DistributionMessage::parse_without_id)?;
    Ok(json!({
        "distribution_id": message.distribution_id().map(|id| id.to_string()),
        "chain_id": message.chain_id(),
        "iteration": message.iteration(),
        "chain_key": hex::encode(message.chain_key()),
        "signing_key": hex::encode(message.signing_key().encode()),
    }))
}

/// A message from its parts, signed.
fn build_group_message(peer: &mut Peer, request: Request<'_>) -> Answer {
    let mut message = SenderKeyMessageParts {
        format: Group::in_request(request)?.format,
        chain_id: request.u32("chain_id")?,
        iteration: request.u32("iteration")?,
        body: &request.bytes("ciphertext")?,
    }
    .encode();
    let rng = peer.randomness(request.party_name());
    message.extend(xeddsa::sign(&request.private("signing_private")?, &[&message], rng));
    Ok(json!({ "message": hex::encode(message) }))
}

fn build_skdm(_: &mut Peer, request: Request<'_>) -> Answer {
    let chain_key = request.bytes("chain_key")?;
    let chain_key = chain_key.as_slice().try_into();
    let skdm = SenderKeyDistributionParts {
        format: Group::in_request(request)?.format,
        chain_id: request.u32("chain_id")?,
        iteration: request.u32("iteration")?,
        chain_key: chain_key.map_err(|_| Failure::generic("invalid chain key length"))?,
        signing_key: &request.public("signing_key")?,
    }
    .encode();
    Ok(json!({ "skdm": hex::encode(skdm) }))
}
