// SPDX-License-Identifier: MIT OR Apache-2.0

//! Times operations, and says which depend on their class.

use std::hint::black_box;
use std::process::ExitCode;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::cycles;
use crate::welch;

/// Beyond this the classes differ. By chance alone it does not come about: its probability is below 10^-20.
const LIMIT: f64 = 10.0;
/// So many inputs are made at once, so that making one is not beside using it.
const BATCH: usize = 500;

/// What was measured.
pub struct Report {
    samples: usize,
    failures: Vec<String>,
}

impl Report {
    pub fn new(samples: usize) -> Self {
        println!("{samples} samples of each operation; a leak is |t| > {LIMIT}\n");
        println!("| operation | median, ticks | t | in the fastest | over twice the median |");
        println!("| --- | --: | --: | --: | --: |");
        Self { samples: samples.max(2 * BATCH), failures: Vec::new() }
    }

    /// An operation that must not depend on the class: which of the two inputs `make` makes.
    pub fn alike<I, O>(
        &mut self,
        name: &str,
        make: impl FnMut(bool, &mut ChaCha20Rng) -> I,
        work: impl FnMut(&mut I) -> O,
    ) {
        let t = self.measure(name, make, work);
        if t.abs() > LIMIT {
            self.failures.push(format!("{name}: t is {t:.1}"));
        }
    }

    /// One that depends on it, so that it is seen that this is found.
    pub fn leak<I, O>(
        &mut self,
        name: &str,
        make: impl FnMut(bool, &mut ChaCha20Rng) -> I,
        work: impl FnMut(&mut I) -> O,
    ) {
        let t = self.measure(name, make, work);
        if t.abs() <= LIMIT {
            self.failures.push(format!("{name}: planted, and not found, t is {t:.1}"));
        }
    }

    fn measure<I, O>(
        &self,
        name: &str,
        mut make: impl FnMut(bool, &mut ChaCha20Rng) -> I,
        mut work: impl FnMut(&mut I) -> O,
    ) -> f64 {
        let mut rng = ChaCha20Rng::seed_from_u64(0);
        let mut samples = Vec::with_capacity(self.samples + BATCH);
        // The first batch is to warm up.
        for batch in 0..=self.samples.div_ceil(BATCH) {
            let mut inputs: Vec<(bool, I)> = (0..BATCH)
                .map(|_| {
                    let class = rng.next_u32() & 1 == 1;
                    (class, make(class, &mut rng))
                })
                .collect();
            for (class, input) in &mut inputs {
                let begun = cycles::now();
                let output = work(black_box(input));
                let ended = cycles::now();
                drop(black_box(output));
                if batch > 0 {
                    samples.push((*class, ended.wrapping_sub(begun)));
                }
            }
        }
        let (t, crop) = welch::largest(&samples);
        let median = welch::median(&samples);
        let slow = samples.iter().filter(|(_, time)| *time > 2 * median).count();
        let slow = 100.0 * slow as f64 / samples.len() as f64;
        println!("| {name} | {median} | {t:.1} | {crop} % | {slow:.2} % |");
        t
    }

    pub fn end(self) -> ExitCode {
        println!();
        for failure in &self.failures {
            println!("FAILED: {failure}");
        }
        if self.failures.is_empty() {
            println!("No operation depends on its class, and what was planted does.");
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
