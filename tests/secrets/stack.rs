// SPDX-License-Identifier: MIT OR Apache-2.0

//! Looks for secrets in the part of a stack that an operation used.
//!
//! The operation runs on a thread of its own, whose stack is overwritten before. When it has returned, the thread
//! waits without calling anything, and another one examines all that lies below its last frame. What was only in
//! registers is not seen, unless they were spilled.

#![allow(unsafe_code, reason = "frames that are gone can't be read without")]

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::heap::looks_random;

/// How far down is looked; no operation goes deeper, which is asserted.
const DEPTH: usize = 1 << 20;
const PAINT: u8 = 0xA9;

/// Names, and bytes that must not be left.
pub type Secrets<'a> = &'a [(&'static str, &'a [u8])];

/// What an operation left on the stack.
#[derive(Debug, Default)]
pub struct Left {
    /// How many pieces of eight bytes of each secret, at any address.
    pub found: BTreeMap<&'static str, usize>,
    /// How many bytes of stack it used.
    pub used: usize,
}

/// Runs `operation`, and says what is left of `secrets`.
pub fn left_by(secrets: Secrets<'_>, operation: impl FnOnce() + Send) -> Left {
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
        // SAFETY: the thread has painted, and so mapped, more than this below its frame, and waits until the
        // memory was examined.
        let left = unsafe { examine(base.load(Ordering::Relaxed), secrets) };
        examined.store(true, Ordering::Release);
        worker.unwrap().join().unwrap_or_else(|panic| resume_unwind(panic));
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

/// # Safety
/// The [`DEPTH`] bytes below `base` must be mapped, and written by nobody meanwhile.
unsafe fn examine(base: usize, secrets: Secrets<'_>) -> Left {
    let mut known = HashMap::new();
    for (name, secret) in secrets {
        assert!(secret.len() >= 8, "{name}");
        let pieces = secret.windows(8).map(|piece| <[u8; 8]>::try_from(piece).unwrap());
        known.extend(pieces.filter(|piece| looks_random(*piece)).map(|piece| (piece, *name)));
    }
    let start = std::ptr::with_exposed_provenance::<u8>(base - DEPTH);
    let stack: Vec<u8> = (0..DEPTH)
        // SAFETY: inside of what the caller promises.
        .map(|at| unsafe { start.add(at).read_volatile() })
        .collect();
    let untouched = stack.iter().take_while(|byte| **byte == PAINT).count();
    assert!(untouched > 0, "it goes deeper than is looked");
    let mut left = Left { found: BTreeMap::new(), used: DEPTH - untouched };
    for window in stack.windows(8) {
        if let Some(name) = known.get(window) {
            *left.found.entry(*name).or_default() += 1;
        }
    }
    left
}

#[test]
#[ignore = "looks at the stack of optimized code: cargo test --profile optimized --test secrets -- --include-ignored stack"]
fn what_is_left_is_found_and_what_is_wiped_is_not() {
    let secret = *b"what nobody may know, ever, here";
    let secrets: Secrets<'_> = &[("secret", &secret), ("other", b"something that is never there")];
    let boxed = Box::new(secret);
    let left = left_by(secrets, || {
        let copy = std::hint::black_box(*boxed);
        std::hint::black_box(&copy);
    });
    // A word of it may be gone below the last frame.
    assert!(left.found["secret"] >= 10 && !left.found.contains_key("other"), "{left:?}");
    let left = left_by(secrets, || {
        let copy = subrosa::keys::Secret::new(*boxed);
        std::hint::black_box(&copy);
    });
    assert!(left.used > 0 && left.found.is_empty(), "{left:?}");
    // Deeper, and cut short.
    let left = left_by(secrets, || {
        let mut area = [0; 16_000];
        area[7..20].copy_from_slice(&boxed[3..16]);
        std::hint::black_box(&area);
    });
    assert!(left.used > 16_000 && left.found["secret"] >= 6, "{left:?}");
}
