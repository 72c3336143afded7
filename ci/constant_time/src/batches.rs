// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519 in lanes (`crates/x25519-batch`): with valgrind 3.19, those of AVX2.

use x25519_batch::backend::{Backend, Kind};
use x25519_batch::{Agreement, BASE};

use crate::marking::{Marked, peer};
use crate::report::Report;

/// As many agreements as fill the lanes and leave some over, all scalars marked.
pub fn run(report: &mut Report) {
    for kind in Kind::ALL {
        let Some(backend) = Backend::of(kind) else {
            println!("       X25519, a batch: there is no {kind:?} here");
            continue;
        };
        let mut rng = Marked::new(60);
        let scalars: [_; 7] = core::array::from_fn(|_| rng.secret::<32>());
        // 2 is the u-coordinate of a point on the twist.
        let mut twist = [0; 32];
        twist[0] = 2;
        let points =
            [*peer(61).as_bytes(), BASE, twist, *peer(62).as_bytes(), *peer(63).as_bytes(), BASE, twist];
        report.clean(&format!("X25519, a batch, {kind:?}"), || {
            let mut shared = [[0; 32]; 7];
            let mut agreements: Vec<_> = scalars
                .iter()
                .zip(&points)
                .zip(&mut shared)
                .map(|((scalar, point), shared)| Agreement { scalar: scalar.as_bytes(), point, shared })
                .collect();
            backend.agree_many(&mut agreements);
            Some(shared.concat())
        });
    }
}
