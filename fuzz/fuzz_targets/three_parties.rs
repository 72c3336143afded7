// SPDX-License-Identifier: MIT OR Apache-2.0

//! Three devices under any schedule, two of them of one account, with the checks of `tests/sessions/properties.rs`: sessions
//! begin on both sides at once, move to libsignal's records and back between any two messages, and share prekeys,
//! stores and clocks; and messages come from the wrong device. Of each pair the schedule says whether it also makes
//! sessions of version 3.

#![no_main]

#[path = "../../tests/support/device.rs"]
mod device;
#[path = "../../tests/support/simulation.rs"]
mod simulation;
#[path = "../support/steps.rs"]
mod steps;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use simulation::Step;
use simulation::three_devices::{Pair, ThreeDevices, Turn};
use steps::{offer, side, step};

/// Longer schedules take too much time.
const LONGEST: usize = 80;

#[derive(Debug)]
struct Schedule {
    version_3: [bool; 3],
    turns: Vec<Turn>,
}

fuzz_target!(|schedule: Schedule| ThreeDevices::run(0, schedule.version_3, &schedule.turns));

impl<'a> Arbitrary<'a> for Schedule {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let version_3 = u.arbitrary()?;
        let mut turns = vec![Turn::BothAtOnce(pair(u)?, offer(u)?)];
        while !u.is_empty() && turns.len() < LONGEST {
            turns.push(turn(u)?);
        }
        Ok(Self { version_3, turns })
    }
}

fn turn(u: &mut Unstructured<'_>) -> Result<Turn> {
    let pair = pair(u)?;
    Ok(match u.int_in_range(0..=15u8)? {
        0 => Turn::BothAtOnce(pair, offer(u)?),
        1 => Turn::FromTheThird { pair, to: side(u)?, which: u.arbitrary()? },
        2 => Turn::Reflected { pair, to: side(u)?, which: u.arbitrary()? },
        3 => Turn::Of(pair, Step::Move(side(u)?)),
        _ => Turn::Of(pair, step(u)?),
    })
}

fn pair(u: &mut Unstructured<'_>) -> Result<Pair> {
    u.choose(&Pair::ALL).copied()
}
