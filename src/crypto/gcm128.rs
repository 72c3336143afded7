// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-128-GCM (SP 800-38D) with nonces of 12 or 16 bytes, in place, without associated data.

use aes::Aes128;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{AesGcm, Nonce, Tag};
use zeroize::Zeroize;

use super::gcm::{NotAuthentic, TAG_LEN};
use super::stack;

/// Encrypts `buffer` in place and gives the tag. Never repeat a nonce under one key.
///
/// # Errors
/// [`NotAuthentic`] if `buffer` is too long for GCM.
pub fn seal(key: &[u8; 16], nonce: &[u8; 12], buffer: &mut [u8]) -> Result<[u8; TAG_LEN], NotAuthentic> {
    stack::wiped(stack::AES_WIDE, || {
        AesGcm::<Aes128, U12>::new(key.into())
            .encrypt_inout_detached(&Nonce::from(*nonce), &[], buffer.into())
            .map(Into::into)
            .map_err(|_| NotAuthentic)
    })
}

/// Decrypts `buffer` in place; on failure `buffer` is wiped.
///
/// # Errors
/// [`NotAuthentic`], also for a nonce of another length.
pub fn open(
    key: &[u8; 16],
    nonce: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), NotAuthentic> {
    stack::wiped(stack::AES_WIDE, || {
        let tag = Tag::from(*tag);
        let opened = if let Ok(nonce) = <[u8; 12]>::try_from(nonce) {
            AesGcm::<Aes128, U12>::new(key.into())
                .decrypt_inout_detached(&Nonce::from(nonce), &[], (&mut *buffer).into(), &tag)
                .map_err(|_| NotAuthentic)
        } else if let Ok(nonce) = <[u8; 16]>::try_from(nonce) {
            AesGcm::<Aes128, U16>::new(key.into())
                .decrypt_inout_detached(&Nonce::from(nonce), &[], (&mut *buffer).into(), &tag)
                .map_err(|_| NotAuthentic)
        } else {
            Err(NotAuthentic)
        };
        opened.inspect_err(|_| buffer.zeroize())
    })
}
