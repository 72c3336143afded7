// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed records. Nobody finds one by chance that opens, but every length and version must be taken.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::store::RecordKind;
use subrosa::{RecordError, RecordKey};

fuzz_target!(|bytes: &[u8]| {
    let error = RecordKey::from_bytes(&[7; 32]).open(RecordKind::Session, b"owner", bytes).unwrap_err();
    let expected = match bytes.first() {
        None | Some(0) => RecordError::NotARecord,
        Some(1) => RecordError::NotAuthentic,
        Some(newer) => RecordError::NewerVersion(*newer),
    };
    assert_eq!(error, expected);
});
