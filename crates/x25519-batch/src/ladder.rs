// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Montgomery ladder of RFC 7748 §5 in lanes, for any field arithmetic.
//!
//! A point `(x : z)` is kept as `x + z` and `x − z`, which is what a step begins with: so sum and difference of two
//! products are taken before their carries, and each step has two carries less for each point.
//!
//! `ladder!` stands in a module that has these names:
//!
//! * `Element`, which can be multiplied, and `Product`, which a multiplication gives: see `radix51.rs`;
//! * `Vector` with a number in each of `LANES` lanes, `Mask` with a bit for each, `collect` and `mask`.

/// Makes the function `agree`, of whose parts each gets the attribute.
macro_rules! ladder {
    ($(#[$feature:meta])?) => {
        /// Two points, the second of which is larger by the one that the ladder began with.
        #[derive(Clone, Copy)]
        struct Points {
            sum: [Element; 2],
            difference: [Element; 2],
        }

        /// Multiplies each lane's point by its scalar.
        $(#[$feature])?
        pub(crate) fn agree(lanes: &mut [Lane; LANES]) {
            let base = Element::load(lanes);
            let mut points = start(&base);
            let swaps = [
                collect(lanes.each_ref().map(|lane| lane.swaps()[0])),
                collect(lanes.each_ref().map(|lane| lane.swaps()[1])),
                collect(lanes.each_ref().map(|lane| lane.swaps()[2])),
                collect(lanes.each_ref().map(|lane| lane.swaps()[3])),
            ];
            for (word, bits) in swaps.into_iter().zip([64, 64, 64, 63]).rev() {
                for bit in (0..bits).rev() {
                    points = step(swapped(points, mask(word, bit)), &base);
                }
            }
            // A clamped scalar is even, so nothing is left to swap.
            affine(&points).store(lanes);
        }

        /// Nothing, and the base: (1 : 0) and (u : 1).
        #[inline]
        $(#[$feature])?
        fn start(base: &Element) -> Points {
            let one = Element::small(1);
            let (sum, difference) = base.widen().sum_and_difference(one.widen());
            Points { sum: [one, sum], difference: [one, difference] }
        }

        /// Swaps the two points where the mask is set.
        #[inline]
        $(#[$feature])?
        fn swapped(points: Points, mask: Mask) -> Points {
            let Points { sum: [a, c], difference: [b, d] } = points;
            let ((a, c), (b, d)) = (a.swapped(c, mask), b.swapped(d, mask));
            Points { sum: [a, c], difference: [b, d] }
        }

        /// Doubles the first point, and adds it to the second. The letters are the RFC's.
        #[inline]
        $(#[$feature])?
        fn step(points: Points, base: &Element) -> Points {
            let Points { sum: [a, c], difference: [b, d] } = points;
            let (aa, bb) = (a.square(), b.square());
            let e = aa.minus(bb);
            let (aa, bb) = (aa.reduce(), bb.reduce());
            let (sum, difference) = d.multiply(&a).sum_and_difference(c.multiply(&b));
            let (x3, z3) = (sum.square(), difference.square().reduce().multiply(base));
            let (x2, z2) = (aa.multiply(&bb), e.multiply(&aa.plus_121665(&e)));
            let (a, b) = x2.sum_and_difference(z2);
            let (c, d) = x3.sum_and_difference(z3);
            Points { sum: [a, c], difference: [b, d] }
        }

        /// The first point's u-coordinate: 2x / 2z.
        #[inline]
        $(#[$feature])?
        fn affine(points: &Points) -> Element {
            let Points { sum: [sum, _], difference: [difference, _] } = points;
            let (x, z) = sum.widen().sum_and_difference(difference.widen());
            x.multiply(&inverse(&z)).reduce()
        }

        /// `z` to the power of 2^255 − 21: its inverse, or zero.
        #[inline(never)]
        $(#[$feature])?
        fn inverse(z: &Element) -> Element {
            let (to_11, ones_250) = powers(z);
            squares(&ones_250, 5).multiply(&to_11).reduce()
        }

        /// `z` to the power of eleven, and of 2^250 − 1. Names are of exponents: `to_9` is z^9, `ones_10` is z to the power
        /// of ten binary ones.
        $(#[$feature])?
        fn powers(z: &Element) -> (Element, Element) {
            let to_2 = z.square().reduce();
            let to_9 = squares(&to_2, 2).multiply(z).reduce();
            let to_11 = to_9.multiply(&to_2).reduce();
            let ones_5 = to_11.square().reduce().multiply(&to_9).reduce();
            let ones_10 = squares(&ones_5, 5).multiply(&ones_5).reduce();
            let ones_20 = squares(&ones_10, 10).multiply(&ones_10).reduce();
            let ones_40 = squares(&ones_20, 20).multiply(&ones_20).reduce();
            let ones_50 = squares(&ones_40, 10).multiply(&ones_10).reduce();
            let ones_100 = squares(&ones_50, 50).multiply(&ones_50).reduce();
            let ones_200 = squares(&ones_100, 100).multiply(&ones_100).reduce();
            (to_11, squares(&ones_200, 50).multiply(&ones_50).reduce())
        }

        /// Squares as often as is said.
        #[inline(never)]
        $(#[$feature])?
        fn squares(element: &Element, times: usize) -> Element {
            let mut element = *element;
            for _ in 0..times {
                element = element.square().reduce();
            }
            element
        }
    };
}

pub(crate) use ladder;
