// SPDX-License-Identifier: MIT OR Apache-2.0

//! What parses is written and read again as the same, and only what the other side would show is a match.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::fingerprint::{
    Fingerprint, FingerprintError, FingerprintHash, FingerprintVersion, ScannableFingerprint,
};

fuzz_target!(|bytes: &[u8]| {
    let [ours, theirs] = [1, 2].map(|byte| FingerprintHash::from_bytes([byte; 64]));
    let at_us = Fingerprint::new(FingerprintVersion::ACCOUNT, ours, theirs).scannable();
    let at_them = Fingerprint::new(FingerprintVersion::ACCOUNT, theirs, ours).scannable();
    let verdict = at_us.compare(bytes);
    let Ok(parsed) = ScannableFingerprint::parse(bytes) else {
        assert!(verdict.is_err() && verdict != Err(FingerprintError::Mismatch));
        return;
    };
    let encoded = parsed.to_bytes();
    assert_eq!(ScannableFingerprint::parse(&encoded).unwrap().to_bytes(), encoded);
    assert_eq!(at_us.compare(&encoded), verdict);
    assert_eq!(verdict.is_ok(), encoded == at_them.to_bytes());
});
