// SPDX-License-Identifier: MIT OR Apache-2.0

//! The Montgomery ladder of RFC 7748 §5 for one agreement in four lanes, a coordinate in each, for any field arithmetic.
//!
//! `single!` stands beside `ladder!` and `edwards!`, whose names it uses.

/// Makes the function `agree_alone`, of whose parts each gets the attribute.
macro_rules! single {
    ($(#[$feature:meta])?) => {
        use core::hint::black_box;

        /// Two points (x : z), the second of which is larger by the one that the ladder began with: of each x + z and x − z.
        #[derive(Clone, Copy)]
        struct Pair(Element);

        /// Multiplies the point by the scalar.
        $(#[$feature])?
        pub(crate) fn agree_alone(lane: &mut Lane) {
            let [one, zero] = [[1, 0, 0, 0, 0], [0; 5]];
            let factors = lanes([zero, [121_665, 0, 0, 0, 0], zero, lane.u]);
            // (1 : 0) and (u : 1).
            let mut pair = Pair(lanes([one, zero, lane.u, one]).widen().sums_and_differences());
            for (word, bits) in lane.swaps().into_iter().zip([64, 64, 64, 63]).rev() {
                // What the compiler does not know to be one word, it does not test as one, and then choose by a branch.
                let word = black_box(splat(word));
                for bit in (0..bits).rev() {
                    pair = pair.swapped(mask(word, bit)).step(&factors);
                }
            }
            // A clamped scalar is even, so nothing is left to swap. Twice x in lane 0, and twice z in lane 1.
            let doubled = pair.0.widen().sums_and_differences();
            let inverse = inverse(&doubled.arranged::<0b01_01_01_01>(ALL));
            lane.u = first(&doubled.multiply(&inverse).reduce());
        }

        impl Pair {
            /// The two points, swapped where the mask is set.
            #[inline]
            $(#[$feature])?
            fn swapped(self, mask: Mask) -> Self {
                Self(self.0.swapped(self.0.arranged::<0b01_00_11_10>(ALL), mask).0)
            }

            /// Doubles the first point, and adds it to the second. The letters are the RFC's, but z3 is (DA − CB) · u(DA − CB).
            #[inline]
            $(#[$feature])?
            fn step(self, factors: &Element) -> Self {
                // AA, BB, CB and DA.
                let products = self.0.multiply(&self.0.arranged::<0b00_01_01_00>(ALL));
                // AA, E, DA + CB and DA − CB.
                let left = products.crossed::<0b11_11_00_00, 0b10_10_01_00>([ALL, 0b1110], 0b1010);
                // BB, AA + 121665 E, DA + CB and u(DA − CB).
                let squares = products.reduce().arranged::<0b00_00_00_01>(0b0011).widen();
                let sum = left.arranged::<0b11_10_01_00>(0b0100).widen();
                let right = left.multiply(factors).plus(squares.plus(sum)).reduce();
                Self(left.multiply(&right).sums_and_differences())
            }
        }

        impl Product {
            /// Of each two lanes the sum and the difference.
            #[inline]
            $(#[$feature])?
            fn sums_and_differences(self) -> Element {
                self.crossed::<0b10_10_00_00, 0b11_11_01_01>([ALL, ALL], 0b1010)
            }
        }
    };
}

pub(crate) use single;
