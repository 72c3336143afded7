// SPDX-License-Identifier: MIT OR Apache-2.0

//! The epoch chains in the sessions that libsignal stores.

use alloc::boxed::Box;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::crypto::secret::Secret;
use crate::ratchet::skipped::SkippedKeys;
use crate::ratchet::spqr::direction::Direction;
use crate::ratchet::spqr::limits::Limits;
use crate::ratchet::spqr::profile::Profile;
use crate::wire::stored::{StoredEpochChain, StoredHalf, StoredLink};

use super::Chain;
use super::epoch_chains::{EpochChains, HeaderSecret, ReceiveHalf, SendHalf, lowest_kept};

/// Length of a skipped key with its index in bytes.
const PREVIOUS_LEN: usize = 4 + 32;

impl Chain {
    pub(in crate::ratchet::spqr) const fn direction(&self) -> Direction {
        self.direction
    }

    pub(in crate::ratchet::spqr) const fn limits(&self) -> Limits {
        self.limits
    }

    /// Reads stored chains. None if they are not sound.
    pub(in crate::ratchet::spqr) fn from_stored(stored: &StoredEpochChain<'_>) -> Option<Self> {
        let limits = Limits::from_stored(stored.limits);
        let epochs: Vec<Box<EpochChains>> = stored
            .links
            .iter()
            .map(|epoch| from_stored(epoch, limits).map(Box::new))
            .collect::<Option<_>>()?;
        let behind = u64::try_from(epochs.len()).ok()?.checked_sub(1)?;
        let chain = Self {
            profile: Profile::Signal,
            direction: Direction::from_stored(stored.direction)?,
            limits,
            root: stored.next_root.try_into().ok()?,
            send_epoch: stored.send_epoch,
            first_epoch: stored.current_epoch.checked_sub(behind)?,
            epochs,
        };
        chain.checked()
    }

    /// The skipped keys of each epoch, for [`Self::stored`] to borrow.
    pub(in crate::ratchet::spqr) fn previous_keys(&self) -> Vec<Zeroizing<Vec<u8>>> {
        self.epochs.iter().map(|chains| previous_keys(&chains.receive.skipped)).collect()
    }

    /// The stored form. `previous` are the [previous keys](Self::previous_keys).
    pub(in crate::ratchet::spqr) fn stored<'a>(
        &'a self,
        previous: &'a [Zeroizing<Vec<u8>>],
    ) -> StoredEpochChain<'a> {
        let links = self.epochs.iter().zip(previous).map(|(chains, previous)| {
            let EpochChains { send, receive, .. } = &**chains;
            let next = send.next.as_ref().map_or(&[][..], |next| next.as_bytes());
            StoredLink {
                send: StoredHalf { counter: send.counter, next, previous: &[] },
                receive: StoredHalf { counter: receive.counter, next: receive.next.as_bytes(), previous },
            }
        });
        StoredEpochChain {
            direction: self.direction.to_u8().into(),
            current_epoch: self.current_epoch(),
            links: links.collect(),
            next_root: self.root.as_bytes(),
            send_epoch: self.send_epoch,
            limits: self.limits.stored(),
        }
    }
}

fn previous_keys(skipped: &SkippedKeys) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(skipped.len() * PREVIOUS_LEN));
    for (index, key) in skipped.iter() {
        out.extend_from_slice(&index.to_be_bytes());
        out.extend_from_slice(key);
    }
    out
}

fn from_stored(stored: &StoredLink<'_>, limits: Limits) -> Option<EpochChains> {
    let StoredLink { send, receive } = stored;
    let next = if send.next.is_empty() { None } else { Some(Secret::try_from(send.next).ok()?) };
    let skipped = skipped_keys(receive, lowest_kept(receive.counter, limits.max_old_keys()))?;
    Some(EpochChains {
        send: SendHalf { counter: send.counter, next },
        receive: ReceiveHalf { counter: receive.counter, next: receive.next.try_into().ok()?, skipped },
        hx: HeaderSecret::default(),
    })
}

/// The skipped keys that may still be asked for.
fn skipped_keys(stored: &StoredHalf<'_>, lowest: u32) -> Option<SkippedKeys> {
    let (records, []) = stored.previous.as_chunks::<PREVIOUS_LEN>() else {
        return None;
    };
    let mut records: Vec<(u32, &[u8; 32])> = records
        .iter()
        .filter_map(|record| {
            let (index, key) = record.split_first_chunk()?;
            Some((u32::from_be_bytes(*index), key.try_into().ok()?))
        })
        .filter(|(index, _)| (lowest..stored.counter).contains(index))
        .collect();
    records.sort_unstable_by_key(|(index, _)| *index);
    SkippedKeys::from_sorted(&records)
}
