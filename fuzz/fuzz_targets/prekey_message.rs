// SPDX-License-Identifier: MIT OR Apache-2.0

//! What parses is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::hazmat::wire::message::first_byte;
use subrosa::hazmat::wire::prekey_message::PreKeyMessageParts;
use subrosa::hazmat::wire::prekey_message::PreKeySignalMessage;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = PreKeySignalMessage::parse(bytes) else { return };
    let parts = PreKeyMessageParts {
        first_byte: first_byte(message.version()),
        registration_id: message.registration_id(),
        pre_key_id: message.pre_key_id(),
        signed_pre_key_id: message.signed_pre_key_id(),
        kyber: message.kyber(),
        base_key: message.base_key(),
        identity_key: message.identity_key(),
        message: message.message().as_bytes(),
    };
    let encoded = parts.encode();
    let again = PreKeySignalMessage::parse(&encoded).unwrap();
    assert_eq!(again.version(), message.version());
    assert_eq!(again.registration_id(), message.registration_id());
    assert_eq!(again.pre_key_id(), message.pre_key_id());
    assert_eq!(again.signed_pre_key_id(), message.signed_pre_key_id());
    assert_eq!(again.kyber(), message.kyber());
    assert_eq!((again.base_key(), again.identity_key()), (message.base_key(), message.identity_key()));
    assert_eq!(again.message().as_bytes(), message.message().as_bytes());
});
