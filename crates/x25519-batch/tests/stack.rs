// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a batch leaves on the stack: nothing, as far down as it went.
//!
//! The operation runs on a thread of its own, whose stack is painted before. When it has returned, the thread waits
//! without calling anything, and another one examines all that lies below its last frame.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "a test")]
#![allow(unsafe_code, reason = "frames that are gone can't be read without")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use x25519_batch::backend::{Backend, Kind};
use x25519_batch::{Agreement, BASE};

/// How far down is looked.
const DEPTH: usize = 1 << 17;
const PAINT: u8 = 0xA9;

/// The stack below an operation, lowest address first, after it.
fn left_by(operation: impl FnOnce() + Send) -> Vec<u8> {
    let (base, finished, examined) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(8 * DEPTH)
            .spawn_scoped(scope, || {
                let here = 0_u8;
                base.store((&raw const here).addr(), Ordering::Relaxed);
                paint();
                call(operation);
                finished.store(true, Ordering::Release);
                while !examined.load(Ordering::Acquire) {
                    std::hint::spin_loop();
                }
            })
            .unwrap();
        while !finished.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let start = std::ptr::with_exposed_provenance::<u8>(base.load(Ordering::Relaxed) - DEPTH);
        // SAFETY: the thread has painted, and so mapped, more than this below its frame, and waits meanwhile.
        let left = (0..DEPTH).map(|at| unsafe { start.add(at).read_volatile() }).collect();
        examined.store(true, Ordering::Release);
        left
    })
}

#[inline(never)]
fn call(operation: impl FnOnce()) {
    operation();
}

#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is about the stack")]
fn paint() {
    let mut area = [0; 2 * DEPTH];
    area.fill(PAINT);
    std::hint::black_box(&area);
}

/// The wiped area is what lies deepest: whatever went further down would have left something there.
#[test]
fn the_stack_is_wiped_as_far_down_as_it_was_used() {
    for kind in Kind::ALL {
        let Some(backend) = Backend::of(kind) else {
            eprintln!("NOT TESTED: this machine has no {kind:?}");
            continue;
        };
        for (len, point) in [(8, [77; 32]), (4, [77; 32]), (1, [77; 32]), (1, BASE)] {
            let scalars: Vec<[u8; 32]> = (0..len).map(|number| [0x51 + number; 32]).collect();
            let mut shared = vec![[0; 32]; len.into()];
            let mut agreements: Vec<_> = scalars
                .iter()
                .zip(&mut shared)
                .map(|(scalar, shared)| Agreement { scalar, point: &point, shared })
                .collect();
            let left = left_by(|| backend.agree_many(&mut agreements));
            let used: Vec<u8> = left.iter().copied().skip_while(|byte| *byte == PAINT).collect();
            // Below the wiped area is only where what wipes it returns to.
            let deeper = used.windows(64).position(|window| window == [0; 64]).unwrap_or(used.len());
            let wiped = used.iter().skip(deeper).take_while(|byte| **byte == 0).count();
            eprintln!("{kind:?}, {len}: {wiped} of {} wiped, and {deeper} below", used.len());
            assert!(deeper < 128 && wiped >= 20 * 1024, "{kind:?}, {len} agreements");
            for secret in scalars.iter().chain(&shared) {
                assert!(
                    !left.windows(8).any(|left| secret.windows(8).any(|piece| piece == left)),
                    "{kind:?}"
                );
            }
        }
    }
}
