// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-256-GCM-SIV (RFC 8452), in place.

use aes_gcm_siv::aead::{AeadInOut, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce, Tag};
use zeroize::Zeroize;

use super::ctr::TooLong;
use super::gcm::NotAuthentic;
use super::stack;

/// Length of the nonce in bytes.
pub const NONCE_LEN: usize = 12;
/// Length of the authentication tag in bytes.
pub const TAG_LEN: usize = 16;

/// Encrypts `buffer` in place and gives the tag.
///
/// # Errors
/// [`TooLong`] if `buffer` or `associated_data` is longer than 64 GiB; then `buffer` is as it was.
pub fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    associated_data: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG_LEN], TooLong> {
    stack::wiped(stack::AES_WIDE, || {
        Aes256GcmSiv::new(key.into())
            .encrypt_inout_detached(&Nonce::from(*nonce), associated_data, buffer.into())
            .map(Into::into)
            .map_err(|_| TooLong)
    })
}

/// Decrypts `buffer` in place; on failure `buffer` is wiped.
///
/// # Errors
/// [`NotAuthentic`].
pub fn open(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    associated_data: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), NotAuthentic> {
    let opened = stack::wiped(stack::AES_WIDE, || {
        Aes256GcmSiv::new(key.into()).decrypt_inout_detached(
            &Nonce::from(*nonce),
            associated_data,
            (&mut *buffer).into(),
            &Tag::from(*tag),
        )
    });
    opened.map_err(|_| {
        buffer.zeroize();
        NotAuthentic
    })
}
