// SPDX-License-Identifier: MIT OR Apache-2.0

//! Damage, and random numbers that are given.

use std::convert::Infallible;

use arbitrary::Arbitrary;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_core::{TryCryptoRng, TryRng};

/// Bytes that are replaced, at most eight; or all of them.
#[derive(Arbitrary, Debug)]
pub enum Patches {
    None,
    Some(Vec<(u16, u8)>),
    All(u8),
}

impl Patches {
    pub fn apply(&self, bytes: &mut [u8]) {
        match self {
            Self::None => {}
            Self::Some(patches) => {
                for (at, byte) in patches.iter().take(8) {
                    bytes[usize::from(*at) % bytes.len()] = *byte;
                }
            }
            Self::All(seed) => ChaCha20Rng::seed_from_u64((*seed).into()).fill_bytes(bytes),
        }
    }
}

/// 64 bytes of which a fuzzer needs to say only the first.
pub fn seed(first: [u8; 8]) -> [u8; 64] {
    let mut seed = [first[0]; 64];
    seed[..8].copy_from_slice(&first);
    seed
}

/// Gives the bytes that it has, once.
pub struct Given<'a>(pub &'a [u8]);

impl TryRng for Given<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("bytes are drawn, not numbers")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("bytes are drawn, not numbers")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        let (now, later) = self.0.split_at(out.len());
        out.copy_from_slice(now);
        self.0 = later;
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}
