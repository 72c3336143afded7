// SPDX-License-Identifier: MIT OR Apache-2.0

//! The part of a stack that an operation used.
//!
//! The operation runs on a thread of its own, whose stack is painted before. When it has returned, the thread waits
//! without calling anything, and another one reads all that lies below its last frame. What was only in registers is not
//! seen, unless they were spilled.

#![allow(unsafe_code, reason = "frames that are gone can't be read without")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// How far down is looked; no operation goes deeper, which is asserted.
const DEPTH: usize = 1 << 20;
const PAINT: u8 = 0xA9;

/// The stack below an operation after it, lowest address first, from the lowest byte that it wrote on.
pub fn stack_used_by(operation: impl FnOnce() + Send) -> Vec<u8> {
    let (base, finished, examined) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(3 * DEPTH).spawn_scoped(scope, || {
            let here = 0_u8;
            base.store((&raw const here).addr(), Ordering::Relaxed);
            paint();
            let done = catch_unwind(AssertUnwindSafe(|| call(operation)));
            finished.store(true, Ordering::Release);
            while !examined.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
            done.unwrap_or_else(|panic| resume_unwind(panic));
        });
        while !finished.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let start = std::ptr::with_exposed_provenance::<u8>(base.load(Ordering::Relaxed) - DEPTH);
        let stack = (0..DEPTH)
            // SAFETY: the thread has painted, and so mapped, more than this below its frame, and waits meanwhile.
            .map(|at| unsafe { start.add(at).read_volatile() });
        let used: Vec<u8> = stack.skip_while(|byte| *byte == PAINT).collect();
        examined.store(true, Ordering::Release);
        worker.unwrap().join().unwrap_or_else(|panic| resume_unwind(panic));
        assert!(used.len() < DEPTH, "it goes deeper than is looked");
        used
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
