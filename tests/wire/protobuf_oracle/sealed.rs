// SPDX-License-Identifier: MIT OR Apache-2.0

//! The messages of sealed sender: envelopes, contents and certificates.

use proptest::prelude::*;
use prost::Message;

use super::messages::{bytes, key, near, usual};
use crate::by_prost::sealed::{Content, Envelope, Name, Sender, Server, Signed, SignedBy};
use crate::by_prost::sealed::{content, envelope, sender, server};

fn valid_envelope() -> impl Strategy<Value = Vec<u8>> {
    (usual(key()), usual(bytes()), usual(bytes())).prop_map(
        |(ephemeral_public, encrypted_static, encrypted_message)| {
            Envelope { ephemeral_public, encrypted_static, encrypted_message }.encode_to_vec()
        },
    )
}

fn valid_content() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![9 => proptest::sample::select(vec![1, 2, 7, 8]), 1 => any::<i32>(), 1 => 0..10];
    let hint = proptest::option::of(prop_oneof![0..4, any::<i32>()]);
    (usual(kind), usual(bytes()), usual(bytes()), hint, proptest::option::of(bytes())).prop_map(
        |(kind, certificate, message, hint, group_id)| {
            Content { kind, certificate, message, hint, group_id }.encode_to_vec()
        },
    )
}

fn signed_of(inner: BoxedStrategy<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    (usual(inner), usual(bytes()))
        .prop_map(|(certificate, signature)| Signed { certificate, signature }.encode_to_vec())
        .boxed()
}

/// Boxed, as all that is made of others: strategies of strategies need a deep stack.
fn valid_server() -> BoxedStrategy<Vec<u8>> {
    let inner = || {
        (usual(any::<u32>()), usual(key())).prop_map(|(id, key)| Server { id, key }.encode_to_vec()).boxed()
    };
    signed_of(prop_oneof![4 => inner(), 1 => near(inner)].boxed())
}

fn valid_sender() -> BoxedStrategy<Vec<u8>> {
    let inner = || {
        let signer =
            prop_oneof![valid_server().prop_map(SignedBy::Certificate), any::<u32>().prop_map(SignedBy::Id),];
        let name = prop_oneof![
            "[a-f0-9-]{0,36}".prop_map(Name::Text),
            any::<[u8; 16]>().prop_map(|uuid| Name::Uuid(uuid.to_vec())),
            bytes().prop_map(Name::Uuid),
        ];
        let device = prop_oneof![9 => 1..=127u32, 1 => any::<u32>()];
        let e164 = proptest::option::of("[+]?[0-9]{0,15}");
        (e164, usual(device), usual(any::<u64>()), usual(key()), usual(signer.boxed()), usual(name.boxed()))
            .prop_map(|(e164, device, expires, identity_key, signer, name)| {
                Sender { e164, device, expires, identity_key, signer, name }.encode_to_vec()
            })
            .boxed()
    };
    signed_of(prop_oneof![4 => inner(), 2 => near(inner)].boxed())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn envelopes(bytes in near(valid_envelope)) {
        envelope(&bytes);
    }

    #[test]
    fn contents(bytes in near(valid_content)) {
        content(&bytes);
    }

    #[test]
    fn server_certificates(bytes in near(valid_server)) {
        server(&bytes);
    }

    #[test]
    fn sender_certificates(bytes in near(valid_sender)) {
        sender(&bytes);
    }
}
