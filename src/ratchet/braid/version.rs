// SPDX-License-Identifier: MIT OR Apache-2.0

//! Settling the version. Version 0 is no ratchet at all, version 1 is this one.

use crate::wire::braid_message::{BraidPrefix, VERSION};

use super::chain::ChainChange;
use super::error::BraidError;
use super::{BraidChange, BraidReceive, Change, Ratchet, RatchetChange};

/// The lowest version that the peer may bring us down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MinimumVersion {
    /// The peer may switch the ratchet off.
    V0,
    /// The peer must speak version 1: what deployed clients ask for.
    V1,
}

impl MinimumVersion {
    pub(super) const fn to_u8(self) -> u8 {
        match self {
            Self::V0 => 0,
            Self::V1 => 1,
        }
    }

    pub(super) const fn from_u8(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::V0),
            1 => Some(Self::V1),
            _ => None,
        }
    }
}

impl Ratchet {
    /// A message of a later version. While the version is not settled it is keyed by epoch 0, whatever
    /// its own epoch, and the braid does not look at it: later versions may be understood by then.
    pub(super) fn receive_newer(&self, prefix: BraidPrefix) -> Result<BraidReceive, BraidError> {
        debug_assert!(prefix.version > VERSION, "not a later version");
        if self.auth_key.is_none() {
            return Err(BraidError::VersionMismatch(prefix.version));
        }
        if prefix.index == 0 {
            return Ok(BraidReceive { change: BraidChange::default(), key: None });
        }
        let started = self.start_chain()?;
        let chain = self.chain.as_ref().or(started.as_ref()).ok_or(BraidError::ChainNotAvailable)?;
        let (step, key) = chain.receive_key(0, prefix.index)?;
        let chain_change = ChainChange { added: None, step: Some(step) };
        let change = RatchetChange { started, chain_change, ..RatchetChange::default() };
        Ok(BraidReceive { change: BraidChange::on(change), key: Some(key) })
    }

    /// A message without the ratchet: the peer does not speak it.
    pub(super) fn receive_off(&self) -> Result<BraidReceive, BraidError> {
        match self.minimum {
            MinimumVersion::V1 => Err(BraidError::MinimumVersion(0)),
            MinimumVersion::V0 if self.auth_key.is_none() => Err(BraidError::VersionMismatch(0)),
            MinimumVersion::V0 => Ok(BraidReceive { change: BraidChange(Change::Off), key: None }),
        }
    }
}
