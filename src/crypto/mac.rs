// SPDX-License-Identifier: MIT OR Apache-2.0

//! HMAC-SHA-256 (RFC 2104) on the blocks of SHA-256.
//!
//! Most derivations of the protocol take one or two blocks, so the overhead counts. A key's two pads are hashed once
//! for all its uses, and those of the zero key, which HKDF without a salt has, never.

mod running;

use core::fmt;

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, optimization_barrier};

use super::secret::Secret;

pub(crate) use running::RunningMac;

const BLOCK_LEN: usize = 64;
const IPAD: u8 = 0x36;
const OPAD: u8 = 0x5C;

/// The initial state of SHA-256 (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];

/// An HMAC-SHA-256 key, ready to be used several times.
pub struct MacKey {
    /// SHA-256 after the key's inner pad.
    inner: [u32; 8],
    /// SHA-256 after its outer pad.
    outer: [u32; 8],
}

impl MacKey {
    /// The key of 32 zero bytes.
    pub(super) const ZERO: Self = Self {
        inner: [
            0xF454_DEAD,
            0x9725_214F,
            0x90DA_F2A0,
            0xDF12_28EA,
            0x64E5_750F,
            0xA392_4181,
            0x824A_932B,
            0xF8E0_4E32,
        ],
        outer: [
            0xD385_480F,
            0x7ABB_6477,
            0x37C9_C538,
            0x5DD8_2467,
            0x8E04_3A72,
            0x7534_34B0,
            0xDEB8_2818,
            0x361D_45A6,
        ],
    };

    /// Prepares `key`.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self::of_short(key)
    }

    /// Prepares a key of any length.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        if key.len() > BLOCK_LEN {
            let hashed = Secret::<32>::new(Sha256::digest(key).into());
            Self::of_short(hashed.as_bytes())
        } else {
            Self::of_short(key)
        }
    }

    /// Prepares a key of at most a block.
    fn of_short(key: &[u8]) -> Self {
        let mut block = [IPAD; BLOCK_LEN];
        for (slot, byte) in block.iter_mut().zip(key) {
            *slot ^= byte;
        }
        let (mut inner, mut outer) = (INITIAL, INITIAL);
        compress256(&mut inner, &[block]);
        for slot in &mut block {
            *slot ^= IPAD ^ OPAD;
        }
        compress256(&mut outer, &[block]);
        block = [0; BLOCK_LEN];
        optimization_barrier(&block);
        Self { inner, outer }
    }

    /// The MAC of the concatenation of `parts`.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> Secret<32> {
        let mut hash = Hash::after_a_block(self.inner);
        for part in parts {
            hash.update(part);
        }
        hash.finish();
        hash.restart_with_output(self.outer);
        hash.finish();
        hash.output()
    }

    /// The first `N` bytes of the MAC of the concatenation of `parts`. Public from here on.
    #[must_use]
    pub fn tag<const N: usize>(&self, parts: &[&[u8]]) -> [u8; N] {
        const { assert!(N <= 32, "a MAC has 32 bytes") };
        let mut tag = [0; N];
        tag.copy_from_slice(self.mac(parts).as_bytes().split_at(N).0);
        tag
    }

    /// Returns whether `tag` is the beginning of the MAC of `parts`, compared in constant time.
    #[must_use]
    pub fn verify<const N: usize>(&self, parts: &[&[u8]], tag: &[u8; N]) -> bool {
        self.tag::<N>(parts).ct_eq(tag).into()
    }
}

impl Drop for MacKey {
    fn drop(&mut self) {
        (self.inner, self.outer) = ([0; 8], [0; 8]);
        optimization_barrier(self);
    }
}

impl ZeroizeOnDrop for MacKey {}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inner: _, outer: _ } = self;
        f.write_str("MacKey(..)")
    }
}

/// SHA-256 in progress.
struct Hash {
    state: [u32; 8],
    /// The bytes that are not hashed yet: the first `filled`, fewer than a block.
    block: [u8; BLOCK_LEN],
    filled: usize,
    /// Number of bytes so far.
    len: u64,
}

impl Hash {
    const fn after_a_block(state: [u32; 8]) -> Self {
        Self { state, block: [0; BLOCK_LEN], filled: 0, len: 64 }
    }

    fn update(&mut self, mut part: &[u8]) {
        self.len = self.len.wrapping_add(part.len() as u64);
        if self.filled > 0 {
            let (_, room) = self.block.split_at_mut(self.filled);
            let (now, rest) = part.split_at(room.len().min(part.len()));
            room.iter_mut().zip(now).for_each(|(slot, byte)| *slot = *byte);
            self.filled += now.len();
            part = rest;
            if self.filled < BLOCK_LEN {
                return;
            }
            compress256(&mut self.state, &[self.block]);
            self.filled = 0;
        }
        let (blocks, rest) = part.as_chunks();
        compress256(&mut self.state, blocks);
        self.block.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
        self.filled = rest.len();
    }

    /// Pads (FIPS 180-4 §5.1.1), so that the state is the hash.
    fn finish(&mut self) {
        let (_, room) = self.block.split_at_mut(self.filled);
        room.fill(0);
        if let Some(first) = room.first_mut() {
            *first = 0x80;
        }
        if room.len() < 9 {
            compress256(&mut self.state, &[self.block]);
            self.block = [0; BLOCK_LEN];
        }
        if let Some(end) = self.block.last_chunk_mut() {
            *end = self.len.wrapping_mul(8).to_be_bytes();
        }
        compress256(&mut self.state, &[self.block]);
    }

    /// Begins anew from `state`, after a block, with the hash as the first bytes.
    fn restart_with_output(&mut self, state: [u32; 8]) {
        let (words, _) = self.block.as_chunks_mut();
        words.iter_mut().zip(self.state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
        (self.state, self.filled, self.len) = (state, 32, 64 + 32);
    }

    fn output(&self) -> Secret<32> {
        let mut out = Secret::zero();
        let (words, _) = out.as_bytes_mut().as_chunks_mut();
        words.iter_mut().zip(self.state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
        out
    }
}

impl Drop for Hash {
    fn drop(&mut self) {
        self.state = [0; 8];
        self.block = [0; BLOCK_LEN];
        optimization_barrier(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use hmac::{Hmac, KeyInit, Mac};

    #[test]
    fn debug_shows_names_only() {
        let shown = alloc::format!("{:?} {:?}", MacKey::ZERO, RunningMac::new(&MacKey::ZERO));
        assert_eq!(shown, "MacKey(..) RunningMac(..)");
    }

    #[test]
    fn the_zero_key_is_prepared() {
        let zero = MacKey::new(&[0; 32]);
        assert_eq!((zero.inner, zero.outer), (MacKey::ZERO.inner, MacKey::ZERO.outer));
    }

    #[test]
    fn all_lengths_of_keys_and_messages_however_they_are_cut() {
        let bytes: Vec<u8> = (0..=255).cycle().take(300).collect();
        for key in [0, 1, 31, 32, 63, 64, 65, 200].map(|len| &bytes[..len]) {
            for len in 0..=200 {
                let message = &bytes[..len];
                let expected = <[u8; 32]>::from(
                    Hmac::<Sha256>::new_from_slice(key)
                        .unwrap()
                        .chain_update(message)
                        .finalize()
                        .into_bytes(),
                );
                let prepared = MacKey::of(key);
                for cut in [0, 1, 55, 64, 65, 130].map(|cut| cut.min(len)) {
                    let (a, b) = message.split_at(cut);
                    assert_eq!(prepared.mac(&[a, b, &[]]).as_bytes(), &expected, "{} {len} {cut}", key.len());
                }
            }
        }
    }
}
