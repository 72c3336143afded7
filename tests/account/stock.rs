// SPDX-License-Identifier: MIT OR Apache-2.0

//! One-time prekeys never run out for good, whatever the batch, the service, the ids and the peers do.

use std::time::Duration;

use crate::accounts::{Holder, LIMITS, Service, stranger};
use crate::device::START;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::account::{BackupToken, Counts, IdSpace, Import, Limits};
use subrosa::prekey::{OneTimePreKey, OneTimePreKeyId};
use subrosa::{Account, Address, IdentityKeyPair, Trust};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Without KEM prekeys, which only cost time here.
const CURVE_ONLY: Limits = Limits { kem_pre_keys: false, ..LIMITS };

/// `WhatsApp`'s batch of 812, of which 189 never come back.
#[test]
fn a_batch_that_has_no_room_is_made_smaller() {
    let limits = Limits { batch: 812, low: 100, max_kept: 1_000, max_given_out: 200, ..CURVE_ONLY };
    let (mut bob, mut service) = (Holder::with_limits("bob", limits, 1), Service::default());
    bob.maintain(&mut service);
    assert_eq!(service.one_time.len(), 812);
    // All were given out, and all but 189 used.
    for seed in 0..812 {
        let bundle = service.bundle(&bob);
        if seed >= 189 {
            use_up(&mut bob, bundle.one_time_pre_key.unwrap().id);
        }
    }
    let mut short = 0;
    for day in 0..400 {
        bob.maintain(&mut service);
        short += usize::from(service.one_time.len() < 100);
        bob.advance(DAY);
        // The peers take two a day, and use one of them.
        for which in 0..2 {
            let Some(key) = service.bundle(&bob).one_time_pre_key else { continue };
            if which == 0 {
                use_up(&mut bob, key.id);
            }
        }
        assert!(bob.account.one_time_pre_keys().count() <= 1_000, "day {day}");
    }
    assert_eq!(short, 0, "days without enough");
}

/// As a first message would, at no cost.
fn use_up(bob: &mut Holder, id: OneTimePreKeyId) {
    let key = subrosa::store::Key::OneTimePreKey(id);
    bob.store.rows.remove(&key).unwrap();
    let (staged, _) =
        Account::salvage(bob.address.clone(), &bob.store.account, bob.store.rows.values(), bob.limits)
            .unwrap();
    let record = staged.writes().into_iter().find_map(|write| match write {
        subrosa::store::Write::Put { key: subrosa::store::Key::Account, record, .. } => Some(record),
        _ => None,
    });
    bob.store.account = record.unwrap().as_bytes().to_vec();
    bob.account = staged.commit();
}

/// Puts come before deletes: an id that a change frees is not given out by the same change.
#[test]
fn an_id_is_not_given_out_by_the_change_that_frees_it() {
    let limits = Limits {
        batch: 24,
        low: 24,
        max_kept: 48,
        max_given_out: 5,
        max_retired: 46,
        max_id: 48,
        ..CURVE_ONLY
    };
    let (mut bob, mut service) = (Holder::with_limits("bob", limits, 5), Service::default());
    service.forgetful = true;
    for _ in 0..2 {
        bob.maintain(&mut service);
        service.one_time.clear();
    }
    assert_eq!(bob.account.one_time_pre_keys().count(), 48, "all ids");
    bob.advance(LIMITS.grace);
    // The first half are deleted now, and their ids are free with the next upkeep.
    bob.maintain(&mut service);
    assert_eq!(bob.account.one_time_pre_keys().count(), 24);
    bob.maintain(&mut service);
    assert!(service.one_time.iter().map(|key| key.id.0).eq(1..=24));
    bob.restart();
}

/// Its store was restored from a backup, and it has keys again that were used up.
#[test]
fn a_service_that_has_more_than_we_know_of_is_told_to_drop_all() {
    let (mut bob, mut service) = Holder::stocked("bob", 2);
    let backup = service.clone();
    for seed in 0..3 {
        let (from, message) = stranger(service.bundle(&bob), &bob.address, seed);
        bob.receive(&from, &message).unwrap();
    }
    bob.maintain(&mut service);
    let digest = bob.account.published_digest();
    service = backup;
    let plan = bob.account.plan(Counts { one_time: 9, ..service.counts() }, bob.now);
    assert!(plan.replace_one_time, "{plan:?}");
    // What is given out more than once is compared by a digest, and renewed.
    let upload = {
        let upload = bob.account.renew(bob.now, &mut bob.rng).unwrap();
        upload.commit_with(|writes| bob.store.apply(writes)).unwrap()
    };
    assert!(upload.replace_one_time && upload.signed_pre_key.is_some());
    assert!(upload.last_resort_kem_pre_key.is_some());
    service.take(&upload);
    bob.confirm(&upload);
    assert_ne!(bob.account.published_digest(), digest);
    let (from, message) = stranger(service.bundle(&bob), &bob.address, 9);
    bob.receive(&from, &message).unwrap();
    assert!(!bob.account.plan(service.counts(), bob.now).replace_one_time);
}

/// The digest as a service computes it.
#[test]
fn the_digest_of_what_is_published_is_over_identity_signed_and_last_resort() {
    use sha2::{Digest, Sha256};
    let (bob, service) = Holder::stocked("bob", 3);
    let (signed, kem) = (service.signed.unwrap(), service.last_resort.unwrap());
    let expected = Sha256::new()
        .chain_update(bob.account.identity_key().encode())
        .chain_update(u64::from(signed.id.0).to_be_bytes())
        .chain_update(signed.key.encode())
        .chain_update(u64::from(kem.id.0).to_be_bytes())
        .chain_update(kem.key.encode());
    assert_eq!(bob.account.published_digest()[..], expected.finalize()[..]);
}

/// Other implementations begin at random in 24 bits, and go on at 1 after the last.
fn imported(ids: impl IntoIterator<Item = u32>, limits: Limits, seed: u64) -> Account {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let identity = IdentityKeyPair::generate(&mut rng);
    let mut import = Import::new(Address::new("bob", 1), identity, 7, START);
    for id in ids {
        import.one_time_pre_key(OneTimePreKey::generate(OneTimePreKeyId(id), &mut rng)).unwrap();
    }
    import.finish(limits, &mut rng).unwrap().commit()
}

#[test]
fn an_account_whose_ids_began_at_random_is_recovered() {
    let limits = Limits { batch: 1, low: 1, max_kept: 20, ..CURVE_ONLY };
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    for seed in 0..2_000 {
        let first = if seed < 20 { 0xFF_FFFF - seed } else { rng.next_u32() & 0xFF_FFFF };
        let ids = (0..3).map(|at| (first + at) & 0xFF_FFFF);
        let mut account = imported(ids.clone(), limits, seed.into());
        let upload = account.recover(None, START, &mut rng);
        let upload = upload.unwrap_or_else(|error| panic!("first id {first}: {error}")).commit();
        let new = upload.one_time_pre_keys[0].id.0;
        assert!(!ids.clone().any(|id| id == new) && new > 0, "first id {first}: {new}");
        let token: BackupToken = account.token();
        account.recover(Some(&token), START, &mut rng).unwrap().commit();
        assert!(account.next_id(IdSpace::OneTime).is_some());
    }
}

/// What happens on a day.
#[derive(Clone, Copy, Debug)]
enum Event {
    Refused,
    Lost,
    Restored,
    Fine,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![1 => Just(Event::Refused), 1 => Just(Event::Lost), 1 => Just(Event::Restored), 9 => Just(Event::Fine)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Years of an account: uploads are refused or their confirmations lost, the service is restored from a backup,
    /// ids lie anywhere in a space that is used up. There are one-time prekeys at the service whenever peers do not
    /// hold all that may be kept.
    #[test]
    fn years_end_with_one_time_prekeys(
        (batch, low, spare) in (1..1_000_u32, 1..20_u32, 1..400_u32),
        max_given_out in 0..40_u32,
        ids in proptest::collection::btree_set(1..2_000_u32, 0..8),
        days in proptest::collection::vec((event(), 0..4_u8, 0..4_u8), 300..500),
        seed in any::<u64>(),
    ) {
        let max_kept = low + spare + max_given_out;
        let limits = Limits { batch, low, max_kept, max_given_out, max_id: 2_000, ..CURVE_ONLY };
        let account = imported(ids, limits, seed);
        let mut bob = Holder::with_limits("bob", limits, seed);
        for (key, record) in account.rows() {
            bob.store.rows.insert(key, record.as_bytes().to_vec());
        }
        bob.store.account = account.record().as_bytes().to_vec();
        bob.account = account;
        let (mut service, mut backup) = (Service::default(), Service::default());
        service.forgetful = true;
        backup.forgetful = true;
        for (event, taken, used) in days {
            bob.advance(DAY);
            let upload = bob.upkeep(service.counts());
            match event {
                Event::Refused => {}
                Event::Lost => service.take(&upload),
                Event::Restored => {
                    service = backup.clone();
                    service.signed = service.signed.or_else(|| upload.signed_pre_key.clone());
                }
                Event::Fine => {
                    service.take(&upload);
                    bob.confirm(&upload);
                    backup = service.clone();
                }
            }
            if service.signed.is_none() {
                continue;
            }
            for which in 0..taken {
                let Some(key) = service.bundle(&bob).one_time_pre_key else { break };
                let there = bob.account.one_time_pre_keys().any(|kept| kept.id() == key.id);
                if which < used && there {
                    use_up(&mut bob, key.id);
                }
            }
        }
        // Peers take all that there is, and the grace passes, in which they hold it.
        for _ in 0..5 {
            bob.maintain(&mut service);
            service.one_time.clear();
            bob.maintain(&mut service);
            bob.now = bob.now.saturating_add(LIMITS.grace);
        }
        let batches = low.div_ceil(batch) + 1;
        for _ in 0..batches {
            bob.maintain(&mut service);
        }
        let at_service = service.counts().one_time;
        let held = u32::try_from(bob.account.one_time_pre_keys().count()).unwrap() - at_service;
        let held_by_peers = at_service > 0 && held > max_given_out;
        prop_assert!(at_service >= low || held_by_peers, "{at_service} at the service, {:?}", bob.account);
        let bundle = service.bundle(&bob);
        prop_assert!(bundle.verify(Trust::Anyone).is_ok());
    }
}
