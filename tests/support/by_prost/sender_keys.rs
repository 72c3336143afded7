// SPDX-License-Identifier: MIT OR Apache-2.0

//! Group messages and distribution messages of both formats, and the records of sender keys that libsignal stores.

use prost::Message;
use subrosa::ParseError;
use subrosa::group::DistributionMessage;
use subrosa::hazmat::wire::sender_key_message::SenderKeyMessage;
use subrosa::hazmat::wire::stored::{StoredChainKey, StoredSenderKey, StoredSenderKeyRecord};
use subrosa::keys::PublicKey;

use super::messages::version;

#[derive(Clone, PartialEq, Message)]
pub struct Group {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub distribution_uuid: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    pub chain_id: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    pub iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub ciphertext: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct OlderGroup {
    #[prost(uint32, optional, tag = "1")]
    pub id: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    pub iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub ciphertext: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Distribution {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub distribution_uuid: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    pub chain_id: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    pub iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub chain_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub signing_key: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct OlderDistribution {
    #[prost(uint32, optional, tag = "1")]
    pub id: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    pub iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub chain_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub signing_key: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Record {
    #[prost(message, repeated, tag = "1")]
    pub states: Vec<State>,
}

#[derive(Clone, PartialEq, Message)]
pub struct State {
    #[prost(uint32, tag = "1")]
    pub chain_id: u32,
    #[prost(message, optional, tag = "2")]
    pub chain_key: Option<Seed>,
    #[prost(message, optional, tag = "3")]
    pub signing_key: Option<SigningKey>,
    #[prost(message, repeated, tag = "4")]
    pub message_keys: Vec<Seed>,
    #[prost(uint32, tag = "5")]
    pub version: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Seed {
    #[prost(uint32, tag = "1")]
    pub iteration: u32,
    #[prost(bytes = "vec", tag = "2")]
    pub seed: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SigningKey {
    #[prost(bytes = "vec", tag = "1")]
    pub public: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub private: Vec<u8>,
}

const INVALID: ParseError = ParseError::InvalidProtobuf;

/// Distribution id if there is one, chain id, iteration, ciphertext.
type GroupParts = (Option<[u8; 16]>, u32, u32, Vec<u8>);

fn group_parts(message: &SenderKeyMessage<'_>) -> GroupParts {
    let id = message.distribution_id().map(|id| *id.as_bytes());
    (id, message.chain_id(), message.iteration(), message.body().to_vec())
}

/// First byte, protobuf, and a signature of 64 bytes.
pub fn group_message(bytes: &[u8]) {
    let unframed = || {
        let signed = bytes.len().checked_sub(64).and_then(|len| bytes.get(..len));
        let (first, protobuf) =
            signed.and_then(<[u8]>::split_first).ok_or(ParseError::TooShort(bytes.len()))?;
        version(*first, 3).map(|_| protobuf)
    };
    let theirs = unframed().and_then(|protobuf| Group::decode(protobuf).map_err(|_| INVALID));
    let theirs = theirs.and_then(|message| {
        let id = message.distribution_uuid.and_then(|id| id.try_into().ok()).ok_or(INVALID)?;
        let (chain_id, iteration) = message.chain_id.zip(message.iteration).ok_or(INVALID)?;
        Ok((Some(id), chain_id, iteration, message.ciphertext.ok_or(INVALID)?))
    });
    assert_eq!(SenderKeyMessage::parse(bytes).as_ref().map(group_parts).map_err(|e| *e), theirs);

    let theirs = unframed().and_then(|protobuf| OlderGroup::decode(protobuf).map_err(|_| INVALID));
    let theirs = theirs.and_then(|message| {
        let (id, iteration) = message.id.zip(message.iteration).ok_or(INVALID)?;
        Ok((None, id, iteration, message.ciphertext.ok_or(INVALID)?))
    });
    let ours = SenderKeyMessage::parse_without_id(bytes);
    assert_eq!(ours.as_ref().map(group_parts).map_err(|e| *e), theirs);
}

/// Distribution id if there is one, chain id, iteration, chain key, signing key.
type DistributionParts = (Option<[u8; 16]>, u32, u32, [u8; 32], PublicKey);

fn distribution_parts(message: &DistributionMessage<'_>) -> DistributionParts {
    let id = message.distribution_id().map(|id| *id.as_bytes());
    (id, message.chain_id(), message.iteration(), *message.chain_key(), *message.signing_key())
}

/// Chain key and signing key.
fn keys(
    chain_key: Option<Vec<u8>>,
    signing_key: Option<Vec<u8>>,
) -> Result<([u8; 32], PublicKey), ParseError> {
    let chain_key = chain_key.and_then(|key| key.try_into().ok()).ok_or(INVALID)?;
    let signing_key = signing_key.filter(|key| key.len() == 33).ok_or(INVALID)?;
    Ok((chain_key, PublicKey::decode(&signing_key)?))
}

/// First byte and protobuf, 65 bytes at least.
pub fn distribution_message(bytes: &[u8]) {
    let unframed = || match bytes {
        [first, protobuf @ ..] if bytes.len() >= 65 => version(*first, 3).map(|_| protobuf),
        _ => Err(ParseError::TooShort(bytes.len())),
    };
    let theirs = unframed().and_then(|protobuf| Distribution::decode(protobuf).map_err(|_| INVALID));
    let theirs = theirs.and_then(|message| {
        let id = message.distribution_uuid.and_then(|id| id.try_into().ok()).ok_or(INVALID)?;
        let (chain_id, iteration) = message.chain_id.zip(message.iteration).ok_or(INVALID)?;
        let (chain_key, signing_key) = keys(message.chain_key, message.signing_key)?;
        Ok((Some(id), chain_id, iteration, chain_key, signing_key))
    });
    let ours = DistributionMessage::parse(bytes);
    assert_eq!(ours.as_ref().map(distribution_parts).map_err(|e| *e), theirs);

    let theirs = unframed().and_then(|protobuf| OlderDistribution::decode(protobuf).map_err(|_| INVALID));
    let theirs = theirs.and_then(|message| {
        let (id, iteration) = message.id.zip(message.iteration).ok_or(INVALID)?;
        let (chain_key, signing_key) = keys(message.chain_key, message.signing_key)?;
        Ok((None, id, iteration, chain_key, signing_key))
    });
    let ours = DistributionMessage::parse_without_id(bytes);
    assert_eq!(ours.as_ref().map(distribution_parts).map_err(|e| *e), theirs);
}

/// Our view as prost's message. All fields are named, so that none is forgotten.
fn state(ours: &StoredSenderKey<'_>) -> State {
    let StoredSenderKey { chain_id, chain_key, signing_key, message_keys, version } = ours;
    let seed = |key: &StoredChainKey<'_>| Seed { iteration: key.index, seed: key.key.to_vec() };
    State {
        chain_id: *chain_id,
        chain_key: chain_key.as_ref().map(seed),
        signing_key: signing_key
            .as_ref()
            .map(|key| SigningKey { public: key.public.to_vec(), private: key.private.to_vec() }),
        message_keys: message_keys.iter().map(seed).collect(),
        version: *version,
    }
}

pub fn same_record(bytes: &[u8]) {
    let theirs = Record::decode(bytes).ok();
    let ours = StoredSenderKeyRecord::parse(bytes).ok();
    let view = ours.as_ref().map(|record| Record { states: record.states.iter().map(state).collect() });
    assert_eq!(&view, &theirs);
    let written = ours.map(|record| record.encode().to_vec());
    assert_eq!(written, theirs.map(|record| record.encode_to_vec()));
}
