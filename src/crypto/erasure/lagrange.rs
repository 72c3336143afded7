// SPDX-License-Identifier: MIT OR Apache-2.0

//! Lagrange interpolation: the value at one position from the values at `N` others.

use crate::crypto::gf16::Gf16;

/// The weights of the positions `0, …, N − 1`, known when the crate is compiled.
pub(super) struct SystematicWeights<const N: usize>;

impl<const N: usize> SystematicWeights<N> {
    /// `0, …, N − 1`.
    pub(super) const POSITIONS: [u16; N] = {
        let mut positions = [0; N];
        let mut rest = positions.as_mut_slice();
        let mut k = 0;
        while let Some((position, tail)) = rest.split_first_mut() {
            *position = k;
            k += 1;
            rest = tail;
        }
        positions
    };

    /// Their weights.
    pub(super) const WEIGHTS: [Gf16; N] = {
        let mut weights = [Gf16::ONE; N];
        let mut rest = weights.as_mut_slice();
        let mut k = 0;
        while let Some((weight, tail)) = rest.split_first_mut() {
            *weight = distances(k, &Self::POSITIONS).inverse();
            k += 1;
            rest = tail;
        }
        weights
    };
}

/// `Π_(l≠k) (x_k + x_l)`, for `position = x_k`.
const fn distances(position: u16, mut positions: &[u16]) -> Gf16 {
    let mut product = Gf16::ONE;
    while let Some((other, tail)) = positions.split_first() {
        if *other != position {
            product = product.times(Gf16::new(position ^ *other));
        }
        positions = tail;
    }
    product
}

/// The barycentric weights `w_k = 1 / Π_(l≠k) (x_k + x_l)` of different positions, with one inversion
/// for all of them.
pub(super) fn weights<const N: usize>(positions: &[u16; N]) -> [Gf16; N] {
    let products = positions.map(|position| {
        let others = positions.iter().filter(|other| **other != position);
        others.fold(Gf16::ONE, |product, other| product * Gf16::new(position ^ other))
    });
    invert_all(products)
}

/// The inverses of non-zero elements.
fn invert_all<const N: usize>(elements: [Gf16; N]) -> [Gf16; N] {
    let mut product = Gf16::ONE;
    let mut inverses = elements.map(|element| {
        let before = product;
        product *= element;
        before
    });
    let mut inverse = product.inverse();
    for (slot, element) in inverses.iter_mut().zip(elements).rev() {
        *slot *= inverse;
        inverse *= element;
    }
    inverses
}

/// The coefficients `c_k = w_k · Π_(l≠k) (x + x_l)` that make the value at `x`: the products of all factors
/// before `k` and of all after it, so that nothing is divided.
pub(super) fn coefficients<const N: usize>(x: u16, positions: &[u16; N], weights: &[Gf16; N]) -> [Gf16; N] {
    let mut before = Gf16::ONE;
    let mut coefficients = positions.map(|position| {
        let product = before;
        before *= Gf16::new(x ^ position);
        product
    });
    let mut after = Gf16::ONE;
    for ((coefficient, position), weight) in coefficients.iter_mut().zip(positions).zip(weights).rev() {
        *coefficient *= after * *weight;
        after *= Gf16::new(x ^ position);
    }
    coefficients
}

#[cfg(test)]
mod tests {
    use super::*;

    fn systematic<const N: usize>(x: u16) -> [u16; N] {
        let weights = SystematicWeights::<N>::WEIGHTS;
        coefficients(x, &SystematicWeights::<N>::POSITIONS, &weights).map(Gf16::to_u16)
    }

    #[test]
    fn known_answers() {
        assert_eq!(systematic(3), [1, 1, 1]);
        assert_eq!(systematic(4), [15, 8, 6]);
        assert_eq!(systematic(5), [7, 7, 6, 6, 1]);
    }

    #[test]
    fn weights_of_the_first_positions_are_the_constants() {
        assert_eq!(weights(&SystematicWeights::<36>::POSITIONS), SystematicWeights::<36>::WEIGHTS);
    }

    #[test]
    fn at_a_position_only_its_own_value_counts() {
        assert_eq!(systematic(1), [0, 1, 0, 0, 0]);
    }
}
