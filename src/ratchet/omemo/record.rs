// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of OMEMO's ratchet.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Limits, MAX_OLD, Old, OmemoRatchet, Received, Sent, Skipped};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::ratchet::chain::ChainKey;
use crate::ratchet::root::RootKey;
use crate::record::{RecordError, RecordReader, RecordWriter};

/// The change that a message makes, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RatchetChange<'a> {
    None,
    Sent(&'a Sent),
    Received(&'a Received),
}

impl Old {
    fn write(&self, has_spare: bool, writer: &mut RecordWriter) {
        writer.put_array(self.ratchet_key.as_bytes());
        writer.put_u32(self.end);
        writer.put_u32(self.received);
        let spare = self.spare.as_ref().filter(|_| has_spare);
        writer.put_flag(spare.is_some());
        if let Some(spare) = spare {
            writer.put_array(spare.as_bytes());
        }
    }

    fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let ratchet_key = PublicKey::from_bytes(reader.array()?);
        let (end, received) = (reader.u32()?, reader.u32()?);
        if received > end {
            return Err(RecordError::Damaged);
        }
        let spare = if reader.flag()? { Some(reader.secret()?) } else { None };
        Ok(Self { ratchet_key, end, received, spare })
    }
}

impl OmemoRatchet {
    /// About how many bytes [`Self::write`] writes.
    pub(crate) fn usual_len(&self) -> usize {
        320 + 73 * (self.old.len() + 1) + 68 * self.skipped.len()
    }

    /// Writes the state as it will be after `change`.
    pub(crate) fn write(&self, change: RatchetChange<'_>, writer: &mut RecordWriter) {
        let (received, sent) = match change {
            RatchetChange::None => (None, None),
            RatchetChange::Sent(Sent(next)) => (None, Some(next)),
            RatchetChange::Received(received) => (Some(received), None),
        };
        let step = match received {
            Some(Received::Stepped(step)) => Some(step),
            _ => None,
        };
        writer.put_array(step.map_or(&self.root, |step| &step.root).as_bytes());
        let pair = step.map_or(&self.pair, |step| &step.pair);
        writer.put_array(pair.public().as_bytes());
        writer.put_array(pair.private().as_bytes());
        sent.or(step.map(|step| &step.sending)).unwrap_or(&self.sending).write(writer);
        writer.put_u32(step.map_or(self.previous, |step| step.previous));
        writer.put_array(step.map_or(&self.remote, |step| &step.remote).as_bytes());
        let receiving = match received {
            Some(Received::Ahead { next, .. }) => Some(next),
            Some(Received::Stepped(step)) => Some(&step.receiving),
            _ => self.receiving.as_ref(),
        };
        writer.put_flag(receiving.is_some());
        if let Some(receiving) = receiving {
            receiving.write(writer);
        }

        let ended = step.and_then(|step| step.ended.as_ref());
        let used = match received {
            Some(Received::Spare(at)) => Some(*at),
            _ => None,
        };
        let old = self.old.len() + usize::from(ended.is_some());
        writer.put_count(old.min(MAX_OLD));
        let held = self.old.iter().enumerate().map(|(at, old)| (old, Some(at) != used));
        for (old, has_spare) in held.chain(ended.map(|old| (old, true))).skip(old.saturating_sub(MAX_OLD)) {
            old.write(has_spare, writer);
        }

        let (taken, added) = match received {
            Some(Received::Taken(at)) => (Some(*at), None),
            Some(Received::Ahead { added, .. }) => (None, Some(added)),
            Some(Received::Stepped(step)) => (None, Some(&step.added)),
            _ => (None, None),
        };
        let added = added.map_or(&[][..], |run| &run.0);
        let total = self.skipped.len() - usize::from(taken.is_some()) + added.len();
        let kept = if received.is_some() { total.min(self.limits.kept) } else { total };
        let held =
            self.skipped.iter().enumerate().filter(|(at, _)| Some(*at) != taken).map(|(_, skipped)| skipped);
        writer.put_count(kept);
        for skipped in held.chain(added).skip(total - kept) {
            writer.put_array(skipped.ratchet_key.as_bytes());
            writer.put_u32(skipped.counter);
            writer.put_array(skipped.seed.as_bytes());
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(reader: &mut RecordReader<'_>, limits: Limits) -> Result<Self, RecordError> {
        let root = RootKey::new(reader.secret()?);
        let public = PublicKey::from_bytes(reader.array()?);
        let pair = KeyPair::from_parts(PrivateKey::from_secret(&reader.secret()?), public);
        let sending = ChainKey::read(reader)?;
        let previous = reader.u32()?;
        let remote = PublicKey::from_bytes(reader.array()?);
        let receiving = if reader.flag()? { Some(ChainKey::read(reader)?) } else { None };
        let count = reader.count(32 + 4 + 4 + 1)?;
        if count > MAX_OLD {
            return Err(RecordError::Damaged);
        }
        let mut old = Vec::with_capacity(count);
        for _ in 0..count {
            old.push(Box::new(Old::read(reader)?));
        }
        let count = reader.count(32 + 4 + 32)?;
        let mut skipped = Vec::with_capacity(count);
        for _ in 0..count {
            let ratchet_key = PublicKey::from_bytes(reader.array()?);
            skipped.push(Box::new(Skipped { ratchet_key, counter: reader.u32()?, seed: reader.secret()? }));
        }
        Ok(Self { root, pair, sending, previous, remote, receiving, old, skipped, limits })
    }
}
