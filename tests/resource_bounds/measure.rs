// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a piece of work costs: heap, allocations, stack, time.

#![allow(unsafe_code, reason = "frames that are gone can't be read without")]

use std::fs;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant};

use super::counting::{allocations_of, peak_of};

/// How much of the stack is painted and looked at. Nothing goes deeper, which is asserted.
const DEPTH: usize = 1 << 19;
/// What is kept free for the frames that paint and examine.
const MARGIN: usize = 1 << 12;
/// For so long nothing else runs, if it can be helped.
const SHORT: Duration = Duration::from_millis(5);
const PAINT: u8 = 0xA9;
/// How many bytes are looked at together.
const PATCH: usize = 256;

/// What a piece of work costs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// How many bytes were allocated at once, more than before.
    pub heap: usize,
    /// How many times something was allocated.
    pub allocations: usize,
    /// How many bytes of stack were written.
    pub stack: usize,
    /// How long it took.
    pub time: Duration,
}

/// What `work` gives, and what it costs, on a thread of its own.
pub fn measure<T: Send>(work: &mut (impl FnMut() -> T + Send)) -> (T, Cost) {
    let run = || {
        let here = 0_u8;
        let base = (&raw const here).addr();
        paint();
        let start = Instant::now();
        let ((done, allocations), heap) = peak_of(|| allocations_of(|| call(work)));
        let time = start.elapsed();
        let time = if time < SHORT { time } else { time.min(of_this_thread().unwrap_or(time)) };
        // SAFETY: all of it was painted above, by this thread.
        let stack = unsafe { written(base) };
        (done, Cost { heap, allocations, stack, time })
    };
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(4 * DEPTH).spawn_scoped(scope, run).unwrap();
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// How long this thread was running, where the system tells: on a busy machine that is less than what passed. It has
/// done little else than the work.
fn of_this_thread() -> Option<Duration> {
    // What runs is counted up to when it last stopped.
    thread::yield_now();
    let times = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = times.split(' ').next()?.parse().ok().filter(|nanos| *nanos > 0)?;
    Some(Duration::from_nanos(nanos))
}

#[inline(never)]
fn call<T>(work: &mut impl FnMut() -> T) -> T {
    work()
}

#[inline(never)]
fn paint() {
    let area = [PAINT; DEPTH + MARGIN];
    std::hint::black_box(&area);
}

/// How far below `base` the stack was written, since it was painted; [`MARGIN`] at least.
///
/// # Safety
/// The [`DEPTH`] bytes below `base` must be painted, by this thread.
#[inline(never)]
unsafe fn written(base: usize) -> usize {
    let start = std::ptr::with_exposed_provenance::<[u8; PATCH]>(base - DEPTH);
    // SAFETY: inside of what the caller promises. This function's own frame is above what is looked at.
    let painted = |at: &usize| unsafe { start.add(*at).read_volatile() } == [PAINT; PATCH];
    let untouched = (0..(DEPTH - MARGIN) / PATCH).take_while(painted).count() * PATCH;
    assert!(untouched > 0, "it goes deeper than is looked");
    DEPTH - untouched
}

#[test]
fn what_is_used_is_seen() {
    let ((), idle) = measure(&mut || ());
    assert!(idle.heap == 0 && idle.allocations == 0 && idle.stack <= MARGIN, "{idle:?}");
    let ((), heap) = measure(&mut || drop(std::hint::black_box(vec![1_u8; 100_000])));
    assert!((100_000..101_000).contains(&heap.heap) && heap.allocations == 1, "{heap:?}");
    let (_, stack) = measure(&mut || std::hint::black_box([1_u8; 50_000])[7]);
    assert!((50_000..200_000).contains(&stack.stack) && stack.heap == 0, "{stack:?}");
    let ((), time) = measure(&mut || {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(4) {}
    });
    // Other programs may have had most of that.
    assert!(time.time >= Duration::from_micros(100), "{time:?}");
}
