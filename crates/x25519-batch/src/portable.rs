// SPDX-License-Identifier: MIT OR Apache-2.0

//! One agreement by `curve25519-dalek`, with its table if the point is the base.

use curve25519_dalek::montgomery::MontgomeryPoint;

use crate::{Agreement, BASE};

pub(crate) fn agree(agreement: &mut Agreement<'_>) {
    let Agreement { scalar, point, shared } = agreement;
    let product = if **point == BASE {
        MontgomeryPoint::mul_base_clamped(**scalar)
    } else {
        MontgomeryPoint(**point).mul_clamped(**scalar)
    };
    **shared = product.to_bytes();
}
