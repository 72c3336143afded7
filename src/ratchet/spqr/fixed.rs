// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ratchet without version and negotiation, for the rose profile: its messages have a form of fixed length, its
//! chains begin with the session, and each chain epoch has a header secret `hx` (rose 32 §3.2, §10).

use alloc::boxed::Box;

use rand_core::CryptoRng;
#[cfg(feature = "hazmat")]
use sha2::{Digest, Sha256};

use crate::crypto::secret::Secret;
use crate::record::{RecordError, RecordReader, RecordWriter};
use crate::wire::braid_message::BraidMessage;

use super::braid::{State, Step};
use super::chain::{Chain, ChainChange};
use super::profile::Profile;
use super::{Change, Direction, Limits, MinimumVersion, Ratchet, RatchetChange, Spqr, SpqrChange, SpqrError};

impl Spqr {
    /// The ratchet of a new session: epoch 0 of the chains exists on both sides.
    pub(crate) fn begun(direction: Direction, key: &Secret<32>) -> Self {
        let limits = Limits::default();
        let chain = Chain::of(Profile::Rose, key.as_bytes(), direction, limits);
        let state = State::first(Profile::Rose, key.as_bytes(), direction);
        Self::of_parts(direction, chain, state)
    }

    fn of_parts(direction: Direction, chain: Chain, state: State) -> Self {
        Self(Some(Box::new(Ratchet {
            direction,
            limits: Limits::default(),
            minimum: MinimumVersion::V1,
            auth_key: None,
            chain: Some(Box::new(chain)),
            state,
        })))
    }

    /// [`Self::send`] with the message as a value. Epoch and index are below 2^32 − 1.
    ///
    /// # Errors
    /// [`SpqrError::ChainExhausted`].
    pub(crate) fn send_fixed(
        &self,
        rng: &mut impl CryptoRng,
    ) -> Result<(BraidMessage, Secret<32>, SpqrChange), SpqrError> {
        let (message, key, change) = self.ratchet()?.send(rng)?;
        if message.epoch >= u64::from(u32::MAX) || message.index == u32::MAX {
            return Err(SpqrError::ChainExhausted);
        }
        Ok((message, key.ok_or(SpqrError::ChainNotAvailable)?, SpqrChange::on(change)))
    }

    /// [`Self::receive`] of a message as a value, whose index is not 0.
    ///
    /// # Errors
    /// [`SpqrError`].
    pub(crate) fn receive_fixed(
        &self,
        message: &BraidMessage,
    ) -> Result<(Secret<32>, SpqrChange), SpqrError> {
        let received = self.ratchet()?.receive(message)?;
        Ok((received.key.ok_or(SpqrError::ChainNotAvailable)?, received.change))
    }

    /// The header secret of a chain epoch after `change`, if that epoch is kept.
    pub(crate) fn hx<'a>(&'a self, change: Option<&'a SpqrChange>, epoch: u64) -> Option<&'a Secret<32>> {
        self.0.as_ref()?.chain.as_ref()?.hx(chain_change(change), epoch)
    }

    /// The braid's epoch after `change`.
    pub(crate) fn epoch_after(&self, change: &SpqrChange) -> u64 {
        match (&change.0, &self.0) {
            (Change::On(RatchetChange { step: Step::Next(state), .. }), _) => state.epoch().number,
            (_, Some(ratchet)) => ratchet.state.epoch().number,
            (_, None) => 0,
        }
    }

    /// The newest chain epoch.
    pub(crate) fn newest_chain_epoch(&self) -> u64 {
        self.0.as_ref().and_then(|ratchet| ratchet.chain.as_ref()).map_or(0, |chain| chain.current_epoch())
    }

    /// Writes chains and state as they will be after `change`; direction and limits are not written.
    pub(crate) fn write_fixed(&self, change: Option<&SpqrChange>, out: &mut RecordWriter) {
        let nothing = RatchetChange::default();
        let change = match change.map(|change| &change.0) {
            Some(Change::On(change)) => change,
            _ => &nothing,
        };
        if let Some((ratchet, chain)) =
            self.0.as_ref().and_then(|ratchet| Some((ratchet, ratchet.chain.as_ref()?)))
        {
            chain.write(&change.chain_change, out);
            ratchet.state.write(&change.step, out);
        }
    }

    /// Reads what [`Self::write_fixed`] wrote.
    pub(crate) fn read_fixed(
        direction: Direction,
        reader: &mut RecordReader<'_>,
    ) -> Result<Self, RecordError> {
        let chain = Chain::read(Profile::Rose, reader, direction, Limits::default())?;
        let Self(ratchet) = Self::of_parts(direction, chain, State::read(Profile::Rose, reader)?);
        let ratchet = ratchet.and_then(|ratchet| ratchet.checked()).ok_or(RecordError::Damaged)?;
        Ok(Self(Some(Box::new(ratchet))))
    }

    /// Hashes the state in the form of the state digest (rose 37 §11).
    #[cfg(feature = "hazmat")]
    pub(crate) fn digest(&self, hash: &mut Sha256) {
        let Some((ratchet, chain)) =
            self.0.as_ref().and_then(|ratchet| Some((ratchet, ratchet.chain.as_ref()?)))
        else {
            return;
        };
        let epoch = ratchet.state.epoch();
        hash.update([ratchet.state.tag()]);
        hash.update(epoch.number.to_be_bytes());
        hash.update(epoch.authenticator.root().as_bytes());
        hash.update(epoch.authenticator.mac().as_bytes());
        chain.digest(hash);
    }

    fn ratchet(&self) -> Result<&Ratchet, SpqrError> {
        self.0.as_deref().ok_or(SpqrError::ChainNotAvailable)
    }
}

fn chain_change(change: Option<&SpqrChange>) -> Option<&ChainChange> {
    match &change?.0 {
        Change::On(change) => Some(&change.chain_change),
        _ => None,
    }
}

impl Chain {
    fn hx<'a>(&'a self, change: Option<&'a ChainChange>, epoch: u64) -> Option<&'a Secret<32>> {
        let added = change.and_then(|change| change.added.as_ref());
        let chains = match added {
            Some(added) if epoch == self.current_epoch().checked_add(1)? => added.chains(),
            _ => self.chains(epoch).ok()?,
        };
        chains.hx.as_deref()
    }

    #[cfg(feature = "hazmat")]
    fn digest(&self, hash: &mut Sha256) {
        let unchanged = ChainChange::default();
        let (root, send_epoch) = self.root_and_send_epoch(&unchanged);
        hash.update(root.as_bytes());
        hash.update(self.first_kept_after(&unchanged).to_be_bytes());
        hash.update(send_epoch.to_be_bytes());
        let epochs = self.kept_epochs(&unchanged);
        hash.update([u8::try_from(epochs.clone().count()).unwrap_or(u8::MAX)]);
        for epoch in epochs {
            let (counter, next) = epoch.send();
            hash.update(counter.to_be_bytes());
            hash.update(next.map_or(&[0; 32], Secret::as_bytes));
            let (counter, next) = epoch.receive();
            hash.update(counter.to_be_bytes());
            hash.update(next.as_bytes());
            hash.update(epoch.hx().map_or(&[0; 32], Secret::as_bytes));
            let skipped = epoch.skipped();
            hash.update(u16::try_from(skipped.clone().count()).unwrap_or(u16::MAX).to_be_bytes());
            for (index, key) in skipped {
                hash.update(index.to_be_bytes());
                hash.update(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::path::PathBuf;
    use std::vec::Vec;

    use serde_json::Value;

    use super::*;

    fn array<const N: usize>(value: &Value) -> [u8; N] {
        hex::decode(value.as_str().unwrap()).unwrap().try_into().unwrap()
    }

    /// The chains of an independent reference, in both directions.
    #[test]
    fn chains_with_header_secrets() {
        let folder = std::env::var_os("SUBROSA_VECTORS").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors")),
            PathBuf::from,
        );
        let file = std::fs::read(folder.join("rose/primitives.json")).unwrap();
        let case = &serde_json::from_slice::<Value>(&file).unwrap()["braid chain"];
        for (direction, own) in [(Direction::A2B, "a2b"), (Direction::B2A, "b2a")] {
            let mut chain =
                Chain::of(Profile::Rose, &array::<32>(&case["auth"]), direction, Limits::default());
            for (epoch, link) in (0..).zip(case["links"].as_array().unwrap()) {
                if let Some(secret) = link["secret"].as_str() {
                    let added = chain.next_epoch(&hex::decode(secret).unwrap());
                    let mut change = ChainChange { added: Some(added), step: None };
                    assert_eq!(chain.hx(Some(&change), epoch).unwrap().as_bytes(), &array(&link["hx"]));
                    chain.exchange(&mut change);
                }
                assert_eq!(chain.hx(None, epoch).unwrap().as_bytes(), &array(&link["hx"]));
                let mut keys = Vec::new();
                for _ in link[own]["keys"].as_array().unwrap() {
                    let (step, _, key) = chain.send_key(epoch).unwrap();
                    chain.exchange(&mut ChainChange { added: None, step: Some(step) });
                    keys.push(hex::encode(key.as_bytes()));
                }
                assert_eq!(serde_json::to_value(&keys).unwrap(), link[own]["keys"]);
            }
        }
    }
}
