// SPDX-License-Identifier: MIT OR Apache-2.0

//! The post-quantum ratchets of two parties under any schedule of sending, delivering, losing and damaging.

#![no_main]

#[allow(dead_code, reason = "tests use the rest")]
#[path = "../../tests/support/spqr.rs"]
mod spqr;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use spqr::{Pair, record};
use subrosa::hazmat::ratchet::spqr::SpqrError;

#[derive(Arbitrary, Debug)]
enum Step {
    /// A run of messages by one party.
    Send {
        a: bool,
        messages: u8,
    },
    /// The message at this place of the queue (modulo its length) arrives, and may come again.
    Arrive {
        a: bool,
        at: u16,
        again: bool,
    },
    Lose {
        a: bool,
        at: u16,
    },
    /// The message arrives damaged, and then again as it was.
    Damage {
        a: bool,
        at: u16,
        byte: u8,
        bit: u8,
    },
    Restart {
        a: bool,
    },
}

fuzz_target!(|steps: Vec<Step>| {
    let mut pair = Pair::new(0);
    let mut queues = [Vec::new(), Vec::new()];
    for step in steps.iter().take(400) {
        match *step {
            Step::Send { a, messages } => {
                for _ in 0..=messages % 48 {
                    let message = pair.send(a);
                    queues[usize::from(!a)].push((message, false));
                }
            }
            Step::Arrive { a, at, again } => {
                let Some((message, seen)) = take(&mut queues[usize::from(a)], at) else { continue };
                deliver(&mut pair, a, &message, seen);
                if again {
                    queues[usize::from(a)].push((message, true));
                }
            }
            Step::Lose { a, at } => drop(take(&mut queues[usize::from(a)], at)),
            Step::Damage { a, at, byte, bit } => {
                let Some((message, seen)) = take(&mut queues[usize::from(a)], at) else { continue };
                let mut bytes = message.bytes.clone();
                let byte = usize::from(byte) % bytes.len();
                bytes[byte] ^= 1 << (bit % 8);
                // Only looked at: a session drops what its MAC refuses.
                let before = record(&pair.party(a).braid, None);
                drop(pair.party(a).braid.receive(&bytes));
                assert_eq!(before, record(&pair.party(a).braid, None));
                deliver(&mut pair, a, &message, seen);
            }
            Step::Restart { a } => pair.party(a).reload = !pair.party(a).reload,
        }
    }
});

fn take<T>(queue: &mut Vec<T>, at: u16) -> Option<T> {
    (!queue.is_empty()).then(|| queue.remove(usize::from(at) % queue.len()))
}

fn deliver(pair: &mut Pair, a: bool, message: &spqr::InFlight, seen: bool) {
    match pair.party(a).receive(&message.bytes) {
        Ok(key) => {
            assert!(!seen, "no key comes twice");
            assert_eq!(key.map(|key| *key.as_bytes()), message.key);
        }
        Err(SpqrError::KeyAlreadyRequested(_)) => assert!(seen),
        Err(SpqrError::UnknownChainEpoch(_) | SpqrError::KeyTrimmed(_)) => {}
        Err(error) => panic!("{error}"),
    }
}
