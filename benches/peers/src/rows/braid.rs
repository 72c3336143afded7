// SPDX-License-Identifier: MIT OR Apache-2.0

//! The post-quantum ratchet without a session around it, in lockstep.

use std::hint::black_box;
use std::time::Duration;

use super::Row;
use crate::braids::Pair;
use crate::floor::{Kem768, Pads, braid_step};
use crate::harness::{Batch, repeated, timed};
use crate::official::Peers;

/// Two epochs: in each of them either side sends 87 messages.
const EPOCHS: u32 = 2 * 174;

pub fn send(_: &Peers) -> Row {
    Row::new(lockstep(true)).floor(floor(Kem768::sent)).whole(EPOCHS).study(9_000.0, 1_100.0)
}

pub fn receive(_: &Peers) -> Row {
    Row::new(lockstep(false)).floor(floor(Kem768::received)).whole(EPOCHS).study(9_400.0, 1_100.0)
}

/// As many messages, each the answer to the one before; the clock runs while they are sent or while they are
/// received.
fn lockstep(sends: bool) -> Batch {
    let mut pair = Pair::new();
    let mut from = 0;
    Box::new(move |count| {
        let mut total = Duration::ZERO;
        for _ in 0..count {
            let mut message = Vec::new();
            let sent = |message: &mut Vec<u8>, pair: &mut Pair| *message = pair.send(from);
            if sends {
                total += timed(|| sent(&mut message, &mut pair));
                pair.receive(1 - from, black_box(&message));
            } else {
                sent(&mut message, &mut pair);
                total += timed(|| pair.receive(1 - from, black_box(&message)));
            }
            from = 1 - from;
        }
        total
    })
}

/// A step of the chain for each message, and once an epoch the KEM.
fn floor(once: fn(&Kem768) -> [u8; 32]) -> Batch {
    let (kem, zero) = (Kem768::new(), Pads::new(&[]));
    let (mut next, mut counter) = ([1; 32], 0);
    repeated(move || {
        if counter % 174 == 0 {
            black_box(once(&kem));
        }
        counter += 1;
        let (after, key) = braid_step(&zero, &next, counter);
        next = after;
        key
    })
}
