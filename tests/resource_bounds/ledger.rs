// SPDX-License-Identifier: MIT OR Apache-2.0

//! What was tried, what it cost, and what it may cost.

use std::fmt::Write;
use std::time::Duration;

use super::measure::{Cost, measure};

/// How large inputs of any length are made, and twice as large: about what a session takes, and as much as a service
/// should hand on.
pub const LARGE: usize = 125_000;
/// Numbers of what there may be any number of.
pub const MANY: usize = if SHORT { 100_000 } else { 1_000_000 };
pub const SHORT: bool = cfg!(debug_assertions);
/// Allocations that do not grow with the input.
const FEW: usize = 64;
/// Stack for the frames of the test, where that is not optimized: a release build has the bounds as they are.
const OWN_FRAMES: usize = if SHORT { 8 << 10 } else { 0 };

/// What one input of a kind may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Heap for each byte of the input, in bytes, and for each byte of what is stored for it.
    pub times: usize,
    /// Heap beside that, in bytes.
    pub plus: usize,
    /// Stack, in bytes.
    pub stack: usize,
}

/// The worst of what was tried of a kind.
struct Row {
    kind: &'static str,
    bound: Bound,
    tries: usize,
    slowest: (Duration, String, usize),
    stack: usize,
    heap: (usize, usize),
    /// The slowest of what was tried once and twice as long: the time of the longer one, and how many times that of
    /// the other it is.
    growth: (Duration, f64),
}

/// All kinds that were tried, and what was not as it should be.
#[derive(Default)]
pub struct Ledger {
    rows: Vec<Row>,
    broken: Vec<String>,
}

impl Ledger {
    /// What follows is of this kind.
    pub fn kind(&mut self, kind: &'static str, bound: Bound) {
        let slowest = (Duration::ZERO, String::new(), 0);
        self.rows.push(Row {
            kind,
            bound,
            tries: 0,
            slowest,
            stack: 0,
            heap: (0, 0),
            growth: (Duration::ZERO, 0.0),
        });
    }

    /// Runs `work` on an input of `len` bytes. Its outcome must begin with `expected`.
    pub fn attempt(
        &mut self,
        name: &str,
        len: usize,
        expected: &str,
        mut work: impl FnMut() -> String + Send,
    ) -> Cost {
        let (outcome, mut cost) = measure(&mut work);
        let row = self.rows.last_mut().unwrap();
        row.tries += 1;
        if cost.time > row.slowest.0 {
            // Perhaps only the machine was busy.
            (0..2).for_each(|_| cost.time = cost.time.min(measure(&mut work).1.time));
        }
        if cost.time > row.slowest.0 {
            row.slowest = (cost.time, name.to_owned(), len);
        }
        row.stack = row.stack.max(cost.stack);
        if cost.heap > row.heap.0 {
            row.heap = (cost.heap, len);
        }
        let most = row.bound.times * len + row.bound.plus;
        if !outcome.starts_with(expected) {
            self.broken.push(format!("{}, {name}: {outcome}, and not {expected}", row.kind));
        }
        if cost.heap > most || cost.stack > row.bound.stack + OWN_FRAMES {
            self.broken.push(format!("{}, {name}, {len} bytes: {cost:?}, heap may be {most}", row.kind));
        }
        cost
    }

    /// Runs `work` on what `make` makes of [`LARGE`] bytes and of twice as many: it must not allocate more than
    /// twice as often.
    pub fn growing(
        &mut self,
        name: &str,
        expected: &str,
        make: impl Fn(usize) -> Vec<u8>,
        work: impl Fn(&[u8]) -> String + Sync,
    ) {
        self.growing_from(LARGE, name, expected, make, work);
    }

    /// [`Self::growing`] from another length on.
    pub fn growing_from(
        &mut self,
        len: usize,
        name: &str,
        expected: &str,
        make: impl Fn(usize) -> Vec<u8>,
        work: impl Fn(&[u8]) -> String + Sync,
    ) {
        let [once, twice] = [len, 2 * len].map(|len| {
            let input = make(len);
            self.attempt(name, input.len(), expected, || work(&input))
        });
        self.compare(name, once, twice);
    }

    /// Compares the cost of an input with that of one twice as long.
    pub fn compare(&mut self, name: &str, once: Cost, twice: Cost) {
        let row = self.rows.last_mut().unwrap();
        if twice.allocations > 2 * once.allocations + FEW {
            self.broken.push(format!("{}, {name}: more than linear, {once:?}, {twice:?}", row.kind));
        }
        if once.time > Duration::from_micros(200) && twice.time > row.growth.0 {
            row.growth = (twice.time, twice.time.as_secs_f64() / once.time.as_secs_f64());
        }
    }

    /// The table, as `SECURITY.md` has it.
    pub fn table(&self) -> String {
        let mut out = String::from(
            "| input | tried | slowest | time | twice as long | stack | at most | heap | at most |\n\
             | --- | --: | --- | --: | --: | --: | --: | --: | --- |\n",
        );
        for row in &self.rows {
            let (time, name, len) = &row.slowest;
            let (heap, of) = row.heap;
            let growth = if row.growth.1 > 0.0 { format!("{:.1} ×", row.growth.1) } else { String::new() };
            let heap = if of >= LARGE / 2 { format!("{} for {}", size(heap), size(of)) } else { size(heap) };
            let most = match row.bound {
                Bound { times: 0, plus, .. } => size(plus),
                Bound { times, plus, .. } => format!("{times} × input + {}", size(plus)),
            };
            writeln!(
                out,
                "| {} | {} | {name}, {} | {} | {growth} | {} | {} | {heap} | {most} |",
                row.kind,
                row.tries,
                size(*len),
                duration(*time),
                size(row.stack),
                size(row.bound.stack),
            )
            .unwrap();
        }
        out
    }

    /// What was not as it should be.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

fn duration(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1e3 => format!("{micros:.0} µs"),
        1e3..1e4 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.0} ms", micros / 1e3),
    }
}

/// `Ok`, or the error.
pub fn told<T, E: std::fmt::Debug>(outcome: Result<T, E>) -> String {
    outcome.map_or_else(|error| format!("{error:?}"), |_| "Ok".to_owned())
}

#[test]
fn what_is_too_much_is_noticed() {
    const BOUND: Bound = Bound { times: 2, plus: 1_000, stack: 20_000 };
    let broken = |name: &str, work: &(dyn Fn(&[u8]) -> String + Sync)| {
        let mut ledger = Ledger::default();
        ledger.kind("kind", BOUND);
        ledger.growing_from(1_000, name, "Ok", |len| vec![0; len], work);
        assert!(ledger.table().contains("| kind | 2 |"));
        ledger.broken().join("\n")
    };
    let ok = || "Ok".to_owned();
    let fine = broken("fine", &|bytes| told(Ok::<_, ()>(std::hint::black_box(bytes.to_vec()))));
    assert_eq!(fine, "");
    let heap =
        broken("heap", &|bytes| told(Ok::<_, ()>(std::hint::black_box(vec![1_u8; 3 * bytes.len() + 1_000]))));
    assert!(heap.contains("heap may be 3000") && heap.contains("heap may be 5000"), "{heap}");
    let stack = broken("stack", &|_| {
        std::hint::black_box([1_u8; 30_000]);
        ok()
    });
    assert_eq!(stack.lines().count(), 2, "{stack}");
    let often = broken("often", &|bytes| {
        (0..bytes.len() * bytes.len() / 10_000).for_each(|_| drop(std::hint::black_box(Box::new(1_u8))));
        ok()
    });
    assert!(often.contains("more than linear"), "{often}");
    assert!(broken("outcome", &|_| told(Err::<(), _>("Other"))).contains("\"Other\", and not Ok"));
}
