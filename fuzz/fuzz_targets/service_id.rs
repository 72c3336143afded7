// SPDX-License-Identifier: MIT OR Apache-2.0

//! Service ids as text and in binary: what reads writes what reads as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::{Address, DeviceId, ServiceId};

fuzz_target!(|bytes: &[u8]| {
    for id in [ServiceId::from_bytes(bytes), ServiceId::from_binary(bytes)].into_iter().flatten() {
        assert_eq!(ServiceId::from_bytes(&id.to_bytes()), Ok(id));
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(id) = text.parse::<ServiceId>() {
        assert!(id.to_string().eq_ignore_ascii_case(text));
        assert_eq!(Address::new(text, DeviceId::PRIMARY).service_id(), Some(id));
    }
});
