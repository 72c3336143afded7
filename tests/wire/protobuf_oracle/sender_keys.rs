// SPDX-License-Identifier: MIT OR Apache-2.0

//! Group messages and distribution messages of both formats, and the records of sender keys that libsignal stores.

use proptest::prelude::*;
use prost::Message;

use super::bytes::{changed, fields};
use crate::by_prost::sender_keys::{
    Distribution, Group, OlderDistribution, OlderGroup, Record, Seed, SigningKey, State,
    distribution_message, group_message, same_record,
};

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
        group_message(&[&[0x33], &bytes[..], &[9; 64]].concat());
    }

    #[test]
    fn distribution_messages(bytes in near(valid_distribution)) {
        distribution_message(&[&[0x33], &bytes[..]].concat());
    }

    #[test]
    fn sender_key_records(bytes in near(valid_record)) {
        same_record(&bytes);
    }
}
