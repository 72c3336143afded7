// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a receiver ought to know, told by the rules alone: no keys, only which there are.

use std::collections::BTreeSet;
use std::iter;
use std::ops::Range;

/// What ought to become of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Read,
    NoSenderKey,
    Duplicate,
    Expired,
    BeforeDistribution,
    TooFarAhead,
}

impl Verdict {
    /// Whether the key is not here, for whatever reason.
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self, Self::Duplicate | Self::Expired | Self::BeforeDistribution)
    }
}

/// A chain of the sender: by its number, since keys are never made twice.
#[derive(Debug)]
struct Chain {
    number: usize,
    next: u32,
    skipped: BTreeSet<u32>,
    read: BTreeSet<u32>,
    /// From where on to where the sender's key was never here.
    never: Vec<Range<u32>>,
}

impl Chain {
    fn new(number: usize, next: u32) -> Self {
        let (skipped, read) = (BTreeSet::new(), BTreeSet::new());
        Self { number, next, skipped, read, never: iter::once(0..next).collect() }
    }
}

/// All that a receiver holds.
#[derive(Debug, Default)]
pub(crate) struct Oracle(Vec<Chain>);

impl Oracle {
    /// A distribution of a chain at an iteration; `forward` if a chain that is held moves on to it.
    pub(crate) fn learn(&mut self, number: usize, iteration: u32, forward: bool) {
        let mut chain = match self.0.iter().position(|chain| chain.number == number) {
            Some(at) => self.0.remove(at),
            None => Chain::new(number, iteration),
        };
        if forward {
            chain.never.push(chain.next..iteration);
            chain.next = chain.next.max(iteration);
        }
        self.0.insert(0, chain);
        self.0.truncate(5);
    }

    /// What a message will give, and if `take`, that it was taken.
    pub(crate) fn message(&mut self, number: usize, iteration: u32, take: bool) -> Verdict {
        let Some(chain) = self.0.iter_mut().find(|chain| chain.number == number) else {
            return Verdict::NoSenderKey;
        };
        if iteration < chain.next {
            let kept = chain.skipped.contains(&iteration);
            if take && kept {
                chain.skipped.remove(&iteration);
                chain.read.insert(iteration);
            }
            return if kept {
                Verdict::Read
            } else if chain.read.contains(&iteration) {
                Verdict::Duplicate
            } else if chain.never.iter().any(|range| range.contains(&iteration)) {
                Verdict::BeforeDistribution
            } else {
                Verdict::Expired
            };
        }
        if iteration - chain.next > 25_000 {
            return Verdict::TooFarAhead;
        }
        if take {
            chain.skipped.extend(chain.next..iteration);
            while chain.skipped.len() > 2_000 {
                chain.skipped.pop_first();
            }
            chain.read.insert(iteration);
            chain.next = iteration + 1;
        }
        Verdict::Read
    }

    /// Chains by number with the iteration that each expects.
    pub(crate) fn chains(&self) -> Vec<(usize, u32)> {
        self.0.iter().map(|chain| (chain.number, chain.next)).collect()
    }
}
