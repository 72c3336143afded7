// SPDX-License-Identifier: MIT OR Apache-2.0

//! The messages between peers.

use proptest::prelude::*;
use prost::Message;

use super::bytes::{changed, fields};
use crate::by_prost::messages::{Content, DecryptionError, PreKeySignal, Signal};
use crate::by_prost::messages::{decryption_error, plaintext_content, prekey_message, signal_message};

pub(super) fn key() -> impl Strategy<Value = Vec<u8>> {
    let right = any::<[u8; 32]>().prop_map(|key| [&[5][..], &key].concat());
    prop_oneof![9 => right, 1 => bytes()]
}

pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..40)
}

/// Nearly always there.
pub(super) fn usual<T: core::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.95, value)
}

fn valid_signal() -> impl Strategy<Value = Vec<u8>> {
    (
        (usual(key()), usual(any::<u32>()), any::<Option<u32>>()),
        (usual(bytes()), proptest::option::of(bytes()), proptest::option::of(bytes())),
    )
        .prop_map(|((ratchet_key, counter, previous_counter), (ciphertext, pq_ratchet, addresses))| {
            Signal { ratchet_key, counter, previous_counter, ciphertext, pq_ratchet, addresses }
                .encode_to_vec()
        })
}

fn valid_prekey_signal() -> impl Strategy<Value = Vec<u8>> {
    let inner = prop_oneof![
        9 => valid_signal().prop_map(|message| [&[0x44], &message[..], &[1; 8]].concat()),
        1 => bytes(),
    ];
    (
        (any::<Option<u32>>(), usual(key()), usual(key()), usual(inner)),
        (any::<Option<u32>>(), usual(any::<u32>()), usual(any::<u32>()), usual(bytes())),
    )
        .prop_map(|((pre_key_id, base_key, identity_key, message), rest)| {
            let (registration_id, signed_pre_key_id, kyber_pre_key_id, kyber_ciphertext) = rest;
            PreKeySignal {
                pre_key_id,
                base_key,
                identity_key,
                message,
                registration_id,
                signed_pre_key_id,
                kyber_pre_key_id,
                kyber_ciphertext,
            }
            .encode_to_vec()
        })
}

fn valid_decryption_error() -> impl Strategy<Value = Vec<u8>> {
    (proptest::option::of(key()), usual(any::<u64>()), any::<Option<u32>>()).prop_map(
        |(ratchet_key, timestamp, device_id)| {
            DecryptionError { ratchet_key, timestamp, device_id }.encode_to_vec()
        },
    )
}

fn valid_content() -> impl Strategy<Value = Vec<u8>> {
    (usual(prop_oneof![9 => valid_decryption_error(), 1 => bytes()]), proptest::option::of(bytes())).prop_map(
        |(decryption_error, null)| Content { null, decryption_error, ..Content::default() }.encode_to_vec(),
    )
}

/// Right, nearly right, twice, or anything.
pub(super) fn near<S: Strategy<Value = Vec<u8>> + 'static>(
    valid: impl Fn() -> S,
) -> impl Strategy<Value = Vec<u8>> {
    let valid = || valid().boxed(); // Large, and moved from frame to frame.
    prop_oneof![
        valid(),
        changed(valid()),
        (valid(), valid()).prop_map(|(first, second)| [first, second].concat()),
        (valid(), fields(3)).prop_map(|(first, second)| [first, second].concat()),
        fields(12),
    ]
}

/// Mostly a version that there is.
fn first() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0x34), 8 => Just(0x44), 1 => any::<u8>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn signal_messages(bytes in near(valid_signal), first in first()) {
        signal_message(&[&[first], &bytes[..], &[9; 8]].concat());
    }

    #[test]
    fn prekey_messages(bytes in near(valid_prekey_signal), first in first()) {
        prekey_message(&[&[first], &bytes[..]].concat());
    }

    #[test]
    fn decryption_errors(bytes in near(valid_decryption_error)) {
        decryption_error(&bytes);
    }

    #[test]
    fn contents(bytes in near(valid_content)) {
        plaintext_content(&[&[0xC0], &bytes[..], &[0x80]].concat());
    }
}
