// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages on chains, and steps of the ratchets.

use aes::Aes256;
use cbc::cipher::array::Array;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};

use super::curve::Curve;
use super::hash::Pads;
use super::kem::{braid_step, info};

/// What a message has beside its ciphertext and is hashed into its MAC: two identity keys, ratchet key, counters.
const HEADER: usize = 66 + 45;

/// Both chains that a message takes a step on.
pub struct Chains {
    zero: Pads,
    double: [u8; 32],
    braid: [u8; 32],
    counter: u32,
    post_quantum: bool,
    buffer: Vec<u8>,
}

impl Chains {
    pub fn new(post_quantum: bool) -> Self {
        let zero = Pads::new(&[]);
        Self { zero, double: [1; 32], braid: [2; 32], counter: 0, post_quantum, buffer: vec![0; 1 << 12] }
    }

    /// The keys of the next message.
    fn keys(&mut self) -> [u8; 80] {
        let pads = Pads::new(&self.double);
        let seed = pads.mac(&[1]);
        self.double = pads.mac(&[2]);
        if !self.post_quantum {
            return self.zero.hkdf(&seed, b"WhisperMessageKeys");
        }
        self.counter += 1;
        let (next, key) = braid_step(&self.zero, &self.braid, self.counter);
        self.braid = next;
        Pads::new(&key).hkdf(&seed, b"WhisperMessageKeys")
    }

    /// The keys of the next message of a group.
    fn group_keys(&mut self) -> [u8; 48] {
        let pads = Pads::new(&self.double);
        let seed = pads.mac(&[1]);
        self.double = pads.mac(&[2]);
        self.zero.hkdf(&seed, b"WhisperGroup")
    }

    /// A step of the Diffie-Hellman ratchet at both ends: the receiver's two agreements and its new key pair.
    pub fn turn<C: Curve>(&mut self, ours: &C::Private, theirs: &[u8; 32]) {
        let root = [3; 32];
        let first = Pads::new(&root).hkdf::<64>(&C::agree(ours, theirs), b"WhisperRatchet");
        let (fresh, public) = C::generate([7; 32]);
        let second = Pads::new(&first[..32]).hkdf::<64>(&C::agree(&fresh, theirs), b"WhisperRatchet");
        self.double.copy_from_slice(&second[32..]);
        std::hint::black_box(public);
    }
}

/// Encrypts for a group, in a buffer that is there: without a MAC.
pub fn encrypt_unsigned(chains: &mut Chains, plaintext: &[u8]) -> usize {
    let keys = chains.group_keys();
    let (iv, cipher) = keys.split_at(16);
    let encryptor = cbc::Encryptor::<Aes256>::new_from_slices(cipher, iv).unwrap();
    encryptor.encrypt_padded_b2b::<Pkcs7>(plaintext, &mut chains.buffer).unwrap().len()
}

/// Decrypts what is in the buffer: of `len` bytes, a whole number of blocks.
pub fn decrypt_unsigned(chains: &mut Chains, len: usize) {
    let keys = chains.group_keys();
    let (iv, cipher) = keys.split_at(16);
    decrypt_blocks((cipher, iv), &mut chains.buffer, len);
}

/// Encrypts, in a buffer that is there.
pub fn encrypt(chains: &mut Chains, plaintext: &[u8]) -> [u8; 32] {
    let keys = chains.keys();
    let (cipher, rest) = keys.split_at(32);
    let (mac, iv) = rest.split_at(32);
    let encryptor = cbc::Encryptor::<Aes256>::new_from_slices(cipher, iv).unwrap();
    let written =
        encryptor.encrypt_padded_b2b::<Pkcs7>(plaintext, &mut chains.buffer[HEADER..]).unwrap().len();
    Pads::new(mac).mac(&chains.buffer[..HEADER + written])
}

/// Checks and decrypts what is in the buffer: of `len` bytes, a whole number of blocks.
pub fn decrypt(chains: &mut Chains, len: usize) -> usize {
    let keys = chains.keys();
    let (cipher, rest) = keys.split_at(32);
    let (mac, iv) = rest.split_at(32);
    let tag = Pads::new(mac).mac(&chains.buffer[..HEADER + len]);
    decrypt_blocks((cipher, iv), &mut chains.buffer, len);
    usize::from(tag[0])
}

/// From the first half of the buffer to the second. Without a look at the padding: what was not encrypted under these
/// keys has none.
fn decrypt_blocks((cipher, iv): (&[u8], &[u8]), buffer: &mut [u8], len: usize) {
    let (from, to) = buffer.split_at_mut(buffer.len() / 2);
    let from = Array::cast_slice_from_core(from[..len].as_chunks::<16>().0);
    let to = Array::cast_slice_from_core_mut(to[..len].as_chunks_mut::<16>().0);
    let mut decryptor = cbc::Decryptor::<Aes256>::new_from_slices(cipher, iv).unwrap();
    decryptor.decrypt_blocks_b2b(from, to).unwrap();
}

/// The keys of the 2,000 newest of `skipped` messages of the Double Ratchet.
pub fn jump(skipped: usize) -> Vec<[u8; 32]> {
    let mut chain = [1; 32];
    let mut seeds = Vec::with_capacity(2_000);
    for left in (0..skipped).rev() {
        let pads = Pads::new(&chain);
        if left < 2_000 {
            seeds.push(pads.mac(&[1]));
        }
        chain = pads.mac(&[2]);
    }
    seeds
}

/// The same of the post-quantum ratchet: chain keys alone are half the work until the last 2,000.
pub fn braid_jump(skipped: u32) -> Vec<[u8; 32]> {
    let zero = Pads::new(&[]);
    let mut next = [1; 32];
    let mut keys = Vec::with_capacity(2_000);
    for counter in 1..=skipped {
        if skipped - counter < 2_000 {
            let (after, key) = braid_step(&zero, &next, counter);
            keys.push(key);
            next = after;
        } else {
            next = zero.hkdf(&next, &info(counter));
        }
    }
    keys
}
