// SPDX-License-Identifier: MIT OR Apache-2.0

//! What libsignal stores of the post-quantum ratchet, and what a scannable fingerprint is.

use proptest::prelude::*;
use prost::Message;

use super::messages::{bytes, near, usual};
use crate::by_prost::braid::{
    Authenticator, Chain, Content, Half, Limits, Link, Negotiation, OneOf, Ratchet, Shape, State,
    same_decoder, same_encoder, same_ratchet,
};
use crate::by_prost::fingerprint::{Combined, Logical, scannable};

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), any::<u32>()]
}

fn limits() -> impl Strategy<Value = Limits> {
    (number(), number()).prop_map(|(max_jump, max_old_keys)| Limits { max_jump, max_old_keys })
}

fn any_chain() -> impl Strategy<Value = Chain> {
    let half = || {
        (number(), bytes(), bytes()).prop_map(|(counter, next, previous)| Half { counter, next, previous })
    };
    let link = (usual(half()), usual(half())).prop_map(|(send, receive)| Link { send, receive });
    (number(), any::<u64>(), proptest::collection::vec(link, 0..4), bytes(), any::<u64>(), usual(limits()))
        .prop_map(|(direction, current_epoch, links, next_root, send_epoch, limits)| Chain {
            direction,
            current_epoch,
            links,
            next_root,
            send_epoch,
            limits,
        })
}

fn any_state() -> impl Strategy<Value = State> {
    let authenticator = (bytes(), bytes()).prop_map(|(root, mac)| Authenticator { root, mac });
    let content = (any::<u64>(), usual(authenticator), bytes(), bytes(), bytes()).prop_map(
        |(epoch, authenticator, first, second, third)| Content { epoch, authenticator, first, second, third },
    );
    let coder = || proptest::option::of(bytes());
    (0..12u32, usual(content), coder(), coder()).prop_map(|(number, content, first_coder, second_coder)| {
        State { state: OneOf::new(number, Shape { content, first_coder, second_coder }) }
    })
}

fn ratchet() -> impl Strategy<Value = Vec<u8>> {
    let negotiation = (bytes(), number(), number(), usual(limits())).prop_map(
        |(auth_key, direction, minimum_version, limits)| Negotiation {
            auth_key,
            direction,
            minimum_version,
            limits,
        },
    );
    (proptest::option::of(negotiation), proptest::option::of(any_chain()), usual(any_state()))
        .prop_map(|(negotiation, chain, state)| Ratchet { negotiation, chain, state }.encode_to_vec())
}

fn fingerprint() -> impl Strategy<Value = Vec<u8>> {
    let side = || usual(usual(bytes()).prop_map(|content| Logical { content }));
    (usual(number()), side(), side())
        .prop_map(|(version, local, remote)| Combined { version, local, remote }.encode_to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn ratchets(bytes in near(ratchet)) {
        same_ratchet(&bytes);
        same_encoder(&bytes);
        same_decoder(&bytes);
    }

    #[test]
    fn fingerprints(bytes in near(fingerprint)) {
        scannable(&bytes);
    }
}

/// Found by comparing: it was written as a field of number 0, which nobody reads.
#[test]
fn unknown_braid_state_is_written_unchanged() {
    let bytes = Ratchet { state: Some(State { state: None }), ..Ratchet::default() }.encode_to_vec();
    assert_eq!(bytes, [0x1A, 0]);
    same_ratchet(&bytes);
}
