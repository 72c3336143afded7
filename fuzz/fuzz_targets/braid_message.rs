// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages of the post-quantum ratchet. What parses is encoded to something that parses as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPrefix};

fuzz_target!(|bytes: &[u8]| {
    let prefix = BraidPrefix::parse(bytes);
    if let Ok(message) = BraidMessage::parse(bytes) {
        assert!(prefix.is_ok(), "a whole message has a prefix");
        let encoded = message.encode();
        assert!(encoded.len() <= bytes.len());
        assert_eq!(*BraidMessage::parse(&encoded).unwrap().encode(), *encoded);
    }
});
