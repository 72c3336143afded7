// SPDX-License-Identifier: MIT OR Apache-2.0

//! Settling the version. Version 0 is no ratchet at all, version 1 is this one.

use crate::wire::braid_message::{BraidPrefix, VERSION};

use super::chain::ChainChange;
use super::error::SpqrError;
use super::{Change, Ratchet, RatchetChange, SpqrChange, SpqrReceive};

/// The lowest version that the peer may fall back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MinimumVersion {
    /// The peer may switch the ratchet off.
    V0,
    /// The peer must speak version 1, as deployed clients require.
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
    pub(super) fn receive_newer(&self, prefix: BraidPrefix) -> Result<SpqrReceive, SpqrError> {
        debug_assert!(prefix.version > VERSION, "not a later version");
        if self.auth_key.is_none() {
            return Err(SpqrError::VersionMismatch(prefix.version));
        }
        if prefix.index == 0 {
            return Ok(SpqrReceive { change: SpqrChange::default(), key: None });
        }
        let started = self.start_chain()?;
        let chain = self.chain.as_ref().or(started.as_ref()).ok_or(SpqrError::ChainNotAvailable)?;
        let (step, key) = chain.receive_key(0, prefix.index)?;
        let chain_change = ChainChange { added: None, step: Some(step) };
        let change = RatchetChange { started, chain_change, ..RatchetChange::default() };
        Ok(SpqrReceive { change: SpqrChange::on(change), key: Some(key) })
    }

    /// A message without the ratchet: the peer does not speak it.
    pub(super) fn receive_off(&self) -> Result<SpqrReceive, SpqrError> {
        match self.minimum {
            MinimumVersion::V1 => Err(SpqrError::MinimumVersion(0)),
            MinimumVersion::V0 if self.auth_key.is_none() => Err(SpqrError::VersionMismatch(0)),
            MinimumVersion::V0 => Ok(SpqrReceive { change: SpqrChange(Change::Off), key: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::super::{Direction, Limits, Spqr};
    use super::*;
    use crate::crypto::secret::Secret;

    /// Messages without the ratchet: none at all, and one that says version 0.
    const WITHOUT: [&[u8]; 2] = [&[], &[0, 1, 0, 0]];

    fn pair(minimum: MinimumVersion) -> [Spqr; 2] {
        let key = Secret::new([7; 32]);
        [Direction::A2B, Direction::B2A]
            .map(|direction| Spqr::with_minimum(minimum, direction, &key, Limits::default()))
    }

    #[test]
    fn a_key_of_a_later_version_is_given_once() {
        let [mut a, mut b] = pair(MinimumVersion::V1);
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let sent = a.send(&mut rng).unwrap();
        a.apply(sent.change);
        let later = [VERSION + 1, 1, 1, 0];
        let received = b.receive(&later).unwrap();
        assert_eq!(received.key, sent.key);
        b.apply(received.change);
        assert!(b.is_negotiating());
        assert_eq!(b.receive(&later).unwrap_err(), SpqrError::KeyAlreadyRequested(1));
    }

    #[test]
    fn the_minimum_decides_until_the_version_is_settled() {
        let [mut a, mut b] = pair(MinimumVersion::V0);
        for message in WITHOUT {
            let [strict, _] = pair(MinimumVersion::V1);
            assert_eq!(strict.receive(message).unwrap_err(), SpqrError::MinimumVersion(0));
            let [mut lenient, _] = pair(MinimumVersion::V0);
            let change = lenient.receive(message).unwrap().change;
            lenient.apply(change);
            assert!(lenient.is_off());
        }
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let sent = a.send(&mut rng).unwrap();
        a.apply(sent.change);
        assert!(b.is_negotiating());
        let received = b.receive(&sent.message).unwrap();
        b.apply(received.change);
        assert!(!b.is_negotiating());
        for message in WITHOUT {
            assert_eq!(b.receive(message).unwrap_err(), SpqrError::VersionMismatch(0));
        }
    }
}
