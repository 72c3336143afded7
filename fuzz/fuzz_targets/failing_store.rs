// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices over a store that fails before it is durable, or after: accounts, sessions, sealed messages and groups.

#![no_main]

#[path = "../../tests/support/failing_store.rs"]
mod failing_store;

use arbitrary::{Result, Unstructured};
use failing_store::{Fate, Step, World};
use libfuzzer_sys::fuzz_target;

/// Longer schedules take too much time.
const LONGEST: usize = 100;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = Unstructured::new(bytes);
    let mut world = World::new(0);
    for _ in 0..LONGEST {
        if rest.is_empty() {
            break;
        }
        let Ok(step) = step(&mut rest) else { break };
        world.step(step);
    }
    world.end();
});

fn step(u: &mut Unstructured<'_>) -> Result<Step> {
    let own = usize::from(u.arbitrary::<bool>()?);
    let fate = match u.int_in_range(0..=5_u8)? {
        0 => Fate::Before,
        1 => Fate::After,
        _ => Fate::Stored,
    };
    Ok(match u.int_in_range(0..=15_u8)? {
        0 => Step::Maintain(own, fate),
        1 => Step::Initiate(own, fate),
        2..=4 => Step::Write { by: own, sealed: u.arbitrary()?, fate },
        5..=9 => Step::Deliver { which: u.arbitrary::<u8>()?.into(), keep: u.arbitrary()?, fate },
        10 => Step::Rotate(own, fate),
        11 => Step::Distribute(own, fate),
        12..=14 => Step::WriteToGroup { by: own, fate },
        _ => Step::Restart(own),
    })
}
