// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-256-CTR with a 32-bit big-endian counter (SP 800-38A). Unauthenticated: a MAC goes with it.

use aes::Aes256;
use aes::cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr32BE;

use super::stack;

/// The input is longer than the cipher can encrypt under one key: 64 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too long for the cipher")]
pub struct TooLong;

/// Encrypts or decrypts `buffer` in place, the counter block being all zero at first. A key is good for one
/// message.
///
/// # Errors
/// [`TooLong`]; then `buffer` is as it was.
pub fn apply(key: &[u8; 32], buffer: &mut [u8]) -> Result<(), TooLong> {
    stack::wiped(stack::AES_WIDE, || {
        Ctr32BE::<Aes256>::new(key.into(), &[0; 16].into()).try_apply_keystream(buffer).map_err(|_| TooLong)
    })
}
