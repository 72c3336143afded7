// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ratchet in the sessions that libsignal stores: for moving over from it, and back.
//!
//! Two things differ between the two. libsignal keeps expanded keys and no seeds, so a key that comes from it stays
//! expanded here until its epoch ends: such a state takes up to 5 KB. And the second half of a ciphertext is made as
//! early as possible here, but as late as possible there; see `braid::stored`.

use alloc::boxed::Box;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::crypto::secret::Secret;
use crate::wire::stored::{StoredBraid, StoredNegotiation};

use super::braid::State;
use super::chain::Chain;
use super::direction::Direction;
use super::limits::Limits;
#[cfg(test)]
use super::profile::Profile;
use super::version::MinimumVersion;
use super::{Ratchet, Spqr};

impl Spqr {
    /// Reads the state of the ratchet in a stored session; an empty one means that it is off. None if it is not
    /// protobuf or its parts do not fit.
    ///
    /// Once the version is settled libsignal does not keep the minimum, which is version 1 then.
    #[must_use]
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        let stored = StoredBraid::parse(bytes).ok()?;
        let Some(state) = &stored.state else {
            return Some(Self::off());
        };
        let negotiation = stored.negotiation.as_ref();
        let minimum = negotiation.map_or(Some(MinimumVersion::V1), |negotiation| {
            MinimumVersion::from_u8(u8::try_from(negotiation.minimum_version).ok()?)
        })?;
        let auth_key = match negotiation {
            Some(negotiation) => Some(Box::new(Secret::try_from(negotiation.auth_key).ok()?)),
            None => None,
        };
        let chain = match &stored.chain {
            Some(chain) => Some(Box::new(Chain::from_stored(chain)?)),
            None => None,
        };
        let (direction, limits) = match (&chain, negotiation) {
            (Some(chain), _) => (chain.direction(), chain.limits()),
            (None, Some(negotiation)) => {
                (Direction::from_stored(negotiation.direction)?, Limits::from_stored(negotiation.limits))
            }
            (None, None) => return None,
        };
        let state = State::from_stored(state)?;
        Ratchet { direction, limits, minimum, auth_key, chain, state }
            .checked()
            .map(|ratchet| Self(Some(Box::new(ratchet))))
    }

    /// The state that libsignal would store; empty if the ratchet is off.
    #[must_use]
    pub fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        self.0.as_deref().map(Ratchet::to_stored).unwrap_or_default()
    }
}

impl Ratchet {
    fn to_stored(&self) -> Zeroizing<Vec<u8>> {
        let previous = self.chain.as_deref().map(Chain::previous_keys).unwrap_or_default();
        let negotiation = self.auth_key.as_ref().map(|auth_key| StoredNegotiation {
            auth_key: auth_key.as_bytes(),
            direction: self.direction.to_u8().into(),
            minimum_version: self.minimum.to_u8().into(),
            limits: self.limits.stored(),
        });
        let chain = self.chain.as_ref().map(|chain| chain.stored(&previous));
        self.state.with_stored(|state| StoredBraid { negotiation, chain, state: Some(state) }.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::protobuf::{Encode, Fields, Merge};
    use crate::wire::stored::StoredState;

    #[test]
    fn limits_direction_and_minimum_are_kept() {
        let key = Secret::new([7; 32]);
        for direction in [Direction::A2B, Direction::B2A] {
            for minimum in [MinimumVersion::V0, MinimumVersion::V1] {
                for limits in [Limits::default(), Limits::new(7, 9), Limits::own_account()] {
                    let braid = Spqr::with_minimum(minimum, direction, &key, limits);
                    let stored = braid.to_stored();
                    let parsed = StoredBraid::parse(&stored).unwrap().negotiation.unwrap();
                    assert_eq!(
                        (parsed.direction, parsed.minimum_version),
                        (direction as u32, minimum as u32)
                    );
                    let expected = match (limits.max_jump(), limits.max_old_keys()) {
                        (25_000, 2_000) => (0, 0),
                        (jump, 2_000) => (jump, 0),
                        both => both,
                    };
                    assert_eq!((parsed.limits.max_jump, parsed.limits.max_old_keys), expected);
                    let ratchet = Spqr::from_stored(&stored).unwrap().0.unwrap();
                    assert_eq!((ratchet.direction, ratchet.minimum), (direction, minimum));
                    assert_eq!(ratchet.limits, limits);
                }
            }
        }
    }

    #[test]
    fn epochs_begin_with_the_first() {
        for direction in [Direction::A2B, Direction::B2A] {
            let state = State::first(Profile::Signal, &[7; 32], direction);
            assert!(state.with_stored(|stored| State::from_stored(&stored)).is_some());
            let none = state.with_stored(|stored| State::from_stored(&StoredState { epoch: 0, ..stored }));
            assert!(none.is_none());
        }
    }

    #[test]
    fn a_chain_keeps_its_limits_and_direction() {
        for direction in [Direction::A2B, Direction::B2A] {
            let chain = Chain::start(&[7; 32], direction, Limits::new(7, 9));
            let previous = chain.previous_keys();
            let stored = chain.stored(&previous);
            assert_eq!((stored.limits.max_jump, stored.limits.max_old_keys), (7, 9));
            let mut bytes = Vec::new();
            stored.write(&mut bytes);
            let chain = Chain::from_stored(&Merge::from_fields(Fields::new(&bytes)).unwrap()).unwrap();
            assert_eq!((chain.direction(), chain.limits()), (direction, Limits::new(7, 9)));
        }
    }
}
