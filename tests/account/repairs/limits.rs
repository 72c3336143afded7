// SPDX-License-Identifier: MIT OR Apache-2.0

//! How much a peer can make us do: at most what the policy says, in whatever order it sends whatever.

use std::time::Duration;

use proptest::prelude::*;
use subrosa::repair::{Rate, RepairLog, RepairPolicy, RepairRefused};
use subrosa::{Address, DeviceId, Session, Timestamp};

use super::hostile::{About, Move, Victim, ask, at, new_log, peer, request_for};
use crate::cases::config;
use crate::device::{ALICE, START};

const SECOND: Duration = Duration::from_secs(1);

fn answer(
    log: &mut RepairLog,
    message: Timestamp,
    policy: &RepairPolicy,
    now: Timestamp,
) -> Result<(), RepairRefused> {
    let mut session = Session::new(Address::new(ALICE, DeviceId::PRIMARY), peer());
    log.answer(&mut session, &request_for(message, None), policy, now)
        .map(|answer| assert!(answer.commit().group))
}

#[test]
fn the_default_policy_is_as_documented() {
    let (hour, day) = (3_600 * SECOND, 86_400 * SECOND);
    let expected = RepairPolicy {
        ask: Rate { max: 10, per: hour },
        resend: Rate { max: 30, per: hour },
        reset: Rate { max: 3, per: hour },
        resend_each: 2,
        max_age: day,
        clock_skew: hour / 6,
    };
    assert_eq!(RepairPolicy::default(), expected);
}

#[test]
fn a_rate_is_for_every_span_of_time() {
    let policy = RepairPolicy { ask: Rate { max: 3, per: 100 * SECOND }, ..RepairPolicy::default() };
    let mut log = new_log();
    for millis in [0, 40_000, 99_999] {
        ask(&mut log, &policy, at(millis)).unwrap();
    }
    assert_eq!(ask(&mut log, &policy, at(99_999)), Err(RepairRefused::TooOften(Some(at(100_000)))));
    ask(&mut log, &policy, at(100_000)).unwrap();
    assert_eq!(ask(&mut log, &policy, at(139_999)), Err(RepairRefused::TooOften(Some(at(140_000)))));
    ask(&mut log, &policy, at(140_000)).unwrap();
    assert_eq!(log.generation(), 5);
}

#[test]
fn a_rate_of_nothing_is_never() {
    let policy = RepairPolicy { ask: Rate { max: 0, per: SECOND }, ..RepairPolicy::default() };
    assert_eq!(ask(&mut new_log(), &policy, START), Err(RepairRefused::TooOften(None)));
    let policy = RepairPolicy { resend_each: 0, ..RepairPolicy::default() };
    assert_eq!(answer(&mut new_log(), START, &policy, START), Err(RepairRefused::TooOften(None)));
}

#[test]
fn at_most_64_events_are_allowed_and_kept() {
    let policy = RepairPolicy { ask: Rate { max: 255, per: 1_000 * SECOND }, ..RepairPolicy::default() };
    let mut log = new_log();
    for millis in 0..64 {
        ask(&mut log, &policy, at(millis)).unwrap();
    }
    assert_eq!(ask(&mut log, &policy, at(64)), Err(RepairRefused::TooOften(Some(at(1_000_000)))));
    ask(&mut log, &policy, at(1_000_000)).unwrap();
    assert_eq!(log.record().as_bytes().len(), 4 + 8 + 8 + 3 + 64 * 16, "not more are kept");
}

/// A peer can't have a message sent without end by asking for many others between, so that it is forgotten how
/// often it was sent.
#[test]
fn nothing_is_forgotten_while_it_may_be_asked_for() {
    let policy = RepairPolicy { resend: Rate { max: 64, per: SECOND }, ..RepairPolicy::default() };
    let mut log = new_log();
    let mut now = START;
    for _ in 0..2 {
        answer(&mut log, START, &policy, now).unwrap();
    }
    for count in 1..=62 {
        now = at(START.as_millis() + count * 2_000);
        answer(&mut log, now, &policy, now).unwrap();
    }
    assert_eq!(answer(&mut log, START, &policy, now), Err(RepairRefused::TooOften(None)));
    now = START.saturating_add(policy.max_age).saturating_add(policy.clock_skew);
    assert_eq!(answer(&mut log, START, &policy, now), Err(RepairRefused::TooOften(None)));
    let next = at(now.as_millis() + 1);
    assert_eq!(answer(&mut log, now, &policy, now), Err(RepairRefused::TooOften(Some(next))));
    answer(&mut log, now, &policy, next).unwrap();
    assert_eq!(answer(&mut log, START, &policy, next), Err(RepairRefused::TooOld));
}

/// A clock that is set back makes nobody wait for the future to come. It lets as much happen again, once.
#[test]
fn a_clock_that_is_set_back_makes_nobody_wait() {
    let policy = RepairPolicy { ask: Rate { max: 2, per: 100 * SECOND }, ..RepairPolicy::default() };
    let mut log = new_log();
    let future = at(START.as_millis() + 365 * 86_400_000);
    for _ in 0..2 {
        ask(&mut log, &policy, future).unwrap();
        answer(&mut log, future, &policy, future).unwrap();
    }
    assert!(ask(&mut log, &policy, future).is_err());
    for _ in 0..2 {
        ask(&mut log, &policy, START).unwrap();
        answer(&mut log, START, &policy, START).unwrap();
    }
    assert!(ask(&mut log, &policy, START).is_err());
    assert!(answer(&mut log, START, &policy, START).is_err());
    // By less than the span: what happened then still counts.
    let mut log = new_log();
    for _ in 0..2 {
        ask(&mut log, &policy, at(START.as_millis() + 99_999)).unwrap();
    }
    let next = at(START.as_millis() + 199_999);
    assert_eq!(ask(&mut log, &policy, START), Err(RepairRefused::TooOften(Some(next))));
    ask(&mut log, &policy, at(START.as_millis() - 1)).unwrap();
}

#[test]
fn a_full_log_of_the_future_does_not_stay_full() {
    let policy = RepairPolicy { resend: Rate { max: 64, per: SECOND }, ..RepairPolicy::default() };
    let mut log = new_log();
    for count in 0..64 {
        let future = at(START.as_millis() + 365 * 86_400_000 + count);
        answer(&mut log, future, &policy, future).unwrap();
    }
    answer(&mut log, START, &policy, START).unwrap();
}

#[test]
fn times_do_not_overflow() {
    let end = at(u64::MAX);
    let rate = Rate { max: 1, per: Duration::MAX };
    let policy = RepairPolicy {
        ask: rate,
        resend: rate,
        reset: rate,
        resend_each: 255,
        max_age: Duration::MAX,
        clock_skew: Duration::ZERO,
    };
    let mut log = new_log();
    ask(&mut log, &policy, at(0)).unwrap();
    assert_eq!(ask(&mut log, &policy, at(u64::MAX - 1)), Err(RepairRefused::TooOften(Some(end))));
    answer(&mut log, at(0), &policy, end).unwrap();
}

fn rate() -> impl Strategy<Value = Rate> {
    let max = prop_oneof![4 => 0..6u8, 1 => 60..70u8];
    (max, 0..5_000u64).prop_map(|(max, millis)| Rate { max, per: Duration::from_millis(millis) })
}

fn policies() -> impl Strategy<Value = RepairPolicy> {
    let each = prop_oneof![8 => 0..5u8, 1 => Just(255)];
    (rate(), rate(), rate(), each, 0..20_000u64).prop_map(|(ask, resend, reset, resend_each, max_age)| {
        RepairPolicy {
            ask,
            resend,
            reset,
            resend_each,
            max_age: Duration::from_millis(max_age),
            clock_skew: Duration::ZERO,
        }
    })
}

fn moves() -> impl Strategy<Value = Move> {
    let about = prop_oneof![1 => Just(About::Current), 1 => Just(About::Former), 3 => Just(About::Group)];
    let ago = prop_oneof![Just(0), 0..4u16, any::<u16>()];
    let device = proptest::bool::weighted(0.95);
    let asks = (ago, about, device).prop_map(|(ago, about, device)| Move::Ask { ago, about, device });
    // Long waits are few, so that a log fills up with what still counts.
    let waits = prop_oneof![20 => 0..3u16, 5 => 0..500u16, 1 => any::<u16>()].prop_map(Move::Wait);
    prop_oneof![1 => Just(Move::Rubbish), 6 => asks, 3 => waits]
}

proptest! {
    #![proptest_config(config(256))]

    /// No more happens than the policy allows; and what it allows does happen.
    #[test]
    fn no_peer_gets_more_than_the_policy_allows(
        policy in policies(),
        hostile in proptest::collection::vec(moves(), 0..300),
    ) {
        Victim::run(&policy, &hostile);
    }
}
