// SPDX-License-Identifier: MIT OR Apache-2.0

//! Agreements of any number, on each backend that this machine has: published vectors, special points, and any.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod points;
mod published;
mod random;

use curve25519_dalek::montgomery::MontgomeryPoint;
use x25519_batch::Agreement;
use x25519_batch::backend::{Backend, Kind};

/// A scalar, and a point.
type Pair = ([u8; 32], [u8; 32]);

/// The backends that this machine has. Says loudly which it has not.
fn backends() -> Vec<(Kind, Backend)> {
    let found = |kind| {
        let backend = Backend::of(kind);
        if backend.is_none() {
            eprintln!("NOT TESTED: this machine has no {kind:?}");
        }
        Some((kind, backend?))
    };
    Kind::ALL.into_iter().filter_map(found).collect()
}

fn agree(backend: Backend, pairs: &[Pair]) -> Vec<[u8; 32]> {
    let mut shared = vec![[0xEE; 32]; pairs.len()];
    let mut agreements: Vec<_> = pairs
        .iter()
        .zip(&mut shared)
        .map(|((scalar, point), shared)| Agreement { scalar, point, shared })
        .collect();
    backend.agree_many(&mut agreements);
    shared
}

/// The same by `curve25519-dalek`, one by one.
fn expected(pairs: &[Pair]) -> Vec<[u8; 32]> {
    pairs.iter().map(|(scalar, point)| MontgomeryPoint(*point).mul_clamped(*scalar).to_bytes()).collect()
}

#[track_caller]
fn assert_as_expected(pairs: &[Pair]) {
    let expected = expected(pairs);
    for (kind, backend) in backends() {
        assert_eq!(agree(backend, pairs), expected, "{kind:?}: {pairs:?}");
    }
}

/// In CI, `X25519_BATCH_NEEDS` names backends that must be there, so that no test passes for want of them.
#[test]
fn the_backends_that_should_be_here_are() {
    let needed = std::env::var("X25519_BATCH_NEEDS").unwrap_or_default();
    let found: Vec<String> = backends().iter().map(|(kind, _)| format!("{kind:?}")).collect();
    for kind in needed.split_whitespace() {
        assert!(found.iter().any(|found| found == kind), "{kind} is not among {found:?}");
    }
    assert_eq!(Backend::best(), backends()[0].1);
}
