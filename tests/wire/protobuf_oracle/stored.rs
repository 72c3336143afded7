// SPDX-License-Identifier: MIT OR Apache-2.0

//! What libsignal stores.

use proptest::prelude::*;
use prost::Message;

use super::bytes::{changed, fields};
use crate::by_prost::stored::{
    Chain, ChainKey, MessageKey, PendingKyberPreKey, PendingPreKey, Session, SessionRecord, SignedPreKey,
    same_keys, same_session, same_session_record,
};

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
        same_session(&bytes);
    }

    #[test]
    fn session_records(bytes in prop_oneof![record_bytes(), changed(record_bytes()), twice(record_bytes), fields(12)]) {
        same_session_record(&bytes);
    }

    #[test]
    fn keys(bytes in prop_oneof![key_bytes(), changed(key_bytes()), twice(key_bytes), fields(8)]) {
        same_keys(&bytes);
    }
}
