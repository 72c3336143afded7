// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tag table, among the writes of each change (rose 32 §9, 36 §2).

use alloc::vec::Vec;

use crate::record::{RecordKind, RecordWriter, RoseKind};
use crate::wire::rose::Tag;
use crate::writes::{Key, RoseKey, TagOwner, Write, Writes};

/// Puts the tags to add and to remove among the writes.
pub(super) fn write((add, remove): (Vec<Tag>, Vec<Tag>), owner: TagOwner, writes: &mut Writes) {
    for tag in remove {
        writes.delete(Key::Rose(RoseKey::Tag(tag, owner)));
    }
    writes.extend(add.into_iter().map(|tag| put(tag, owner)));
}

/// The write that puts a tag. A row's key says all; its record is empty.
pub(super) fn put(tag: Tag, owner: TagOwner) -> Write {
    let record = RecordWriter::new(RecordKind::Rose(RoseKind::Tag), 1, 0).finish();
    Write::Put { key: Key::Rose(RoseKey::Tag(tag, owner)), record, generation: None }
}

/// The tags that writes add, and those that they remove: each ascending.
#[must_use]
pub fn tags_of(writes: &Writes) -> (Vec<Tag>, Vec<Tag>) {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for write in writes {
        match write {
            Write::Put { key: Key::Rose(RoseKey::Tag(tag, _)), .. } => add.push(*tag),
            Write::Delete { key: Key::Rose(RoseKey::Tag(tag, _)) } => remove.push(*tag),
            _ => {}
        }
    }
    add.sort_unstable();
    remove.sort_unstable();
    (add, remove)
}

/// The states that expect a message, out of the keys of a caller's table: those that begin with
/// [`RoseKey::tag_prefix`] of its first 16 bytes. Others are passed over.
pub fn find(message: &[u8], keys: impl IntoIterator<Item = Key>) -> impl Iterator<Item = TagOwner> {
    let wanted = message.first_chunk().copied();
    keys.into_iter().filter_map(move |key| match key {
        Key::Rose(RoseKey::Tag(tag, owner)) if Some(tag) == wanted => Some(owner),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DeviceName;

    #[test]
    fn those_who_expect_a_message_are_found_and_nobody_else() {
        let [ours, other] = [[1; 16], [2; 16]];
        let [first, second] = [1, 2].map(|device| TagOwner::Session(DeviceName::new([3; 17], device)));
        let table = || {
            let rows = [(ours, first), (other, first), (ours, second)];
            let rows = rows.map(|(tag, owner)| Key::Rose(RoseKey::Tag(tag, owner)));
            rows.into_iter().chain([Key::Account])
        };
        let message = [&ours[..], &[0; 40]].concat();
        assert_eq!(find(&message, table()).collect::<Vec<_>>(), [first, second]);
        assert_eq!(find(&message[1..], table()).count() + find(&ours[..15], table()).count(), 0);
    }
}
