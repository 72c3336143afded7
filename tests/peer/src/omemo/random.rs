// SPDX-License-Identifier: MIT OR Apache-2.0

//! Randomness that can be foretold: bytes fed beforehand come first, the system's after them. It is told what an
//! operation drew.

use std::collections::VecDeque;
use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// A source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Random {
    fed: VecDeque<u8>,
    /// What the present operation drew, and how much of that was fed.
    drawn: Vec<u8>,
    from_fed: usize,
    system_draws: usize,
    /// All draws of 32 bytes, as private keys are drawn.
    keys: Vec<[u8; 32]>,
}

impl Random {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.fed.extend(bytes);
    }

    pub(crate) fn waiting(&self) -> usize {
        self.fed.len()
    }

    pub(crate) fn system_draws(&self) -> usize {
        self.system_draws
    }

    pub(crate) fn begin(&mut self) {
        self.drawn.clear();
        self.from_fed = 0;
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.drawn)
    }

    /// What the present operation drew so far.
    pub(crate) fn drawn(&self) -> &[u8] {
        &self.drawn
    }

    /// Forgets what the present operation drew, and feeds it once more where it was fed.
    pub(crate) fn give_back(&mut self) {
        for byte in self.drawn.iter().take(self.from_fed).rev() {
            self.fed.push_front(*byte);
        }
        self.begin();
    }

    /// A private key as it was drawn, before it was clamped.
    pub(crate) fn as_drawn(&self, clamped: &[u8; 32]) -> [u8; 32] {
        let clamp = |mut key: [u8; 32]| {
            key[0] &= 0xF8;
            key[31] = key[31] & 0x7F | 0x40;
            key
        };
        self.keys.iter().rev().find(|key| clamp(**key) == *clamped).copied().unwrap_or(*clamped)
    }

    /// Notes a key that was drawn elsewhere.
    pub(crate) fn note(&mut self, key: [u8; 32]) {
        self.keys.push(key);
    }
}

impl TryRng for Random {
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
        self.from_fed += split;
        self.system_draws += rest.len();
        getrandom::fill(rest).expect("the system has random bytes");
        self.drawn.extend_from_slice(target);
        if let Ok(key) = <[u8; 32]>::try_from(&*target) {
            self.keys.push(key);
        }
        Ok(())
    }
}

impl TryCryptoRng for Random {}
