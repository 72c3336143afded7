// SPDX-License-Identifier: MIT OR Apache-2.0

//! Numbers modulo 2^255 − 19 in ten limbs of 26 and 25 bits in turn (radix 2^25.5), for a multiplication of 32 by 32
//! bits: AVX2.
//!
//! ```text
//! a · b = Σ 2^⌈25.5 (i+j)⌉ (2 if i and j are odd) aᵢbⱼ
//!       ≡ Σ 2^⌈25.5 k⌉ zₖ,  zₖ = Σ aᵢbⱼ (2 if i and j are odd) (19 if i + j = k + 10),  k = 0 … 9
//! ```
//!
//! The instruction ignores what is above 32 bits of a factor, so that each limb times 19 must be below 2^32; with limbs
//! twice or thrice as large as carried ones no sum and no difference needs a carry of its own.
//!
//! | step | even limbs are below | odd limbs are below | because |
//! | --- | --- | --- | --- |
//! | `Product`, carried | 2^26 + 2^16 | 2^25 + 2^16 | see `carried` below; `load` gives less |
//! | `BIAS` | 2^27 | 2^26 | twice the prime; each of its limbs is above those of any product |
//! | `Element`: a sum, a difference and the bias | 2^27.59 | 2^26.59 | three times a product's |
//! | 19 times that | 2^31.84 | 2^30.84 | |
//! | zₖ | 2^62.2 | 2^62.2 | z₀ = 9 · 2^52 (1 + 4 · 19 + 5 · 19 · 2 / 4), the largest |
//! | `plus_121665`, not carried | 2^44.5 | 2^43.5 | |
//! | what `carried` carries from limb 9 | 2^37, times 19 to limb 0 | | in two chains: 0 … 5 and 5 … 9, 0, 1 |
//! | `carried`, last step | 2^26 | 2^25 + 2^16 | limbs 1 and 6 are left with a carry |
//!
//! `intervals.rs` runs this code, as it is, with intervals in place of numbers, and finds that it holds for all inputs.
//!
//! [`radix25!`] stands in a module that has these names: `Vector`, `Mask`, `LANES`, `splat`, `collect`, `spread`, `add`,
//! `subtract`, `and`, `shift_right`, `shift_left`, `swap` and `multiply`.

/// Makes the types `Element` and `Product`, of whose functions each gets the attribute.
macro_rules! radix25 {
    ($(#[$feature:meta])?) => {
        /// Twice the prime, in limbs that are larger than those of any product: the lowest, odd and even ones.
        const BIAS: [u64; 3] = [(1 << 27) - 38, (1 << 26) - 2, (1 << 27) - 2];

        /// A number in each lane, ready to be multiplied.
        #[derive(Clone, Copy)]
        struct Element([Vector; 10]);

        /// A number in each lane as a multiplication gives it, carried: it can be added to another one, or subtracted.
        #[derive(Clone, Copy)]
        struct Product([Vector; 10]);

        impl Element {
            #[inline]
            $(#[$feature])?
            fn small(number: u64) -> Self {
                let zero = splat(0);
                Self([splat(number), zero, zero, zero, zero, zero, zero, zero, zero, zero])
            }

            #[inline]
            $(#[$feature])?
            fn load(lanes: &[Lane; LANES]) -> Self {
                let (u0, u1) = halves(collect(lanes.each_ref().map(|lane| lane.u[0])));
                let (u2, u3) = halves(collect(lanes.each_ref().map(|lane| lane.u[1])));
                let (u4, u5) = halves(collect(lanes.each_ref().map(|lane| lane.u[2])));
                let (u6, u7) = halves(collect(lanes.each_ref().map(|lane| lane.u[3])));
                let (u8, u9) = halves(collect(lanes.each_ref().map(|lane| lane.u[4])));
                Self([u0, u1, u2, u3, u4, u5, u6, u7, u8, u9])
            }

            #[inline]
            $(#[$feature])?
            fn store(self, lanes: &mut [Lane; LANES]) {
                let Self([u0, u1, u2, u3, u4, u5, u6, u7, u8, u9]) = self;
                let limbs = [whole(u0, u1), whole(u2, u3), whole(u4, u5), whole(u6, u7), whole(u8, u9)];
                for (at, limb) in limbs.into_iter().enumerate() {
                    for (lane, number) in lanes.iter_mut().zip(spread(limb)) {
                        if let Some(u) = lane.u.get_mut(at) {
                            *u = number;
                        }
                    }
                }
            }

            /// The number as a product, which is to be carried.
            #[inline]
            $(#[$feature])?
            fn widen(self) -> Product {
                carried(self.0)
            }

            /// The two numbers, swapped where the mask is set.
            #[inline]
            $(#[$feature])?
            fn swapped(self, other: Self, mask: Mask) -> (Self, Self) {
                let Self([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9]) = self;
                let Self([b0, b1, b2, b3, b4, b5, b6, b7, b8, b9]) = other;
                let ((a0, b0), (a1, b1)) = (swap(a0, b0, mask), swap(a1, b1, mask));
                let ((a2, b2), (a3, b3)) = (swap(a2, b2, mask), swap(a3, b3, mask));
                let ((a4, b4), (a5, b5)) = (swap(a4, b4, mask), swap(a5, b5, mask));
                let ((a6, b6), (a7, b7)) = (swap(a6, b6, mask), swap(a7, b7, mask));
                let ((a8, b8), (a9, b9)) = (swap(a8, b8, mask), swap(a9, b9, mask));
                let a = Self([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9]);
                (a, Self([b0, b1, b2, b3, b4, b5, b6, b7, b8, b9]))
            }

            #[inline]
            $(#[$feature])?
            fn multiply(&self, other: &Self) -> Product {
                let (Self(a), Self(b)) = (self, other);
                let (odd_twice, b_19) = (odd_twice(a), times_19(b));
                carried([
                    column::<0>(&odd_twice, b, &b_19),
                    column::<1>(a, b, &b_19),
                    column::<2>(&odd_twice, b, &b_19),
                    column::<3>(a, b, &b_19),
                    column::<4>(&odd_twice, b, &b_19),
                    column::<5>(a, b, &b_19),
                    column::<6>(&odd_twice, b, &b_19),
                    column::<7>(a, b, &b_19),
                    column::<8>(&odd_twice, b, &b_19),
                    column::<9>(a, b, &b_19),
                ])
            }

            #[inline]
            $(#[$feature])?
            fn square(&self) -> Product {
                let Self(a) = self;
                let (odd_twice, a_19) = (odd_twice(a), times_19(a));
                carried([
                    square_column::<0>(&odd_twice, a, &a_19),
                    square_column::<1>(a, a, &a_19),
                    square_column::<2>(&odd_twice, a, &a_19),
                    square_column::<3>(a, a, &a_19),
                    square_column::<4>(&odd_twice, a, &a_19),
                    square_column::<5>(a, a, &a_19),
                    square_column::<6>(&odd_twice, a, &a_19),
                    square_column::<7>(a, a, &a_19),
                    square_column::<8>(&odd_twice, a, &a_19),
                    square_column::<9>(a, a, &a_19),
                ])
            }

            /// This number, and 121665 times the other one.
            #[inline]
            $(#[$feature])?
            fn plus_121665(&self, other: &Self) -> Self {
                let Self([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9]) = *self;
                let Self([b0, b1, b2, b3, b4, b5, b6, b7, b8, b9]) = *other;
                let factor = splat(121_665);
                carried([
                    add(a0, multiply(b0, factor)),
                    add(a1, multiply(b1, factor)),
                    add(a2, multiply(b2, factor)),
                    add(a3, multiply(b3, factor)),
                    add(a4, multiply(b4, factor)),
                    add(a5, multiply(b5, factor)),
                    add(a6, multiply(b6, factor)),
                    add(a7, multiply(b7, factor)),
                    add(a8, multiply(b8, factor)),
                    add(a9, multiply(b9, factor)),
                ])
                .reduce()
            }
        }

        impl Product {
            #[inline]
            $(#[$feature])?
            fn reduce(self) -> Element {
                Element(self.0)
            }

            #[inline]
            $(#[$feature])?
            fn minus(self, other: Self) -> Element {
                let Self([p0, p1, p2, p3, p4, p5, p6, p7, p8, p9]) = self;
                let Self([q0, q1, q2, q3, q4, q5, q6, q7, q8, q9]) = other;
                let [lowest, odd, even] = [splat(BIAS[0]), splat(BIAS[1]), splat(BIAS[2])];
                Element([
                    subtract(add(p0, lowest), q0),
                    subtract(add(p1, odd), q1),
                    subtract(add(p2, even), q2),
                    subtract(add(p3, odd), q3),
                    subtract(add(p4, even), q4),
                    subtract(add(p5, odd), q5),
                    subtract(add(p6, even), q6),
                    subtract(add(p7, odd), q7),
                    subtract(add(p8, even), q8),
                    subtract(add(p9, odd), q9),
                ])
            }

            #[inline]
            $(#[$feature])?
            fn sum_and_difference(self, other: Self) -> (Element, Element) {
                let Self([p0, p1, p2, p3, p4, p5, p6, p7, p8, p9]) = self;
                let Self([q0, q1, q2, q3, q4, q5, q6, q7, q8, q9]) = other;
                let sum = Element([
                    add(p0, q0),
                    add(p1, q1),
                    add(p2, q2),
                    add(p3, q3),
                    add(p4, q4),
                    add(p5, q5),
                    add(p6, q6),
                    add(p7, q7),
                    add(p8, q8),
                    add(p9, q9),
                ]);
                (sum, self.minus(other))
            }
        }

        /// 51 bits as 26 and 25.
        #[inline]
        $(#[$feature])?
        fn halves(limb: Vector) -> (Vector, Vector) {
            (and(limb, splat((1 << 26) - 1)), shift_right::<26>(limb))
        }

        /// Two limbs as one of 51 bits.
        #[inline]
        $(#[$feature])?
        fn whole(even: Vector, odd: Vector) -> Vector {
            add(even, shift_left::<26>(odd))
        }

        #[inline]
        $(#[$feature])?
        fn odd_twice(&[a0, a1, a2, a3, a4, a5, a6, a7, a8, a9]: &[Vector; 10]) -> [Vector; 10] {
            [a0, add(a1, a1), a2, add(a3, a3), a4, add(a5, a5), a6, add(a7, a7), a8, add(a9, a9)]
        }

        #[inline]
        $(#[$feature])?
        fn times_19(&[a0, a1, a2, a3, a4, a5, a6, a7, a8, a9]: &[Vector; 10]) -> [Vector; 10] {
            let factor = splat(19);
            [
                multiply(a0, factor),
                multiply(a1, factor),
                multiply(a2, factor),
                multiply(a3, factor),
                multiply(a4, factor),
                multiply(a5, factor),
                multiply(a6, factor),
                multiply(a7, factor),
                multiply(a8, factor),
                multiply(a9, factor),
            ]
        }

        /// The sum of a column: aᵢbⱼ with i + j = K, and 19 times those with i + j = K + 10.
        #[inline]
        $(#[$feature])?
        fn column<const K: usize>(a: &[Vector; 10], b: &[Vector; 10], b_19: &[Vector; 10]) -> Vector {
            let mut sum = splat(0);
            for (i, a) in a.iter().enumerate() {
                let b = if i <= K { b.get(K - i) } else { b_19.get(K + 10 - i) };
                if let Some(b) = b {
                    sum = add(sum, multiply(*a, *b));
                }
            }
            sum
        }

        /// A column of a square, whose products but those in the middle come twice.
        #[inline]
        $(#[$feature])?
        fn square_column<const K: usize>(twice: &[Vector; 10], a: &[Vector; 10], a_19: &[Vector; 10]) -> Vector {
            let (mut pairs, mut middle) = (splat(0), splat(0));
            for (i, low) in twice.iter().enumerate() {
                let (j, from) = if i <= K { (K - i, a) } else { (K + 10 - i, a_19) };
                let Some(high) = from.get(j) else { continue };
                if i < j {
                    pairs = add(pairs, multiply(*low, *high));
                } else if i == j {
                    middle = add(middle, multiply(*low, *high));
                }
            }
            add(add(pairs, pairs), middle)
        }

        /// Carries through all limbs, in two chains side by side.
        #[inline]
        $(#[$feature])?
        fn carried([z0, z1, z2, z3, z4, z5, z6, z7, z8, z9]: [Vector; 10]) -> Product {
            let ((z0, z1), (z5, z6)) = (carry::<26>(z0, z1), carry::<25>(z5, z6));
            let ((z1, z2), (z6, z7)) = (carry::<25>(z1, z2), carry::<26>(z6, z7));
            let ((z2, z3), (z7, z8)) = (carry::<26>(z2, z3), carry::<25>(z7, z8));
            let ((z3, z4), (z8, z9)) = (carry::<25>(z3, z4), carry::<26>(z8, z9));
            let ((z4, z5), (z9, above)) = (carry::<26>(z4, z5), carry::<25>(z9, splat(0)));
            let z0 = add(add(add(z0, above), add(above, above)), shift_left::<4>(above));
            let ((z5, z6), (z0, z1)) = (carry::<25>(z5, z6), carry::<26>(z0, z1));
            Product([z0, z1, z2, z3, z4, z5, z6, z7, z8, z9])
        }

        /// A limb of so many bits, and the next one with what was above them.
        #[inline]
        $(#[$feature])?
        fn carry<const BITS: i32>(limb: Vector, next: Vector) -> (Vector, Vector) {
            (and(limb, splat((1 << BITS) - 1)), add(next, shift_right::<BITS>(limb)))
        }
    };
}

pub(crate) use radix25;
