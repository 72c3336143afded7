// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-256-CBC of long data, whole blocks at a time. Padding is the caller's.

use core::fmt;

use aes::Aes256;
use aes::cipher::array::Array;
use aes::cipher::consts::U16;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};

use super::BLOCK_LEN;
use crate::crypto::stack;

/// A block as the cipher has it.
type Block = Array<u8, U16>;

/// Encrypts data that comes in pieces.
pub struct CbcEncryptor(cbc::Encryptor<Aes256>);

impl CbcEncryptor {
    /// Starts with the first block.
    #[must_use]
    pub fn new(key: &[u8; 32], iv: &[u8; BLOCK_LEN]) -> Self {
        stack::wiped(stack::AES, || Self(cbc::Encryptor::new(key.into(), iv.into())))
    }

    /// Encrypts as many whole blocks as `plaintext` has and `ciphertext` has room for. Gives the number of bytes.
    pub fn encrypt(&mut self, plaintext: &[u8], ciphertext: &mut [u8]) -> usize {
        let (from, to) = whole_blocks(plaintext, ciphertext);
        let encrypted = stack::wiped(stack::AES, || self.0.encrypt_blocks_b2b(from, to));
        debug_assert!(encrypted.is_ok(), "as many on both sides");
        from.len() * BLOCK_LEN
    }
}

/// Decrypts data that comes in pieces.
pub struct CbcDecryptor(cbc::Decryptor<Aes256>);

impl CbcDecryptor {
    /// Starts with the first block.
    #[must_use]
    pub fn new(key: &[u8; 32], iv: &[u8; BLOCK_LEN]) -> Self {
        stack::wiped(stack::AES, || Self(cbc::Decryptor::new(key.into(), iv.into())))
    }

    /// Decrypts as many whole blocks as `ciphertext` has and `plaintext` has room for. Gives the number of bytes.
    pub fn decrypt(&mut self, ciphertext: &[u8], plaintext: &mut [u8]) -> usize {
        let (from, to) = whole_blocks(ciphertext, plaintext);
        let decrypted = stack::wiped(stack::AES_WIDE, || self.0.decrypt_blocks_b2b(from, to));
        debug_assert!(decrypted.is_ok(), "as many on both sides");
        from.len() * BLOCK_LEN
    }
}

/// The whole blocks at the beginning of both, equally many.
fn whole_blocks<'a>(from: &'a [u8], to: &'a mut [u8]) -> (&'a [Block], &'a mut [Block]) {
    let from = Block::cast_slice_from_core(from.as_chunks().0);
    let to = Block::cast_slice_from_core_mut(to.as_chunks_mut().0);
    let count = from.len().min(to.len());
    (from.get(..count).unwrap_or_default(), to.get_mut(..count).unwrap_or_default())
}

impl fmt::Debug for CbcEncryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CbcEncryptor(..)")
    }
}

impl fmt::Debug for CbcDecryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CbcDecryptor(..)")
    }
}
