// SPDX-License-Identifier: MIT OR Apache-2.0

//! Batches of X25519 agreements beside `curve25519-dalek` one by one, on each backend that the machine has: the same
//! shared secrets, whatever is in the other lanes. And points in lanes, where there are some for them.

#![no_main]

use arbitrary::Arbitrary;
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
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
    for (scalar, point) in &pairs {
        combine(point, &[*scalar, *point].map(Scalar::from_bytes_mod_order));
    }
});

/// `s` times the base point and `h` times another one, beside `curve25519-dalek`.
#[cfg(target_arch = "x86_64")]
fn combine(u: &[u8; 32], [s, h]: &[Scalar; 2]) {
    if x25519_batch::Point::is_here() {
        let point = x25519_batch::Point::of_montgomery(u);
        let sum = MontgomeryPoint(*u).to_edwards(0).map(|point| {
            EdwardsPoint::vartime_double_scalar_mul_basepoint(h, &point, s).compress().to_bytes()
        });
        assert_eq!(point.map(|point| point.combined(s.as_bytes(), h.as_bytes())), sum);
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn combine(_: &[u8; 32], _: &[Scalar; 2]) {}
