// SPDX-License-Identifier: MIT OR Apache-2.0

//! HMAC and HKDF on the blocks of SHA-256.

use sha2::block_api::compress256;
use sha2::{Digest, Sha512};

const INITIAL: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];

/// SHA-256 after the two pads of an HMAC key.
#[derive(Clone, Copy)]
pub struct Pads {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Pads {
    /// Two blocks. A key of up to 64 bytes.
    pub fn new(key: &[u8]) -> Self {
        let after = |pad: u8| {
            let (mut block, mut state) = ([pad; 64], INITIAL);
            block.iter_mut().zip(key).for_each(|(slot, byte)| *slot ^= byte);
            compress256(&mut state, &[block]);
            state
        };
        Self { inner: after(0x36), outer: after(0x5C) }
    }

    /// HMAC: the blocks of `message`, and one.
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        let (blocks, rest) = message.as_chunks::<64>();
        let mut state = self.inner;
        compress256(&mut state, blocks);
        let inner = finish(state, rest, message.len());
        finish(self.outer, &inner, 32)
    }

    /// HKDF with this as its salt.
    pub fn hkdf<const N: usize>(&self, ikm: &[u8], info: &[u8]) -> [u8; N] {
        Self::new(&self.mac(ikm)).expand(info)
    }

    fn expand<const N: usize>(&self, info: &[u8]) -> [u8; N] {
        let mut okm = [0; N];
        let mut input = [0; 192];
        let mut from = 32;
        for (counter, slot) in (1u8..).zip(okm.chunks_mut(32)) {
            input[32..32 + info.len()].copy_from_slice(info);
            input[32 + info.len()] = counter;
            let block = self.mac(&input[from..=32 + info.len()]);
            slot.copy_from_slice(&block[..slot.len()]);
            input[..32].copy_from_slice(&block);
            from = 0;
        }
        okm
    }
}

/// The last block or two, for a message of `len` bytes after a block of key.
fn finish(mut state: [u32; 8], rest: &[u8], len: usize) -> [u8; 32] {
    let mut block = [0; 64];
    block[..rest.len()].copy_from_slice(rest);
    block[rest.len()] = 0x80;
    if rest.len() > 55 {
        compress256(&mut state, &[block]);
        block = [0; 64];
    }
    block[56..].copy_from_slice(&(8 * (64 + len as u64)).to_be_bytes());
    compress256(&mut state, &[block]);
    let mut out = [0; 32];
    out.chunks_mut(4).zip(state).for_each(|(slot, word)| slot.copy_from_slice(&word.to_be_bytes()));
    out
}

/// The hashing of two parties' keys.
pub fn fingerprint() -> [u8; 97] {
    let mut input = [0; 97];
    for _ in 0..2 * 5_200 {
        let hash = Sha512::digest(input);
        input[..64].copy_from_slice(&hash);
    }
    input
}
