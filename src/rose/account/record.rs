// SPDX-License-Identifier: MIT OR Apache-2.0

//! The records of a device and of its prekeys (rose 36 §2).

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Account, AccountChange, MAX_USES, USE_LEN, Use};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::crypto::xwing::XWingKey;
use crate::lease::Lease;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter, RoseKind};
use crate::rose::card::{CARD_LEN, Card, DeviceKeys};
use crate::rose::prekey::{HYBRID_LEN, HybridPreKey, SEALING_LEN, SealingPreKey};
use crate::writes::RoseKey;

const RECORD_VERSION: u8 = 1;

impl Account {
    /// The device's record, beside those of its prekeys.
    #[must_use]
    pub fn record(&self) -> Record {
        self.record_after(self.generation, None)
    }

    /// Reads the device and its prekeys back: the device's record, and those of its prekeys and memories under their
    /// keys.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_records(
        device: &[u8],
        rows: impl IntoIterator<Item = (RoseKey, impl AsRef<[u8]>)>,
    ) -> Result<Self, RecordError> {
        let mut account = read_device(device)?;
        for (key, bytes) in rows {
            match key {
                RoseKey::SealingPreKey(id) => account.sealing.push(read_sealing(id, bytes.as_ref())?),
                RoseKey::HybridPreKey(id) => {
                    drop(account.hybrid.insert(id, read_hybrid(id, bytes.as_ref())?));
                }
                RoseKey::Memory(id) => drop(account.uses.insert(id, read_uses(bytes.as_ref())?)),
                _ => return Err(RecordError::WrongKind),
            }
        }
        account.sealing.sort_unstable_by_key(|sealing| core::cmp::Reverse(sealing.id()));
        Ok(account)
    }

    pub(super) fn record_after(&self, generation: u64, change: Option<&AccountChange>) -> Record {
        let kind = RecordKind::Rose(RoseKind::Device);
        let mut writer = RecordWriter::new(kind, RECORD_VERSION, 1600);
        writer.put_u64(generation);
        writer.put_array(self.keys.identity().as_bytes());
        writer.put_array(self.keys.kem_seed.as_bytes());
        let new_card = change.and_then(|change| change.new_card.as_ref());
        writer.put_array(new_card.map_or(&self.keys.card, |(card, _)| card).as_bytes());
        writer.put_u32(change.and_then(|change| change.next_id).unwrap_or(self.next_id));
        let old_cards = self.old_cards_after(new_card.map(|(_, now)| *now));
        writer.put_count(old_cards.len());
        for (hash, replaced) in old_cards {
            writer.put_array(&hash);
            writer.put_u64(replaced);
        }
        writer.finish()
    }
}

fn read_device(bytes: &[u8]) -> Result<Account, RecordError> {
    let kind = RecordKind::Rose(RoseKind::Device);
    let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
    let generation = reader.u64()?;
    let identity = KeyPair::from_private(PrivateKey::from_secret(&reader.secret()?));
    let kem_seed = reader.secret()?;
    let card = Card::unverified(&reader.array::<CARD_LEN>()?).map_err(|_| RecordError::Damaged)?;
    if card.identity().as_bytes() != identity.public().as_bytes() {
        return Err(RecordError::Damaged);
    }
    let next_id = reader.u32()?;
    let mut old_cards = Vec::new();
    for _ in 0..reader.count(32 + 8)? {
        old_cards.push((reader.array()?, reader.u64()?));
    }
    reader.finish()?;
    let keys = DeviceKeys::from_parts(identity, kem_seed, card);
    let (sealing, hybrid, uses) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    Ok(Account { keys, generation, next_id, old_cards, sealing, hybrid, uses, lease: Lease::new() })
}

/// A sealing prekey's record: public form, seed, flag and time when it was replaced.
pub(super) fn write_sealing(sealing: &SealingPreKey, replaced: Option<u64>) -> Record {
    let kind = RecordKind::Rose(RoseKind::SealingPreKey);
    let mut writer = RecordWriter::new(kind, RECORD_VERSION, SEALING_LEN + 41);
    writer.put_array(sealing.public.as_slice());
    writer.put_array(sealing.key.seed().as_bytes());
    let replaced = replaced.or(sealing.replaced);
    writer.put_flag(replaced.is_some());
    if let Some(replaced) = replaced {
        writer.put_u64(replaced);
    }
    writer.finish()
}

fn read_sealing(id: u32, bytes: &[u8]) -> Result<Box<SealingPreKey>, RecordError> {
    let kind = RecordKind::Rose(RoseKind::SealingPreKey);
    let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
    let public = Box::new(reader.array()?);
    let key = XWingKey::from_seed(reader.secret()?);
    let replaced = if reader.flag()? { Some(reader.u64()?) } else { None };
    reader.finish()?;
    let sealing = Box::new(SealingPreKey { key, public, replaced });
    let belongs = sealing.public.split_at(12).1.starts_with(&sealing.key.public().0);
    if sealing.id() == id && belongs { Ok(sealing) } else { Err(RecordError::Damaged) }
}

/// A hybrid prekey's record: public form, private half of `X`, seed of `KPK`.
pub(super) fn write_hybrid(prekey: &HybridPreKey) -> Record {
    let kind = RecordKind::Rose(RoseKind::HybridPreKey);
    let mut writer = RecordWriter::new(kind, RECORD_VERSION, HYBRID_LEN + 96);
    writer.put_array(prekey.public.as_slice());
    writer.put_array(prekey.pair.private().as_bytes());
    writer.put_array(prekey.kem_seed.as_bytes());
    writer.finish()
}

fn read_hybrid(id: u32, bytes: &[u8]) -> Result<Box<HybridPreKey>, RecordError> {
    let kind = RecordKind::Rose(RoseKind::HybridPreKey);
    let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
    let public: Box<[u8; HYBRID_LEN]> = Box::new(reader.array()?);
    let private = PrivateKey::from_secret(&reader.secret()?);
    let kem_seed = reader.secret()?;
    reader.finish()?;
    let mut x = [0; 32];
    x.iter_mut().zip(public.iter().skip(13)).for_each(|(to, from)| *to = *from);
    let pair = KeyPair::from_parts(private, PublicKey::from_bytes(x));
    let prekey = Box::new(HybridPreKey { pair, kem_seed, public });
    if prekey.id() == id && prekey.class().is_some() { Ok(prekey) } else { Err(RecordError::Damaged) }
}

/// The uses, with one more, sorted.
pub(super) fn write_uses(uses: &[Use], more: &Use) -> Record {
    let kind = RecordKind::Rose(RoseKind::Memory);
    let mut writer = RecordWriter::new(kind, RECORD_VERSION, 4 + USE_LEN * (uses.len() + 1));
    let before = uses.partition_point(|used| used < more);
    let (before, after) = uses.split_at(before);
    writer.put_count(uses.len() + 1);
    before.iter().chain([more]).chain(after).for_each(|used| writer.put_array(used));
    writer.finish()
}

fn read_uses(bytes: &[u8]) -> Result<Vec<Use>, RecordError> {
    let kind = RecordKind::Rose(RoseKind::Memory);
    let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
    let count = reader.count(USE_LEN)?;
    let uses = reader.chunks::<USE_LEN>(count)?.to_vec();
    reader.finish()?;
    let is_sound = uses.is_sorted_by(|before, after| before < after) && uses.len() <= MAX_USES;
    if is_sound { Ok(uses) } else { Err(RecordError::Damaged) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_are_sorted_and_none_is_there_twice() {
        let [a, b, c] = [1, 2, 3].map(|byte| [byte; USE_LEN]);
        for (uses, more) in [([b, c], a), ([a, c], b), ([a, b], c)] {
            assert_eq!(read_uses(write_uses(&uses, &more).as_bytes()), Ok([a, b, c].to_vec()));
        }
        assert_eq!(read_uses(write_uses(&[a], &a).as_bytes()), Err(RecordError::Damaged));
    }
}
