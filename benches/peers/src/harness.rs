// SPDX-License-Identifier: MIT OR Apache-2.0

//! Batches of operations, measured in turn: a batch of each in every round, so that what slows the machine down
//! for a while slows all of them.

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::heap::{self, Counted};

/// How long a batch should take at least, all that surrounds what is measured included.
pub const LONG_ENOUGH: Duration = Duration::from_millis(4);
/// The same of batches through a pipe, which takes long to wake up.
pub const LONG_ENOUGH_FOR_A_PIPE: Duration = Duration::from_millis(25);
/// Of small operations, no more than this many.
const MOST: u32 = 2_048;

/// Does an operation as often as told, and says how long that took. What is made beforehand for each of them does
/// not count.
pub type Batch = Box<dyn FnMut(u32) -> Duration>;

thread_local! {
    /// Where [`timed`] is to count allocations instead.
    static ALLOCATIONS: Cell<Option<Counted>> = const { Cell::new(None) };
}

/// How long `work` takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    if let Some(so_far) = ALLOCATIONS.get() {
        let (done, counted) = heap::count(work);
        drop(done);
        ALLOCATIONS.set(Some(Counted {
            calls: so_far.calls + counted.calls,
            asked: so_far.asked + counted.asked,
            freed: so_far.freed + counted.freed,
        }));
        return Duration::ZERO;
    }
    let begun = Instant::now();
    let done = work();
    let took = begun.elapsed();
    drop(done);
    took
}

/// The same operation again and again.
pub fn repeated<O>(mut operation: impl FnMut() -> O + 'static) -> Batch {
    Box::new(move |count| {
        timed(|| {
            for _ in 0..count {
                black_box(operation());
            }
        })
    })
}

/// An operation on an input of its own, made before the clock runs and dropped after it has stopped; the output is
/// dropped while it runs.
pub fn prepared<S: 'static, I, O>(
    mut state: S,
    mut prepare: impl FnMut(&mut S) -> I + 'static,
    mut operation: impl FnMut(&mut S, &mut I) -> O + 'static,
) -> Batch {
    Box::new(move |count| {
        let mut inputs: Vec<I> = (0..count).map(|_| prepare(&mut state)).collect();
        timed(|| {
            for input in &mut inputs {
                black_box(operation(&mut state, input));
            }
        })
    })
}

/// A batch and what was measured of it.
pub struct Measured {
    batch: Batch,
    count: u32,
    /// Nanoseconds of one operation, one for each round.
    samples: Vec<f64>,
}

impl Measured {
    /// Finds out how many operations make a batch, unless `whole` says that.
    pub fn new(mut batch: Batch, whole: Option<u32>, long_enough: Duration) -> Self {
        let mut count = whole.unwrap_or(1);
        loop {
            let begun = Instant::now();
            batch(count);
            let took = begun.elapsed();
            if whole.is_some() || took >= long_enough || count >= MOST {
                return Self { batch, count, samples: Vec::new() };
            }
            count *= 2;
        }
    }

    /// Measures one batch.
    pub fn round(&mut self) {
        let took = (self.batch)(self.count);
        self.samples.push(took.as_secs_f64() * 1e9 / f64::from(self.count));
    }

    /// What all rounds gave.
    pub fn result(&mut self) -> Sample {
        self.samples.sort_by(f64::total_cmp);
        let at = |index: usize| self.samples.get(index).copied().unwrap_or(f64::NAN);
        Sample { median: at(self.samples.len() / 2), minimum: at(0) }
    }

    /// Allocations and bytes of one operation, on average.
    pub fn allocations(&mut self) -> [f64; 2] {
        ALLOCATIONS.set(Some(Counted::default()));
        (self.batch)(self.count);
        let counted = ALLOCATIONS.take().unwrap_or_default();
        #[allow(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
        [counted.calls, counted.asked].map(|sum| sum as f64 / f64::from(self.count))
    }
}

/// Nanoseconds.
#[derive(Clone, Copy)]
pub struct Sample {
    pub median: f64,
    pub minimum: f64,
}

impl Sample {
    /// Whether something else kept the machine busy, so that the row is to be measured again.
    pub fn is_unsteady(self) -> bool {
        self.median > self.minimum * 1.12
    }

    /// The same of one of `parts`.
    pub fn each(self, parts: f64) -> Self {
        Self { median: self.median / parts, minimum: self.minimum / parts }
    }
}
