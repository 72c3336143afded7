// SPDX-License-Identifier: MIT OR Apache-2.0

//! What must hold of sealed sender whatever happens. `PROPTEST_CASES` raises the number of cases.

mod damage;
mod parser;
mod sent;

use crate::cases::config;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::address::ServiceIdKind;
use subrosa::hazmat::wire::sealed_content::SealedContent;
use subrosa::sealed::ContentHint;
use subrosa::{DeviceId, MessageKind, ServiceId};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn device_id(id: u8) -> DeviceId {
    DeviceId::new(id.into())
}

fn service_id(pni: bool, uuid: [u8; 16]) -> ServiceId {
    ServiceId::new(if pni { ServiceIdKind::Pni } else { ServiceIdKind::Aci }, uuid)
}

fn kind() -> impl Strategy<Value = MessageKind> {
    proptest::sample::select(vec![
        MessageKind::PreKey,
        MessageKind::Whisper,
        MessageKind::SenderKey,
        MessageKind::Plaintext,
    ])
}

fn hint() -> impl Strategy<Value = ContentHint> {
    prop_oneof![0..4u32, any::<u32>()].prop_map(ContentHint::from)
}

fn bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..longest)
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn content_round_trips(
        kind in kind(),
        hint in hint(),
        certificate in bytes(300),
        message in bytes(300),
        group_id in proptest::option::of(bytes(40)),
    ) {
        let (certificate, message) = (certificate.as_slice(), message.as_slice());
        let content = SealedContent { kind, certificate, message, hint, group_id: group_id.as_deref() };
        let written = content.encode();
        let read = SealedContent::parse(&written).unwrap();
        // A group id that is empty is not written.
        let group_id = content.group_id.filter(|id| !id.is_empty());
        prop_assert_eq!(read, SealedContent { group_id, ..content });
        prop_assert_eq!(read.encode(), written);
    }
}
