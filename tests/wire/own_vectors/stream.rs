// SPDX-License-Identifier: MIT OR Apache-2.0

//! Repeatable randomness that remembers what was drawn of it.

use core::convert::Infallible;
use std::mem::take;

use sha2::{Digest, Sha256};
use subrosa::rand_core::{TryCryptoRng, TryRng};

/// The bytes of `SHA-256(seed || BE64(0)) || SHA-256(seed || BE64(1)) || …`, one after the other.
pub struct Stream {
    seed: String,
    block: u64,
    waiting: Vec<u8>,
    drawn: Vec<String>,
}

impl Stream {
    pub fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), block: 0, waiting: Vec::new(), drawn: Vec::new() }
    }

    /// What was drawn since the last call, each draw for itself.
    pub fn drawn(&mut self) -> Vec<String> {
        take(&mut self.drawn)
    }

    /// A number below `end`, for schedules; it is not among what was drawn.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.next(1)[0]) % end
    }

    fn next(&mut self, count: usize) -> Vec<u8> {
        while self.waiting.len() < count {
            let hash = Sha256::new().chain_update(&self.seed).chain_update(self.block.to_be_bytes());
            self.waiting.extend(hash.finalize());
            self.block += 1;
        }
        self.waiting.drain(..count).collect()
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("no protocol draws such a number")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.next(bytes.len()));
        self.drawn.push(hex::encode(bytes));
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
