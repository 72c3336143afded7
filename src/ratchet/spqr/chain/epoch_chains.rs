// SPDX-License-Identifier: MIT OR Apache-2.0

//! The chains of one epoch: one for sending and one for receiving.

#[cfg(feature = "rose")]
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::mem::swap;

use crate::crypto::kdf::HkdfSalt;
use crate::crypto::secret::Secret;
use crate::ratchet::skipped::SkippedKeys;
use crate::ratchet::spqr::error::SpqrError;
use crate::ratchet::spqr::limits::Limits;
use crate::ratchet::spqr::profile::Profile;

/// A stepper of chains: holds the salt, whose pads are hashed once for any number of steps.
struct Stepper {
    salt: HkdfSalt,
    profile: Profile,
}

impl Stepper {
    const fn new(profile: Profile) -> Self {
        Self { salt: HkdfSalt::ZERO, profile }
    }

    /// The chain key after `next` and the message key of index `counter`.
    fn step(&self, counter: u32, next: &Secret<32>) -> (Secret<32>, Secret<32>) {
        let (counter, label) = (counter.to_be_bytes(), self.profile.labels().next);
        let info = match self.profile {
            Profile::Signal => (&counter[..], label, &[][..]),
            #[cfg(feature = "rose")]
            Profile::Rose => (&[][..], label, &counter[..]),
        };
        self.salt.derive::<64>(&[next.as_bytes()], info).split()
    }
}

/// The secret that root steps take in, `hx`; none in the Signal profile.
#[cfg(feature = "rose")]
pub(super) type HeaderSecret = Option<Box<Secret<32>>>;
#[cfg(not(feature = "rose"))]
pub(super) type HeaderSecret = ();

/// The chains of one epoch.
#[derive(Debug)]
pub(in crate::ratchet::spqr) struct EpochChains {
    pub(super) send: SendHalf,
    pub(super) receive: ReceiveHalf,
    #[cfg_attr(not(feature = "rose"), expect(dead_code, reason = "the Signal profile has none"))]
    pub(in crate::ratchet::spqr) hx: HeaderSecret,
}

impl EpochChains {
    pub(super) fn new(send: Secret<32>, receive: Secret<32>) -> Self {
        Self {
            send: SendHalf { counter: 0, next: Some(send) },
            receive: ReceiveHalf { counter: 0, next: receive, skipped: SkippedKeys::new() },
            hx: HeaderSecret::default(),
        }
    }
}

/// The chain for sending.
pub(super) struct SendHalf {
    /// The index of the newest key.
    pub(super) counter: u32,
    /// The chain key; erased when a newer epoch is used.
    pub(super) next: Option<Secret<32>>,
}

impl SendHalf {
    /// The index of the next key, the chain key after it, and the key.
    pub(super) fn step(&self, profile: Profile) -> Result<(u32, Secret<32>, Secret<32>), SpqrError> {
        let counter = self.counter.checked_add(1).ok_or(SpqrError::ChainExhausted)?;
        let next = self.next.as_ref().ok_or(SpqrError::ChainExhausted)?;
        let (next, key) = Stepper::new(profile).step(counter, next);
        Ok((counter, next, key))
    }

    /// Moves on to the key of index `counter`, and swaps the old chain key for the one after it.
    pub(super) fn exchange(&mut self, counter: u32, next: &mut Secret<32>) {
        self.counter = counter;
        if let Some(old) = &mut self.next {
            swap(old, next);
        }
    }

    pub(super) fn erase(&mut self) {
        self.next = None;
    }
}

impl fmt::Debug for SendHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counter, next: _ } = self;
        write!(f, "SendHalf({counter}, ..)")
    }
}

/// The chain for receiving, and its skipped keys.
pub(super) struct ReceiveHalf {
    /// The index of the newest key.
    pub(super) counter: u32,
    /// The chain key.
    pub(super) next: Secret<32>,
    /// Keys that were skipped and may still be asked for.
    pub(super) skipped: SkippedKeys,
}

/// The step of a chain for receiving that gives a key.
pub enum ReceiveStep {
    /// The old key of this index is given away.
    Take(u32),
    /// The chain moves on to the index `counter`.
    Advance {
        /// The index of the given key.
        counter: u32,
        /// The chain key after it.
        next: Secret<32>,
        /// The newest of the keys between, without a gap; the last has the index `counter − 1`.
        skipped: Vec<Secret<32>>,
    },
}

impl ReceiveHalf {
    /// Checks that there is a key at an index, at most `max_jump` ahead.
    pub(super) fn check(&self, index: u32, limits: Limits, max_jump: u32) -> Result<(), SpqrError> {
        match index.checked_sub(self.counter) {
            Some(0) => Err(SpqrError::KeyAlreadyRequested(index)),
            Some(jump) if jump > limits.max_jump().min(max_jump) => {
                Err(SpqrError::KeyJump { counter: self.counter, index })
            }
            Some(_) => Ok(()),
            None if index < lowest_kept(self.counter, limits.max_old_keys()) => {
                Err(SpqrError::KeyTrimmed(index))
            }
            None if self.skipped.get(index).is_some() => Ok(()),
            None => Err(SpqrError::KeyAlreadyRequested(index)),
        }
    }

    /// The key at an index.
    pub(super) fn key(
        &self,
        index: u32,
        limits: Limits,
        profile: Profile,
    ) -> Result<(ReceiveStep, Secret<32>), SpqrError> {
        self.check(index, limits, u32::MAX)?;
        match self.skipped.get(index) {
            Some(key) => Ok((ReceiveStep::Take(index), key.duplicate())),
            None => Ok(self.advance((index, index - self.counter), limits.max_old_keys(), profile)),
        }
    }

    /// Steps `jump` times. Keys that would be too old at the end are not kept.
    fn advance(
        &self,
        (index, jump): (u32, u32),
        max_old_keys: u32,
        profile: Profile,
    ) -> (ReceiveStep, Secret<32>) {
        let lowest = lowest_kept(index, max_old_keys);
        let kept = (jump - 1).min(max_old_keys);
        // Exactly as large as needed: growing would leave copies of keys behind.
        let mut skipped = Vec::with_capacity(usize::try_from(kept).unwrap_or_default());
        let stepper = Stepper::new(profile);
        let (mut next, mut key) = stepper.step(self.counter + 1, &self.next);
        for counter in self.counter + 1..index {
            if counter >= lowest {
                skipped.push(key);
            }
            (next, key) = stepper.step(counter + 1, &next);
        }
        (ReceiveStep::Advance { counter: index, next, skipped }, key)
    }

    /// Makes a step, and swaps the old chain key for the new one.
    pub(super) fn exchange(&mut self, step: &mut ReceiveStep, max_old_keys: u32) {
        match step {
            ReceiveStep::Take(index) => self.skipped.remove(*index),
            ReceiveStep::Advance { counter, next, skipped } => {
                self.counter = *counter;
                swap(&mut self.next, next);
                self.skipped.forget_below(lowest_kept(*counter, max_old_keys));
                self.skipped.append(first_skipped(*counter, skipped), skipped);
            }
        }
    }
}

/// The lowest index of a key that may still be asked for once the newest has the index `counter`.
pub(super) const fn lowest_kept(counter: u32, max_old_keys: u32) -> u32 {
    counter.saturating_sub(max_old_keys)
}

/// The index of the first of the keys skipped on the way to `counter`.
pub(super) fn first_skipped(counter: u32, skipped: &[Secret<32>]) -> u32 {
    counter.saturating_sub(u32::try_from(skipped.len()).unwrap_or(u32::MAX))
}

impl fmt::Debug for ReceiveHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { counter, next: _, skipped: kept } = self;
        write!(f, "ReceiveHalf({counter}, {kept:?}, ..)")
    }
}

impl fmt::Debug for ReceiveStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Take(index) => write!(f, "Take({index})"),
            Self::Advance { counter, next: _, skipped } => {
                write!(f, "Advance({counter}, {} skipped, ..)", skipped.len())
            }
        }
    }
}
