// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of the epoch chains.
//!
//! ```text
//! chain = root (32) || send epoch (8) || first epoch (8) || number of epochs (4) || epoch*
//! epoch = send counter (4) || flag (1) [|| send chain key (32)]
//!         || receive counter (4) || receive chain key (32) || number of skipped keys (4) || (index (4) || key (32))*
//! ```

use alloc::boxed::Box;

use crate::crypto::secret::Secret;
use crate::ratchet::skipped::SkippedKeys;
use crate::ratchet::spqr::direction::Direction;
use crate::ratchet::spqr::limits::Limits;
use crate::ratchet::spqr::profile::Profile;
use crate::record::{RecordError, RecordReader, RecordWriter};

use super::epoch_chains::{
    EpochChains, HeaderSecret, ReceiveHalf, ReceiveStep, SendHalf, first_skipped, lowest_kept,
};
use super::{Chain, ChainChange, ChainStep};

/// Length of the shortest epoch in bytes.
const MIN_EPOCH_LEN: usize = 4 + 1 + 4 + 32 + 4;

/// One epoch as it will be after a change.
pub(in crate::ratchet::spqr) struct KeptEpoch<'a> {
    chains: &'a EpochChains,
    epoch: u64,
    step: Option<&'a ChainStep>,
    max_old_keys: u32,
}

impl KeptEpoch<'_> {
    /// Counter and chain key for sending.
    pub(in crate::ratchet::spqr) fn send(&self) -> (u32, Option<&Secret<32>>) {
        let SendHalf { counter, next } = &self.chains.send;
        match self.step {
            Some(ChainStep::Send { epoch, counter, next }) if *epoch == self.epoch => (*counter, Some(next)),
            Some(ChainStep::Send { epoch, .. }) if *epoch > self.epoch => (*counter, None),
            _ => (*counter, next.as_ref()),
        }
    }

    /// Counter and chain key for receiving.
    pub(in crate::ratchet::spqr) const fn receive(&self) -> (u32, &Secret<32>) {
        match self.step() {
            Some(ReceiveStep::Advance { counter, next, .. }) => (*counter, next),
            _ => (self.chains.receive.counter, &self.chains.receive.next),
        }
    }

    /// The skipped keys with their indices, in ascending order.
    pub(in crate::ratchet::spqr) fn skipped(&self) -> impl Iterator<Item = (u32, &[u8; 32])> + Clone {
        let (lowest, taken, first, skipped) = match self.step() {
            Some(ReceiveStep::Advance { counter, skipped, .. }) => (
                lowest_kept(*counter, self.max_old_keys),
                None,
                first_skipped(*counter, skipped),
                &skipped[..],
            ),
            Some(ReceiveStep::Take(index)) => (0, Some(*index), 0, &[][..]),
            None => (0, None, 0, &[][..]),
        };
        let old = self.chains.receive.skipped.iter();
        old.filter(move |(index, _)| *index >= lowest && Some(*index) != taken)
            .chain((first..=u32::MAX).zip(skipped.iter().map(Secret::as_bytes)))
    }

    /// The header secret.
    #[cfg(all(feature = "rose", feature = "hazmat"))]
    pub(in crate::ratchet::spqr) fn hx(&self) -> Option<&Secret<32>> {
        self.chains.hx.as_deref()
    }

    const fn step(&self) -> Option<&ReceiveStep> {
        match self.step {
            Some(ChainStep::Receive { epoch, step }) if *epoch == self.epoch => Some(step),
            _ => None,
        }
    }
}

impl Chain {
    /// The epochs as they will be after a change, the oldest first.
    pub(in crate::ratchet::spqr) fn kept_epochs<'a>(
        &'a self,
        change: &'a ChainChange,
    ) -> impl Iterator<Item = KeptEpoch<'a>> + Clone {
        let ChainChange { added, step } = change;
        let first_kept = self.first_kept_after(change);
        let epochs = self.epochs.iter().chain(added.as_ref().map(|added| &added.chains));
        let epochs = (self.first_epoch..=u64::MAX).zip(epochs).filter(move |(epoch, _)| *epoch >= first_kept);
        epochs.map(|(epoch, chains)| KeptEpoch {
            chains,
            epoch,
            step: step.as_ref(),
            max_old_keys: self.limits.max_old_keys(),
        })
    }

    /// The first epoch that is kept after a change.
    pub(in crate::ratchet::spqr) fn first_kept_after(&self, change: &ChainChange) -> u64 {
        self.first_kept(match &change.step {
            Some(ChainStep::Send { epoch, .. }) => Some(*epoch),
            _ => None,
        })
    }

    /// The root and the epoch of the newest key for sending, after a change.
    pub(in crate::ratchet::spqr) fn root_and_send_epoch<'a>(
        &'a self,
        change: &'a ChainChange,
    ) -> (&'a Secret<32>, u64) {
        let root = change.added.as_ref().map_or(&self.root, |added| &added.root);
        match &change.step {
            Some(ChainStep::Send { epoch, .. }) => (root, *epoch),
            _ => (root, self.send_epoch),
        }
    }

    /// Writes the chain as it will be after a change. Direction and limits are not written.
    pub(in crate::ratchet::spqr) fn write(&self, change: &ChainChange, out: &mut RecordWriter) {
        let (root, send_epoch) = self.root_and_send_epoch(change);
        out.put_array(root.as_bytes());
        out.put_u64(send_epoch);
        out.put_u64(self.first_kept_after(change));
        let epochs = self.kept_epochs(change);
        out.put_count(epochs.clone().count());
        for epoch in epochs {
            let (counter, next) = epoch.send();
            out.put_u32(counter);
            out.put_flag(next.is_some());
            if let Some(next) = next {
                out.put_array(next.as_bytes());
            }
            let (counter, next) = epoch.receive();
            out.put_u32(counter);
            out.put_array(next.as_bytes());
            out.put_count(epoch.skipped().count());
            for (index, key) in epoch.skipped() {
                out.put_u32(index);
                out.put_array(key);
            }
            #[cfg(feature = "rose")]
            if let Some(hx) = &epoch.chains.hx {
                out.put_array(hx.as_bytes());
            }
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(in crate::ratchet::spqr) fn read(
        profile: Profile,
        reader: &mut RecordReader<'_>,
        direction: Direction,
        limits: Limits,
    ) -> Result<Self, RecordError> {
        let (root, send_epoch, first_epoch) = (reader.secret()?, reader.u64()?, reader.u64()?);
        let epochs = (0..reader.count(MIN_EPOCH_LEN)?)
            .map(|_| read_epoch(reader, limits, profile).map(Box::new))
            .collect::<Result<_, _>>()?;
        Self { profile, direction, limits, root, send_epoch, first_epoch, epochs }
            .checked()
            .ok_or(RecordError::Damaged)
    }

    /// The chain of stored parts, if they fit.
    pub(in crate::ratchet::spqr) fn checked(self) -> Option<Self> {
        self.can_send(self.send_epoch).then_some(self)
    }

    /// Returns whether there is a chain for sending in an epoch.
    pub(in crate::ratchet::spqr) fn can_send(&self, epoch: u64) -> bool {
        epoch >= self.send_epoch && self.chains(epoch).is_ok_and(|chains| chains.send.next.is_some())
    }
}

fn read_epoch(
    reader: &mut RecordReader<'_>,
    limits: Limits,
    profile: Profile,
) -> Result<EpochChains, RecordError> {
    let counter = reader.u32()?;
    let next = if reader.flag()? { Some(reader.secret()?) } else { None };
    let send = SendHalf { counter, next };
    let (counter, next) = (reader.u32()?, reader.secret()?);
    let skipped = SkippedKeys::read(reader, usize::MAX)?;
    let usable = lowest_kept(counter, limits.max_old_keys())..counter;
    // They rise: if the first and the last are usable, all are.
    let ends = [skipped.iter().next(), skipped.iter().next_back()];
    if !ends.into_iter().flatten().all(|(index, _)| usable.contains(&index)) {
        return Err(RecordError::Damaged);
    }
    Ok(EpochChains {
        send,
        receive: ReceiveHalf { counter, next, skipped },
        hx: match profile {
            Profile::Signal => HeaderSecret::default(),
            #[cfg(feature = "rose")]
            Profile::Rose => Some(Box::new(reader.secret()?)),
        },
    })
}
