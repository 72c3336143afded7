// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-256-CBC in the buffer that holds the data.

use core::fmt;

use aes::Aes256;
use aes::cipher::array::Array;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use zeroize::Zeroize;

use super::{BLOCK_LEN, BadPadding};
use crate::crypto::secret::Secret;
use crate::crypto::stack;

/// Key and initialisation vector of one message.
pub struct CbcKey {
    key: Secret<32>,
    iv: Secret<BLOCK_LEN>,
}

impl CbcKey {
    /// A key and an initialisation vector.
    #[must_use]
    pub const fn new(key: Secret<32>, iv: Secret<BLOCK_LEN>) -> Self {
        Self { key, iv }
    }

    /// How many bytes of `ciphertext` will be plaintext: all but the padding, for which the last block is
    /// decrypted.
    ///
    /// # Errors
    /// [`BadPadding`].
    pub fn plaintext_len(&self, ciphertext: &[u8]) -> Result<usize, BadPadding> {
        let (blocks, []) = ciphertext.as_chunks::<BLOCK_LEN>() else { return Err(BadPadding) };
        let (last, before) = blocks.split_last().ok_or(BadPadding)?;
        let iv = before.last().unwrap_or_else(|| self.iv.as_bytes());
        let mut plain = [0; BLOCK_LEN];
        let len = stack::wiped(stack::AES_WIDE, || {
            cbc::Decryptor::<Aes256>::new(self.key.as_bytes().into(), iv.into())
                .decrypt_padded_b2b::<Pkcs7>(last, &mut plain)
                .map(<[u8]>::len)
        });
        plain.zeroize();
        Ok(before.len() * BLOCK_LEN + len.map_err(|_| BadPadding)?)
    }

    /// Decrypts the whole blocks of `data` where they lie; the padding is left behind the plaintext.
    pub fn decrypt(&self, data: &mut [u8]) {
        let blocks = Array::cast_slice_from_core_mut(data.as_chunks_mut::<BLOCK_LEN>().0);
        stack::wiped(stack::AES_WIDE, || {
            cbc::Decryptor::<Aes256>::new(self.key.as_bytes().into(), self.iv.as_bytes().into())
                .decrypt_blocks(blocks);
        });
    }

    /// Undoes [`Self::decrypt`].
    pub fn encrypt(&self, data: &mut [u8]) {
        let blocks = Array::cast_slice_from_core_mut(data.as_chunks_mut::<BLOCK_LEN>().0);
        stack::wiped(stack::AES, || {
            cbc::Encryptor::<Aes256>::new(self.key.as_bytes().into(), self.iv.as_bytes().into())
                .encrypt_blocks(blocks);
        });
    }
}

impl fmt::Debug for CbcKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, iv: _ } = self;
        f.write_str("CbcKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::cbc::{decrypt, encrypt_into};
    use alloc::vec::Vec;

    fn key() -> CbcKey {
        CbcKey::new(Secret::new([7; 32]), Secret::new([9; 16]))
    }

    #[test]
    fn decrypts_what_was_encrypted_and_back() {
        for len in [0, 1, 15, 16, 17, 100, 160] {
            let plaintext: Vec<u8> = (0..len).collect();
            let mut data = Vec::new();
            encrypt_into(&[7; 32], &[9; 16], &plaintext, &mut data);
            let ciphertext = data.clone();
            assert_eq!(key().plaintext_len(&data), Ok(plaintext.len()));
            key().decrypt(&mut data);
            assert_eq!(data.get(..plaintext.len()), Some(&plaintext[..]));
            key().encrypt(&mut data);
            assert_eq!(data, ciphertext);
        }
    }

    #[test]
    fn refuses_what_decrypt_refuses() {
        let mut data = Vec::new();
        encrypt_into(&[7; 32], &[9; 16], b"seventeen bytes..", &mut data);
        for len in 0..data.len() {
            assert_eq!(key().plaintext_len(&data[..len]), Err(BadPadding), "{len}");
        }
        for at in 0..data.len() {
            data[at] ^= 1;
            let expected = decrypt(&[7; 32], &[9; 16], &data).map(|plaintext| plaintext.len());
            assert_eq!(key().plaintext_len(&data), expected, "{at}");
            data[at] ^= 1;
        }
    }
}
