// SPDX-License-Identifier: MIT OR Apache-2.0

//! Leaks, to see that they are caught.

#[path = "../../support/early_exit.rs"]
mod early_exit;

use std::hint::black_box;

use subrosa::keys::Secret;

use crate::marking::{Marked, peer};
use crate::report::Report;

static TABLE: [u8; 256] = [7; 256];

pub fn run(report: &mut Report) {
    let mut rng = Marked::new(1);
    let (a, b): (Secret<32>, Secret<32>) = (rng.secret(), rng.secret());
    report.leak("a compare that ends early", || {
        black_box(early_exit::compare(a.as_bytes(), b.as_bytes()));
    });
    report.leak("a compare by the library", || {
        // As slices of unknown lengths, so that it is not done at once.
        let [a, b] = [&a, &b].map(|secret| black_box(secret.as_bytes().as_slice()));
        black_box(a == b);
    });
    report.leak("a table that is looked up", || {
        black_box(black_box(&TABLE)[usize::from(a.as_bytes()[0])]);
    });
    report.leak("a branch on what an agreement gave", || {
        let shared = rng.private_key().diffie_hellman(&peer(9)).unwrap();
        if shared.as_bytes()[0] & 1 == 1 {
            // A call, so that it stays a branch.
            black_box(early_exit::compare(&[0; 32], &[1; 32]));
        }
    });
}
