// SPDX-License-Identifier: MIT OR Apache-2.0

//! The arithmetic of both radices, as it is, with an interval in place of each number: what holds for all inputs.
//!
//! Each operation fails if what the instruction ignores or cuts off could be more than nothing, or a difference below
//! zero. The ladder is run until its intervals no longer grow, from those of any point: so no scalar and no point
//! leads to anything else. An interval of one number is that number, and the same code a slow backend with checks.

mod edges;
mod four;

use std::array;

use curve25519_dalek::montgomery::MontgomeryPoint;

use crate::lane::Lane;

/// A number of 64 bits that lies between two, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interval {
    low: u64,
    high: u64,
}

impl Interval {
    /// The smallest that has both.
    fn or(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    fn is_number(self) -> bool {
        self.low == self.high
    }
}

type Vector = Interval;
/// Whether to swap, if that is known.
type Mask = Option<bool>;

const LANES: usize = 1;

fn splat(number: u64) -> Interval {
    Interval { low: number, high: number }
}

fn collect([number]: [u64; 1]) -> Interval {
    splat(number)
}

fn spread(interval: Interval) -> [u64; 1] {
    assert!(interval.is_number(), "{interval:?} is more than one number");
    [interval.low]
}

fn add(a: Interval, b: Interval) -> Interval {
    Interval { low: a.low + b.low, high: a.high.checked_add(b.high).expect("a sum of 64 bits") }
}

fn subtract(a: Interval, b: Interval) -> Interval {
    Interval {
        low: a.low.checked_sub(b.high).expect("a difference that is not negative"),
        high: a.high - b.low,
    }
}

/// `b` is a mask of low bits.
fn and(a: Interval, b: Interval) -> Interval {
    assert!(b.is_number() && (b.low + 1).is_power_of_two());
    if a.is_number() || a.high <= b.low {
        return Interval { low: a.low & b.low, high: a.high & b.low };
    }
    Interval { low: 0, high: b.low }
}

fn shift_right<const BITS: i32>(a: Interval) -> Interval {
    Interval { low: a.low >> BITS, high: a.high >> BITS }
}

fn shift_left<const BITS: i32>(a: Interval) -> Interval {
    assert!(a.high >> (64 - BITS) == 0, "{a:?} loses bits");
    Interval { low: a.low << BITS, high: a.high << BITS }
}

fn product(a: Interval, b: Interval, bits: u32) -> (u128, u128) {
    assert!(a.high >> bits == 0 && b.high >> bits == 0, "a factor above {bits} bits: {a:?}, {b:?}");
    (u128::from(a.low) * u128::from(b.low), u128::from(a.high) * u128::from(b.high))
}

/// AVX2's.
fn multiply(a: Interval, b: Interval) -> Interval {
    let (low, high) = product(a, b, 32);
    Interval { low: low.try_into().unwrap(), high: high.try_into().unwrap() }
}

/// IFMA's.
fn multiply_low(sum: Interval, a: Interval, b: Interval) -> Interval {
    let (low, high) = product(a, b, 52);
    let mask = (1 << 52) - 1;
    let known = low == high || high <= mask;
    let (low, high) = if known { (low & mask, high & mask) } else { (0, mask) };
    add(sum, Interval { low: low.try_into().unwrap(), high: high.try_into().unwrap() })
}

/// IFMA's.
fn multiply_high(sum: Interval, a: Interval, b: Interval) -> Interval {
    let (low, high) = product(a, b, 52);
    add(sum, Interval { low: (low >> 52).try_into().unwrap(), high: (high >> 52).try_into().unwrap() })
}

fn mask(number: Interval, bit: u32) -> Mask {
    number.is_number().then_some(number.low >> bit & 1 == 1)
}

fn swap(a: Interval, b: Interval, mask: Mask) -> (Interval, Interval) {
    match mask {
        Some(true) => (b, a),
        Some(false) => (a, b),
        None => (a.or(b), a.or(b)),
    }
}

fn digit(number: Interval, below: u64) -> Interval {
    Interval { low: number.low >> below, high: number.high >> below }
}

/// All of them, if it is not known which.
fn select(numbers: &[[u64; 8]; 2], index: Interval) -> Interval {
    let numbers = numbers.as_flattened().iter().copied().map(splat);
    if index.is_number() {
        let index = usize::try_from(index.low & 15).unwrap();
        return numbers.into_iter().nth(index).unwrap();
    }
    numbers.reduce(Interval::or).unwrap()
}

/// Tests of a radix: with so many limbs, any point's largest, and what all limbs of an `Element` are below.
macro_rules! tests {
    ($limbs:literal, $point:expr, $bound:expr) => {
        impl Points {
            fn all(&self) -> [Element; 4] {
                let Self { sum: [a, c], difference: [b, d] } = *self;
                [a, b, c, d]
            }

            /// Intervals that have all of both.
            fn or(self, other: Self) -> Self {
                let [a, b, c, d] = either(self.all(), other.all());
                Self { sum: [a, c], difference: [b, d] }
            }

            fn limbs(&self) -> [[Interval; $limbs]; 4] {
                self.all().map(|element| element.0)
            }
        }

        fn either(ours: [Element; 4], theirs: [Element; 4]) -> [Element; 4] {
            array::from_fn(|at| Element(array::from_fn(|limb| ours[at].0[limb].or(theirs[at].0[limb]))))
        }

        /// Any scalar, and any point.
        #[test]
        fn no_number_grows_too_large() {
            let base = Element($point.map(|high| Interval { low: 0, high }));
            let mut points = start(&base);
            let steps = (1..100).find(|_| {
                let next = points.or(step(swapped(points, None), &base));
                let grown = next.limbs() != points.limbs();
                points = next;
                !grown
            });
            assert!(steps.is_some(), "the intervals grow without end");
            let bound: [u64; $limbs] = $bound;
            for element in points.limbs() {
                assert!(element.iter().zip(bound).all(|(limb, bound)| limb.high < bound), "{element:?}");
            }
            let Element(result) = affine(&points);
            assert!(result.iter().zip(bound).all(|(limb, bound)| limb.high < bound), "{result:?}");
        }

        fn lane(scalar: u8, point: [u8; 32]) -> Lane {
            let mut lane = Lane::default();
            lane.read(&[scalar; 32], &point);
            lane
        }

        /// The same code with numbers, beside `curve25519-dalek`.
        #[test]
        fn with_checks_it_agrees_as_it_should() {
            for (scalar, point) in [(0, [9; 32]), (77, [0xFF; 32]), (0xFF, [0xEE; 32]), (3, [0; 32])] {
                let mut lanes = [lane(scalar, point)];
                agree(&mut lanes);
                let mut shared = [0; 32];
                lanes[0].write_u(&mut shared);
                let expected = MontgomeryPoint(point).mul_clamped([scalar; 32]);
                assert_eq!(shared, expected.to_bytes(), "{scalar}, {point:?}");
            }
        }

        /// The number of an element, reduced.
        fn number(element: Element) -> [u8; 32] {
            let mut lanes = [Lane::default()];
            element.widen().reduce().store(&mut lanes);
            let mut bytes = [0; 32];
            lanes[0].write_u(&mut bytes);
            bytes
        }

        /// `a + b` and `a · b` from what is known of them: (a + b)² − (a − b)² = 4ab, and the like.
        #[test]
        fn the_largest_limbs_give_what_they_should() {
            let bound: [u64; $limbs] = $bound;
            let (zero, small) = (Element::small(0), Element::small(1 << 20));
            let largest = Element(bound.map(|bound| splat(bound - 1)));
            let products = [
                largest.multiply(&largest),
                largest.square(),
                largest.multiply(&small),
                small.multiply(&largest),
            ];
            let [product, square, one_way, other_way] = products.map(|product| number(product.reduce()));
            assert_eq!(product, square);
            assert_eq!(one_way, other_way);
            let inverse = inverse(&largest);
            assert_eq!(number(inverse.multiply(&largest).reduce()), number(Element::small(1)));
            let again = inverse.multiply(&Element(largest.square().reduce().0)).reduce();
            assert_eq!(number(again), number(largest));
            assert_eq!(
                number(zero.plus_121665(&largest)),
                number(largest.multiply(&Element::small(121_665)).reduce())
            );
            assert_eq!(number(largest.widen().minus(largest.widen())), [0; 32]);
        }
    };
}

/// Five limbs of 51 bits.
mod five {
    use super::*;
    use crate::comb::comb;
    use crate::ladder::ladder;
    use crate::radix51::radix51;

    const BOUND: u64 = (1 << 51) + (1 << 15);

    radix51!();
    ladder!();
    comb!();
    tests!(5, [(1 << 51) - 1; 5], [BOUND; 5]);

    impl Edwards {
        fn all(&self) -> [Element; 4] {
            let Self { sum, difference, z, t } = *self;
            [sum, difference, z, t]
        }

        fn or(self, other: Self) -> Self {
            let [sum, difference, z, t] = either(self.all(), other.all());
            Self { sum, difference, z, t }
        }
    }

    /// Any scalar: points are added and doubled in any order, until nothing grows.
    #[test]
    fn no_number_of_a_public_key_grows_too_large() {
        let any = Interval { low: 0, high: u64::MAX };
        let (one, zero) = (Element::small(1), Element::small(0));
        let mut point = Edwards { sum: one, difference: one, z: one, t: zero };
        let limbs = |point: &Edwards| point.all().map(|element| element.0);
        let steps = (1..100).find(|_| {
            let sums = TABLE.iter().map(|multiples| added(&point, multiples, any));
            let next = sums.fold(point, Edwards::or).or(doubled(&point));
            let grown = limbs(&next) != limbs(&point);
            point = next;
            !grown
        });
        assert!(steps.is_some(), "the intervals grow without end");
        assert!(limbs(&point).as_flattened().iter().all(|limb| limb.high < BOUND), "{:?}", limbs(&point));
        assert!(montgomery(&point).0.iter().all(|limb| limb.high < BOUND));
    }

    /// The same code with numbers, beside `curve25519-dalek`.
    #[test]
    fn with_checks_its_public_keys_are_as_they_should_be() {
        for scalar in [0, 1, 0x80, 0x77, 0x88, 0xFF] {
            let mut lanes = [lane(scalar, [0; 32])];
            public_keys(&mut lanes);
            let mut public = [0; 32];
            lanes[0].write_u(&mut public);
            assert_eq!(public, MontgomeryPoint::mul_base_clamped([scalar; 32]).to_bytes(), "{scalar}");
        }
    }
}

/// Ten limbs of 26 and 25 bits.
mod ten {
    use super::*;
    use crate::ladder::ladder;
    use crate::radix25::radix25;

    /// Thrice 2^26 and 2^25, with what limbs 1 and 6 may have above them.
    const EVEN: u64 = 3 * ((1 << 26) + (1 << 11));
    const ODD: u64 = 3 * ((1 << 25) + (1 << 11));

    radix25!();
    ladder!();
    tests!(
        10,
        array::from_fn(|at| if at % 2 == 0 { (1 << 26) - 1 } else { (1 << 25) - 1 }),
        [EVEN, ODD, EVEN, ODD, EVEN, ODD, EVEN, ODD, EVEN, ODD]
    );
}
