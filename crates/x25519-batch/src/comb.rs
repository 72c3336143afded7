// SPDX-License-Identifier: MIT OR Apache-2.0

//! Multiples of the base point in lanes, for any field arithmetic. Four bits of a scalar at a time select the point to
//! add from a table, as an index into registers: all of the table is read.
//!
//! `comb!` stands beside `ladder!`, whose names it uses, and two more:
//!
//! * `digit`, a number shifted right, of which the lowest four bits count;
//! * `select`, which takes one of sixteen numbers by these bits.

/// Makes the function `public_keys`, of whose parts each gets the attribute.
macro_rules! comb {
    ($(#[$feature:meta])?) => {
        use $crate::table::{Multiples, TABLE};

        /// A point (x, y) of the Edwards curve: Y + X, Y − X, Z and XY / Z with x = X / Z and y = Y / Z.
        #[derive(Clone, Copy)]
        struct Edwards {
            sum: Element,
            difference: Element,
            z: Element,
            t: Element,
        }

        /// Multiplies the base point by each lane's scalar.
        $(#[$feature])?
        pub(crate) fn public_keys(lanes: &mut [Lane; LANES]) {
            let words = [
                collect(lanes.each_ref().map(|lane| lane.scalar[0])),
                collect(lanes.each_ref().map(|lane| lane.scalar[1])),
                collect(lanes.each_ref().map(|lane| lane.scalar[2])),
                collect(lanes.each_ref().map(|lane| lane.scalar[3])),
            ];
            let (one, zero) = (Element::small(1), Element::small(0));
            let mut point = Edwards { sum: one, difference: one, z: one, t: zero };
            // The table has the places of each fourth digit: the highest of these first, then those four bits below.
            for above in [12, 8, 4, 0] {
                if above < 12 {
                    for _ in 0..4 {
                        point = doubled(&point);
                    }
                }
                for (word, tables) in words.into_iter().zip(TABLE.as_chunks::<4>().0) {
                    for (multiples, below) in tables.iter().zip([0, 16, 32, 48]) {
                        point = added(&point, multiples, digit(word, below + above));
                    }
                }
            }
            montgomery(&point).store(lanes);
        }

        /// The point and one of the multiples. Letters are those of Hisil, Wong, Carter and Dawson.
        #[inline]
        $(#[$feature])?
        fn added(point: &Edwards, multiples: &Multiples, digit: Vector) -> Edwards {
            let Multiples { sum, difference, t } = multiples;
            let b = point.sum.multiply(&selected(sum, digit));
            let a = point.difference.multiply(&selected(difference, digit));
            let z = point.z.widen();
            let (h, e) = b.sum_and_difference(a);
            let (g, f) = z.plus(z).sum_and_difference(point.t.multiply(&selected(t, digit)));
            quotients([&e, &g], [&h, &f])
        }

        /// Twice the point: x is 4XY / 2(Y² − X²), and y is 2(Y² + X²) / (4Z² − 2(Y² − X²)).
        #[inline]
        $(#[$feature])?
        fn doubled(point: &Edwards) -> Edwards {
            let Edwards { sum, difference, z, .. } = point;
            let (h, e) = sum.square().sum_and_difference(difference.square());
            let g = sum.multiply(difference);
            let g = g.plus(g);
            let z = z.square().reduce().widen();
            let z = z.plus(z);
            quotients([&e, &g.reduce()], [&h, &z.plus(z).minus(g)])
        }

        /// The point of two quotients.
        #[inline]
        $(#[$feature])?
        fn quotients([e, g]: [&Element; 2], [h, f]: [&Element; 2]) -> Edwards {
            let (sum, difference) = h.multiply(g).sum_and_difference(e.multiply(f));
            Edwards { sum, difference, z: f.multiply(g).reduce(), t: e.multiply(h).reduce() }
        }

        /// Of sixteen numbers the one that each lane's digit says.
        #[inline]
        $(#[$feature])?
        fn selected([l0, l1, l2, l3, l4]: &[[[u64; 8]; 2]; 5], digit: Vector) -> Element {
            Element([
                select(l0, digit),
                select(l1, digit),
                select(l2, digit),
                select(l3, digit),
                select(l4, digit),
            ])
        }

        /// The u-coordinate on X25519's curve: (Z + Y) / (Z − Y).
        #[inline]
        $(#[$feature])?
        fn montgomery(point: &Edwards) -> Element {
            let Edwards { sum, difference, z, .. } = point;
            let (y, z) = (sum.widen().plus(difference.widen()), z.widen());
            let (numerator, denominator) = z.plus(z).sum_and_difference(y);
            numerator.multiply(&inverse(&denominator)).reduce()
        }
    };
}

pub(crate) use comb;
