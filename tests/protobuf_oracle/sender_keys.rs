// SPDX-License-Identifier: MIT OR Apache-2.0

//! Group messages and distribution messages of both formats, and the records of sender keys that libsignal stores.

use proptest::prelude::*;
use prost::Message;
use subrosa::hazmat::wire::stored::{StoredChainKey, StoredSenderKey, StoredSenderKeyRecord};
use subrosa::{ParseError, PublicKey, SenderKeyDistributionMessage, SenderKeyMessage};

use super::bytes::{changed, fields};

#[derive(Clone, PartialEq, Message)]
struct Group {
    #[prost(bytes = "vec", optional, tag = "1")]
    distribution_uuid: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    chain_id: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    ciphertext: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct OlderGroup {
    #[prost(uint32, optional, tag = "1")]
    id: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    ciphertext: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Distribution {
    #[prost(bytes = "vec", optional, tag = "1")]
    distribution_uuid: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    chain_id: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "4")]
    chain_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "5")]
    signing_key: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct OlderDistribution {
    #[prost(uint32, optional, tag = "1")]
    id: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    iteration: Option<u32>,
    #[prost(bytes = "vec", optional, tag = "3")]
    chain_key: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "4")]
    signing_key: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Record {
    #[prost(message, repeated, tag = "1")]
    states: Vec<State>,
}

#[derive(Clone, PartialEq, Message)]
struct State {
    #[prost(uint32, tag = "1")]
    chain_id: u32,
    #[prost(message, optional, tag = "2")]
    chain_key: Option<Seed>,
    #[prost(message, optional, tag = "3")]
    signing_key: Option<SigningKey>,
    #[prost(message, repeated, tag = "4")]
    message_keys: Vec<Seed>,
    #[prost(uint32, tag = "5")]
    version: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Seed {
    #[prost(uint32, tag = "1")]
    iteration: u32,
    #[prost(bytes = "vec", tag = "2")]
    seed: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct SigningKey {
    #[prost(bytes = "vec", tag = "1")]
    public: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    private: Vec<u8>,
}

const INVALID: ParseError = ParseError::InvalidProtobuf;

/// Distribution id if there is one, chain id, iteration, ciphertext.
type GroupParts = (Option<[u8; 16]>, u32, u32, Vec<u8>);

fn group_parts(message: &SenderKeyMessage<'_>) -> GroupParts {
    let id = message.distribution_id().map(|id| *id.as_bytes());
    (id, message.chain_id(), message.iteration(), message.body().to_vec())
}

fn group_message(protobuf: &[u8]) -> Result<(), TestCaseError> {
    let bytes = [&[0x33], protobuf, &[9; 64]].concat();
    let theirs = Group::decode(protobuf).map_err(|_| INVALID).and_then(|message| {
        let id = message.distribution_uuid.and_then(|id| id.try_into().ok()).ok_or(INVALID)?;
        let (chain_id, iteration) = message.chain_id.zip(message.iteration).ok_or(INVALID)?;
        Ok((Some(id), chain_id, iteration, message.ciphertext.ok_or(INVALID)?))
    });
    prop_assert_eq!(SenderKeyMessage::parse(&bytes).as_ref().map(group_parts).map_err(|e| *e), theirs);

    let theirs = OlderGroup::decode(protobuf).map_err(|_| INVALID).and_then(|message| {
        let (id, iteration) = message.id.zip(message.iteration).ok_or(INVALID)?;
        Ok((None, id, iteration, message.ciphertext.ok_or(INVALID)?))
    });
    let ours = SenderKeyMessage::parse_without_id(&bytes);
    prop_assert_eq!(ours.as_ref().map(group_parts).map_err(|e| *e), theirs);
    Ok(())
}

/// Distribution id if there is one, chain id, iteration, chain key, signing key.
type DistributionParts = (Option<[u8; 16]>, u32, u32, [u8; 32], PublicKey);

fn distribution_parts(message: &SenderKeyDistributionMessage<'_>) -> DistributionParts {
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

fn distribution_message(protobuf: &[u8]) -> Result<(), TestCaseError> {
    let bytes = [&[0x33], protobuf].concat();
    let long_enough = || if bytes.len() < 65 { Err(ParseError::TooShort(bytes.len())) } else { Ok(()) };
    let theirs = long_enough().and_then(|()| Distribution::decode(protobuf).map_err(|_| INVALID)).and_then(
        |message| {
            let id = message.distribution_uuid.and_then(|id| id.try_into().ok()).ok_or(INVALID)?;
            let (chain_id, iteration) = message.chain_id.zip(message.iteration).ok_or(INVALID)?;
            let (chain_key, signing_key) = keys(message.chain_key, message.signing_key)?;
            Ok((Some(id), chain_id, iteration, chain_key, signing_key))
        },
    );
    let ours = SenderKeyDistributionMessage::parse(&bytes);
    prop_assert_eq!(ours.as_ref().map(distribution_parts).map_err(|e| *e), theirs);

    let theirs = long_enough()
        .and_then(|()| OlderDistribution::decode(protobuf).map_err(|_| INVALID))
        .and_then(|message| {
            let (id, iteration) = message.id.zip(message.iteration).ok_or(INVALID)?;
            let (chain_key, signing_key) = keys(message.chain_key, message.signing_key)?;
            Ok((None, id, iteration, chain_key, signing_key))
        });
    let ours = SenderKeyDistributionMessage::parse_without_id(&bytes);
    prop_assert_eq!(ours.as_ref().map(distribution_parts).map_err(|e| *e), theirs);
    Ok(())
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

fn same_record(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = Record::decode(bytes).ok();
    let ours = StoredSenderKeyRecord::parse(bytes).ok();
    let view = ours.as_ref().map(|record| Record { states: record.states.iter().map(state).collect() });
    prop_assert_eq!(&view, &theirs);
    let written = ours.map(|record| record.encode().to_vec());
    prop_assert_eq!(written, theirs.map(|record| record.encode_to_vec()));
    Ok(())
}

fn bytes(usual: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), usual),
        1 => proptest::collection::vec(any::<u8>(), usual.saturating_sub(1)..usual + 2),
    ]
}

fn signing_key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![9 => any::<[u8; 32]>().prop_map(|key| [&[5][..], &key].concat()), 1 => bytes(33)]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), any::<u32>()]
}

/// Nearly always there.
fn usual<T: core::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.95, value)
}

fn valid_group() -> impl Strategy<Value = Vec<u8>> {
    let parts = (usual(bytes(16)), usual(number()), usual(number()), usual(bytes(20)));
    (parts, any::<bool>()).prop_map(|((distribution_uuid, chain_id, iteration, ciphertext), older)| {
        if older {
            OlderGroup { id: chain_id, iteration, ciphertext }.encode_to_vec()
        } else {
            Group { distribution_uuid, chain_id, iteration, ciphertext }.encode_to_vec()
        }
    })
}

fn valid_distribution() -> impl Strategy<Value = Vec<u8>> {
    let numbers = (usual(number()), usual(number()));
    let parts = (usual(bytes(16)), numbers, usual(bytes(32)), usual(signing_key()));
    (parts, any::<bool>()).prop_map(|(parts, older)| {
        let (distribution_uuid, (chain_id, iteration), chain_key, signing_key) = parts;
        if older {
            OlderDistribution { id: chain_id, iteration, chain_key, signing_key }.encode_to_vec()
        } else {
            Distribution { distribution_uuid, chain_id, iteration, chain_key, signing_key }.encode_to_vec()
        }
    })
}

fn valid_record() -> impl Strategy<Value = Vec<u8>> {
    let seed = || (number(), bytes(5)).prop_map(|(iteration, seed)| Seed { iteration, seed });
    let signing = (bytes(6), bytes(1)).prop_map(|(public, private)| SigningKey { public, private });
    let keys = proptest::collection::vec(seed(), 0..4);
    let state = (number(), usual(seed()), usual(signing), keys, number()).prop_map(
        |(chain_id, chain_key, signing_key, message_keys, version)| State {
            chain_id,
            chain_key,
            signing_key,
            message_keys,
            version,
        },
    );
    proptest::collection::vec(state, 0..4).prop_map(|states| Record { states }.encode_to_vec())
}

/// Right, nearly right, twice, or anything.
fn near<S: Strategy<Value = Vec<u8>>>(valid: impl Fn() -> S) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        valid(),
        changed(valid()),
        (valid(), valid()).prop_map(|(first, second)| [first, second].concat()),
        fields(12),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn group_messages(bytes in near(valid_group)) {
        group_message(&bytes)?;
    }

    #[test]
    fn distribution_messages(bytes in near(valid_distribution)) {
        distribution_message(&bytes)?;
    }

    #[test]
    fn sender_key_records(bytes in near(valid_record)) {
        same_record(&bytes)?;
    }
}
