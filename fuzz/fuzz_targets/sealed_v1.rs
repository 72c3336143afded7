// SPDX-License-Identifier: MIT OR Apache-2.0

//! Envelopes of version 1. What is around the ciphertexts is written and read again as the same; nothing opens that
//! was not sealed.

#![no_main]

#[path = "../../tests/support/envelopes.rs"]
mod envelopes;

use std::sync::LazyLock;

use envelopes::{Cast, NOW, bobs_address};
use libfuzzer_sys::fuzz_target;
use subrosa::hazmat::wire::sealed_message::SealedMessageParts;
use subrosa::sealed::{OpenError, UnverifiedContent};

static CAST: LazyLock<Cast> = LazyLock::new(Cast::new);

fuzz_target!(|bytes: &[u8]| {
    let parts = bytes.split_first().map(|(_, body)| SealedMessageParts::parse(body));
    if let Some(Ok(parts)) = parts {
        assert_eq!(SealedMessageParts::parse(&parts.encode()[1..]), Ok(parts));
    }
    match UnverifiedContent::open(bytes, CAST.bob()) {
        // A seed, with other bytes around the ciphertexts perhaps.
        Ok(content) => {
            content.verify(&CAST.trust(), &bobs_address(), None, NOW).unwrap();
        }
        Err(error) => match bytes.first() {
            None => assert_eq!(error, OpenError::Empty),
            Some(first @ 0x30..) => assert_eq!(error, OpenError::UnknownVersion(first >> 4)),
            // The other target's.
            Some(0x20..) => {}
            Some(_) => assert_eq!(error == OpenError::Malformed, matches!(parts, Some(Err(_)))),
        },
    }
});
