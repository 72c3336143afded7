// SPDX-License-Identifier: MIT OR Apache-2.0

//! ML-KEM, and what the post-quantum ratchet does with it.

use libcrux_ml_kem::mlkem768::{self, MlKem768Ciphertext, MlKem768KeyPair};
use libcrux_ml_kem::mlkem1024::{self, MlKem1024Ciphertext, MlKem1024KeyPair};

use super::hash::Pads;

/// The ML-KEM-1024 key pair of a prekey, and a ciphertext for it.
pub struct Kem1024 {
    pair: MlKem1024KeyPair,
    ciphertext: MlKem1024Ciphertext,
}

impl Kem1024 {
    pub fn new() -> Self {
        let pair = mlkem1024::generate_key_pair([3; 64]);
        let (ciphertext, _) = mlkem1024::encapsulate(pair.public_key(), [4; 32]);
        Self { pair, ciphertext }
    }

    pub fn encapsulate(&self) -> [u8; 32] {
        mlkem1024::encapsulate(self.pair.public_key(), [5; 32]).1
    }

    pub fn decapsulate(&self) -> [u8; 32] {
        mlkem1024::decapsulate(self.pair.private_key(), &self.ciphertext)
    }
}

/// One epoch's work in ML-KEM-768, at one of its two ends.
pub struct Kem768 {
    pair: MlKem768KeyPair,
    ciphertext: MlKem768Ciphertext,
}

impl Kem768 {
    pub fn new() -> Self {
        let pair = mlkem768::generate_key_pair([6; 64]);
        let (ciphertext, _) = mlkem768::encapsulate(pair.public_key(), [7; 32]);
        Self { pair, ciphertext }
    }

    /// What sending does once an epoch: a key is made at one end, and encapsulated to at the other.
    pub fn sent(&self) -> [u8; 32] {
        let pair = mlkem768::generate_key_pair([8; 64]);
        std::hint::black_box(pair);
        mlkem768::encapsulate(self.pair.public_key(), [9; 32]).1
    }

    /// What receiving does once an epoch.
    pub fn received(&self) -> [u8; 32] {
        mlkem768::decapsulate(self.pair.private_key(), &self.ciphertext)
    }
}

/// A step of the post-quantum ratchet's chain: the next chain key, and a message's key.
pub fn braid_step(zero: &Pads, next: &[u8; 32], counter: u32) -> ([u8; 32], [u8; 32]) {
    let okm = zero.hkdf::<64>(next, &info(counter));
    let (next, key) = okm.split_at(32);
    (next.try_into().unwrap(), key.try_into().unwrap())
}

pub fn info(counter: u32) -> [u8; 35] {
    let mut info = *b"\0\0\0\0Signal PQ Ratchet V1 Chain Next";
    info[..4].copy_from_slice(&counter.to_be_bytes());
    info
}
