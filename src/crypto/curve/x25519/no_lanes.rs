// SPDX-License-Identifier: MIT OR Apache-2.0

//! In the place of lanes, where there are none.

use crate::crypto::curve::Pair;
use crate::crypto::secret::Secret;

pub(super) const fn agree_each(_: &[Pair<'_>], _: &mut [Secret<32>]) -> usize {
    0
}

pub(super) const fn agree(_: &Secret<32>, _: &[u8; 32]) -> Option<Secret<32>> {
    None
}
