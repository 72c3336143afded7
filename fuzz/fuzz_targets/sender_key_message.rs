// SPDX-License-Identifier: MIT OR Apache-2.0

//! Group messages in both formats: what parses is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::ParseError;
use subrosa::group::GroupMessage;
use subrosa::hazmat::wire::sender_key_message::{SenderKeyMessage, SenderKeyMessageParts};

fuzz_target!(|bytes: &[u8]| {
    let with_id = check(bytes, SenderKeyMessage::parse);
    let without_id = check(bytes, SenderKeyMessage::parse_without_id);
    assert!(!(with_id && without_id), "one format is taken for the other");
    assert_eq!(GroupMessage::parse(bytes).is_ok(), with_id || without_id);
});

fn check<'a>(bytes: &'a [u8], parse: fn(&'a [u8]) -> Result<SenderKeyMessage<'a>, ParseError>) -> bool {
    let Ok(message) = parse(bytes) else { return false };
    assert_eq!([message.signed(), message.signature()].concat(), bytes);
    let parts = SenderKeyMessageParts {
        format: message.format(),
        chain_id: message.chain_id(),
        iteration: message.iteration(),
        body: message.body(),
    };
    let encoded = [&parts.encode()[..], message.signature()].concat();
    let again = match message.distribution_id() {
        Some(_) => SenderKeyMessage::parse(&encoded),
        None => SenderKeyMessage::parse_without_id(&encoded),
    };
    let again = again.unwrap();
    assert_eq!((again.format(), again.chain_id()), (message.format(), message.chain_id()));
    assert_eq!((again.iteration(), again.body()), (message.iteration(), message.body()));
    true
}
