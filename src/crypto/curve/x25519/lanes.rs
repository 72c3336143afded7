// SPDX-License-Identifier: MIT OR Apache-2.0

//! Many agreements at once, by `x25519-batch`.

use alloc::vec::Vec;

use x25519_batch::{Agreement, agree_many, microseconds};

use super::{Prepared, assembly};
use crate::crypto::curve::Pair;
use crate::crypto::secret::Secret;

/// Computes the agreements in the lanes of vector registers, and returns whether it did: only if that is faster than one
/// by one.
pub(super) fn agree(pairs: &[Pair<'_>], shared: &mut [Secret<32>]) -> bool {
    let Some(together) = microseconds(pairs.len()).filter(|_| cfg!(not(subrosa_curve = "portable"))) else {
        return false;
    };
    let one_by_one: u32 = pairs.iter().map(|(_, theirs)| alone(&theirs.prepared)).sum();
    // Estimates: a tenth less might be none.
    if together + together / 10 >= one_by_one {
        return false;
    }
    let each = pairs.iter().zip(shared).map(|((private, theirs), shared)| Agreement {
        scalar: private.0.as_bytes(),
        point: theirs.key.as_bytes(),
        shared: shared.as_bytes_mut(),
    });
    agree_many(&mut each.collect::<Vec<_>>());
    true
}

/// About how many microseconds an agreement takes by itself.
fn alone(theirs: &Prepared) -> u32 {
    match (theirs.is_base(), assembly::is_there()) {
        (true, true) => 9,
        (false, true) => 28,
        (true, false) => 18,
        (false, false) => 45,
    }
}
