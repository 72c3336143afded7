// SPDX-License-Identifier: MIT OR Apache-2.0

//! An allocator that counts: what an operation asks for, and what a value holds.

#![allow(unsafe_code, reason = "an allocator can't be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

struct Counter;

#[global_allocator]
static COUNTER: Counter = Counter;

/// Off while times are measured: then an allocation costs one load more than without.
static COUNTING: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static ASKED: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);

// SAFETY: all memory comes from and goes to the system's allocator.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        asked(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        asked(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        freed(layout.size());
        asked(size);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) };
    }
}

fn asked(size: usize) {
    if COUNTING.load(Relaxed) {
        CALLS.fetch_add(1, Relaxed);
        ASKED.fetch_add(size as u64, Relaxed);
    }
}

fn freed(size: usize) {
    if COUNTING.load(Relaxed) {
        FREED.fetch_add(size as u64, Relaxed);
    }
}

/// What was asked for, and given back.
#[derive(Clone, Copy, Default)]
pub struct Counted {
    /// How often memory was asked for, growing a block included.
    pub calls: u64,
    /// How many bytes, all together.
    pub asked: u64,
    /// How many bytes were given back.
    pub freed: u64,
}

/// What `work` does with the heap, on all threads.
pub fn count<T>(work: impl FnOnce() -> T) -> (T, Counted) {
    let counters =
        || Counted { calls: CALLS.load(Relaxed), asked: ASKED.load(Relaxed), freed: FREED.load(Relaxed) };
    let before = counters();
    COUNTING.store(true, Relaxed);
    let done = work();
    COUNTING.store(false, Relaxed);
    let after = counters();
    let counted = Counted {
        calls: after.calls - before.calls,
        asked: after.asked - before.asked,
        freed: after.freed - before.freed,
    };
    (done, counted)
}

/// How many bytes of the heap `value` holds: what it gives back when it is dropped.
pub fn held<T>(value: T) -> u64 {
    let ((), counted) = count(|| drop(value));
    counted.freed - counted.asked
}
