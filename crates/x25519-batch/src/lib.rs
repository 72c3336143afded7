// SPDX-License-Identifier: MIT OR Apache-2.0

#![no_std]
#![doc = include_str!("../README.md")]

#[cfg(test)]
extern crate std;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[doc(hidden)]
pub mod backend;
#[cfg(any(target_arch = "x86_64", test))]
mod comb;
#[cfg(any(target_arch = "x86_64", test))]
mod edwards;
#[cfg(target_arch = "x86_64")]
mod ifma4;
#[cfg(target_arch = "x86_64")]
mod ifma8;
#[cfg(test)]
mod intervals;
#[cfg(any(all(target_arch = "aarch64", target_feature = "neon"), target_arch = "x86_64", test))]
mod ladder;
#[cfg(any(all(target_arch = "aarch64", target_feature = "neon"), target_arch = "x86_64", test))]
mod lane;
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod neon;
#[cfg(target_arch = "x86_64")]
mod point;
mod portable;
#[cfg(any(all(target_arch = "aarch64", target_feature = "neon"), target_arch = "x86_64", test))]
mod radix25;
#[cfg(any(target_arch = "x86_64", test))]
mod radix51;
#[cfg(any(target_arch = "x86_64", test))]
mod single;
mod stack;
#[cfg(any(target_arch = "x86_64", test))]
mod table;

use core::fmt;

#[cfg(target_arch = "x86_64")]
pub use point::Point;

/// The u-coordinate of the base point, 9. With it an agreement gives the scalar's public key.
pub const BASE: [u8; 32] = {
    let mut base = [0; 32];
    base[0] = 9;
    base
};

/// One agreement of a batch: X25519 of RFC 7748 §5.
pub struct Agreement<'a> {
    /// The private key, little endian. It is clamped first.
    pub scalar: &'a [u8; 32],
    /// The other side's public key, little endian. The highest bit is ignored, and any number is taken, reduced or not.
    pub point: &'a [u8; 32],
    /// Where the shared secret goes. Zero if the point has low order: the caller refuses that.
    pub shared: &'a mut [u8; 32],
}

impl<'a> Agreement<'a> {
    /// An agreement that gives the public key of `scalar`, never zero.
    pub const fn public_key(scalar: &'a [u8; 32], public: &'a mut [u8; 32]) -> Self {
        Self { scalar, point: &BASE, shared: public }
    }
}

impl fmt::Debug for Agreement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scalar: _, point, shared: _ } = self;
        f.debug_struct("Agreement").field("point", point).finish_non_exhaustive()
    }
}

/// About how many microseconds so many agreements take in the lanes that this machine has, on a processor of 2023: any
/// ones, or all of them public keys. None if it has no lanes.
#[must_use]
pub fn microseconds(agreements: usize, public_keys: bool) -> Option<u32> {
    backend::Backend::best().microseconds(agreements, public_keys)
}

/// Computes all agreements, in the lanes that this machine has.
pub fn agree_many(agreements: &mut [Agreement<'_>]) {
    backend::Backend::best().agree_many(agreements);
}
