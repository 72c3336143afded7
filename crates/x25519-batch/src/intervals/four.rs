// SPDX-License-Identifier: MIT OR Apache-2.0

//! What has four lanes together, each of which has an interval.

use super::Interval;
use super::edges::X_AT_EDGES;
use crate::edwards::edwards;
use crate::ladder::ladder;
use crate::lane::{Lane, limbs, words};
use crate::radix51::radix51;
use crate::single::single;

use core::array::from_fn;

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;

type Vector = [Interval; 4];
type Mask = u8;

const LANES: usize = 4;
/// What all limbs of an `Element` are below.
const BOUND: u64 = (1 << 51) + (1 << 15);

radix51!();
ladder!();
edwards!();
single!();

fn splat(number: u64) -> Vector {
    [super::splat(number); 4]
}

fn collect(numbers: [u64; 4]) -> Vector {
    numbers.map(super::splat)
}

fn spread(lanes: Vector) -> [u64; 4] {
    lanes.map(|lane| super::spread(lane)[0])
}

fn add(a: Vector, b: Vector) -> Vector {
    from_fn(|lane| super::add(a[lane], b[lane]))
}

fn subtract(a: Vector, b: Vector) -> Vector {
    from_fn(|lane| super::subtract(a[lane], b[lane]))
}

fn and(a: Vector, b: Vector) -> Vector {
    from_fn(|lane| super::and(a[lane], b[lane]))
}

fn shift_right<const BITS: i32>(a: Vector) -> Vector {
    a.map(super::shift_right::<BITS>)
}

fn shift_left<const BITS: i32>(a: Vector) -> Vector {
    a.map(super::shift_left::<BITS>)
}

fn multiply_low(sum: Vector, a: Vector, b: Vector) -> Vector {
    from_fn(|lane| super::multiply_low(sum[lane], a[lane], b[lane]))
}

fn multiply_high(sum: Vector, a: Vector, b: Vector) -> Vector {
    from_fn(|lane| super::multiply_high(sum[lane], a[lane], b[lane]))
}

fn mask(numbers: Vector, bit: u32) -> Mask {
    (0..4).filter(|lane| spread(numbers)[*lane] >> bit & 1 == 1).map(|lane| 1 << lane).sum()
}

fn swap(a: Vector, b: Vector, mask: Mask) -> (Vector, Vector) {
    let swapped = from_fn(|lane| super::swap(a[lane], b[lane], Some(mask >> lane & 1 == 1)));
    (swapped.map(|(a, _)| a), swapped.map(|(_, b)| b))
}

fn arrange<const ORDER: i32>(lanes: Vector, kept: Mask) -> Vector {
    let from = |lane: usize| lanes[usize::try_from(ORDER >> (2 * lane) & 3).unwrap()];
    from_fn(|lane| if kept >> lane & 1 == 1 { from(lane) } else { super::splat(0) })
}

fn negate(from: Vector, lanes: Vector, negated: Mask) -> Vector {
    let less = |lane: usize| super::subtract(from[lane], lanes[lane]);
    from_fn(|lane| if negated >> lane & 1 == 1 { less(lane) } else { lanes[lane] })
}

fn scale(lanes: Vector, bits: [u64; 4]) -> Vector {
    from_fn(|lane| (0..bits[lane]).fold(lanes[lane], |number, _| super::shift_left::<1>(number)))
}

fn highest(Element(limbs): Element) -> u64 {
    limbs.as_flattened().iter().map(|limb| limb.high).max().unwrap()
}

fn or(one: &Element, other: &Element) -> Element {
    Element(from_fn(|limb| from_fn(|lane| one.0[limb][lane].or(other.0[limb][lane]))))
}

/// Any numbers of a table, of a point or of bytes, all below 2^51.
fn any() -> Element {
    Element([[Interval { low: 0, high: (1 << 51) - 1 }; 4]; 5])
}

/// Any scalar, and any point.
#[test]
fn no_number_of_a_single_agreement_grows_too_large() {
    let start = any().widen().sums_and_differences();
    let mut pair = start;
    let steps = (1..100).find(|_| {
        let swapped = or(&pair, &pair.arranged::<0b01_00_11_10>(ALL));
        let next = or(&pair, &Pair(swapped).step(&any()).0);
        let grown = next.0 != pair.0;
        pair = next;
        !grown
    });
    assert!(steps.is_some(), "the intervals grow without end");
    assert!(highest(pair) < BOUND && highest(pair.widen().sums_and_differences()) < BOUND, "{:?}", pair.0);
}

/// Any scalars: points are added and doubled in any order, until nothing grows.
#[test]
fn no_number_of_a_point_grows_too_large() {
    let mut point = Point::nothing();
    let steps = (1..100).find(|_| {
        let sums = [Addend(any()), point.addend()].map(|addend| point.plus(&addend).0);
        let next = sums.iter().fold(or(&point.0, &point.doubled().0), |one, other| or(&one, other));
        let grown = next.0 != point.0.0;
        point = Point(or(&point.0, &next));
        !grown
    });
    assert!(steps.is_some(), "the intervals grow without end");
    assert!(highest(point.0) < BOUND && highest(point.addend().0) < BOUND, "{:?}", point.0.0);
    assert!(highest(point.quotients()) < BOUND);
}

/// Any u-coordinate.
#[test]
fn no_number_of_a_candidate_grows_too_large() {
    let candidates = Candidates::of(&any());
    let Candidates { x: [x, other], y, square: [numerator, denominator] } = candidates;
    let squares = [x, other].map(|x| candidates.numerator_of(&x));
    for element in [x, other, y, numerator, denominator].into_iter().chain(squares) {
        assert!(highest(element) < BOUND, "{:?}", element.0);
    }
}

/// The same code with numbers, beside `curve25519-dalek`.
#[test]
fn with_checks_points_are_as_they_should_be() {
    let numbers = [0, 1, 2, 9, 0x7F, 0xEC, 0xED, 0xFF];
    let small_and_large =
        numbers.iter().flat_map(|number| [[*number; 32], from_fn(|at| if at == 0 { *number } else { 0xFF })]);
    for u in small_and_large.chain(X_AT_EDGES) {
        let expected = MontgomeryPoint(u).to_edwards(0);
        let point = of_montgomery(limbs(words(&u)));
        assert_eq!(point.map(|point| point.encode()), expected.map(|point| point.compress().to_bytes()));
        let Some((point, expected)) = point.zip(expected) else { continue };
        for (point, expected) in [(point, expected), (point.negated(), -expected)] {
            for (s, h) in [([0; 32], [0xFF; 32]), ([0xFF; 32], [0; 32]), (u, [0x5A; 32])] {
                let (s, h) = (Scalar::from_bytes_mod_order(s), Scalar::from_bytes_mod_order(h));
                let sum = combine(words(s.as_bytes()), words(h.as_bytes()), &point);
                let expected = EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &expected, &s);
                assert_eq!(sum.encode(), expected.compress().to_bytes(), "{u:?}");
            }
        }
    }
}

/// Four agreements, each with a scalar of its own: together, and each by itself.
#[test]
fn with_checks_agreements_are_as_they_should_be() {
    let inputs: [_; 4] =
        from_fn(|lane| ([lane.to_le_bytes()[0] * 0x37; 32], [9 - lane.to_le_bytes()[0] * 2; 32]));
    let lane = |(scalar, point): &([u8; 32], [u8; 32])| {
        let mut lane = Lane::default();
        lane.read(scalar, point);
        lane
    };
    let (mut together, mut alone) = (inputs.each_ref().map(lane), inputs.each_ref().map(lane));
    agree(&mut together);
    alone.iter_mut().for_each(agree_alone);
    for ((scalar, point), lanes) in inputs.iter().zip(together.iter().zip(&alone)) {
        let expected = MontgomeryPoint(*point).mul_clamped(*scalar).to_bytes();
        for lane in [lanes.0, lanes.1] {
            let mut shared = [0; 32];
            lane.write_u(&mut shared);
            assert_eq!(shared, expected, "{scalar:?}");
        }
    }
}
