// SPDX-License-Identifier: MIT OR Apache-2.0

//! Lists of messages in a stored message.

use alloc::vec::Vec;

/// Number of entries of a list that are kept, whatever is in them.
const ANY: usize = 64;

/// Takes another entry of a list. One that is not `usable`, since it lacks a key or is too short, is skipped by the
/// list's users; it is kept as long as the list is short, which all of libsignal's are. So the memory for entries stays
/// within some times their bytes, even for a list of a million empty ones.
pub(super) fn push<T>(list: &mut Vec<T>, entry: T, usable: bool) {
    if usable || list.len() < ANY {
        list.push(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_keeps_what_can_be_used() {
        let mut list = Vec::new();
        (0..200).for_each(|number| push(&mut list, number, number % 50 == 49));
        let kept: Vec<_> = (0..64).chain([99, 149, 199]).collect();
        assert_eq!(list, kept);
    }
}
