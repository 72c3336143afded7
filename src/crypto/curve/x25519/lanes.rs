// SPDX-License-Identifier: MIT OR Apache-2.0

//! Many agreements at once, by `x25519-batch`.

use alloc::vec::Vec;

use x25519_batch::{Agreement, agree_many, microseconds};

use super::{Prepared, assembly};
use crate::crypto::curve::Pair;
use crate::crypto::secret::Secret;

/// Computes the first agreements in the lanes of vector registers, as many as are faster so than one by one: all of them,
/// or what fills lanes of four, or none. Gives their number.
pub(super) fn agree(pairs: &[Pair<'_>], shared: &mut [Secret<32>]) -> usize {
    let worth = |len: usize| Some((saved(pairs.get(..len)?)?, len));
    let Some((_, len)) = [pairs.len() & !3, pairs.len()].into_iter().filter_map(worth).max() else {
        return 0;
    };
    let each = pairs.iter().zip(shared).take(len).map(|((private, theirs), shared)| Agreement {
        scalar: private.0.as_bytes(),
        point: theirs.key.as_bytes(),
        shared: shared.as_bytes_mut(),
    });
    agree_many(&mut each.collect::<Vec<_>>());
    len
}

/// About how many microseconds it saves to compute agreements together. None if that is none.
fn saved(pairs: &[Pair<'_>]) -> Option<u32> {
    let public_keys = pairs.iter().all(|(_, theirs)| theirs.prepared.is_base());
    let together =
        microseconds(pairs.len(), public_keys).filter(|_| cfg!(not(subrosa_curve = "portable")))?;
    let one_by_one: u32 = pairs.iter().map(|(_, theirs)| alone(&theirs.prepared)).sum();
    // Estimates: a tenth less might be none.
    one_by_one.checked_sub(together + together / 10).filter(|saved| *saved > 0)
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
