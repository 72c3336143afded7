// SPDX-License-Identifier: MIT OR Apache-2.0

//! Committing, with a look at what was staged.

use subrosa::store::{Key, Write};
use subrosa::{Record, Staged};

/// Makes the change. Gives the output, and the record that was to be put under `key`, if any.
pub fn commit<T>(staged: Staged<'_, T>, key: &Key) -> (T, Option<Record>) {
    let put = staged.writes().into_iter().find_map(|write| match write {
        Write::Put { key: under, record, .. } if under == *key => Some(record),
        _ => None,
    });
    (staged.commit(), put)
}

/// Asserts that the record of a state is the one that was staged before.
#[track_caller]
pub fn check(record: &Record, staged: Option<&Record>) {
    assert_eq!(record.as_bytes(), staged.unwrap().as_bytes());
}
