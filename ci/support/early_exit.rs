// SPDX-License-Identifier: MIT OR Apache-2.0

//! What must not be done, planted where it must be found.

use std::hint::black_box;

/// Compares as one must not: it ends at the first difference.
#[inline(never)]
pub fn compare(a: &[u8; 32], b: &[u8; 32]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if a != black_box(b) {
            return false;
        }
    }
    true
}
