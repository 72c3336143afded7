// SPDX-License-Identifier: MIT OR Apache-2.0

//! In the place of assembly, where there is none.

use crate::crypto::secret::Secret;

pub(super) const fn is_there() -> bool {
    false
}

pub(super) const fn public_key(_: &Secret<32>) -> Option<[u8; 32]> {
    None
}

pub(super) const fn agree(_: &Secret<32>, _: &[u8; 32]) -> Option<Secret<32>> {
    None
}
