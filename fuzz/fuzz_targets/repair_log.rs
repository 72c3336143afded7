// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repair logs. A record that reads writes the same again and goes on; and from an empty log on, no moves of a
//! hostile peer get more than the policy allows, with the checks of `tests/account/repairs.rs`.

#![no_main]

#[path = "../../tests/support/device.rs"]
mod device;
#[path = "../../tests/account/repairs/hostile.rs"]
mod hostile;
#[path = "../support/staged.rs"]
mod staged;

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use hostile::{About, Move, Victim, missed, peer, request_for};
use libfuzzer_sys::fuzz_target;
use subrosa::repair::{Rate, RepairLog, RepairPolicy};
use subrosa::store::Key;
use subrosa::{Address, DeviceId, Session, Timestamp};

/// Longer ones take too much time.
const LONGEST: usize = 400;

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"sr") {
        if let Ok(log) = RepairLog::from_record(bytes, peer()) {
            go_on(log, bytes);
        }
        return;
    }
    let mut u = Unstructured::new(bytes);
    if let Ok((policy, moves)) = schedule(&mut u) {
        Victim::run(&policy, &moves);
    }
});

fn go_on(mut log: RepairLog, bytes: &[u8]) {
    let written = log.record();
    // What is of an older version is written anew.
    if written.as_bytes()[..4] == bytes[..4] {
        assert_eq!(written.as_bytes(), bytes, "a state has one form");
    }
    let local = Address::new("alice", DeviceId::PRIMARY);
    let (mut session, policy) = (Session::new(local, peer()), RepairPolicy::default());
    let key = Key::RepairLog(peer());
    for millis in [0, 1_700_000_000_000, u64::MAX] {
        let now = Timestamp::from_millis(millis);
        if let Ok(staged) = log.ask(missed(now), &policy, now) {
            let (_, record) = staged::commit(staged, &key);
            staged::check(&log.record(), record.as_ref());
        }
        if let Ok(staged) = log.answer(&mut session, &request_for(now, None), &policy, now) {
            let (resend, record) = staged::commit(staged, &key);
            assert!(resend.group);
            staged::check(&log.record(), record.as_ref());
        }
        log = RepairLog::from_record(log.record().as_bytes(), peer()).unwrap();
    }
}

fn schedule(u: &mut Unstructured<'_>) -> Result<(RepairPolicy, Vec<Move>)> {
    let policy = RepairPolicy {
        ask: rate(u)?,
        resend: rate(u)?,
        reset: rate(u)?,
        resend_each: u.arbitrary()?,
        max_age: millis(u)?,
        clock_skew: Duration::ZERO,
    };
    let mut moves = Vec::new();
    while !u.is_empty() && moves.len() < LONGEST {
        moves.push(next(u)?);
    }
    Ok((policy, moves))
}

fn rate(u: &mut Unstructured<'_>) -> Result<Rate> {
    Ok(Rate { max: u.arbitrary()?, per: millis(u)? })
}

fn millis(u: &mut Unstructured<'_>) -> Result<Duration> {
    Ok(Duration::from_millis(u.arbitrary::<u16>()?.into()))
}

fn next(u: &mut Unstructured<'_>) -> Result<Move> {
    Ok(match u.int_in_range(0..=9u8)? {
        0 => Move::Rubbish,
        1..=6 => Move::Ask {
            ago: if u.arbitrary()? { u.int_in_range(0..=3)? } else { u.arbitrary()? },
            about: *u.choose(&[About::Current, About::Former, About::Group])?,
            device: !u.ratio(1, 16)?,
        },
        7 | 8 => Move::Wait(u.int_in_range(0..=3)?),
        _ => Move::Wait(u.arbitrary()?),
    })
}
