// SPDX-License-Identifier: MIT OR Apache-2.0

//! Numbers modulo 2^255 − 19 in five limbs of 51 bits, for the multiplication of AVX-512 IFMA: 52 by 52 bits, of whose
//! 104 one instruction adds the low half to a lane of 64, and another one the high half.
//!
//! ```text
//! a · b = Σ 2^51(i+j) (low(aᵢbⱼ) + 2^52 high(aᵢbⱼ)) = Σ 2^51k (Lₖ + 2 Hₖ₋₁) = Σ 2^51k zₖ,  k = 0 … 9
//!       ≡ Σ 2^51k (zₖ + 19 zₖ₊₅),  k = 0 … 4
//! ```
//!
//! The instructions ignore what is above 52 bits of a factor, so that each limb of an [`Element`] must be below 2^52.
//!
//! | step | limbs are below | because |
//! | --- | --- | --- |
//! | `Element` | 2^51 + 2^16 | `load` gives less than 2^51; for `reduce` see below |
//! | Lₖ, Hₖ | 2^54.4, 2^52.4 | five terms at most: below 2^52, and below 2^(2·51 + 1 − 52) |
//! | zₖ | 2^55 | Lₖ + 2 Hₖ₋₁ |
//! | `Product` of `multiply` and `square` | 2^59.4 | 20 · 2^55 |
//! | `BIAS` | 2^61 | 2^10 times the prime; each of its limbs is above those of any product |
//! | sum, or difference and bias | 2^61.9 | 2^61 + 2 · 2^59.4 |
//! | what `reduce` carries, c | 2^10.9 | 2^61.9 / 2^51 |
//! | `reduce` | 2^51 + 19 c | which is below 2^51 + 2^16 |
//! | `plus_121665`, before `reduce` | 2^53 | 2^51 + 2^16 + 2^52 + 38 · 2^16 |
//!
//! `intervals.rs` runs this code, as it is, with intervals in place of numbers, and finds that it holds for all inputs.
//!
//! [`radix51!`] stands in a module that has these names: `Vector`, `Mask`, `LANES`, `splat`, `collect`, `spread`, `add`,
//! `subtract`, `and`, `shift_right`, `shift_left`, `swap`, `multiply_low` and `multiply_high`.

/// Makes the types `Element` and `Product`, of whose functions each gets the attribute.
macro_rules! radix51 {
    ($(#[$feature:meta])?) => {
        /// Bits of a limb.
        const MASK: u64 = (1 << 51) - 1;
        /// 1024 times the prime, in limbs that are larger than those of any product.
        const BIAS: [u64; 2] = [(MASK - 18) << 10, MASK << 10];

        /// A number in each lane, ready to be multiplied.
        #[derive(Clone, Copy)]
        struct Element([Vector; 5]);

        /// A number in each lane whose carries are still to come.
        #[derive(Clone, Copy)]
        struct Product([Vector; 5]);

        impl Element {
            #[inline]
            $(#[$feature])?
            fn small(number: u64) -> Self {
                let zero = splat(0);
                Self([splat(number), zero, zero, zero, zero])
            }

            #[inline]
            $(#[$feature])?
            fn load(lanes: &[Lane; LANES]) -> Self {
                Self([
                    collect(lanes.each_ref().map(|lane| lane.u[0])),
                    collect(lanes.each_ref().map(|lane| lane.u[1])),
                    collect(lanes.each_ref().map(|lane| lane.u[2])),
                    collect(lanes.each_ref().map(|lane| lane.u[3])),
                    collect(lanes.each_ref().map(|lane| lane.u[4])),
                ])
            }

            #[inline]
            $(#[$feature])?
            fn store(self, lanes: &mut [Lane; LANES]) {
                let Self([u0, u1, u2, u3, u4]) = self;
                for (lane, u) in lanes.iter_mut().zip(spread(u0)) { lane.u[0] = u; }
                for (lane, u) in lanes.iter_mut().zip(spread(u1)) { lane.u[1] = u; }
                for (lane, u) in lanes.iter_mut().zip(spread(u2)) { lane.u[2] = u; }
                for (lane, u) in lanes.iter_mut().zip(spread(u3)) { lane.u[3] = u; }
                for (lane, u) in lanes.iter_mut().zip(spread(u4)) { lane.u[4] = u; }
            }

            #[inline]
            $(#[$feature])?
            fn widen(self) -> Product {
                Product(self.0)
            }

            /// The two numbers, swapped where the mask is set.
            #[inline]
            $(#[$feature])?
            fn swapped(self, other: Self, mask: Mask) -> (Self, Self) {
                let (Self([a0, a1, a2, a3, a4]), Self([b0, b1, b2, b3, b4])) = (self, other);
                let ((a0, b0), (a1, b1)) = (swap(a0, b0, mask), swap(a1, b1, mask));
                let ((a2, b2), (a3, b3)) = (swap(a2, b2, mask), swap(a3, b3, mask));
                let (a4, b4) = swap(a4, b4, mask);
                (Self([a0, a1, a2, a3, a4]), Self([b0, b1, b2, b3, b4]))
            }

            #[inline]
            $(#[$feature])?
            fn multiply(&self, other: &Self) -> Product {
                let (Self(a), Self(b)) = (self, other);
                folded([
                    low::<0>(a, b, splat(0)),
                    low::<1>(a, b, double(high::<0>(a, b))),
                    low::<2>(a, b, double(high::<1>(a, b))),
                    low::<3>(a, b, double(high::<2>(a, b))),
                    low::<4>(a, b, double(high::<3>(a, b))),
                    low::<5>(a, b, double(high::<4>(a, b))),
                    low::<6>(a, b, double(high::<5>(a, b))),
                    low::<7>(a, b, double(high::<6>(a, b))),
                    low::<8>(a, b, double(high::<7>(a, b))),
                    double(high::<8>(a, b)),
                ])
            }

            #[inline]
            $(#[$feature])?
            fn square(&self) -> Product {
                let Self(a) = self;
                folded([
                    square_column::<0, 0>(a),
                    square_column::<1, 0>(a),
                    square_column::<2, 1>(a),
                    square_column::<3, 2>(a),
                    square_column::<4, 3>(a),
                    square_column::<5, 4>(a),
                    square_column::<6, 5>(a),
                    square_column::<7, 6>(a),
                    square_column::<8, 7>(a),
                    double(square_high::<8>(a)),
                ])
            }

            /// This number, and 121665 times the other one.
            #[inline]
            $(#[$feature])?
            fn plus_121665(&self, other: &Self) -> Self {
                let (Self([a0, a1, a2, a3, a4]), Self([b0, b1, b2, b3, b4])) = (*self, *other);
                let (zero, factor) = (splat(0), splat(121_665));
                let h4 = multiply_high(zero, b4, factor);
                Product([
                    multiply_low(multiply_low(a0, b0, factor), h4, splat(38)),
                    multiply_low(add(a1, double(multiply_high(zero, b0, factor))), b1, factor),
                    multiply_low(add(a2, double(multiply_high(zero, b1, factor))), b2, factor),
                    multiply_low(add(a3, double(multiply_high(zero, b2, factor))), b3, factor),
                    multiply_low(add(a4, double(multiply_high(zero, b3, factor))), b4, factor),
                ])
                .reduce()
            }
        }

        impl Product {
            /// Carries from all limbs at once, from the highest one times 19 to the lowest.
            #[inline]
            $(#[$feature])?
            fn reduce(self) -> Element {
                let Self([r0, r1, r2, r3, r4]) = self;
                let mask = splat(MASK);
                Element([
                    multiply_low(and(r0, mask), shift_right::<51>(r4), splat(19)),
                    add(and(r1, mask), shift_right::<51>(r0)),
                    add(and(r2, mask), shift_right::<51>(r1)),
                    add(and(r3, mask), shift_right::<51>(r2)),
                    add(and(r4, mask), shift_right::<51>(r3)),
                ])
            }

            #[inline]
            $(#[$feature])?
            fn biased(self) -> Self {
                let Self([r0, r1, r2, r3, r4]) = self;
                let [low, other] = [splat(BIAS[0]), splat(BIAS[1])];
                Self([add(r0, low), add(r1, other), add(r2, other), add(r3, other), add(r4, other)])
            }

            #[inline]
            $(#[$feature])?
            fn minus(self, other: Self) -> Element {
                let (Self([p0, p1, p2, p3, p4]), Self([q0, q1, q2, q3, q4])) = (self.biased(), other);
                Self([subtract(p0, q0), subtract(p1, q1), subtract(p2, q2), subtract(p3, q3), subtract(p4, q4)])
                    .reduce()
            }

            #[inline]
            $(#[$feature])?
            fn sum_and_difference(self, other: Self) -> (Element, Element) {
                let (Self([p0, p1, p2, p3, p4]), Self([q0, q1, q2, q3, q4])) = (self.biased(), other);
                let sum = Self([add(p0, q0), add(p1, q1), add(p2, q2), add(p3, q3), add(p4, q4)]);
                (sum.reduce(), self.minus(other))
            }
        }

        #[inline]
        $(#[$feature])?
        fn double(a: Vector) -> Vector {
            add(a, a)
        }

        /// Adds the low halves of the products of a column: aᵢbⱼ with i + j = K.
        #[inline]
        $(#[$feature])?
        fn low<const K: usize>(a: &[Vector; 5], b: &[Vector; 5], mut sum: Vector) -> Vector {
            for (i, a) in a.iter().enumerate() {
                if let Some(b) = K.checked_sub(i).and_then(|j| b.get(j)) {
                    sum = multiply_low(sum, *a, *b);
                }
            }
            sum
        }

        /// The sum of the high halves of the products of a column.
        #[inline]
        $(#[$feature])?
        fn high<const K: usize>(a: &[Vector; 5], b: &[Vector; 5]) -> Vector {
            let mut sum = splat(0);
            for (i, a) in a.iter().enumerate() {
                if let Some(b) = K.checked_sub(i).and_then(|j| b.get(j)) {
                    sum = multiply_high(sum, *a, *b);
                }
            }
            sum
        }

        /// A column of a square: the low halves of K, and twice the high halves of J, the column before. (There is none
        /// before the first, whose high halves are not added.)
        #[inline]
        $(#[$feature])?
        fn square_column<const K: usize, const J: usize>(a: &[Vector; 5]) -> Vector {
            let mut sum = if K == J { splat(0) } else { square_high::<J>(a) };
            for (i, low) in a.iter().enumerate() {
                if let Some(high) = K.checked_sub(i).filter(|j| i < *j).and_then(|j| a.get(j)) {
                    sum = multiply_low(sum, *low, *high);
                }
            }
            let mut sum = double(sum);
            if let Some(middle) = a.get(K / 2).filter(|_| K.is_multiple_of(2)) {
                sum = multiply_low(sum, *middle, *middle);
            }
            sum
        }

        /// The sum of the high halves of a column of a square.
        #[inline]
        $(#[$feature])?
        fn square_high<const K: usize>(a: &[Vector; 5]) -> Vector {
            let mut sum = splat(0);
            for (i, low) in a.iter().enumerate() {
                if let Some(high) = K.checked_sub(i).filter(|j| i < *j).and_then(|j| a.get(j)) {
                    sum = multiply_high(sum, *low, *high);
                }
            }
            let mut sum = double(sum);
            if let Some(middle) = a.get(K / 2).filter(|_| K.is_multiple_of(2)) {
                sum = multiply_high(sum, *middle, *middle);
            }
            sum
        }

        /// Adds 19 times the upper five columns to the lower five.
        #[inline]
        $(#[$feature])?
        fn folded([z0, z1, z2, z3, z4, z5, z6, z7, z8, z9]: [Vector; 10]) -> Product {
            Product([plus_19(z0, z5), plus_19(z1, z6), plus_19(z2, z7), plus_19(z3, z8), plus_19(z4, z9)])
        }

        #[inline]
        $(#[$feature])?
        fn plus_19(a: Vector, b: Vector) -> Vector {
            add(add(add(a, b), double(b)), shift_left::<4>(b))
        }
    };
}

pub(crate) use radix51;
