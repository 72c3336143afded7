// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records of identities and prekeys: what reads writes a record that reads as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use subrosa::IdentityKeyPair;
use subrosa::prekey::{LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};

macro_rules! reads_again {
    ($bytes:expr, $($kind:ty),*) => {
        $(if let Ok(key) = <$kind>::from_record($bytes) {
            let record = key.record();
            let again = <$kind>::from_record(record.as_bytes()).unwrap();
            assert_eq!(again.record().as_bytes(), record.as_bytes());
        })*
    };
}

fuzz_target!(|bytes: &[u8]| {
    reads_again!(bytes, IdentityKeyPair, OneTimePreKey, SignedPreKey, OneTimeKemPreKey, LastResortKemPreKey);
});
