// SPDX-License-Identifier: MIT OR Apache-2.0

//! Clocks that are wrong for a while: no time that is kept and later than now is believed.

use std::time::Duration;

use crate::accounts::{Holder, LIMITS, Service, stranger};
use crate::device::START;
use proptest::collection::vec;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{Counts, Import, LimitsError};
use subrosa::prekey::{KemPreKeyId, LastResortKemPreKey, SignedPreKey, SignedPreKeyId};
use subrosa::{Account, Address, IdentityKeyPair, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A year of daily runs, and that the signed prekey and the last-resort KEM prekey change as often as they should.
fn a_year(bob: &mut Holder, service: &mut Service) {
    let mut replaced = 0;
    for _ in 0..365 {
        let before = (service.signed.clone(), service.last_resort.clone());
        bob.maintain(service);
        replaced += usize::from(service.signed != before.0 && service.last_resort != before.1);
        bob.advance(DAY);
    }
    assert!(replaced > 120, "{replaced} times");
    let limits = bob.limits;
    assert!(bob.account.plan(service.counts(), bob.now).expired.is_empty());
    // What is kept is what the grace of 90 days asks for, one each two or three days.
    let kept = bob.account.signed_pre_keys().count();
    assert!(kept <= 47, "{kept} signed prekeys with a grace of {:?}", limits.grace);
}

#[test]
fn one_confirmation_by_a_clock_a_century_ahead_does_not_stop_rotation() {
    for ahead in [DAY, CENTURY] {
        let (mut bob, mut service) = Holder::stocked("bob", 90);
        bob.advance(2 * DAY);
        let upload = bob.upkeep(service.counts());
        service.take(&upload);
        let right = bob.now;
        bob.now = right.saturating_add(ahead);
        bob.confirm(&upload);
        bob.now = right;
        a_year(&mut bob, &mut service);
    }
}

#[test]
fn one_run_in_other_units_does_not_stop_rotation() {
    let units: [fn(u64) -> u64; 4] = [|now| now / 1_000, |now| now * 1_000, |now| now * 1_000_000, |_| 0];
    for unit in units {
        let (mut bob, mut service) = Holder::stocked("bob", 91);
        bob.advance(2 * DAY);
        let right = bob.now;
        bob.now = Timestamp::from_millis(unit(right.as_millis()));
        bob.maintain(&mut service);
        bob.now = right;
        a_year(&mut bob, &mut service);
    }
}

/// A prekey that is retired by a clock ahead is kept for its grace and no longer.
#[test]
fn what_retired_in_the_future_is_kept_no_longer_than_the_grace() {
    let (mut bob, mut service) = Holder::stocked("bob", 92);
    let late = stranger(service.last_resort_bundle(&bob), &bob.address, 1);
    bob.advance(2 * DAY);
    let upload = bob.upkeep(service.counts());
    service.take(&upload);
    let right = bob.now;
    bob.now = right.saturating_add(CENTURY);
    bob.confirm(&upload);
    bob.now = right;
    bob.maintain(&mut service);
    bob.advance(89 * DAY);
    bob.maintain(&mut service);
    assert_eq!(bob.receive(&late.0, &late.1).as_deref(), Ok(&b"hello"[..]), "within the grace");
    bob.advance(2 * DAY);
    bob.maintain(&mut service);
    assert!(!bob.account.signed_pre_keys().any(|key| key.id() == SignedPreKeyId(1)), "after it");
}

#[test]
fn an_import_of_keys_from_the_future_rotates_as_others_do() {
    let mut rng = ChaCha20Rng::seed_from_u64(93);
    let (identity, future) = (IdentityKeyPair::generate(&mut rng), START.saturating_add(CENTURY));
    let signed = [(1, START), (2, future), (3, START)]
        .map(|(id, made)| SignedPreKey::generate(SignedPreKeyId(id), &identity, made, &mut rng));
    let last_resort = LastResortKemPreKey::generate(KemPreKeyId(1), &identity, future, &mut rng);
    let mut import = Import::new(Address::new("bob", 1), identity, 7, START);
    for key in signed {
        import.signed_pre_key(key).unwrap();
    }
    import.last_resort_kem_pre_key(last_resort).unwrap();
    let account = import.finish(LIMITS, &mut rng).unwrap().commit();
    let plan = account.plan(Counts::default(), START.saturating_add(2 * DAY));
    assert!(plan.rotate_signed && plan.rotate_last_resort, "{plan:?}");
}

/// What the clock does before a daily run.
#[derive(Clone, Copy, Debug)]
enum Clock {
    Right,
    Off { millis: i64 },
    Seconds,
    Micros,
}

fn clock() -> impl Strategy<Value = Clock> {
    const YEARS: i64 = 200 * 365 * 86_400_000;
    prop_oneof![
        3 => Just(Clock::Right),
        2 => (-YEARS..YEARS).prop_map(|millis| Clock::Off { millis }),
        2 => (-10 * 86_400_000..10 * 86_400_000_i64).prop_map(|millis| Clock::Off { millis }),
        1 => Just(Clock::Seconds),
        1 => Just(Clock::Micros),
    ]
}

impl Clock {
    fn shows(self, right: Timestamp) -> Timestamp {
        let now = right.as_millis();
        Timestamp::from_millis(match self {
            Self::Right => now,
            Self::Off { millis } => now.saturating_add_signed(millis),
            Self::Seconds => now / 1_000,
            Self::Micros => now * 1_000,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever the clock did: after a week by a right one all is fresh, stocked, and nothing is kept too long.
    #[test]
    fn a_week_of_a_right_clock_mends_everything(
        clocks in vec((clock(), any::<bool>(), any::<bool>(), 0..3_u8), 1..60),
        seed in 0..1_000_u64,
    ) {
        let (mut bob, mut service) = Holder::stocked("bob", seed);
        let mut right = START;
        for (clock, uploaded, confirmed, given_out) in clocks {
            right = right.saturating_add(DAY);
            bob.now = clock.shows(right);
            let upload = bob.upkeep(service.counts());
            if uploaded {
                service.take(&upload);
                if confirmed {
                    bob.confirm(&upload);
                }
            }
            (0..given_out).for_each(|_| drop(service.bundle(&bob)));
        }
        let before = (service.signed.clone(), service.last_resort.clone());
        for _ in 0..7 {
            right = right.saturating_add(DAY);
            bob.now = right;
            bob.maintain(&mut service);
        }
        prop_assert!(service.signed != before.0, "the signed prekey is fresh");
        prop_assert!(service.last_resort != before.1, "the last-resort KEM prekey is fresh");
        let Counts { one_time, one_time_kem } = service.counts();
        prop_assert!(one_time >= LIMITS.low && one_time_kem >= LIMITS.low, "{one_time}, {one_time_kem}");
        // A grace later nothing of before is left but what is in use.
        bob.now = right.saturating_add(LIMITS.grace);
        let oldest = service.signed.clone().unwrap().id;
        bob.maintain(&mut service);
        bob.now = bob.now.saturating_add(LIMITS.grace);
        bob.maintain(&mut service);
        prop_assert!(bob.account.signed_pre_keys().all(|key| key.id() >= oldest));
    }
}

#[test]
fn limits_that_cannot_work_are_refused() {
    type Change = fn(&mut subrosa::account::Limits);
    let cases: [(Change, LimitsError); 8] = [
        (|limits| limits.batch = 0, LimitsError::Stock),
        (|limits| limits.low = 0, LimitsError::Stock),
        (|limits| limits.max_kept = limits.low - 1, LimitsError::Stock),
        (|limits| limits.max_given_out = limits.max_kept, LimitsError::GivenOut),
        (|limits| limits.max_retired = 0, LimitsError::Retired),
        (|limits| limits.max_retired = 44, LimitsError::Retired),
        (|limits| limits.max_uses = 0, LimitsError::Uses),
        (|limits| limits.max_id = 0, LimitsError::MaxId),
    ];
    let mut rng = ChaCha20Rng::seed_from_u64(94);
    let bob = || Address::new("bob", 1);
    let sound = Account::generate(bob(), LIMITS, &mut rng).unwrap().commit();
    let rows = || sound.rows().into_iter().map(|(_, record)| record);
    for (change, error) in cases {
        let mut limits = LIMITS;
        change(&mut limits);
        assert_eq!(Account::generate(bob(), limits, &mut rng).err(), Some(error));
        let read = Account::from_records(bob(), sound.record().as_bytes(), rows(), limits);
        assert_eq!(read.err(), Some(error.into()));
        let import = Import::new(bob(), IdentityKeyPair::generate(&mut rng), 7, START);
        assert_eq!(import.finish(limits, &mut rng).err(), Some(error.into()));
    }
}
