// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repairs of the rose profile. A record that reads writes the same again and goes on; and from an empty one on, neither
//! the network nor the peers get more than the limits allow, with the checks of `tests/rose/repairs.rs`.

#![no_main]

#[path = "../../tests/rose/repairs/hostile.rs"]
mod hostile;
#[path = "../support/staged.rs"]
mod staged;

use arbitrary::{Result, Unstructured};
use hostile::{Move, World};
use libfuzzer_sys::fuzz_target;
use subrosa::Timestamp;
use subrosa::rose::{DeviceName, PeerAuthentication, ReceiveError, Repairs, RoseKey};
use subrosa::store::Key;

/// Longer ones take too much time.
const LONGEST: usize = 400;
const NAMES: [DeviceName; 3] =
    [DeviceName::from_bytes([1; 18]), DeviceName::from_bytes([2; 18]), DeviceName::from_bytes([3; 18])];

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"sr") {
        if let Ok(repairs) = Repairs::from_record(bytes, NAMES[0]) {
            go_on(repairs, bytes);
        }
        return;
    }
    let mut u = Unstructured::new(bytes);
    if let Ok(moves) = schedule(&mut u) {
        World::run(NAMES, Timestamp::from_secs(1_795_000_000), &moves);
    }
});

fn go_on(mut repairs: Repairs, bytes: &[u8]) {
    assert_eq!(repairs.record().as_bytes(), bytes, "a state has one form");
    let key = Key::Rose(RoseKey::Repairs(NAMES[0]));
    let message: [u8; 384] = std::array::from_fn(|at| bytes.get(13 + at).copied().unwrap_or_default());
    let tag = message.first_chunk().unwrap();
    for millis in [0, 1_795_000_000_000, u64::MAX] {
        let now = Timestamp::from_millis(millis);
        if let Ok(staged) = repairs.answer(tag, PeerAuthentication::Hybrid, now) {
            let (_, record) = staged::commit(staged, &key);
            staged::check(&repairs.record(), record.as_ref());
        }
        let (_, record) = staged::commit(repairs.sent(&message, millis, now).unwrap(), &key);
        staged::check(&repairs.record(), record.as_ref());
        if let Ok(staged) = repairs.ask(ReceiveError::Malformed, &message, now) {
            let (_, record) = staged::commit(staged, &key);
            staged::check(&repairs.record(), record.as_ref());
        }
        repairs = Repairs::from_record(repairs.record().as_bytes(), NAMES[0]).unwrap();
    }
}

fn schedule(u: &mut Unstructured<'_>) -> Result<Vec<Move>> {
    let mut moves = Vec::new();
    while !u.is_empty() && moves.len() < LONGEST {
        moves.push(next(u)?);
    }
    Ok(moves)
}

fn next(u: &mut Unstructured<'_>) -> Result<Move> {
    Ok(match u.int_in_range(0..=15u8)? {
        0..=3 => Move::Send { by: u.arbitrary()? },
        4..=5 => Move::Refuse { by: u.arbitrary()?, which: u.arbitrary()?, reason: u.arbitrary()? },
        6 => Move::MissKey { by: u.arbitrary()?, id: u.arbitrary()? },
        7..=8 => Move::Deliver { which: u.arbitrary()?, proven: !u.ratio(1, 8)?, flip: u.arbitrary()? },
        9..=11 => Move::AskFor { to: u.arbitrary()?, which: u.arbitrary()?, proven: !u.ratio(1, 8)? },
        12 => {
            let len = u.int_in_range(0..=34)?;
            Move::Forge { to: u.arbitrary()?, proven: u.arbitrary()?, content: u.bytes(len)?.to_vec() }
        }
        13 => Move::Stranger { to: u.arbitrary()?, which: u.arbitrary()? },
        14 => Move::Fail { by: u.arbitrary()? },
        _ => Move::Wait { minutes: u.int_in_range(0..=1_500)? },
    })
}
