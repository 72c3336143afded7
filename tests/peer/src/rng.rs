// SPDX-License-Identifier: MIT OR Apache-2.0

//! Randomness that can be foretold: bytes fed beforehand come first, the system's after them.

use std::collections::VecDeque;
use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// A source of random bytes: what it was fed, first in first out, then the system's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    fed: VecDeque<u8>,
    system_draws: usize,
}

impl Source {
    /// Puts `bytes` behind what is still waiting.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.fed.extend(bytes);
    }

    /// How many fed bytes have not been drawn yet.
    pub(crate) fn waiting(&self) -> usize {
        self.fed.len()
    }

    /// How many bytes were drawn from the system so far.
    pub(crate) fn system_draws(&self) -> usize {
        self.system_draws
    }
}

impl TryRng for Source {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        let split = target.len().min(self.fed.len());
        let (fed, rest) = target.split_at_mut(split);
        for (slot, byte) in fed.iter_mut().zip(self.fed.drain(..split)) {
            *slot = byte;
        }
        self.system_draws += rest.len();
        getrandom::fill(rest).expect("the system has random bytes");
        Ok(())
    }
}

impl TryCryptoRng for Source {}
