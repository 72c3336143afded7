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
//! | `Product` | 2^26 | 2^25 | carried; but limbs 1 and 6, which come last, are below 2^25 + 2^11 and 2^26 + 2^11 |
//! | `BIAS` | 2^27 | 2^26 | twice the prime; each of its limbs is above those of any product |
//! | `Element` | 2^27.59 | 2^26.59 | a difference and the bias: three times a product; a sum is twice one |
//! | 19 times that | 2^31.84 | 2^30.84 | what they are multiplied by |
//! | zₖ | 2^62.2 | 2^62.2 | z₀ is the largest: five even products and five odd ones twice, but one 19 times |
//! | what limb 9 carries | 2^36.6 | | times 19 to limb 0, by shifts: it is more than 32 bits |
//! | `plus_121665`, not carried | 2^44.5 | 2^43.5 | |
//!
//! `intervals.rs` runs this code, as it is, with intervals in place of numbers, and finds that it holds for all inputs.
//!
//! The functions that multiply are calls: where the compiler sees that the high halves of their factors don't matter, it no
//! longer clears them, and then multiplies 64 bits by 64, which takes three times as long.
//!
//! `radix25!` stands in a module that has these names: `Vector`, `Mask`, `LANES`, `splat`, `collect`, `spread`, `add`,
//! `subtract`, `and`, `shift_right`, `shift_left`, `swap` and `multiply`.

/// The sum of products: `dot!(a0 b1, a1 b0)` is a₀b₁ + a₁b₀.
macro_rules! dot {
    ($a:ident $b:ident $(, $c:ident $d:ident)*) => {{
        let sum = multiply($a, $b);
        $(let sum = add(sum, multiply($c, $d));)*
        sum
    }};
}

/// Makes the types `Element` and `Product`, of whose functions each gets the attribute.
macro_rules! radix25 {
    ($(#[$feature:meta])?) => {
        use $crate::radix25::dot;

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
                carried(columns(self, &factors(other)))
            }

            #[inline(never)]
            $(#[$feature])?
            fn square(&self) -> Product {
                let Self([a0, a1, a2, a3, a4, a5, a6, a7, a8, a9]) = *self;
                let [d1, d3, d5, d7, d9] = [twice(a1), twice(a3), twice(a5), twice(a7), twice(a9)];
                let [n5, n6, n7, n8, n9] = times_19(&[a5, a6, a7, a8, a9]);
                carried([
                    add(twice(dot!(d1 n9, a2 n8, d3 n7, a4 n6)), dot!(a0 a0, d5 n5)),
                    twice(dot!(a0 a1, a2 n9, a3 n8, a4 n7, a5 n6)),
                    add(twice(dot!(a0 a2, d3 n9, a4 n8, d5 n7)), dot!(d1 a1, a6 n6)),
                    twice(dot!(a0 a3, a1 a2, a4 n9, a5 n8, a6 n7)),
                    add(twice(dot!(a0 a4, d1 a3, d5 n9, a6 n8)), dot!(a2 a2, d7 n7)),
                    twice(dot!(a0 a5, a1 a4, a2 a3, a6 n9, a7 n8)),
                    add(twice(dot!(a0 a6, d1 a5, a2 a4, d7 n9)), dot!(d3 a3, a8 n8)),
                    twice(dot!(a0 a7, a1 a6, a2 a5, a3 a4, a8 n9)),
                    add(twice(dot!(a0 a8, d1 a7, a2 a6, d3 a5)), dot!(a4 a4, d9 n9)),
                    twice(dot!(a0 a9, a1 a8, a2 a7, a3 a6, a4 a5)),
                ])
            }

            /// This number, and 121665 times the other one.
            #[inline(never)]
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
        fn twice(limb: Vector) -> Vector {
            add(limb, limb)
        }

        /// Limbs times 19.
        #[inline(never)]
        $(#[$feature])?
        fn times_19<const N: usize>(limbs: &[Vector; N]) -> [Vector; N] {
            let mut products = *limbs;
            for limb in &mut products {
                *limb = multiply(*limb, splat(19));
            }
            products
        }

        /// What `columns` multiplies by: a number's limbs but the lowest, times 19, and then the limbs.
        #[inline(never)]
        $(#[$feature])?
        fn factors(&Element([b0, b1, b2, b3, b4, b5, b6, b7, b8, b9]): &Element) -> [Vector; 19] {
            let [n1, n2, n3, n4, n5, n6, n7, n8, n9] = times_19(&[b1, b2, b3, b4, b5, b6, b7, b8, b9]);
            [n1, n2, n3, n4, n5, n6, n7, n8, n9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9]
        }

        /// The columns of a product. Two limbs at a time are multiplied by ten factors in a row each, from bⱼ down to
        /// where the products of 19 bⱼ belong; so all sums stay in registers.
        #[inline(never)]
        $(#[$feature])?
        fn columns(&Element(a): &Element, factors: &[Vector; 19]) -> [Vector; 10] {
            let mut columns = [splat(0); 10];
            for ([even, odd], row) in a.as_chunks().0.iter().zip(factors.windows(11).rev().step_by(2)) {
                let Some(&[f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10]) = row.first_chunk() else { continue };
                let [z0, z1, z2, z3, z4, z5, z6, z7, z8, z9] = columns;
                let (even, odd, odd_twice) = (*even, *odd, twice(*odd));
                columns = [
                    add(add(z0, multiply(even, f1)), multiply(odd_twice, f0)),
                    add(add(z1, multiply(even, f2)), multiply(odd, f1)),
                    add(add(z2, multiply(even, f3)), multiply(odd_twice, f2)),
                    add(add(z3, multiply(even, f4)), multiply(odd, f3)),
                    add(add(z4, multiply(even, f5)), multiply(odd_twice, f4)),
                    add(add(z5, multiply(even, f6)), multiply(odd, f5)),
                    add(add(z6, multiply(even, f7)), multiply(odd_twice, f6)),
                    add(add(z7, multiply(even, f8)), multiply(odd, f7)),
                    add(add(z8, multiply(even, f9)), multiply(odd_twice, f8)),
                    add(add(z9, multiply(even, f10)), multiply(odd, f9)),
                ];
            }
            columns
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

pub(crate) use {dot, radix25};
