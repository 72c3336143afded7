// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-256-GCM (SP 800-38D), in place.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use zeroize::Zeroize;

use super::stack;

/// Length of the nonce in bytes.
pub const NONCE_LEN: usize = 12;
/// Length of the authentication tag in bytes.
pub const TAG_LEN: usize = 16;

/// The tag does not fit key, nonce, associated data and ciphertext; or the input is too long for GCM
/// (2^36 − 32 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("authentication failed")]
pub struct NotAuthentic;

/// Encrypts `buffer` in place and gives the tag. Never repeat a nonce under one key.
///
/// # Errors
/// [`NotAuthentic`] if `buffer` or `associated_data` is too long for GCM.
pub fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    associated_data: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG_LEN], NotAuthentic> {
    stack::wiped(stack::AES_WIDE, || seal_unwiped(key, nonce, associated_data, buffer))
}

/// [`seal`] for a caller that wipes the stack itself, [`stack::AES_WIDE`] deep below its own frames.
///
/// # Errors
/// As [`seal`].
#[inline]
pub(crate) fn seal_unwiped(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    associated_data: &[u8],
    buffer: &mut [u8],
) -> Result<[u8; TAG_LEN], NotAuthentic> {
    Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&Nonce::from(*nonce), associated_data, buffer.into())
        .map(Into::into)
        .map_err(|_| NotAuthentic)
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
    stack::wiped(stack::AES_WIDE, || open_unwiped(key, nonce, associated_data, buffer, tag))
}

/// [`open`] for a caller that wipes the stack itself, [`stack::AES_WIDE`] deep below its own frames.
///
/// # Errors
/// [`NotAuthentic`].
#[inline]
pub(crate) fn open_unwiped(
    key: &[u8; 32],
    nonce: &[u8; NONCE_LEN],
    associated_data: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Result<(), NotAuthentic> {
    let opened = Aes256Gcm::new(key.into()).decrypt_inout_detached(
        &Nonce::from(*nonce),
        associated_data,
        (&mut *buffer).into(),
        &Tag::from(*tag),
    );
    opened.map_err(|_| {
        buffer.zeroize();
        NotAuthentic
    })
}
