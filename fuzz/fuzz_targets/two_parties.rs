// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices under any schedule, with the checks of `tests/sessions/properties.rs`.

#![no_main]

#[path = "../../tests/support/device.rs"]
mod device;
#[path = "../../tests/support/simulation.rs"]
mod simulation;
#[path = "../support/steps.rs"]
mod steps;

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use simulation::{Fate, Step, World};
use steps::{offer, side, step};

/// Longer schedules take too much time.
const LONGEST: usize = 100;

#[derive(Debug)]
struct Schedule {
    version_3: bool,
    steps: Vec<Step>,
}

fuzz_target!(|schedule: Schedule| World::run(0, schedule.version_3, &schedule.steps));

impl<'a> Arbitrary<'a> for Schedule {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let version_3 = u.arbitrary()?;
        let mut steps = vec![Step::Initiate(side(u)?, offer(u)?, Fate::Stored)];
        while !u.is_empty() && steps.len() < LONGEST {
            steps.push(step(u)?);
        }
        Ok(Self { version_3, steps })
    }
}
