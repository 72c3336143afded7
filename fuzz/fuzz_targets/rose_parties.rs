// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two devices of the rose profile under any schedule, with the checks of `tests/rose/properties.rs`.

#![no_main]

#[path = "../../tests/support/rose.rs"]
mod parties;
#[path = "../../tests/support/rose_run.rs"]
mod run;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use run::{Run, Step};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    let mut run = Run::new(u64::from(u8::arbitrary(&mut input).unwrap_or_default()));
    run.step(&Step::Begin(false));
    for _ in 0..200 {
        let Ok(step) = step(&mut input) else { return };
        run.step(&step);
        if input.is_empty() {
            return;
        }
    }
});

fn step(input: &mut Unstructured<'_>) -> arbitrary::Result<Step> {
    Ok(match input.int_in_range(0..=23)? {
        0..=8 => Step::Send(input.arbitrary()?, input.arbitrary()?, input.ratio(1, 20)?),
        9..=17 => {
            let flip = if input.ratio(1, 10)? { Some(input.arbitrary()?) } else { None };
            Step::Deliver(input.arbitrary()?, input.ratio(1, 10)?, flip, input.ratio(1, 20)?)
        }
        18..=19 => Step::Drop(input.arbitrary()?),
        20 => Step::Begin(input.arbitrary()?),
        21 => Step::Crash(input.arbitrary()?),
        22 => Step::Save(input.arbitrary()?),
        _ => Step::Restore(input.arbitrary()?),
    })
}
