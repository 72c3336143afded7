// SPDX-License-Identifier: MIT OR Apache-2.0

//! Skipped keys of one chain.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroize;

use crate::crypto::secret::Secret;

/// Skipped keys, in ascending order of their indices.
///
/// A key is found in O(log n), added and removed in O(1). A removed key is wiped where it lies and its place
/// stays empty until the buffer is full; then those that are left are copied to another one and the old
/// one is wiped, so no copy stays in freed memory.
pub(super) struct OldKeys {
    places: Vec<Place>,
    /// So many places at the front are empty for certain.
    empty_front: usize,
    /// So many places hold a key.
    len: usize,
}

struct Place {
    index: u32,
    full: bool,
    key: Secret<32>,
}

impl Place {
    fn clear(&mut self) {
        self.full = false;
        self.key.zeroize();
    }

    const fn duplicate(&self) -> Self {
        Self { index: self.index, full: self.full, key: self.key.duplicate() }
    }
}

impl OldKeys {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), empty_front: 0, len: 0 }
    }

    /// Holds nothing, but has room.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { places: Vec::with_capacity(capacity), ..Self::new() }
    }

    /// The key of an index.
    pub(super) fn get(&self, index: u32) -> Option<&Secret<32>> {
        let place = self.places.get(self.position(index)?)?;
        place.full.then_some(&place.key)
    }

    /// All keys with their indices, in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Secret<32>)> + Clone {
        let places = self.places.iter().skip(self.empty_front);
        places.filter(|place| place.full).map(|place| (place.index, &place.key))
    }

    /// Wipes the key of an index.
    pub(super) fn remove(&mut self, index: u32) {
        let position = self.position(index);
        if let Some(place) = position.and_then(|position| self.places.get_mut(position))
            && place.full
        {
            place.clear();
            self.len -= 1;
        }
        self.forget_places_if_empty();
    }

    /// Wipes all keys of lower indices.
    pub(super) fn forget_below(&mut self, lowest: u32) {
        for place in self.places.iter_mut().skip(self.empty_front) {
            if place.index >= lowest {
                break;
            }
            if place.full {
                place.clear();
                self.len -= 1;
            }
            self.empty_front += 1;
        }
        self.forget_places_if_empty();
    }

    /// Adds keys of the indices from `first` on, which are higher than all before.
    pub(super) fn append(&mut self, first: u32, keys: &[Secret<32>]) {
        self.make_room(keys.len());
        self.len += keys.len();
        // Moving keys out of a vector would leave them in its memory.
        let keys = keys.iter().map(Secret::duplicate);
        self.places.extend((first..=u32::MAX).zip(keys).map(|(index, key)| Place { index, full: true, key }));
    }

    /// Adds a key. Nothing happens if its index is not higher than all before.
    pub(super) fn push(&mut self, index: u32, key: Secret<32>) -> Option<()> {
        if self.places.last().is_some_and(|last| last.index >= index) {
            return None;
        }
        self.make_room(1);
        self.len += 1;
        self.places.push(Place { index, full: true, key });
        Some(())
    }

    /// Room for `more` keys, and a half of all that is then there to spare.
    fn make_room(&mut self, more: usize) {
        if self.places.capacity() - self.places.len() >= more {
            return;
        }
        let needed = self.len + more;
        let mut places = Vec::with_capacity(needed + needed / 2);
        places.extend(self.places.iter().filter(|place| place.full).map(Place::duplicate));
        self.places = places;
        self.empty_front = 0;
    }

    fn forget_places_if_empty(&mut self) {
        if self.len == 0 {
            self.places.clear();
            self.empty_front = 0;
        }
    }

    fn position(&self, index: u32) -> Option<usize> {
        self.places.binary_search_by_key(&index, |place| place.index).ok()
    }
}

impl fmt::Debug for OldKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places: _, empty_front: _, len } = self;
        write!(f, "OldKeys({len})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(indices: core::ops::Range<u8>) -> Vec<Secret<32>> {
        indices.map(|index| Secret::new([index; 32])).collect()
    }

    fn indices(old_keys: &OldKeys) -> Vec<u32> {
        old_keys
            .iter()
            .map(|(index, key)| {
                assert_eq!(u32::from(key.as_bytes()[0]), index);
                index
            })
            .collect()
    }

    #[test]
    fn keys_are_added_removed_and_forgotten() {
        let mut old_keys = OldKeys::new();
        old_keys.append(1, &keys(1..4));
        old_keys.append(6, &keys(6..8));
        old_keys.remove(2);
        old_keys.remove(2);
        old_keys.remove(5);
        assert_eq!((indices(&old_keys), old_keys.len), (alloc::vec![1, 3, 6, 7], 4));
        assert_eq!(old_keys.get(2), None);
        old_keys.forget_below(6);
        assert_eq!((indices(&old_keys), old_keys.len), (alloc::vec![6, 7], 2));
        assert_eq!(old_keys.empty_front, 3, "they are not looked at again");
        old_keys.append(8, &keys(8..100));
        assert_eq!(old_keys.places.len(), 94, "the empty places are gone");
        old_keys.forget_below(200);
        assert_eq!((old_keys.len, old_keys.places.len()), (0, 0));
    }

    #[test]
    fn a_removed_key_is_wiped_where_it_lies() {
        let mut old_keys = OldKeys::new();
        old_keys.append(1, &keys(1..4));
        old_keys.remove(2);
        old_keys.forget_below(2);
        assert!(old_keys.places.iter().all(|place| place.full || place.key.as_bytes() == &[0; 32]));
    }

    #[test]
    fn memory_is_bounded_by_what_is_held() {
        let mut old_keys = OldKeys::new();
        for index in 1..100_000 {
            old_keys.append(index, &keys(0..1));
            old_keys.forget_below(index.saturating_sub(100));
        }
        assert_eq!(old_keys.len, 101);
        assert!(old_keys.places.capacity() <= 200, "{}", old_keys.places.capacity());
    }

    #[test]
    fn keys_end_at_the_last_index() {
        let mut old_keys = OldKeys::new();
        old_keys.append(u32::MAX - 1, &keys(1..3));
        old_keys.append(u32::MAX, &[]);
        let indices: Vec<u32> = old_keys.iter().map(|(index, _)| index).collect();
        assert_eq!(indices, [u32::MAX - 1, u32::MAX]);
    }
}
