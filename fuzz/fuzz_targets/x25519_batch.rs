// SPDX-License-Identifier: MIT OR Apache-2.0

//! Batches of X25519 agreements beside `curve25519-dalek` one by one, on each backend that the machine has: the same
//! shared secrets, whatever is in the other lanes.

#![no_main]

use arbitrary::Arbitrary;
use curve25519_dalek::montgomery::MontgomeryPoint;
use libfuzzer_sys::fuzz_target;
use x25519_batch::backend::{Backend, Kind};
use x25519_batch::{Agreement, BASE};

/// More than two runs in lanes.
const MOST: usize = 18;

#[derive(Arbitrary, Debug)]
enum Point {
    Any([u8; 32]),
    Base,
    /// Near 2^255, where numbers are not reduced; with the highest bit set, or not.
    Large {
        low: u8,
        high: u8,
    },
    /// The same as the scalar's bytes.
    Scalar,
}

impl Point {
    fn bytes(&self, scalar: &[u8; 32]) -> [u8; 32] {
        match self {
            Self::Any(bytes) => *bytes,
            Self::Base => BASE,
            Self::Large { low, high } => {
                let mut bytes = [0xFF; 32];
                bytes[0] = *low;
                bytes[31] = high | 0x7F;
                bytes
            }
            Self::Scalar => *scalar,
        }
    }
}

fuzz_target!(|pairs: Vec<([u8; 32], Point)>| {
    let pairs: Vec<_> =
        pairs.iter().take(MOST).map(|(scalar, point)| (*scalar, point.bytes(scalar))).collect();
    let expected: Vec<_> =
        pairs.iter().map(|(scalar, point)| MontgomeryPoint(*point).mul_clamped(*scalar).to_bytes()).collect();
    for backend in Kind::ALL.into_iter().filter_map(Backend::of) {
        let mut shared = vec![[0xEE; 32]; pairs.len()];
        let mut agreements: Vec<_> = pairs
            .iter()
            .zip(&mut shared)
            .map(|((scalar, point), shared)| Agreement { scalar, point, shared })
            .collect();
        backend.agree_many(&mut agreements);
        assert_eq!(shared, expected, "{backend:?}");
    }
});
