// SPDX-License-Identifier: MIT OR Apache-2.0

//! What one recipient gets of a message of version 2: nothing opens that was not sealed.

#![no_main]

#[path = "../../tests/support/envelopes.rs"]
mod envelopes;

use std::sync::LazyLock;

use envelopes::{Cast, NOW, bobs_address};
use libfuzzer_sys::fuzz_target;
use subrosa::sealed::{OpenError, UnverifiedContent};

static CAST: LazyLock<Cast> = LazyLock::new(Cast::new);

/// First byte, C, AT and E.
const HEAD_LEN: usize = 1 + 32 + 16 + 32;

fuzz_target!(|bytes: &[u8]| {
    // The first byte's lower half is not looked at, and the rest of the fuzzer's work is for version 2 alone.
    let Some((first, body)) = bytes.split_first() else { return };
    let sealed = [&[0x20 | first & 0x0F], body].concat();
    match UnverifiedContent::open(&sealed, CAST.bob()) {
        // A seed.
        Ok(content) => {
            content.verify(&CAST.trust(), &bobs_address(), None, NOW).unwrap();
        }
        Err(OpenError::Malformed) => assert!(sealed.len() < HEAD_LEN),
        Err(
            OpenError::NotForUs
            | OpenError::NotAuthentic
            | OpenError::WrongSender
            | OpenError::NonContributory,
        ) => {
            assert!(sealed.len() >= HEAD_LEN);
        }
        Err(error) => panic!("{error}"),
    }
});
