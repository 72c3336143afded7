// SPDX-License-Identifier: MIT OR Apache-2.0

//! What is under way on a bad network: lost, overtaken and repeated by chance.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Out of 256: how often something is delivered twice.
pub(crate) const TWICE: u32 = 26;
/// How many of the things under way may overtake each other.
const WINDOW: usize = 8;

/// What is under way to each of some parties, oldest first, and the chance that rules it.
pub(crate) struct UnderWay<T> {
    to: Vec<Vec<T>>,
    rng: ChaCha20Rng,
    pub(crate) seed: u64,
}

impl<T> UnderWay<T> {
    pub(crate) fn new(parties: usize, seed: u64) -> Self {
        Self { to: (0..parties).map(|_| Vec::new()).collect(), rng: ChaCha20Rng::seed_from_u64(seed), seed }
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.next_u32()).expect("a number") % limit
    }

    pub(crate) fn chance(&mut self, of_256: u32) -> bool {
        self.rng.next_u32() % 256 < of_256
    }

    /// Sends something for certain.
    pub(crate) fn push(&mut self, to: usize, thing: T) {
        self.to[to].push(thing);
    }

    /// Sends something that is lost so often, out of 256.
    pub(crate) fn send(&mut self, to: usize, thing: T, lost: u32) {
        if !self.chance(lost) {
            self.push(to, thing);
        }
    }

    /// One of the oldest things that are under way to a party, if there is any.
    pub(crate) fn next(&mut self, to: usize) -> Option<T> {
        let window = self.to[to].len().min(WINDOW);
        (window > 0).then(|| {
            let at = self.below(window);
            self.to[to].remove(at)
        })
    }
}

impl<T: Clone> UnderWay<T> {
    /// The same things under way, and chance from the beginning.
    pub(crate) fn fork(&self) -> Self {
        Self { to: self.to.clone(), ..Self::new(0, self.seed) }
    }
}
