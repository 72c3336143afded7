// SPDX-License-Identifier: MIT OR Apache-2.0

//! Header keys, `HK`, and the tags that are expected under one (rose 32 §3.4, §9).

use alloc::vec::Vec;
use core::fmt;

use crate::crypto::kdf::{Label, MacKey, expand};
use crate::crypto::secret::Secret;
use crate::wire::rose::{TAG_LEN, Tag};

const TAG: &[u8] = b"rose1.tag\0";
const HEADER: Label = Label::new("rose1.head\0");

/// How many numbers of a chain are expected one after the other.
const WINDOW: u64 = 12;
/// How many of the multiples of [`FAR_STEP`] beyond are expected.
const FAR: u64 = 4;
const FAR_STEP: u64 = 32;
/// Number of tags of a chain of which nothing was skipped.
const QUIET: usize = 16;

/// A header key, ready to be used.
pub(crate) struct HeaderKey {
    bytes: Secret<32>,
    mac: MacKey,
    /// The label of its tags.
    label: &'static [u8],
}

impl HeaderKey {
    pub(crate) fn new(bytes: Secret<32>) -> Self {
        Self::with_label(bytes, TAG)
    }

    /// A key whose tags have another label.
    pub(crate) fn with_label(bytes: Secret<32>, label: &'static [u8]) -> Self {
        let mac = MacKey::new(bytes.as_bytes());
        Self { bytes, mac, label }
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        self.bytes.as_bytes()
    }

    pub(super) fn duplicate(&self) -> Self {
        Self::with_label(self.bytes.duplicate(), self.label)
    }

    /// `T(HK, n) = HMAC(HK, L_tag || BE32(n))[0..16]`.
    pub(crate) fn tag(&self, number: u32) -> Tag {
        self.mac.tag::<TAG_LEN>(&[self.label, &number.to_be_bytes()])
    }

    /// `H(HK, R) = Expand(HK, L_head || R, 44)`: key and nonce of one header.
    pub(crate) fn message_key(&self, r: &[u8; 16]) -> (Secret<32>, Secret<12>) {
        expand::<44>(&self.mac, (&[], HEADER, r)).split()
    }
}

impl fmt::Debug for HeaderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, mac: _, label: _ } = self;
        f.write_str("HeaderKey(..)")
    }
}

/// `window(i)`: the 12 numbers from `i` on and the first 4 multiples of 32 beyond, all below 2^32 − 1, ascending.
pub(crate) fn window(first: u32) -> impl Iterator<Item = u32> {
    let end = u64::from(first) + WINDOW;
    let far = end.next_multiple_of(FAR_STEP);
    let far = (0..FAR).map(move |at| far + at * FAR_STEP);
    (u64::from(first)..end)
        .chain(far)
        .filter_map(|number| u32::try_from(number).ok().filter(|n| *n < u32::MAX))
}

/// A number and its tag.
pub(crate) type Numbered = (u32, Tag);

/// The tags under one header key, by ascending number.
pub(crate) struct Expected {
    pub(crate) key: HeaderKey,
    pub(crate) tags: Vec<Numbered>,
}

impl Expected {
    /// The tags of some numbers, which ascend.
    pub(crate) fn new(key: HeaderKey, numbers: impl Iterator<Item = u32>) -> Self {
        let mut tags = Vec::with_capacity(QUIET);
        tags.extend(numbers.map(|number| (number, key.tag(number))));
        Self { key, tags }
    }

    /// The tags of other numbers, which ascend. Those that are known are not computed again.
    pub(crate) fn tags_of(&self, numbers: impl Iterator<Item = u32>) -> Vec<Numbered> {
        let mut known = self.tags.iter().peekable();
        let tag = |number| {
            while known.next_if(|(before, _)| *before < number).is_some() {}
            match known.peek() {
                Some((at, tag)) if *at == number => (number, *tag),
                _ => (number, self.key.tag(number)),
            }
        };
        // Most often as many as before. An iterator that filters does not say how many it has.
        let mut tags = Vec::with_capacity(self.tags.len().max(QUIET));
        tags.extend(numbers.map(tag));
        tags
    }

    /// The tag of a number, computed if it is not known.
    pub(crate) fn tag(&self, number: u32) -> Tag {
        let known = self.tags.binary_search_by_key(&number, |(known, _)| *known);
        known.ok().and_then(|at| self.tags.get(at)).map_or_else(|| self.key.tag(number), |(_, tag)| *tag)
    }

    pub(crate) fn has(&self, tag: &Tag) -> bool {
        self.tags.iter().any(|(_, expected)| expected == tag)
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, tags } = self;
        write!(f, "Expected({} tags)", tags.len())
    }
}

/// The tags that a change adds to the table, and those that it takes out: each ascending.
#[derive(Debug, Default)]
pub(crate) struct TagChanges {
    pub(crate) add: Vec<Tag>,
    pub(crate) remove: Vec<Tag>,
}

impl TagChanges {
    /// Notes the difference of two lists under one header key.
    pub(crate) fn replace(&mut self, old: &[Numbered], new: &[Numbered]) {
        let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
        loop {
            match (old.peek(), new.peek()) {
                (Some((a, _)), Some((b, _))) if a == b => drop((old.next(), new.next())),
                (Some((a, tag)), Some((b, _))) if a < b => {
                    self.remove.push(*tag);
                    old.next();
                }
                (Some((_, tag)), None) => {
                    self.remove.push(*tag);
                    old.next();
                }
                (_, Some((_, tag))) => {
                    self.add.push(*tag);
                    new.next();
                }
                (None, None) => return,
            }
        }
    }

    pub(crate) fn sorted(mut self) -> Self {
        self.add.sort_unstable();
        self.remove.sort_unstable();
        self
    }
}
