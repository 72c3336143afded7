// SPDX-License-Identifier: MIT OR Apache-2.0

//! What parses is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::hazmat::wire::message::first_byte;
use subrosa::hazmat::wire::signal_message::SignalMessage;
use subrosa::hazmat::wire::signal_message::SignalMessageParts;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = SignalMessage::parse(bytes) else { return };
    assert_eq!([message.authenticated(), message.mac()].concat(), bytes);
    let addresses = message.addresses().and_then(|addresses| addresses.try_into().ok());
    let parts = SignalMessageParts {
        first_byte: first_byte(message.version()),
        ratchet_key: message.ratchet_key(),
        counter: message.counter(),
        previous_counter: message.previous_counter(),
        body: message.body(),
        pq_ratchet: message.pq_ratchet(),
        addresses,
    };
    let encoded = [&parts.encode()[..], message.mac()].concat();
    let again = SignalMessage::parse(&encoded).unwrap();
    assert_eq!((again.version(), again.ratchet_key()), (message.version(), message.ratchet_key()));
    assert_eq!((again.counter(), again.previous_counter()), (message.counter(), message.previous_counter()));
    assert_eq!((again.body(), again.pq_ratchet()), (message.body(), message.pq_ratchet()));
    assert_eq!(again.addresses(), addresses.map(<[u8; 36]>::as_slice));
});
