// SPDX-License-Identifier: MIT OR Apache-2.0

//! A service that says anything about the devices of several accounts, with the checks of `tests/account/deliveries.rs`.

#![no_main]

#[path = "../../tests/account/deliveries/hostile.rs"]
mod hostile;

use arbitrary::{Arbitrary, Result, Unstructured};
use hostile::ACCOUNTS;
use libfuzzer_sys::fuzz_target;
use subrosa::DeviceId;
use subrosa::delivery::ServiceAnswer;

#[derive(Debug)]
struct Service {
    attempts: u8,
    known: Vec<(usize, DeviceId)>,
    answers: Vec<(usize, ServiceAnswer)>,
}

fuzz_target!(|service: Service| hostile::run(service.attempts, &service.known, &service.answers));

impl<'a> Arbitrary<'a> for Service {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (attempts, mut known, mut answers) = (u.arbitrary()?, Vec::new(), Vec::new());
        for _ in 0..u.int_in_range(0..=8)? {
            known.push((u.choose_index(ACCOUNTS - 1)?, device(u)?));
        }
        while !u.is_empty() {
            answers.push((u.choose_index(ACCOUNTS)?, answer(u)?));
        }
        Ok(Self { attempts, known, answers })
    }
}

fn answer(u: &mut Unstructured<'_>) -> Result<ServiceAnswer> {
    Ok(match u.int_in_range(0..=15u8)? {
        0 => ServiceAnswer::Accepted,
        1 => ServiceAnswer::UnknownAccount,
        2..=9 => ServiceAnswer::Mismatched { missing: devices(u)?, extra: devices(u)? },
        _ => ServiceAnswer::Stale(devices(u)?),
    })
}

/// Few numbers, so that they meet; or many.
fn devices(u: &mut Unstructured<'_>) -> Result<Vec<DeviceId>> {
    if u.ratio(1, 32)? {
        return Ok((0..=127).map(DeviceId::new).collect());
    }
    (0..u.int_in_range(0..=6)?).map(|_| device(u)).collect()
}

fn device(u: &mut Unstructured<'_>) -> Result<DeviceId> {
    Ok(DeviceId::new(if u.ratio(7, 8)? { u.int_in_range(0..=6)? } else { u.arbitrary()? }))
}
