// SPDX-License-Identifier: MIT OR Apache-2.0

//! What libsignal stores.

use proptest::prelude::*;
use prost::Message;
use subrosa::hazmat::wire::stored::{
    StoredChain, StoredIdentityKeyPair, StoredPreKey, StoredSession, StoredSessionRecord, StoredSignedPreKey,
};

use super::bytes::{changed, fields};

#[derive(Clone, PartialEq, Message)]
struct IdentityKeyPair {
    #[prost(bytes = "vec", tag = "1")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    private_key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct PreKey {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    private_key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct SignedPreKey {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    private_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    signature: Vec<u8>,
    #[prost(fixed64, tag = "5")]
    timestamp: u64,
}

#[derive(Clone, PartialEq, Message)]
struct SessionRecord {
    #[prost(message, optional, tag = "1")]
    current: Option<Session>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    archived: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct Session {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    local_identity: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    remote_identity: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    root_key: Vec<u8>,
    #[prost(uint32, tag = "5")]
    previous_counter: u32,
    #[prost(message, optional, tag = "6")]
    sender_chain: Option<Chain>,
    #[prost(message, repeated, tag = "7")]
    receiver_chains: Vec<Chain>,
    #[prost(message, optional, tag = "9")]
    pending_pre_key: Option<PendingPreKey>,
    #[prost(uint32, tag = "10")]
    remote_registration_id: u32,
    #[prost(uint32, tag = "11")]
    local_registration_id: u32,
    #[prost(bytes = "vec", tag = "13")]
    base_key: Vec<u8>,
    #[prost(message, optional, tag = "14")]
    pending_kyber_pre_key: Option<PendingKyberPreKey>,
    #[prost(bytes = "vec", tag = "15")]
    pq_ratchet: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Chain {
    #[prost(bytes = "vec", tag = "1")]
    ratchet_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    ratchet_private_key: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    chain_key: Option<ChainKey>,
    #[prost(message, repeated, tag = "4")]
    message_keys: Vec<MessageKey>,
}

#[derive(Clone, PartialEq, Message)]
struct ChainKey {
    #[prost(uint32, tag = "1")]
    index: u32,
    #[prost(bytes = "vec", tag = "2")]
    key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct MessageKey {
    #[prost(uint32, tag = "1")]
    index: u32,
    #[prost(bytes = "vec", tag = "2")]
    cipher_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    mac_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    iv: Vec<u8>,
    #[prost(bytes = "vec", tag = "5")]
    seed: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct PendingPreKey {
    #[prost(uint32, optional, tag = "1")]
    pre_key_id: Option<u32>,
    #[prost(bytes = "vec", tag = "2")]
    base_key: Vec<u8>,
    #[prost(int32, tag = "3")]
    signed_pre_key_id: i32,
    #[prost(uint64, tag = "4")]
    created: u64,
}

#[derive(Clone, PartialEq, Message)]
struct PendingKyberPreKey {
    #[prost(uint32, tag = "1")]
    pre_key_id: u32,
    #[prost(bytes = "vec", tag = "2")]
    ciphertext: Vec<u8>,
}

/// Our view as prost's message. All fields are named, so that none is forgotten.
fn session(ours: &StoredSession<'_>) -> Session {
    let StoredSession {
        version,
        local_identity,
        remote_identity,
        root_key,
        previous_counter,
        sender_chain,
        receiver_chains,
        pending_pre_key,
        remote_registration_id,
        local_registration_id,
        base_key,
        pending_kyber_pre_key,
        pq_ratchet,
    } = ours;
    Session {
        version: *version,
        local_identity: local_identity.to_vec(),
        remote_identity: remote_identity.to_vec(),
        root_key: root_key.to_vec(),
        previous_counter: *previous_counter,
        sender_chain: sender_chain.as_ref().map(chain),
        receiver_chains: receiver_chains.iter().map(chain).collect(),
        pending_pre_key: pending_pre_key.as_ref().map(|pending| PendingPreKey {
            pre_key_id: pending.pre_key_id,
            base_key: pending.base_key.to_vec(),
            signed_pre_key_id: pending.signed_pre_key_id,
            created: pending.created,
        }),
        remote_registration_id: *remote_registration_id,
        local_registration_id: *local_registration_id,
        base_key: base_key.to_vec(),
        pending_kyber_pre_key: pending_kyber_pre_key.as_ref().map(|pending| PendingKyberPreKey {
            pre_key_id: pending.pre_key_id,
            ciphertext: pending.ciphertext.to_vec(),
        }),
        pq_ratchet: pq_ratchet.to_vec(),
    }
}

fn chain(ours: &StoredChain<'_>) -> Chain {
    let StoredChain { ratchet_key, ratchet_private_key, chain_key, message_keys } = ours;
    Chain {
        ratchet_key: ratchet_key.to_vec(),
        ratchet_private_key: ratchet_private_key.to_vec(),
        chain_key: chain_key.as_ref().map(|key| ChainKey { index: key.index, key: key.key.to_vec() }),
        message_keys: message_keys
            .iter()
            .map(|key| MessageKey {
                index: key.index,
                cipher_key: key.cipher_key.to_vec(),
                mac_key: key.mac_key.to_vec(),
                iv: key.iv.to_vec(),
                seed: key.seed.to_vec(),
            })
            .collect(),
    }
}

fn same_session_record(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = SessionRecord::decode(bytes).ok();
    let ours = StoredSessionRecord::parse(bytes).ok();
    let ours_by_prost = ours.as_ref().map(|record| SessionRecord {
        current: record.current.as_ref().map(session),
        archived: record.archived.iter().map(|bytes| bytes.to_vec()).collect(),
    });
    prop_assert_eq!(&ours_by_prost, &theirs);
    let written = ours.map(|record| record.encode().to_vec());
    prop_assert_eq!(written, theirs.map(|record| record.encode_to_vec()));
    Ok(())
}

fn same_session(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = Session::decode(bytes).ok();
    let ours = StoredSession::parse(bytes).ok();
    prop_assert_eq!(ours.as_ref().map(session), theirs.clone());
    let written = ours.map(|session| session.encode());
    prop_assert_eq!(
        written.as_ref().map(|bytes| bytes.capacity()),
        written.as_ref().map(|bytes| bytes.len())
    );
    prop_assert_eq!(written.map(|bytes| bytes.to_vec()), theirs.map(|session| session.encode_to_vec()));
    Ok(())
}

fn same_keys(bytes: &[u8]) -> Result<(), TestCaseError> {
    let theirs = IdentityKeyPair::decode(bytes).ok();
    let ours = StoredIdentityKeyPair::parse(bytes).ok();
    let view = ours.map(|pair| IdentityKeyPair {
        public_key: pair.public_key.to_vec(),
        private_key: pair.private_key.to_vec(),
    });
    prop_assert_eq!(&view, &theirs);
    prop_assert_eq!(ours.map(|pair| pair.encode().to_vec()), theirs.map(|pair| pair.encode_to_vec()));

    let theirs = PreKey::decode(bytes).ok();
    let ours = StoredPreKey::parse(bytes).ok();
    let view = ours.map(|key| PreKey {
        id: key.id,
        public_key: key.public_key.to_vec(),
        private_key: key.private_key.to_vec(),
    });
    prop_assert_eq!(&view, &theirs);
    prop_assert_eq!(ours.map(|key| key.encode().to_vec()), theirs.map(|key| key.encode_to_vec()));

    let theirs = SignedPreKey::decode(bytes).ok();
    let ours = StoredSignedPreKey::parse(bytes).ok();
    let view = ours.map(|key| SignedPreKey {
        id: key.id,
        public_key: key.public_key.to_vec(),
        private_key: key.private_key.to_vec(),
        signature: key.signature.to_vec(),
        timestamp: key.timestamp,
    });
    prop_assert_eq!(&view, &theirs);
    prop_assert_eq!(ours.map(|key| key.encode().to_vec()), theirs.map(|key| key.encode_to_vec()));
    Ok(())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(vec![]), proptest::collection::vec(any::<u8>(), 1..40)]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), any::<u32>()]
}

fn any_chain() -> impl Strategy<Value = Chain> {
    let chain_key = (number(), bytes()).prop_map(|(index, key)| ChainKey { index, key });
    let message_key =
        (number(), bytes(), bytes(), bytes(), bytes()).prop_map(|(index, cipher_key, mac_key, iv, seed)| {
            MessageKey { index, cipher_key, mac_key, iv, seed }
        });
    let keys = proptest::collection::vec(message_key, 0..4);
    (bytes(), bytes(), proptest::option::of(chain_key), keys).prop_map(
        |(ratchet_key, ratchet_private_key, chain_key, message_keys)| Chain {
            ratchet_key,
            ratchet_private_key,
            chain_key,
            message_keys,
        },
    )
}

fn any_session() -> impl Strategy<Value = Session> {
    let pending = (proptest::option::of(number()), bytes(), prop_oneof![Just(0), any::<i32>()], any::<u64>())
        .prop_map(|(pre_key_id, base_key, signed_pre_key_id, created)| PendingPreKey {
            pre_key_id,
            base_key,
            signed_pre_key_id,
            created,
        });
    let kyber = (number(), bytes())
        .prop_map(|(pre_key_id, ciphertext)| PendingKyberPreKey { pre_key_id, ciphertext });
    (
        (number(), number(), number(), number()),
        (bytes(), bytes(), bytes(), bytes(), bytes()),
        (proptest::option::of(any_chain()), proptest::collection::vec(any_chain(), 0..3)),
        (proptest::option::of(pending), proptest::option::of(kyber)),
    )
        .prop_map(|(numbers, bytes, (sender_chain, receiver_chains), (pending_pre_key, kyber))| {
            Session {
                version: numbers.0,
                local_identity: bytes.0,
                remote_identity: bytes.1,
                root_key: bytes.2,
                previous_counter: numbers.1,
                sender_chain,
                receiver_chains,
                pending_pre_key,
                remote_registration_id: numbers.2,
                local_registration_id: numbers.3,
                base_key: bytes.3,
                pending_kyber_pre_key: kyber,
                pq_ratchet: bytes.4,
            }
        })
}

fn session_bytes() -> impl Strategy<Value = Vec<u8>> {
    any_session().prop_map(|session| session.encode_to_vec())
}

fn record_bytes() -> impl Strategy<Value = Vec<u8>> {
    let archived = proptest::collection::vec(prop_oneof![session_bytes(), bytes()], 0..3);
    (proptest::option::of(any_session()), archived)
        .prop_map(|(current, archived)| SessionRecord { current, archived }.encode_to_vec())
}

fn key_bytes() -> impl Strategy<Value = Vec<u8>> {
    (number(), bytes(), bytes(), bytes(), prop_oneof![Just(0), any::<u64>()]).prop_map(
        |(id, public_key, private_key, signature, timestamp)| {
            SignedPreKey { id, public_key, private_key, signature, timestamp }.encode_to_vec()
        },
    )
}

/// Two messages one after the other are one message, merged.
fn twice<S: Strategy<Value = Vec<u8>>>(valid: impl Fn() -> S) -> impl Strategy<Value = Vec<u8>> {
    (valid(), valid()).prop_map(|(first, second)| [first, second].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn sessions(bytes in prop_oneof![session_bytes(), changed(session_bytes()), twice(session_bytes), fields(12)]) {
        same_session(&bytes)?;
    }

    #[test]
    fn session_records(bytes in prop_oneof![record_bytes(), changed(record_bytes()), twice(record_bytes), fields(12)]) {
        same_session_record(&bytes)?;
    }

    #[test]
    fn keys(bytes in prop_oneof![key_bytes(), changed(key_bytes()), twice(key_bytes), fields(8)]) {
        same_keys(&bytes)?;
    }
}
