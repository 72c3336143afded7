// SPDX-License-Identifier: MIT OR Apache-2.0

//! The epoch chains: each epoch secret starts a KDF chain per direction, each message takes the next key of
//! one of them.
//!
//! ```text
//! start:      root || A2B || B2A = HKDF(salt = 0,    ikm = auth key,     "Signal PQ Ratchet V1 Chain  Start",    96)
//! add epoch:  root || A2B || B2A = HKDF(salt = root, ikm = epoch secret, "Signal PQ Ratchet V1 Chain Add Epoch", 96)
//! step:       next || key = HKDF(salt = 0, ikm = next, counter || "Signal PQ Ratchet V1 Chain Next", 64)
//! ```
//!
//! The counter is a 32-bit big-endian integer and is 1 for the first key. Chain epoch 0 comes from the shared
//! secret. After the first key for sending in epoch `n`, the epochs `n − 1`, `n` and newer are kept.

mod epoch_chains;
mod record;
#[cfg(any(feature = "hazmat", feature = "libsignal"))]
mod stored;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem::swap;

use zeroize::Zeroize;

use crate::crypto::kdf::{HkdfSalt, Label};
use crate::crypto::secret::Secret;

use super::direction::Direction;
use super::error::SpqrError;
use super::limits::Limits;
use super::profile::Profile;
pub(super) use epoch_chains::EpochChains;

pub use epoch_chains::ReceiveStep;

/// The chains of the newest epochs.
pub struct Chain {
    profile: Profile,
    direction: Direction,
    limits: Limits,
    root: Secret<32>,
    /// The epoch of the newest key for sending.
    send_epoch: u64,
    /// The epoch of the first of `epochs`; the others follow.
    first_epoch: u64,
    #[expect(clippy::vec_box, reason = "no copy stays behind when one is dropped from the front")]
    epochs: Vec<Box<EpochChains>>,
}

/// The change that [`Chain::apply`] makes.
#[derive(Debug, Default)]
pub struct ChainChange {
    /// An epoch is added.
    pub added: Option<AddedEpoch>,
    /// A key is given out, of an epoch that was there before.
    pub step: Option<ChainStep>,
}

/// A new epoch.
pub struct AddedEpoch {
    root: Secret<32>,
    chains: Box<EpochChains>,
}

/// One key was given out.
pub enum ChainStep {
    /// For sending.
    Send {
        /// The chain epoch.
        epoch: u64,
        /// The index of the key.
        counter: u32,
        /// The chain key of the following one.
        next: Secret<32>,
    },
    /// For receiving.
    Receive {
        /// The chain epoch.
        epoch: u64,
        /// The step in its chain.
        step: ReceiveStep,
    },
}

#[cfg(feature = "rose")]
impl AddedEpoch {
    pub(super) fn chains(&self) -> &EpochChains {
        &self.chains
    }
}

impl Chain {
    /// Begins epoch 0 with the secret that both sides share, of any length.
    #[must_use]
    pub fn start(auth_key: &[u8], direction: Direction, limits: Limits) -> Self {
        Self::of(Profile::Signal, auth_key, direction, limits)
    }

    /// [`Self::start`] with a profile's labels.
    pub(super) fn of(profile: Profile, auth_key: &[u8], direction: Direction, limits: Limits) -> Self {
        let (root, chains) =
            new_epoch(profile, (&HkdfSalt::ZERO, auth_key, profile.labels().start), direction);
        let epochs = alloc::vec![chains];
        Self { profile, direction, limits, root, send_epoch: 0, first_epoch: 0, epochs }
    }

    /// The newest epoch.
    #[must_use]
    pub fn current_epoch(&self) -> u64 {
        let behind = u64::try_from(self.epochs.len()).unwrap_or(u64::MAX).saturating_sub(1);
        self.first_epoch.saturating_add(behind)
    }

    /// The epoch after [`Self::current_epoch`], from its secret, of any length.
    #[must_use]
    pub fn next_epoch(&self, secret: &[u8]) -> AddedEpoch {
        let salt = HkdfSalt::new(self.root.as_bytes());
        let input = (&salt, secret, self.profile.labels().add_epoch);
        let (root, chains) = new_epoch(self.profile, input, self.direction);
        AddedEpoch { root, chains }
    }

    /// The next key for sending of an epoch, and its index.
    ///
    /// # Errors
    /// [`SpqrError`]: `SendEpochDecreased`, `UnknownChainEpoch`, `ChainExhausted`.
    pub fn send_key(&self, epoch: u64) -> Result<(ChainStep, u32, Secret<32>), SpqrError> {
        if epoch < self.send_epoch {
            return Err(SpqrError::SendEpochDecreased { newest: self.send_epoch, asked: epoch });
        }
        let (counter, next, key) = self.chains(epoch)?.send.step(self.profile)?;
        Ok((ChainStep::Send { epoch, counter, next }, counter, key))
    }

    /// The key for receiving at an index of an epoch. Each is given once.
    ///
    /// # Errors
    /// [`SpqrError`]: `UnknownChainEpoch`, `KeyAlreadyRequested`, `KeyTrimmed`, `KeyJump`.
    pub fn receive_key(&self, epoch: u64, index: u32) -> Result<(ChainStep, Secret<32>), SpqrError> {
        let (step, key) = self.chains(epoch)?.receive.key(index, self.limits, self.profile)?;
        Ok((ChainStep::Receive { epoch, step }, key))
    }

    /// Checks that there is a key at an index of an epoch, at most `max_jump` ahead. No step is made.
    ///
    /// # Errors
    /// [`SpqrError`], as for [`Self::receive_key`].
    pub fn check_receive(&self, epoch: u64, index: u32, max_jump: u32) -> Result<(), SpqrError> {
        self.chains(epoch)?.receive.check(index, self.limits, max_jump)
    }

    /// Applies a change that was made from this very state of the chain.
    #[cfg(any(test, feature = "hazmat"))]
    pub fn apply(&mut self, mut change: ChainChange) {
        self.exchange(&mut change);
    }

    /// Applies a change. Replaced values go into `change`, and are wiped there.
    pub(super) fn exchange(&mut self, change: &mut ChainChange) {
        let ChainChange { added, step } = change;
        if let Some(AddedEpoch { root, .. }) = added {
            swap(&mut self.root, root);
            root.zeroize();
        }
        self.epochs.extend(added.take().map(|added| added.chains));
        match step {
            Some(ChainStep::Send { epoch, counter, next }) => self.exchange_send(*epoch, *counter, next),
            Some(ChainStep::Receive { epoch, step }) => {
                let max_old_keys = self.limits.max_old_keys();
                if let Some(chains) = self.epoch_mut(*epoch) {
                    chains.receive.exchange(step, max_old_keys);
                }
            }
            None => {}
        }
    }

    fn exchange_send(&mut self, epoch: u64, counter: u32, next: &mut Secret<32>) {
        let first_kept = self.first_kept(Some(epoch));
        while self.first_epoch < first_kept && !self.epochs.is_empty() {
            self.epochs.remove(0);
            self.first_epoch += 1;
        }
        for (_, older) in (self.first_epoch..epoch).zip(&mut self.epochs) {
            older.send.erase();
        }
        self.send_epoch = epoch;
        if let Some(chains) = self.epoch_mut(epoch) {
            chains.send.exchange(counter, next);
        }
    }

    /// The oldest epoch that is kept after a key for sending of an epoch was given.
    fn first_kept(&self, sending: Option<u64>) -> u64 {
        sending.map_or(self.first_epoch, |epoch| self.first_epoch.max(epoch.saturating_sub(1)))
    }

    fn position(&self, epoch: u64) -> Option<usize> {
        epoch.checked_sub(self.first_epoch).and_then(|behind| usize::try_from(behind).ok())
    }

    pub(super) fn chains(&self, epoch: u64) -> Result<&EpochChains, SpqrError> {
        let chains = self.position(epoch).and_then(|position| self.epochs.get(position));
        chains.map(|chains| &**chains).ok_or(SpqrError::UnknownChainEpoch(epoch))
    }

    fn epoch_mut(&mut self, epoch: u64) -> Option<&mut EpochChains> {
        self.position(epoch).and_then(|position| self.epochs.get_mut(position)).map(|chains| &mut **chains)
    }
}

/// Salt, input and label of an epoch's derivation.
type EpochInput<'a> = (&'a HkdfSalt, &'a [u8], Label);

/// The root and the first chain keys of an epoch.
fn new_epoch(
    profile: Profile,
    (salt, secret, label): EpochInput<'_>,
    direction: Direction,
) -> (Secret<32>, Box<EpochChains>) {
    match profile {
        Profile::Signal => split_keys(&salt.derive(&[secret], (&[], label, &[])), direction),
        #[cfg(feature = "rose")]
        Profile::Rose => {
            let (keys, hx) = salt.derive::<128>(&[secret], (&[], label, &[])).split();
            let (root, mut chains) = split_keys(&keys, direction);
            chains.hx = Some(Box::new(hx));
            (root, chains)
        }
    }
}

fn split_keys(keys: &Secret<96>, direction: Direction) -> (Secret<32>, Box<EpochChains>) {
    let (root, chain_keys) = keys.split::<32, 64>();
    let (a2b, b2a) = chain_keys.split();
    let chains = match direction {
        Direction::A2B => EpochChains::new(a2b, b2a),
        Direction::B2A => EpochChains::new(b2a, a2b),
    };
    (root, Box::new(chains))
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile: _, direction, limits, root: _, send_epoch, first_epoch, epochs } = self;
        f.debug_struct("Chain")
            .field("direction", direction)
            .field("limits", limits)
            .field("send_epoch", send_epoch)
            .field("first_epoch", first_epoch)
            .field("epochs", epochs)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AddedEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddedEpoch(..)")
    }
}

impl fmt::Debug for ChainStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { epoch, counter, next: _ } => write!(f, "Send({epoch}, {counter}, ..)"),
            Self::Receive { epoch, step } => write!(f, "Receive({epoch}, {step:?})"),
        }
    }
}
