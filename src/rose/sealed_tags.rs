// SPDX-License-Identifier: MIT OR Apache-2.0

//! The tag table in a store that others may read (rose 36 §2).
//!
//! ```text
//! K_row (32) || K_value (32) = HKDF(record key, "subrosa rose tag table" || store, 64)
//! PRF(x)    = HMAC(K_row, x), the first 16 bytes
//! row's key = 2a || PRF(2a || tag) || PRF(2a || tag || owner)
//! value     = AES-256-GCM-SIV(K_value, nonce = last 12 bytes of the row's key, length (1) || 2a || tag || owner || 00 …,
//!             associated data = row's key), 52 and 16 bytes
//! ```
//!
//! A row's bytes follow from tag and owner, so that it is deleted without being read.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::tags;
use crate::crypto::gcm_siv::{self, NONCE_LEN};
use crate::crypto::kdf::{HkdfSalt, Label, MacKey};
use crate::crypto::secret::Secret;
use crate::record::{RecordError, RecordKey};
use crate::wire::rose::{TAG_LEN, Tag};
use crate::writes::{Key, RoseKey, TagOwner, Write};

const LABEL: Label = Label::new("subrosa rose tag table");
/// Length of what is sealed: the longest key of a tag, and its length.
const PLAIN_LEN: usize = 1 + 1 + TAG_LEN + 18 + 16;

/// The tag table in a store that others may read. Its rows say neither which tags are expected nor by whom, and two rows
/// of one state have nothing in common; their number shows.
///
/// A store that seals its records puts the rows of [`RoseKey::Tag`] under [`Self::row_key`], with the value of
/// [`Self::seal`], and finds them by [`Self::prefix`] as it would by [`RoseKey::tag_prefix`].
pub struct SealedTags {
    rows: MacKey,
    values: Secret<32>,
}

impl SealedTags {
    /// The tag table of a store that is sealed with this key. `store` tells stores of one key apart.
    #[must_use]
    pub fn new(key: &RecordKey, store: &[u8]) -> Self {
        let keys: Secret<64> = HkdfSalt::ZERO.derive(&[key.as_bytes()], (&[], LABEL, store));
        let (rows, values) = keys.split::<32, 32>();
        Self { rows: MacKey::new(rows.as_bytes()), values }
    }

    /// The beginning of the keys of all rows of one tag, 17 bytes.
    #[must_use]
    pub fn prefix(&self, tag: &Tag) -> [u8; 1 + TAG_LEN] {
        RoseKey::tag_prefix(&self.rows.tag(&[&RoseKey::tag_prefix(tag)]))
    }

    /// The key of the row of a tag and who expects it, 33 bytes.
    #[must_use]
    pub fn row_key(&self, tag: &Tag, owner: &TagOwner) -> Vec<u8> {
        let own = self.rows.tag::<16>(&[&Key::Rose(RoseKey::Tag(*tag, *owner)).to_bytes()]);
        [&self.prefix(tag)[..], &own].concat()
    }

    /// The value of that row, 68 bytes whoever expects it.
    ///
    /// # Errors
    /// [`RecordError::TooLong`]: never.
    pub fn seal(&self, tag: &Tag, owner: &TagOwner) -> Result<Vec<u8>, RecordError> {
        let key = Key::Rose(RoseKey::Tag(*tag, *owner)).to_bytes();
        let mut value = Vec::with_capacity(PLAIN_LEN + gcm_siv::TAG_LEN);
        value.push(u8::try_from(key.len()).map_err(|_| RecordError::TooLong)?);
        value.extend_from_slice(&key);
        value.resize(PLAIN_LEN, 0);
        let row_key = self.row_key(tag, owner);
        let mac = gcm_siv::seal(self.values.as_bytes(), nonce(&row_key)?, &row_key, &mut value)
            .map_err(|_| RecordError::TooLong)?;
        value.extend_from_slice(&mac);
        Ok(value)
    }

    /// Opens a row, as the write that puts what it stands for.
    ///
    /// # Errors
    /// [`RecordError::NotAuthentic`].
    pub fn open(&self, row_key: &[u8], value: &[u8]) -> Result<Write, RecordError> {
        let (sealed, mac) = value.split_last_chunk().ok_or(RecordError::NotAuthentic)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        gcm_siv::open(self.values.as_bytes(), nonce(row_key)?, row_key, &mut plain, mac)
            .map_err(|_| RecordError::NotAuthentic)?;
        let (len, rest) = plain.split_first().ok_or(RecordError::Damaged)?;
        let key = rest.get(..usize::from(*len)).ok_or(RecordError::Damaged)?;
        match Key::from_bytes(key)? {
            Key::Rose(RoseKey::Tag(tag, owner)) => Ok(tags::put(tag, owner)),
            _ => Err(RecordError::Damaged),
        }
    }
}

fn nonce(row_key: &[u8]) -> Result<&[u8; NONCE_LEN], RecordError> {
    row_key.last_chunk().ok_or(RecordError::NotAuthentic)
}

impl fmt::Debug for SealedTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows: _, values: _ } = self;
        f.write_str("SealedTags(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::DeviceName;

    const KEY: RecordKey = RecordKey::from_bytes(&[7; 32]);
    const OWNERS: [TagOwner; 3] = {
        let (a, b) = (DeviceName::from_bytes([3; 18]), DeviceName::from_bytes([4; 18]));
        [TagOwner::Session(a), TagOwner::Session(b), TagOwner::Group(a, [5; 16])]
    };

    #[test]
    fn rows_open_as_what_was_sealed_and_nowhere_else() {
        let tags = SealedTags::new(&KEY, b"");
        let rows = OWNERS.map(|owner| (tags.row_key(&[9; 16], &owner), tags.seal(&[9; 16], &owner).unwrap()));
        for ((key, value), owner) in rows.iter().zip(OWNERS) {
            assert_eq!((key.len(), value.len()), (33, 68));
            assert!(key.starts_with(&tags.prefix(&[9; 16])) && key.ends_with(nonce(key).unwrap()));
            let Write::Put { key: opened, record, generation: None } = tags.open(key, value).unwrap() else {
                panic!("not a put")
            };
            assert_eq!(opened, Key::Rose(RoseKey::Tag([9; 16], owner)));
            assert_eq!(record.as_bytes(), b"sr\x2a\x01");
            for (other, _) in rows.iter().filter(|(other, _)| other != key) {
                assert_eq!(tags.open(other, value).map(drop), Err(RecordError::NotAuthentic));
            }
            for at in 0..value.len() {
                let mut value = value.clone();
                value[at] ^= 1;
                assert_eq!(tags.open(key, &value).map(drop), Err(RecordError::NotAuthentic));
                assert_eq!(tags.open(key, &value[..at]).map(drop), Err(RecordError::NotAuthentic));
            }
            assert_eq!(tags.open(&[], value).map(drop), Err(RecordError::NotAuthentic));
        }
    }

    #[test]
    fn rows_show_neither_tag_nor_owner_nor_what_belongs_together() {
        let tags = SealedTags::new(&KEY, b"");
        let rows: Vec<Vec<u8>> = [[9; 16], [8; 16]]
            .iter()
            .flat_map(|tag| OWNERS.map(|owner| [tags.row_key(tag, &owner), tags.seal(tag, &owner).unwrap()]))
            .map(|row| row.concat())
            .collect();
        for (at, row) in rows.iter().enumerate() {
            for secret in [[9_u8; 4], [8; 4], [3; 4], [4; 4], [5; 4]] {
                assert!(!row.windows(4).any(|piece| piece == secret));
            }
            // Of the same tag the prefix is the same; nothing else is, of whatever is the same owner's.
            for (other_at, other) in rows.iter().enumerate().filter(|(other, _)| *other != at) {
                let shared = if other_at / 3 == at / 3 { 17 } else { 1 };
                assert_eq!(row[..shared], other[..shared]);
                assert!(!row[shared..].windows(8).any(|piece| other.windows(8).any(|same| same == piece)));
            }
        }
    }

    #[test]
    fn another_key_or_store_has_other_rows() {
        let tags = SealedTags::new(&KEY, b"");
        let (key, value) = (tags.row_key(&[9; 16], &OWNERS[0]), tags.seal(&[9; 16], &OWNERS[0]).unwrap());
        let others =
            [SealedTags::new(&RecordKey::from_bytes(&[8; 32]), b""), SealedTags::new(&KEY, b"other")];
        for other in others {
            assert_ne!(other.prefix(&[9; 16]), tags.prefix(&[9; 16]));
            assert_ne!(other.row_key(&[9; 16], &OWNERS[0])[17..], key[17..]);
            assert_eq!(other.open(&key, &value).map(drop), Err(RecordError::NotAuthentic));
        }
    }
}
