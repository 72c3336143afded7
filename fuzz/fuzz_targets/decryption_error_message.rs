// SPDX-License-Identifier: MIT OR Apache-2.0

//! What parses is written and read again as the same; errors can be made for anything that parses.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::repair::DecryptionErrorMessage;
use subrosa::{DeviceId, MessageKind, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = DecryptionErrorMessage::parse(bytes) {
        assert_eq!(DecryptionErrorMessage::parse(&message.to_bytes()), Ok(message));
    }
    for kind in [MessageKind::Whisper, MessageKind::PreKey] {
        if let Ok(message) =
            DecryptionErrorMessage::for_original(bytes, kind, Timestamp::from_millis(1), DeviceId::new(2))
        {
            assert!(message.ratchet_key().is_some());
        }
    }
});
