// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of group keys.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::TAG;
use super::keys::{Generation, GroupKeys, MAX_GENERATIONS};
use super::send::{GroupKey, Secrets};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::ids::DeviceName;
use crate::lease::Lease;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::rose::{Expected, HeaderKey, MAX_SKIPPED, SeedChain, SeedChange, window};
use crate::ratchet::skipped::SkippedKeys;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter, RoseKind};

const RECORD_VERSION: u8 = 1;

impl GroupKey {
    /// The record.
    ///
    /// ```text
    /// commits (8) || id (16) || group (32) || generation (4) || CK || iteration (4) || GHK || GTS || signing key
    /// ```
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.commits, (&self.secrets, &self.secrets.chain))
    }

    pub(super) fn write(&self, commits: u64, (secrets, chain): (&Secrets, &ChainKey)) -> Record {
        let mut writer = RecordWriter::new(RecordKind::Rose(RoseKind::GroupKey), RECORD_VERSION, 200);
        writer.put_u64(commits);
        writer.put_array(&self.id);
        writer.put_array(&self.group);
        writer.put_u32(secrets.generation);
        writer.put_array(chain.as_bytes());
        writer.put_u32(chain.index());
        writer.put_array(secrets.header_key.as_bytes());
        writer.put_array(secrets.tag_secret.as_bytes());
        writer.put_array(secrets.signing.private().as_bytes());
        writer.finish()
    }

    /// Reads the record.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(bytes: &[u8]) -> Result<Self, RecordError> {
        let kind = RecordKind::Rose(RoseKind::GroupKey);
        let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
        let (commits, id, group) = (reader.u64()?, reader.array()?, reader.array()?);
        let generation = reader.u32()?;
        let (key, iteration) = (reader.secret()?, reader.u32()?);
        let secrets = Secrets {
            generation,
            chain: ChainKey::new(key, iteration),
            header_key: HeaderKey::new(reader.secret()?),
            tag_secret: reader.secret()?,
            signing: KeyPair::from_private(PrivateKey::from_secret(&reader.secret()?)),
        };
        reader.finish()?;
        if generation == 0 {
            return Err(RecordError::Damaged);
        }
        Ok(Self { id, group, secrets, commits, lease: Lease::new() })
    }
}

impl GroupKeys {
    /// The record.
    ///
    /// ```text
    /// commits (8) || franked (1) || generations (1)
    ///     || (number (4) || CK || iteration (4) || GHK || GT || signing key || group || count (2) || (n (4) || seed)*)*
    /// ```
    #[must_use]
    pub fn record(&self) -> Record {
        self.write(self.commits, &self.with(None), None)
    }

    pub(super) fn write(
        &self,
        commits: u64,
        generations: &[&Generation],
        change: Option<(usize, &SeedChange)>,
    ) -> Record {
        let mut writer = RecordWriter::new(RecordKind::Rose(RoseKind::GroupKeys), RECORD_VERSION, 512);
        writer.put_u64(commits);
        writer.put_flag(self.franked);
        writer.put_u8(u8::try_from(generations.len()).unwrap_or(u8::MAX));
        for (place, generation) in generations.iter().enumerate() {
            let change = change.filter(|(at, _)| *at == place).map(|(_, change)| change);
            let (chain, skipped) = generation.chain.after(change);
            writer.put_u32(generation.number);
            writer.put_array(chain.as_bytes());
            writer.put_u32(chain.index());
            writer.put_array(generation.header_key.as_bytes());
            writer.put_array(generation.expected.key.as_bytes());
            writer.put_array(generation.signing.as_bytes());
            writer.put_array(&generation.group);
            let skipped: Vec<(u32, &[u8; 32])> = skipped.collect();
            writer.put_u16(u16::try_from(skipped.len()).unwrap_or(u16::MAX));
            for (number, seed) in skipped {
                writer.put_u32(number);
                writer.put_array(seed);
            }
        }
        writer.finish()
    }

    /// Reads the record of a device's keys for a distribution id.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(bytes: &[u8], sender: DeviceName, id: [u8; 16]) -> Result<Self, RecordError> {
        let kind = RecordKind::Rose(RoseKind::GroupKeys);
        let (mut reader, _) = RecordReader::open(kind, RECORD_VERSION, bytes)?;
        let (commits, franked, count) = (reader.u64()?, reader.flag()?, usize::from(reader.u8()?));
        if count > MAX_GENERATIONS {
            return Err(RecordError::Damaged);
        }
        let mut generations: Vec<Box<Generation>> = Vec::with_capacity(count);
        for _ in 0..count {
            generations.push(Box::new(read_generation(&mut reader)?));
        }
        reader.finish()?;
        if !generations.is_sorted_by(|before, after| before.number < after.number) {
            return Err(RecordError::Damaged);
        }
        Ok(Self { sender, id, franked, commits, generations, lease: Lease::new() })
    }
}

fn read_generation(reader: &mut RecordReader<'_>) -> Result<Generation, RecordError> {
    let number = reader.u32()?;
    let (key, index) = (reader.secret()?, reader.u32()?);
    let next = ChainKey::new(key, index);
    let header_key = HeaderKey::new(reader.secret()?);
    let tag_key = HeaderKey::with_label(reader.secret()?, TAG);
    let (signing, group) = (PublicKey::from_bytes(reader.array()?), reader.array()?);
    let count = usize::from(reader.u16()?);
    let skipped = SkippedKeys::read_counted(reader, count, MAX_SKIPPED)?;
    if number == 0 {
        return Err(RecordError::Damaged);
    }
    let numbers: Vec<u32> = skipped.iter().map(|(number, _)| number).chain(window(next.index())).collect();
    let expected = Expected::new(tag_key, numbers.into_iter());
    let chain = SeedChain::from_parts(next, skipped).ok_or(RecordError::Damaged)?;
    Ok(Generation { number, chain, header_key, expected, signing, group })
}
