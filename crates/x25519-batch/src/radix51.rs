// SPDX-License-Identifier: MIT OR Apache-2.0

//! Numbers modulo 2^255 − 19 in five limbs of 51 bits, for the multiplication of AVX-512 IFMA: 52 by 52 bits, of whose
//! 104 one instruction adds the low half to a lane of 64, and another one the high half.
//!
//! ```text
//! a · b = Σ 2^51(i+j) (low(aᵢbⱼ) + 2^52 high(aᵢbⱼ)) = Σ 2^51k (Lₖ + 2 Hₖ₋₁) = Σ 2^51k zₖ,  k = 0 … 9
//!       ≡ Σ 2^51k (zₖ + 19 zₖ₊₅),  k = 0 … 4
//! ```
//!
//! The instructions ignore what is above 52 bits of a factor, so that each limb of an `Element` must be below 2^52.
//!
//! | step | limbs are below | because |
//! | --- | --- | --- |
//! | `Element` | 2^51 + 2^15 | a point's are below 2^51; for all others see `reduce` |
//! | Lₖ, Hₖ | 2^54.4, 2^52.4 | five terms at most, each below 2^52, or below 2^(2 · 51 + ε − 52) |
//! | zₖ | 2^54.7 | Lₖ + 2 Hₖ₋₁ |
//! | `Product` of `multiply` and `square` | 2^59 | zₖ + 19 zₖ₊₅; the largest is the lowest, where z₅ has four terms |
//! | `BIAS` | 2^61 | 2^10 times the prime; each of its limbs is above those of any product |
//! | twice a `Product` | 2^60 | it is subtracted from less than 2^54 (`comb.rs`) or four times one (`edwards.rs`), and the bias |
//! | sum, difference and bias | 2^62 | 2^61 + 4 · 2^59; the highest is below 2^61.2, because z₉ has one term |
//! | what `reduce` carries, c | 2^11 | 2^62 / 2^51 |
//! | `reduce` | 2^51 + 2^15 | 2^51 + c; the lowest 2^51 + 19 c, c from the highest |
//! | `plus_121665`, before `reduce` | 2^52.6 | 2^51 + 2^15 + 2^52 + 38 · 2^17 |
//!
//! `intervals.rs` runs this code, as it is, with intervals in place of numbers, and finds that it holds for all inputs.
//!
//! `radix51!` stands in a module that has these names: `Vector`, `Mask`, `LANES`, `Lane`, `splat`, `collect`, `spread`, `add`,
//! `subtract`, `and`, `shift_right`, `shift_left`, `swap`, `multiply_low` and `multiply_high`.

/// A sum, and the low halves of products: `low!(s; a0 b1, a1 b0)` is s + low(a₀b₁) + low(a₁b₀).
macro_rules! low {
    ($sum:expr; $($a:ident $b:ident),*) => {{
        let sum = $sum;
        $(let sum = multiply_low(sum, $a, $b);)*
        sum
    }};
}

/// The same with the high halves.
macro_rules! high {
    ($sum:expr; $($a:ident $b:ident),*) => {{
        let sum = $sum;
        $(let sum = multiply_high(sum, $a, $b);)*
        sum
    }};
}

/// Makes the types `Element` and `Product`, of whose functions each gets the attribute.
macro_rules! radix51 {
    ($(#[$feature:meta])?) => {
        use $crate::radix51::{high, low};

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
                let (Self([a0, a1, a2, a3, a4]), Self([b0, b1, b2, b3, b4])) = (*self, *other);
                let zero = splat(0);
                folded([
                    low!(zero; a0 b0),
                    low!(twice(high!(zero; a0 b0)); a0 b1, a1 b0),
                    low!(twice(high!(zero; a0 b1, a1 b0)); a0 b2, a1 b1, a2 b0),
                    low!(twice(high!(zero; a0 b2, a1 b1, a2 b0)); a0 b3, a1 b2, a2 b1, a3 b0),
                    low!(twice(high!(zero; a0 b3, a1 b2, a2 b1, a3 b0)); a0 b4, a1 b3, a2 b2, a3 b1, a4 b0),
                    low!(twice(high!(zero; a0 b4, a1 b3, a2 b2, a3 b1, a4 b0)); a1 b4, a2 b3, a3 b2, a4 b1),
                    low!(twice(high!(zero; a1 b4, a2 b3, a3 b2, a4 b1)); a2 b4, a3 b3, a4 b2),
                    low!(twice(high!(zero; a2 b4, a3 b3, a4 b2)); a3 b4, a4 b3),
                    low!(twice(high!(zero; a3 b4, a4 b3)); a4 b4),
                    twice(high!(zero; a4 b4)),
                ])
            }

            #[inline]
            $(#[$feature])?
            fn square(&self) -> Product {
                let Self([a0, a1, a2, a3, a4]) = *self;
                let zero = splat(0);
                folded([
                    low!(zero; a0 a0),
                    twice(low!(high!(zero; a0 a0); a0 a1)),
                    low!(twice(low!(twice(high!(zero; a0 a1)); a0 a2)); a1 a1),
                    twice(low!(high!(twice(high!(zero; a0 a2)); a1 a1); a0 a3, a1 a2)),
                    low!(twice(low!(twice(high!(zero; a0 a3, a1 a2)); a0 a4, a1 a3)); a2 a2),
                    twice(low!(high!(twice(high!(zero; a0 a4, a1 a3)); a2 a2); a1 a4, a2 a3)),
                    low!(twice(low!(twice(high!(zero; a1 a4, a2 a3)); a2 a4)); a3 a3),
                    twice(low!(high!(twice(high!(zero; a2 a4)); a3 a3); a3 a4)),
                    low!(twice(twice(high!(zero; a3 a4))); a4 a4),
                    twice(high!(zero; a4 a4)),
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
                    multiply_low(add(a1, twice(multiply_high(zero, b0, factor))), b1, factor),
                    multiply_low(add(a2, twice(multiply_high(zero, b1, factor))), b2, factor),
                    multiply_low(add(a3, twice(multiply_high(zero, b2, factor))), b3, factor),
                    multiply_low(add(a4, twice(multiply_high(zero, b3, factor))), b4, factor),
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
            fn plus(self, other: Self) -> Self {
                let (Self([p0, p1, p2, p3, p4]), Self([q0, q1, q2, q3, q4])) = (self, other);
                Self([add(p0, q0), add(p1, q1), add(p2, q2), add(p3, q3), add(p4, q4)])
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
                (self.biased().plus(other).reduce(), self.minus(other))
            }
        }

        #[inline]
        $(#[$feature])?
        fn twice(limb: Vector) -> Vector {
            add(limb, limb)
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
            add(add(add(a, b), twice(b)), shift_left::<4>(b))
        }
    };
}

pub(crate) use {high, low, radix51};
