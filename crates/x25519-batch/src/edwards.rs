// SPDX-License-Identifier: MIT OR Apache-2.0

//! One point of the Edwards curve in four lanes, a coordinate in each, for any field arithmetic: what verifying a
//! signature computes. `of_montgomery` and `combine` get public numbers, and take as long as these have it; the rest is
//! `single!`'s, too, whose numbers are secret, and does not depend on them.
//!
//! `edwards!` stands beside `ladder!`, whose names it uses, and three more, of four lanes:
//!
//! * `arrange`, which puts lanes into an order that has two bits for each, and zero where a bit of the mask is 0;
//! * `negate`, which has the first number less the second where a bit of the mask is 1, and the second elsewhere;
//! * `scale`, which shifts each lane to the left by a number of bits.

use crate::{lane, table};

/// A point (x, y) of the curve −x² + y² = 1 + dx²y²: limbs of 51 bits, reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Affine {
    pub(crate) x: [u64; 5],
    pub(crate) y: [u64; 5],
}

impl Affine {
    /// y, and the lowest bit of x on top (RFC 8032 §5.1.2).
    pub(crate) fn encode(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        lane::write(self.y, &mut bytes);
        bytes[31] |= u8::from(self.is_odd()) << 7;
        bytes
    }

    /// Whether x is odd, which an encoding calls negative.
    pub(crate) fn is_odd(&self) -> bool {
        let [x, ..] = self.x;
        x & 1 == 1
    }

    /// (−x, y).
    pub(crate) fn negated(&self) -> Self {
        Self { x: table::difference([0; 5], self.x), y: self.y }
    }
}

/// A scalar as a sum of odd digits up to 15, each times two to the power of its place: after each come three zeros.
pub(crate) fn digits(mut scalar: [u64; 4]) -> [u8; 256] {
    [(); 256].map(|()| {
        let [k0, k1, k2, k3] = scalar;
        let digit = if k0 & 1 == 1 { k0 & 15 } else { 0 };
        scalar = [(k0 - digit) >> 1 | k1 << 63, k1 >> 1 | k2 << 63, k2 >> 1 | k3 << 63, k3 >> 1];
        digit.to_le_bytes()[0]
    })
}

/// Makes the functions `of_montgomery` and `combine`, of whose parts each gets the attribute.
macro_rules! edwards {
    ($(#[$feature:meta])?) => {
        use $crate::edwards::{Affine, digits};
        use $crate::table::{self, D, MINUS_ONE_ROOT, Multiples, Number, TABLE, TWICE_D};

        const ALL: Mask = 0b1111;

        /// Y − X, Y + X, Z and XY / Z, with x = X / Z and y = Y / Z.
        #[derive(Clone, Copy)]
        struct Point(Element);

        /// What is added of a point: Y − X, Y + X, 2Z and 2dXY / Z.
        #[derive(Clone, Copy)]
        struct Addend(Element);

        /// What the point with a u-coordinate may be.
        struct Candidates {
            /// One of them, in lane 0, or none.
            x: [Element; 2],
            /// In lane 1.
            y: Element,
            /// The square of x: a numerator, and a denominator.
            square: [Element; 2],
        }

        impl Candidates {
            $(#[$feature])?
            fn of(u: &Element) -> Self {
                // x² = −4u / (d(u − 1)² + (u + 1)²), and y = (u − 1) / (u + 1).
                let (above, below) = u.widen().sum_and_difference(Element::small(1).widen());
                let twice = u.widen().plus(u.widen());
                let numerator = Element::small(0).widen().minus(twice.plus(twice));
                let square = below.square().reduce();
                let denominator = everywhere(D).multiply(&square).plus(above.square()).reduce();
                let (x, inverse) = root_and_inverse(&numerator, &denominator, &above);
                let other = x.multiply(&everywhere(MINUS_ONE_ROOT)).reduce();
                let y = below.multiply(&inverse).reduce();
                Self { x: [x, other], y, square: [numerator, denominator] }
            }

            /// The numerator that the square would have.
            $(#[$feature])?
            fn numerator_of(&self, x: &Element) -> Element {
                x.square().reduce().multiply(&self.square[1]).reduce()
            }
        }

        /// The point with this u-coordinate whose x is even, if there is one.
        $(#[$feature])?
        pub(crate) fn of_montgomery(u: Number) -> Option<Affine> {
            let candidates = Candidates::of(&everywhere(u));
            let Candidates { x, y, square: [numerator, _] } = &candidates;
            let is_root = |x: &&Element| first(&candidates.numerator_of(x)) == first(numerator);
            let point = Affine { x: first(x.iter().find(is_root)?), y: second(y) };
            Some(if point.is_odd() { point.negated() } else { point })
        }

        /// The root of a quotient in lane 0, if it has one and but for a root of −1 (RFC 8032 §5.1.3), and the inverse of
        /// a number in lane 1.
        $(#[$feature])?
        fn root_and_inverse(
            numerator: &Element,
            denominator: &Element,
            number: &Element,
        ) -> (Element, Element) {
            let cube = denominator.square().reduce().multiply(denominator).reduce();
            let seventh = cube.square().reduce().multiply(denominator).reduce();
            let product = numerator.multiply(&seventh).reduce();
            let lane_0 = product.arranged::<0b11_10_01_00>(0b0001).widen();
            let both = lane_0.plus(number.arranged::<0b11_10_01_00>(0b1110).widen()).reduce();
            let (to_11, ones_250) = powers(&both);
            let power = squares(&ones_250, 2).multiply(&both).reduce();
            let root = numerator.multiply(&cube).reduce().multiply(&power).reduce();
            (root, squares(&ones_250, 5).multiply(&to_11).reduce())
        }

        /// `s` times the base point, and `h` times the other one.
        $(#[$feature])?
        pub(crate) fn combine(s: [u64; 4], h: [u64; 4], other: &Affine) -> Affine {
            let multiples = odd_multiples(other);
            let mut point = Point::nothing();
            for (place, digit) in (0..256_u32).zip(digits(h)).rev() {
                point = point.doubled();
                if let Some(multiple) = multiples.get(usize::from(digit / 2)).filter(|_| digit > 0) {
                    point = point.plus(multiple);
                }
                // The table has the places of each fourth digit of four bits.
                if place < 16 && place % 4 == 0 {
                    point = with_base(point, s, place);
                }
            }
            point.affine()
        }

        /// The point, and the base point as often as each fourth digit of `s` says, from a place on.
        $(#[$feature])?
        fn with_base(mut point: Point, s: [u64; 4], place: u32) -> Point {
            for (word, tables) in s.into_iter().zip(TABLE.as_chunks::<4>().0) {
                for (multiples, below) in tables.iter().zip([0, 16, 32, 48]) {
                    let digit = (word >> (below + place)).to_le_bytes()[0] & 15;
                    if digit > 0 {
                        point = point.plus(&Addend::of_base(multiples, digit.into()));
                    }
                }
            }
            point
        }

        /// The point once, thrice, and so on up to fifteen times.
        $(#[$feature])?
        fn odd_multiples(point: &Affine) -> [Addend; 8] {
            let once = Addend::of(point);
            let mut sum = Point::nothing().plus(&once);
            let twice = sum.doubled().addend();
            [(); 8].map(|()| {
                let multiple = sum.addend();
                sum = sum.plus(&twice);
                multiple
            })
        }

        impl Addend {
            $(#[$feature])?
            fn of(point: &Affine) -> Self {
                let Affine { x, y } = *point;
                let t = table::product(table::product(x, y), TWICE_D);
                Self(lanes([table::difference(y, x), table::sum(y, x), [2, 0, 0, 0, 0], t]))
            }

            #[inline]
            $(#[$feature])?
            fn of_base(multiples: &Multiples, digit: usize) -> Self {
                let number = |limbs: &[[[u64; 8]; 2]; 5]| {
                    limbs.each_ref().map(|limb| limb.as_flattened().get(digit).copied().unwrap_or_default())
                };
                let Multiples { sum, difference, t } = multiples;
                Self(lanes([number(difference), number(sum), [2, 0, 0, 0, 0], number(t)]))
            }
        }

        impl Point {
            #[inline]
            $(#[$feature])?
            fn nothing() -> Self {
                Self(lanes([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0; 5]]))
            }

            #[inline]
            $(#[$feature])?
            fn addend(&self) -> Addend {
                let factors = lanes([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [2, 0, 0, 0, 0], TWICE_D]);
                Addend(self.0.multiply(&factors).reduce())
            }

            #[inline]
            $(#[$feature])?
            fn plus(&self, other: &Addend) -> Self {
                Self::of(self.0.multiply(&other.0), [ALL, ALL])
            }

            #[inline]
            $(#[$feature])?
            fn doubled(&self) -> Self {
                let one = self.0.arranged::<0b00_10_01_00>(ALL);
                let other = self.0.arranged::<0b01_10_01_00>(ALL);
                let Product([r0, r1, r2, r3, r4]) = one.multiply(&other);
                let bits = [0, 0, 2, 1];
                let (r0, r1, r2) = (scale(r0, bits), scale(r1, bits), scale(r2, bits));
                Self::of(Product([r0, r1, r2, scale(r3, bits), scale(r4, bits)]), [0b1101, 0b1011])
            }

            /// The point of A, B, D and C: with E = B − A, F = D − C, G = D + C and H = B + A it is (E / G, H / F) as
            /// quotients (EF / FG, GH / FG). Letters are those of Hisil, Wong, Carter and Dawson. Where a bit is 0, D is
            /// left out: when a point is doubled, G is C.
            #[inline]
            $(#[$feature])?
            fn of(abdc: Product, [first, second]: [Mask; 2]) -> Self {
                let egfe = abdc.crossed::<0b01_10_10_01, 0b00_11_11_00>([first, ALL], 0b1101);
                let fhgh = abdc.crossed::<0b01_10_01_10, 0b00_11_00_11>([second, ALL], 0b0001);
                Self(egfe.multiply(&fhgh).difference_and_sum())
            }

            $(#[$feature])?
            fn affine(&self) -> Affine {
                let quotients = self.quotients();
                Affine { x: first(&quotients), y: second(&quotients) }
            }

            /// x and y, in lanes 0 and 1.
            $(#[$feature])?
            fn quotients(&self) -> Element {
                let z = self.0.arranged::<0b10_10_10_10>(ALL).widen();
                self.0.widen().difference_and_sum().multiply(&inverse(&z.plus(z).reduce())).reduce()
            }
        }

        impl Element {
            #[inline]
            $(#[$feature])?
            fn arranged<const ORDER: i32>(&self, kept: Mask) -> Self {
                let Self([l0, l1, l2, l3, l4]) = *self;
                Self([
                    arrange::<ORDER>(l0, kept),
                    arrange::<ORDER>(l1, kept),
                    arrange::<ORDER>(l2, kept),
                    arrange::<ORDER>(l3, kept),
                    arrange::<ORDER>(l4, kept),
                ])
            }
        }

        impl Product {
            /// Y − X and Y + X of X, Y, and the other two lanes as they are.
            #[inline]
            $(#[$feature])?
            fn difference_and_sum(self) -> Element {
                self.crossed::<0b11_10_00_01, 0b11_10_01_00>([0b0011, ALL], 0b0001)
            }

            /// The lanes in two orders, with zero where a bit of their mask is 0: the sum, and the difference where a bit of
            /// the last mask is 1.
            #[inline]
            $(#[$feature])?
            fn crossed<const ONE: i32, const OTHER: i32>(self, kept: [Mask; 2], negated: Mask) -> Element {
                let Self([r0, r1, r2, r3, r4]) = self;
                let [low, other] = [splat(BIAS[0]), splat(BIAS[1])];
                Self([
                    limb_crossed::<ONE, OTHER>(r0, low, kept, negated),
                    limb_crossed::<ONE, OTHER>(r1, other, kept, negated),
                    limb_crossed::<ONE, OTHER>(r2, other, kept, negated),
                    limb_crossed::<ONE, OTHER>(r3, other, kept, negated),
                    limb_crossed::<ONE, OTHER>(r4, other, kept, negated),
                ])
                .reduce()
            }
        }

        #[inline]
        $(#[$feature])?
        fn limb_crossed<const ONE: i32, const OTHER: i32>(
            limb: Vector,
            bias: Vector,
            [one, other]: [Mask; 2],
            negated: Mask,
        ) -> Vector {
            add(arrange::<ONE>(limb, one), negate(bias, arrange::<OTHER>(limb, other), negated))
        }

        #[inline]
        $(#[$feature])?
        fn everywhere(number: Number) -> Element {
            Element(number.map(|limb| splat(limb)))
        }

        /// A number for each lane.
        #[inline]
        $(#[$feature])?
        fn lanes([a, b, c, d]: [Number; 4]) -> Element {
            let ([a0, a1, a2, a3, a4], [b0, b1, b2, b3, b4]) = (a, b);
            let ([c0, c1, c2, c3, c4], [d0, d1, d2, d3, d4]) = (c, d);
            Element([
                collect([a0, b0, c0, d0]),
                collect([a1, b1, c1, d1]),
                collect([a2, b2, c2, d2]),
                collect([a3, b3, c3, d3]),
                collect([a4, b4, c4, d4]),
            ])
        }

        /// The number in lane 0, reduced.
        $(#[$feature])?
        fn first(element: &Element) -> Number {
            $crate::lane::reduced(element.0.map(|limb| {
                let [number, ..] = spread(limb);
                number
            }))
        }

        /// The number in lane 1, reduced.
        $(#[$feature])?
        fn second(element: &Element) -> Number {
            $crate::lane::reduced(element.0.map(|limb| {
                let [_, number, ..] = spread(limb);
                number
            }))
        }
    };
}

pub(crate) use edwards;
