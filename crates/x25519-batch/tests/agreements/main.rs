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
#[cfg(target_arch = "x86_64")]
mod signatures;

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

/// Where `X25519_BATCH_BEST` says what this processor's best backend is, it is that one: so that CI knows what it tests.
#[test]
fn the_best_backend_is_the_one_that_should_be_here() {
    let pays = |kind| kind != Kind::Neon || cfg!(target_vendor = "apple");
    let (best, backend) = backends().into_iter().find(|(kind, _)| pays(*kind)).unwrap();
    assert_eq!(Backend::best(), backend);
    if let Ok(expected) = std::env::var("X25519_BATCH_BEST") {
        assert_eq!(format!("{best:?}"), expected);
    }
}
