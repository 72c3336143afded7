// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-256-CBC with PKCS#7 padding (SP 800-38A, RFC 5652 §6.3). Unauthenticated: the caller checks a
//! MAC before it decrypts.

mod stream;

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use alloc::vec::Vec;
use zeroize::Zeroizing;

use super::stack;

pub use stream::{CbcDecryptor, CbcEncryptor};

/// Length of a block, and of the initialisation vector, in bytes.
pub const BLOCK_LEN: usize = 16;

/// The ciphertext is empty, not a whole number of blocks, or its padding is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a padded AES-CBC ciphertext")]
pub struct BadPadding;

/// Length of the ciphertext of `plaintext_len` bytes: 1 to 16 more, a whole number of blocks.
#[must_use]
pub const fn encrypted_len(plaintext_len: usize) -> usize {
    (plaintext_len / BLOCK_LEN + 1) * BLOCK_LEN
}

/// Appends the encryption of `plaintext` to `out`.
pub fn encrypt_into(key: &[u8; 32], iv: &[u8; BLOCK_LEN], plaintext: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + encrypted_len(plaintext.len()), 0);
    let (_, target) = out.split_at_mut(start);
    stack::wiped(stack::AES, || {
        let padded = cbc::Encryptor::<Aes256>::new(key.into(), iv.into())
            .encrypt_padded_b2b::<Pkcs7>(plaintext, target);
        debug_assert!(padded.is_ok(), "room for the padding was made");
    });
}

/// Decrypts `ciphertext` into memory that is wiped when dropped.
///
/// # Errors
/// [`BadPadding`].
pub fn decrypt(
    key: &[u8; 32],
    iv: &[u8; BLOCK_LEN],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, BadPadding> {
    if ciphertext.is_empty() {
        return Err(BadPadding);
    }
    let mut plaintext = Zeroizing::new(alloc::vec![0; ciphertext.len()]);
    let len = stack::wiped(stack::AES_WIDE, || {
        cbc::Decryptor::<Aes256>::new(key.into(), iv.into())
            .decrypt_padded_b2b::<Pkcs7>(ciphertext, &mut plaintext)
            .map(<[u8]>::len)
    });
    plaintext.truncate(len.map_err(|_| BadPadding)?);
    Ok(plaintext)
}
