// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts moved to libsignal's records and back.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test kit")]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{IdSpace, Import, Limits};
use subrosa::prekey::{LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::{Account, IdentityKeyPair, Timestamp};

/// An account with the identity, the prekeys, their uses and the next ids of another.
pub fn move_over(account: &Account, limits: Limits, now: Timestamp) -> Account {
    let identity = IdentityKeyPair::from_libsignal_record(&account.identity().to_libsignal_record()).unwrap();
    let mut import = Import::new(account.address().clone(), identity, account.registration_id(), now);
    for key in account.one_time_pre_keys() {
        let key = OneTimePreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.one_time_pre_key(key).unwrap();
    }
    for key in account.signed_pre_keys() {
        let key = SignedPreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.signed_pre_key(key).unwrap();
    }
    for key in account.one_time_kem_pre_keys() {
        let key = OneTimeKemPreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.one_time_kem_pre_key(key).unwrap();
    }
    for key in account.last_resort_kem_pre_keys() {
        let key = LastResortKemPreKey::from_libsignal_record(&key.to_libsignal_record()).unwrap();
        import.last_resort_kem_pre_key(key).unwrap();
    }
    for used in account.last_resort_uses() {
        import.used(&used).unwrap();
    }
    for space in [IdSpace::OneTime, IdSpace::Signed, IdSpace::Kem] {
        import.next_id(space, account.next_id(space).unwrap());
    }
    import.finish(limits, &mut ChaCha20Rng::seed_from_u64(1)).unwrap().commit()
}
