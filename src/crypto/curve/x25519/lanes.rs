// SPDX-License-Identifier: MIT OR Apache-2.0

//! Agreements in lanes, by `x25519-batch`: many at once, or one.

use alloc::vec::Vec;

use x25519_batch::{Agreement, agree_many, microseconds};

use super::assembly;
use crate::crypto::curve::Pair;
use crate::crypto::secret::Secret;

/// Computes the first agreements in the lanes of vector registers, as many as are faster so than one by one: all of them,
/// or what fills lanes of four, or none. Gives their number.
pub(super) fn agree_each(pairs: &[Pair<'_>], shared: &mut [Secret<32>]) -> usize {
    let worth = |len: usize| {
        let pairs = pairs.get(..len)?;
        let public_keys = pairs.iter().all(|(_, theirs)| theirs.prepared.is_base());
        let otherwise = pairs.iter().map(|(_, theirs)| alone(theirs.prepared.is_base())).sum();
        Some((saved(len, public_keys, otherwise)?, len))
    };
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

/// X25519 in lanes that compute one agreement together; none where there are no such lanes, or others are faster.
pub(super) fn agree(private: &Secret<32>, theirs: &[u8; 32]) -> Option<Secret<32>> {
    saved(1, false, one_by_one(false))?;
    let mut shared = Secret::zero();
    agree_many(&mut [Agreement { scalar: private.as_bytes(), point: theirs, shared: shared.as_bytes_mut() }]);
    Some(shared)
}

/// About how many microseconds are saved in lanes, of those that the agreements take otherwise. None if that is none.
fn saved(len: usize, public_keys: bool, otherwise: u32) -> Option<u32> {
    let together = microseconds(len, public_keys).filter(|_| cfg!(not(subrosa_curve = "portable")))?;
    // Estimates: a tenth less might be none.
    otherwise.checked_sub(together + together / 10).filter(|saved| *saved > 0)
}

/// About how many microseconds an agreement takes by itself, in lanes or not.
fn alone(public_key: bool) -> u32 {
    let otherwise = one_by_one(public_key);
    otherwise - saved(1, public_key, otherwise).unwrap_or_default()
}

/// About how many microseconds an agreement takes by itself, without lanes.
fn one_by_one(public_key: bool) -> u32 {
    match (public_key, assembly::is_there()) {
        (true, true) => 9,
        (false, true) => 28,
        (true, false) => 18,
        (false, false) => 45,
    }
}
