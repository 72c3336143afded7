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

mod delta;
mod link;
mod old_keys;
mod record;
mod stored;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem::swap;

use zeroize::Zeroize;

use crate::crypto::kdf::{HkdfSalt, Label};
use crate::crypto::secret::Secret;

use super::error::BraidError;
use link::Link;
use old_keys::OldKeys;

pub use link::ReceiveStep;

const START: Label = Label::new("Signal PQ Ratchet V1 Chain  Start");
const ADD_EPOCH: Label = Label::new("Signal PQ Ratchet V1 Chain Add Epoch");

/// Which party: the initiator of a session sends in the direction A2B, the responder in the direction B2A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From A to B: the session's initiator. Owns the key in odd epochs.
    A2B,
    /// From B to A: the session's responder. Owns the key in even epochs.
    B2A,
}

impl Direction {
    pub(super) const fn to_u8(self) -> u8 {
        match self {
            Self::A2B => 0,
            Self::B2A => 1,
        }
    }

    pub(super) const fn from_u8(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::A2B),
            1 => Some(Self::B2A),
            _ => None,
        }
    }
}

/// How far a message may be ahead of or behind others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    max_jump: u32,
    max_old_keys: u32,
}

impl Limits {
    /// How far ahead of the newest key an index may be, if nothing else is said. Each skipped key costs a step.
    pub const DEFAULT_MAX_JUMP: u32 = 25_000;
    /// How far behind the newest key a key may be, if nothing else is said. A chain keeps at most so many old
    /// keys, of 32 bytes each.
    pub const DEFAULT_MAX_OLD_KEYS: u32 = 2_000;

    /// Limits of one's own; 0 stands for the default.
    #[must_use]
    pub const fn new(max_jump: u32, max_old_keys: u32) -> Self {
        Self {
            max_jump: if max_jump == 0 { Self::DEFAULT_MAX_JUMP } else { max_jump },
            max_old_keys: if max_old_keys == 0 { Self::DEFAULT_MAX_OLD_KEYS } else { max_old_keys },
        }
    }

    /// The limits of a session with another device of the same account: any jump.
    #[must_use]
    pub const fn own_account() -> Self {
        Self::new(u32::MAX, 0)
    }

    /// Whether these allow nothing that `widest` does not.
    pub(crate) const fn within(self, widest: Self) -> bool {
        self.max_jump <= widest.max_jump && self.max_old_keys <= widest.max_old_keys
    }

    /// How far ahead of the newest key an index may be.
    #[must_use]
    pub const fn max_jump(self) -> u32 {
        self.max_jump
    }

    /// How far behind the newest key a key may be.
    #[must_use]
    pub const fn max_old_keys(self) -> u32 {
        self.max_old_keys
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

/// The chains of the newest epochs.
pub struct Chain {
    direction: Direction,
    limits: Limits,
    root: Secret<32>,
    /// The epoch of the newest key for sending.
    send_epoch: u64,
    /// The epoch of the first of `links`; the others follow.
    first_epoch: u64,
    #[expect(clippy::vec_box, reason = "no copy stays behind when one is dropped from the front")]
    links: Vec<Box<Link>>,
}

/// What [`Chain::apply`] does.
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
    link: Box<Link>,
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
        /// What happened in its chain.
        step: ReceiveStep,
    },
}

impl Chain {
    /// Begins epoch 0 with the secret that both sides share, of any length.
    #[must_use]
    pub fn start(auth_key: &[u8], direction: Direction, limits: Limits) -> Self {
        let keys = HkdfSalt::ZERO.derive(&[auth_key], (&[], START, &[]));
        let (root, link) = split_keys(&keys, direction);
        Self { direction, limits, root, send_epoch: 0, first_epoch: 0, links: alloc::vec![link] }
    }

    /// The newest epoch.
    #[must_use]
    pub fn current_epoch(&self) -> u64 {
        let behind = u64::try_from(self.links.len()).unwrap_or(u64::MAX).saturating_sub(1);
        self.first_epoch.saturating_add(behind)
    }

    /// The epoch after [`Self::current_epoch`], made of its secret, of any length.
    #[must_use]
    pub fn next_epoch(&self, secret: &[u8]) -> AddedEpoch {
        let keys = HkdfSalt::new(self.root.as_bytes()).derive(&[secret], (&[], ADD_EPOCH, &[]));
        let (root, link) = split_keys(&keys, self.direction);
        AddedEpoch { root, link }
    }

    /// The next key for sending of an epoch, and its index.
    ///
    /// # Errors
    /// [`BraidError`]: `SendEpochDecreased`, `UnknownChainEpoch`, `ChainExhausted`.
    pub fn send_key(&self, epoch: u64) -> Result<(ChainStep, u32, Secret<32>), BraidError> {
        if epoch < self.send_epoch {
            return Err(BraidError::SendEpochDecreased { newest: self.send_epoch, asked: epoch });
        }
        let (counter, next, key) = self.link(epoch)?.send.step()?;
        Ok((ChainStep::Send { epoch, counter, next }, counter, key))
    }

    /// The key for receiving at an index of an epoch. Each is given once.
    ///
    /// # Errors
    /// [`BraidError`]: `UnknownChainEpoch`, `KeyAlreadyRequested`, `KeyTrimmed`, `KeyJump`.
    pub fn receive_key(&self, epoch: u64, index: u32) -> Result<(ChainStep, Secret<32>), BraidError> {
        let (step, key) = self.link(epoch)?.receive.key(index, self.limits)?;
        Ok((ChainStep::Receive { epoch, step }, key))
    }

    /// Makes a change that was made from this chain as it is.
    pub fn apply(&mut self, mut change: ChainChange) {
        self.exchange(&mut change);
    }

    /// Makes a change. What it replaces goes into `change`, to be wiped where that lies.
    pub(super) fn exchange(&mut self, change: &mut ChainChange) {
        let ChainChange { added, step } = change;
        if let Some(AddedEpoch { root, .. }) = added {
            swap(&mut self.root, root);
            root.zeroize();
        }
        self.links.extend(added.take().map(|added| added.link));
        match step {
            Some(ChainStep::Send { epoch, counter, next }) => self.exchange_send(*epoch, *counter, next),
            Some(ChainStep::Receive { epoch, step }) => {
                let max_old_keys = self.limits.max_old_keys;
                if let Some(link) = self.link_mut(*epoch) {
                    link.receive.exchange(step, max_old_keys);
                }
            }
            None => {}
        }
    }

    fn exchange_send(&mut self, epoch: u64, counter: u32, next: &mut Secret<32>) {
        let first_kept = self.first_kept(Some(epoch));
        while self.first_epoch < first_kept && !self.links.is_empty() {
            self.links.remove(0);
            self.first_epoch += 1;
        }
        for (_, older) in (self.first_epoch..epoch).zip(&mut self.links) {
            older.send.erase();
        }
        self.send_epoch = epoch;
        if let Some(link) = self.link_mut(epoch) {
            link.send.exchange(counter, next);
        }
    }

    /// The oldest epoch that is kept after a key for sending of an epoch was given.
    fn first_kept(&self, sending: Option<u64>) -> u64 {
        sending.map_or(self.first_epoch, |epoch| self.first_epoch.max(epoch.saturating_sub(1)))
    }

    fn position(&self, epoch: u64) -> Option<usize> {
        epoch.checked_sub(self.first_epoch).and_then(|behind| usize::try_from(behind).ok())
    }

    fn link(&self, epoch: u64) -> Result<&Link, BraidError> {
        let link = self.position(epoch).and_then(|position| self.links.get(position));
        link.map(|link| &**link).ok_or(BraidError::UnknownChainEpoch(epoch))
    }

    fn link_mut(&mut self, epoch: u64) -> Option<&mut Link> {
        self.position(epoch).and_then(|position| self.links.get_mut(position)).map(|link| &mut **link)
    }
}

/// The root and the first chain keys of an epoch.
fn split_keys(keys: &Secret<96>, direction: Direction) -> (Secret<32>, Box<Link>) {
    let (root, chain_keys) = keys.split::<32, 64>();
    let (a2b, b2a) = chain_keys.split();
    let link = match direction {
        Direction::A2B => Link::new(a2b, b2a),
        Direction::B2A => Link::new(b2a, a2b),
    };
    (root, Box::new(link))
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, limits, root: _, send_epoch, first_epoch, links } = self;
        f.debug_struct("Chain")
            .field("direction", direction)
            .field("limits", limits)
            .field("send_epoch", send_epoch)
            .field("first_epoch", first_epoch)
            .field("links", links)
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
