// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records as libsignal stores them. A session that is taken over is used, and given back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::wire::stored::{StoredIdentityKeyPair, StoredPreKey, StoredSession, StoredSignedPreKey};
use subrosa::prekey::{LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::{Address, DeviceId, IdentityKeyPair, Session, Timestamp, Trust};

fuzz_target!(|bytes: &[u8]| {
    let _ = StoredPreKey::parse(bytes).map(|record| record.encode());
    let _ = StoredSignedPreKey::parse(bytes).map(|record| record.encode());
    let _ = StoredIdentityKeyPair::parse(bytes).map(|record| record.encode());
    keys(bytes);
    let _ = StoredSession::parse(bytes).map(|record| record.encode());

    let addresses = || ["alice", "bob"].map(|name| Address::new(name, DeviceId::PRIMARY));
    let [local, remote] = addresses();
    let Ok(mut session) = Session::from_libsignal_record(bytes, local, remote) else { return };
    let [local, remote] = addresses();
    let again = Session::from_libsignal_record(&session.to_libsignal_record(), local, remote).unwrap();
    assert_eq!(again.record().as_bytes(), session.record().as_bytes());
    let [local, remote] = addresses();
    let again = Session::from_record(session.record().as_bytes(), local, remote).unwrap();
    assert_eq!(again.record().as_bytes(), session.record().as_bytes());
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let now = Timestamp::from_millis(0);
    let _ = session.encrypt(b"text", Trust::Anyone, now, &mut rng).map(|staged| staged.commit());
});

/// Keys that are taken over are given back as they came, but for what is not part of them.
fn keys(bytes: &[u8]) {
    macro_rules! reads_again {
        ($($kind:ty),*) => {
            $(if let Ok(key) = <$kind>::from_libsignal_record(bytes) {
                let record = key.to_libsignal_record();
                let again = <$kind>::from_libsignal_record(&record).unwrap();
                assert_eq!(*again.to_libsignal_record(), *record);
            })*
        };
    }
    reads_again!(IdentityKeyPair, OneTimePreKey, SignedPreKey, OneTimeKemPreKey, LastResortKemPreKey);
}
