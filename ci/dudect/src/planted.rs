// SPDX-License-Identifier: MIT OR Apache-2.0

//! A leak, to see that it is found.

#[path = "../../support/early_exit.rs"]
mod early_exit;

use rand_chacha::rand_core::Rng;

use crate::report::Report;

pub fn run(report: &mut Report) {
    let make = |class, rng: &mut rand_chacha::ChaCha20Rng| {
        let mut right = [0; 32];
        rng.fill_bytes(&mut right);
        let mut wrong = right;
        wrong[if class { 0 } else { 31 }] ^= 1;
        (right, wrong)
    };
    report
        .leak("planted: a compare that ends early", make, |(right, wrong)| early_exit::compare(right, wrong));
}
