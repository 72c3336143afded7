// SPDX-License-Identifier: MIT OR Apache-2.0

//! What parses is kept as it is; the error inside is wrapped and found again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::repair::PlaintextContent;

fuzz_target!(|bytes: &[u8]| {
    let Ok(content) = PlaintextContent::parse(bytes) else { return };
    assert_eq!(content.as_bytes(), bytes);
    if let Ok(message) = content.decryption_error_message() {
        assert_eq!(PlaintextContent::from(&message).decryption_error_message(), Ok(message));
    }
});
