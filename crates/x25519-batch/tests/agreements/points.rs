// SPDX-License-Identifier: MIT OR Apache-2.0

//! Points that are not what an honest peer sends: of low order, with a part of low order, on the twist, not reduced.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::EdwardsPoint;
use hex_literal::hex;

use crate::{Pair, agree, assert_as_expected, backends};

/// All u-coordinates of low order below 2^255: 0, 1, −1, two of order 8, and those plus the prime that fit.
const LOW_ORDER: [[u8; 32]; 7] = [
    hex!("0000000000000000000000000000000000000000000000000000000000000000"),
    hex!("0100000000000000000000000000000000000000000000000000000000000000"),
    hex!("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    hex!("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
];

/// Any scalar, those at the edges once they are clamped, and one near the order of the group.
fn scalars() -> [[u8; 32]; 4] {
    let any = hex!("d0b5a1e2f93c7748106e5cba3321f0847de6190ba25f4c8833c7714e9ad2056b");
    let order = hex!("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    [any, [0; 32], [0xFF; 32], order]
}

/// Each scalar with each point, in one batch, and each pair in a batch of its own size.
fn check(points: &[[u8; 32]]) {
    let pairs: Vec<Pair> =
        scalars().iter().flat_map(|scalar| points.iter().map(|point| (*scalar, *point))).collect();
    assert_as_expected(&pairs);
    for (len, pair) in (1..=9).cycle().zip(&pairs) {
        assert_as_expected(&vec![*pair; len]);
    }
}

#[test]
fn points_of_low_order_give_zero_and_disturb_no_other_lane() {
    check(&LOW_ORDER);
    let with_high_bit = LOW_ORDER.map(|mut point| {
        point[31] |= 0x80;
        point
    });
    check(&with_high_bit);
    let [scalar, ..] = scalars();
    for (kind, backend) in backends() {
        let pairs: Vec<Pair> =
            LOW_ORDER.iter().flat_map(|point| [(scalar, *point), (scalar, [9; 32])]).collect();
        for (shared, (_, point)) in agree(backend, &pairs).iter().zip(&pairs) {
            assert_eq!(*shared == [0; 32], LOW_ORDER.contains(point), "{kind:?}, {point:?}");
        }
    }
}

#[test]
fn points_with_a_part_of_low_order() {
    let points = [1_u8, 77].map(|scalar| EdwardsPoint::mul_base_clamped([scalar; 32]));
    let cosets: Vec<_> = points
        .iter()
        .flat_map(|point| {
            EIGHT_TORSION.iter().map(move |torsion| (point + torsion).to_montgomery().to_bytes())
        })
        .collect();
    check(&cosets);
}

#[test]
fn points_on_the_twist() {
    // 2 is on the twist.
    let small = [2_u8, 3, 5].map(|low| {
        let mut point = [0; 32];
        point[0] = low;
        point
    });
    let twist =
        |point: &[u8; 32]| curve25519_dalek::montgomery::MontgomeryPoint(*point).to_edwards(0).is_none();
    let large: Vec<_> = (0..=255_u8).map(|byte| [byte; 32]).filter(twist).take(20).collect();
    assert!(twist(&small[0]) && large.len() == 20);
    check(&small);
    check(&large);
}

#[test]
fn numbers_that_are_not_reduced() {
    // From 2^255 − 25 to 2^255 − 1, with the highest bit and without.
    let points: Vec<_> = (0xE7..=0xFF_u8)
        .flat_map(|low| {
            let mut point = [0xFF; 32];
            point[0] = low;
            let mut without = point;
            without[31] = 0x7F;
            [point, without]
        })
        .collect();
    check(&points);
}

/// Limbs that are all ones or zeros, in both radices: where carries go furthest.
#[test]
fn numbers_of_full_and_empty_limbs() {
    let points: Vec<_> = (0..=255_usize)
        .step_by(17)
        .flat_map(|from| (from..=255).step_by(51).map(move |to| (from, to)))
        .map(|(from, to)| {
            let mut point = [0; 32];
            for bit in from..to {
                point[bit / 8] |= 1 << (bit % 8);
            }
            point
        })
        .collect();
    check(&points);
}
