// SPDX-License-Identifier: MIT OR Apache-2.0

//! Moving in with keys that were made elsewhere.

use std::time::Duration;

use crate::accounts::{DAY, LIMITS, NONE};
use crate::device::START;
use crate::{id_of, rotates};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account;
use subrosa::account::{IdSpace, ImportError, UpkeepError};
use subrosa::keys::KeyPair;
use subrosa::libsignal::LibsignalError;
use subrosa::prekey::{
    KemPreKeyId, KemPreKeyUse, LastResortKemPreKey, OneTimeKemPreKey, OneTimePreKey, OneTimePreKeyId,
    SignedPreKey, SignedPreKeyId,
};
use subrosa::store;
use subrosa::{Account, Address, IdentityKeyPair, Staged, Timestamp};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// When a key of this age was made.
fn made(age: Duration) -> Timestamp {
    Timestamp::from_millis(START.as_millis() - u64::try_from(age.as_millis()).unwrap())
}

/// Keys of another implementation.
struct Foreign {
    identity: IdentityKeyPair,
    rng: ChaCha20Rng,
}

impl Foreign {
    fn new() -> Self {
        let mut rng = rng(77);
        Self { identity: IdentityKeyPair::generate(&mut rng), rng }
    }

    fn import(&self) -> account::Import {
        account::Import::new(Address::new("bob", 1), self.identity(), 0x12345, START)
    }

    fn identity(&self) -> IdentityKeyPair {
        IdentityKeyPair::from_record(self.identity.record().as_bytes()).unwrap()
    }

    fn signed(&mut self, id: u32, age: Duration) -> SignedPreKey {
        SignedPreKey::generate(SignedPreKeyId(id), &self.identity, made(age), &mut self.rng)
    }

    fn one_time_kem(&mut self, id: u32, age: Duration) -> OneTimeKemPreKey {
        OneTimeKemPreKey::generate(KemPreKeyId(id), &self.identity, made(age), &mut self.rng)
    }

    fn last_resort(&mut self, id: u32, age: Duration) -> LastResortKemPreKey {
        LastResortKemPreKey::generate(KemPreKeyId(id), &self.identity, made(age), &mut self.rng)
    }

    fn one_time(&mut self, id: u32) -> OneTimePreKey {
        OneTimePreKey::generate(OneTimePreKeyId(id), &mut self.rng)
    }
}

#[test]
fn an_import_uses_the_newest_keys_and_keeps_the_older_ones_for_their_grace() {
    let mut foreign = Foreign::new();
    let mut import = foreign.import();
    for (id, age) in [(0, 5), (9, 1), (4, 3)] {
        import.signed_pre_key(foreign.signed(id, age * DAY)).unwrap();
        import.last_resort_kem_pre_key(foreign.last_resort(id, age * DAY)).unwrap();
    }
    let account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    assert_eq!(account.registration_id(), 0x12345);
    assert!(account.upload().is_empty());
    let full = account::Counts { one_time: 9, one_time_kem: 9 };
    assert!(!rotates(&account.plan(full, START)), "the newest is a day old");
    assert!(rotates(&account.plan(full, START.saturating_add(DAY))));
    let expired = account.plan(full, START.saturating_add(90 * DAY)).expired;
    assert_eq!(expired.len(), 2 + 4, "{expired:?}");
    assert!(!expired.iter().any(|row| id_of(row) == 9));
    assert!(account.plan(full, START.saturating_add(89 * DAY)).expired.is_empty());
}

#[test]
fn an_import_continues_above_all_ids_or_where_it_is_told() {
    let mut foreign = Foreign::new();
    let mut import = foreign.import();
    for id in [3, 900, 0] {
        import.one_time_pre_key(foreign.one_time(id)).unwrap();
    }
    import.one_time_kem_pre_key(foreign.one_time_kem(500, DAY)).unwrap();
    import.last_resort_kem_pre_key(foreign.last_resort(700, DAY)).unwrap();
    import.next_id(IdSpace::Kem, 701);
    let account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    assert_eq!(account.next_id(IdSpace::OneTime), Some(900 + 65_536));
    assert_eq!(account.next_id(IdSpace::Signed), Some(1));
    assert_eq!(account.next_id(IdSpace::Kem), Some(701));

    // An id that is none of ours to give does not count.
    let mut import = foreign.import();
    for id in [5, 1 << 24] {
        import.one_time_pre_key(foreign.one_time(id)).unwrap();
    }
    let account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    assert_eq!(account.next_id(IdSpace::OneTime), Some(5 + 65_536));

    // Deployed clients begin at random, and at 0 again after 2^24 - 1.
    let near_the_end = (1 << 24) - 10;
    let with = |foreign: &mut Foreign, next: Option<u32>| {
        let mut import = foreign.import();
        for id in [near_the_end, 0, 1, u32::MAX] {
            import.one_time_pre_key(foreign.one_time(id)).unwrap();
        }
        if let Some(next) = next {
            import.next_id(IdSpace::OneTime, next);
        }
        import.finish(LIMITS, &mut rng(1)).map(Staged::commit)
    };
    let largest_gap = Some(2 + 65_536);
    assert_eq!(with(&mut foreign, None).unwrap().next_id(IdSpace::OneTime), largest_gap);
    for next in [0, 1, near_the_end, 1 << 24, u32::MAX] {
        let not_free = Some(UpkeepError::NoFreeId(IdSpace::OneTime));
        assert_eq!(with(&mut foreign, Some(next)).err(), not_free, "{next} is not free");
    }
    let mut account = with(&mut foreign, Some(2)).unwrap();
    assert_eq!(account.next_id(IdSpace::OneTime), Some(2));
    account.maintain(NONE, START, &mut rng(2)).unwrap().commit();
    let again = Account::from_records(
        account.address().clone(),
        account.record().as_bytes(),
        account.rows().iter().map(|(_, record)| record.as_bytes()),
        LIMITS,
    );
    assert_eq!(again.unwrap().next_id(IdSpace::OneTime), Some(6));
    // Before the next one that is there it goes on where most are free.
    let mut account = with(&mut foreign, Some(near_the_end - 3)).unwrap();
    let upload = account.maintain(NONE, START, &mut rng(2)).unwrap().commit();
    assert!(upload.one_time_pre_keys.iter().map(|key| key.id.0).eq(2..6));
    assert!(upload.replace_one_time, "lower ids follow, which a service would pass over");
}

#[test]
fn an_import_refuses_keys_that_are_not_sound() {
    let mut foreign = Foreign::new();
    let mut import = foreign.import();
    import.one_time_pre_key(foreign.one_time(1)).unwrap();
    let row = store::Key::OneTimePreKey(OneTimePreKeyId(1));
    assert_eq!(import.one_time_pre_key(foreign.one_time(1)), Err(ImportError::Twice(row)));
    import.one_time_kem_pre_key(foreign.one_time_kem(1, DAY)).unwrap();
    let row = store::Key::LastResortKemPreKey(KemPreKeyId(1));
    let twice = import.last_resort_kem_pre_key(foreign.last_resort(1, DAY));
    assert_eq!(twice, Err(ImportError::Twice(row)), "one-time and last-resort share their ids");
    import.last_resort_kem_pre_key(foreign.last_resort(2, DAY)).unwrap();
    let row = store::Key::OneTimeKemPreKey(KemPreKeyId(2));
    assert_eq!(import.one_time_kem_pre_key(foreign.one_time_kem(2, DAY)), Err(ImportError::Twice(row)));

    let mut other = Foreign { identity: IdentityKeyPair::generate(&mut rng(5)), rng: rng(6) };
    let row = store::Key::SignedPreKey(SignedPreKeyId(3));
    assert_eq!(import.signed_pre_key(other.signed(3, DAY)), Err(ImportError::NotSigned(row)));
    let row = store::Key::OneTimeKemPreKey(KemPreKeyId(3));
    assert_eq!(import.one_time_kem_pre_key(other.one_time_kem(3, DAY)), Err(ImportError::NotSigned(row)));
    let row = store::Key::LastResortKemPreKey(KemPreKeyId(3));
    assert_eq!(import.last_resort_kem_pre_key(other.last_resort(3, DAY)), Err(ImportError::NotSigned(row)));
    let base_key = *KeyPair::generate(&mut rng(7)).public();
    let used = KemPreKeyUse { kem: KemPreKeyId(1), signed: SignedPreKeyId(1), base_key };
    assert_eq!(import.used(&used), Err(ImportError::NoLastResort(KemPreKeyId(1))));
    let used = KemPreKeyUse { kem: KemPreKeyId(2), ..used };
    import.used(&used).unwrap();
    import.used(&used).unwrap();
    let account = import.finish(LIMITS, &mut rng(1)).unwrap().commit();
    assert_eq!(account.last_resort_uses().collect::<Vec<_>>(), [used]);
    assert_eq!(account.rows().len(), 4);
}

#[test]
fn stored_keys_that_are_not_sound_are_refused() {
    let mut foreign = Foreign::new();
    let signed = foreign.signed(3, DAY).to_libsignal_record();
    let kem = foreign.one_time_kem(3, DAY).to_libsignal_record();
    let one_time = foreign.one_time(3).to_libsignal_record();
    let identity = foreign.identity.to_libsignal_record();
    assert_eq!(identity.len(), 69);
    let protobuf = |error| assert_eq!(error, LibsignalError::Malformed);
    protobuf(SignedPreKey::from_libsignal_record(&[9]).unwrap_err());
    protobuf(OneTimeKemPreKey::from_libsignal_record(&[9]).unwrap_err());
    protobuf(OneTimePreKey::from_libsignal_record(&[9]).unwrap_err());
    protobuf(IdentityKeyPair::from_libsignal_record(&[9]).unwrap_err());
    let unsound = |error| assert_eq!(error, LibsignalError::Unsound);
    unsound(SignedPreKey::from_libsignal_record(&[]).unwrap_err());
    unsound(OneTimeKemPreKey::from_libsignal_record(&signed).unwrap_err());
    unsound(OneTimePreKey::from_libsignal_record(&kem).unwrap_err());
    unsound(IdentityKeyPair::from_libsignal_record(&identity[..35]).unwrap_err());
    let flipped = |record: &[u8], at: usize| {
        let mut record = record.to_vec();
        record[at] ^= 4;
        record
    };
    let mismatch = |error| assert_eq!(error, LibsignalError::Mismatch);
    mismatch(SignedPreKey::from_libsignal_record(&flipped(&signed, 20)).unwrap_err());
    mismatch(OneTimePreKey::from_libsignal_record(&flipped(&one_time, 20)).unwrap_err());
    mismatch(IdentityKeyPair::from_libsignal_record(&flipped(&identity, 50)).unwrap_err());
    mismatch(LastResortKemPreKey::from_libsignal_record(&flipped(&kem, 500)).unwrap_err());
    assert_eq!(signed[71..73], [0x22, 64], "the signature's tag and length");
    let without = [&signed[..71], &signed[137..]].concat();
    let error = SignedPreKey::from_libsignal_record(&without).unwrap_err();
    assert_eq!(error, LibsignalError::BadSignature);
    // Some of this is in the halves that nothing is computed from here; peers would notice.
    assert!(OneTimeKemPreKey::from_libsignal_record(&flipped(&kem, 1_700)).is_ok());
}
