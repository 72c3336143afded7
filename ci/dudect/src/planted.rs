// SPDX-License-Identifier: MIT OR Apache-2.0

//! A leak, to see that it is found.

use std::hint::black_box;

use rand_chacha::rand_core::Rng;

use crate::report::Report;

/// Compares as one must not: it ends at the first difference.
#[inline(never)]
fn compare(a: &[u8; 32], b: &[u8; 32]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if a != black_box(b) {
            return false;
        }
    }
    true
}

pub fn run(report: &mut Report) {
    let make = |class, rng: &mut rand_chacha::ChaCha20Rng| {
        let mut right = [0; 32];
        rng.fill_bytes(&mut right);
        let mut wrong = right;
        wrong[if class { 0 } else { 31 }] ^= 1;
        (right, wrong)
    };
    report.leak("planted: a compare that ends early", make, |(right, wrong)| compare(right, wrong));
}
