// SPDX-License-Identifier: MIT OR Apache-2.0

//! A sender and two receivers under any schedule, with the checks of `tests/groups/properties.rs`.

#![no_main]

#[allow(dead_code, reason = "shared with tests")]
#[path = "../../tests/support/group.rs"]
mod group;
#[path = "../../tests/groups/properties/oracle.rs"]
mod oracle;
#[path = "../../tests/groups/properties/schedule.rs"]
mod schedule;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use schedule::{Fate, Step, World};
use subrosa::group::{DistributionId, Format};

/// Longer schedules take too much time.
const LONGEST: usize = 100;

#[derive(Debug)]
struct Schedule {
    with_id: bool,
    steps: Vec<Step>,
}

fuzz_target!(|schedule: Schedule| {
    let id = DistributionId::from_bytes([7; 16]);
    let format = if schedule.with_id { Format::WithId(id) } else { Format::WithoutId };
    World::run(0, format, &schedule.steps);
});

impl<'a> Arbitrary<'a> for Schedule {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (with_id, mut steps) = (u.arbitrary()?, Vec::new());
        while !u.is_empty() && steps.len() < LONGEST {
            steps.push(step(u)?);
        }
        Ok(Self { with_id, steps })
    }
}

fn step(u: &mut Unstructured<'_>) -> Result<Step> {
    let to = usize::from(u.arbitrary::<bool>()?);
    Ok(match u.int_in_range(0..=20u8)? {
        0..=4 => Step::Send(fate(u)?),
        5..=10 => Step::Deliver { to, which: u.arbitrary()?, keep: u.ratio(1, 4)?, fate: fate(u)? },
        11 => Step::Drop(to, u.arbitrary()?),
        12 => Step::Damage { to, which: u.arbitrary()?, at: u.arbitrary()?, bit: u.int_in_range(0..=7)? },
        13 => Step::Lose(if u.ratio(1, 16)? { 2_050 } else { u.int_in_range(1..=40)? }),
        14 => Step::Rotate,
        15 | 16 => Step::Distribute(to),
        17 => Step::Learn { to, which: u.arbitrary()?, fate: fate(u)? },
        18 => Step::CatchUp(to, u.arbitrary()?),
        19 => Step::SenderMoves,
        _ => Step::ReceiverMoves(to),
    })
}

fn fate(u: &mut Unstructured<'_>) -> Result<Fate> {
    Ok(match u.int_in_range(0..=11u8)? {
        0 => Fate::CrashBefore,
        1 => Fate::CrashAfter,
        2 => Fate::Fails,
        _ => Fate::Stored,
    })
}
