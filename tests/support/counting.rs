// SPDX-License-Identifier: MIT OR Apache-2.0

//! An allocator that counts what a thread has allocated.

#![allow(dead_code, reason = "a test uses a part")]
#![allow(unsafe_code, reason = "an allocator can't be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counter;

#[global_allocator]
static COUNTER: Counter = Counter;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
    static TIMES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all memory comes from and goes to the system's allocator.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.get() + layout.size();
        NOW.set(now);
        TIMES.set(TIMES.get() + 1);
        PEAK.set(PEAK.get().max(now));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // What another thread has allocated is not counted here.
        NOW.set(NOW.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) };
    }
}

/// What `work` gives, and how many bytes more than before were allocated at once while it worked.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    PEAK.set(before);
    let done = work();
    (done, PEAK.get() - before)
}

/// What `work` gives, and how many times something was allocated while it worked.
pub fn allocations_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = TIMES.get();
    let done = work();
    (done, TIMES.get() - before)
}

/// What `work` gives, and how many bytes more than before are allocated after it.
pub fn held_by<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.get();
    let done = work();
    (done, NOW.get() - before)
}
