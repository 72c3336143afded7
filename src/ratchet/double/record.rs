// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of the Double Ratchet.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{
    DoubleRatchet, DoubleReceived, DoubleSent, MAX_RECEIVING_CHAINS, Received, Receiving, SendingChain,
};
use crate::crypto::curve::{KeyPair, PrivateKey, PublicKey};
use crate::ratchet::chain::ChainKey;
use crate::ratchet::receiving::{ReceivingChain, ReceivingChange};
use crate::ratchet::root::RootKey;
use crate::record::{RecordError, RecordReader, RecordWriter};

impl SendingChain {
    pub(super) fn write(&self, chain: &ChainKey, writer: &mut RecordWriter) {
        writer.put_array(self.pair.public().as_bytes());
        writer.put_array(self.pair.private().as_bytes());
        chain.write(writer);
    }

    pub(super) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let public = PublicKey::from_bytes(reader.array()?);
        let private = PrivateKey::from_secret(&reader.secret()?);
        Ok(Self { pair: KeyPair::from_parts(private, public), chain: ChainKey::read(reader)? })
    }
}

impl Receiving {
    fn write(&self, change: Option<&ReceivingChange>, writer: &mut RecordWriter) {
        writer.put_array(self.ratchet_key.as_bytes());
        self.chain.write(change, writer);
    }

    fn read(reader: &mut RecordReader<'_>, has_past: bool) -> Result<Self, RecordError> {
        let ratchet_key = PublicKey::from_bytes(reader.array()?);
        Ok(Self { ratchet_key, chain: ReceivingChain::read(reader, has_past)? })
    }
}

/// The change that a message makes, or none.
#[derive(Clone, Copy, Debug)]
pub(in crate::ratchet) enum DoubleChange<'a> {
    None,
    Sent(&'a DoubleSent),
    Received(&'a DoubleReceived),
}

impl DoubleRatchet {
    /// About how many bytes [`Self::write`] writes.
    pub(in crate::ratchet) fn usual_len(&self) -> usize {
        256 + 128 * self.receiving_chains() + 36 * self.skipped_keys()
    }

    /// Writes the state as it will be after `change`.
    pub(in crate::ratchet) fn write(&self, change: DoubleChange<'_>, writer: &mut RecordWriter) {
        let received = match change {
            DoubleChange::Received(DoubleReceived(received)) => Some(received),
            DoubleChange::None | DoubleChange::Sent(_) => None,
        };
        let ratcheted = match received {
            Some(Received::Ratcheted { step, receiving, change }) => Some((step, receiving, change)),
            _ => None,
        };
        let step = ratcheted.map(|(step, ..)| step);
        let sending = step.map_or(&self.sending, |step| &step.sending);
        let sending_chain = match change {
            DoubleChange::Sent(DoubleSent(next)) => next,
            DoubleChange::None | DoubleChange::Received(_) => &sending.chain,
        };
        writer.put_array(step.map_or(&self.root, |step| &step.root).as_bytes());
        writer.put_u32(step.map_or(self.previous_counter, |step| step.previous_counter));
        sending.write(sending_chain, writer);

        let expired = usize::from(step.is_some() && self.receiving.len() >= MAX_RECEIVING_CHAINS);
        let chains = self.receiving.len() - expired + usize::from(step.is_some());
        writer.put_u8(u8::try_from(chains).unwrap_or(u8::MAX));
        for (at, receiving) in self.receiving.iter().enumerate().skip(expired) {
            let change = match received {
                Some(Received::Known { at: changed, change }) if *changed == at => Some(change),
                _ => None,
            };
            receiving.write(change, writer);
        }
        if let Some((_, receiving, change)) = ratcheted {
            receiving.write(Some(change), writer);
        }
    }

    /// Reads what [`Self::write`] wrote; chains without a past from formats that have none.
    pub(in crate::ratchet) fn read(
        reader: &mut RecordReader<'_>,
        has_past: bool,
    ) -> Result<Self, RecordError> {
        let root = RootKey::new(reader.secret()?);
        let previous_counter = reader.u32()?;
        let sending = SendingChain::read(reader)?;
        let chains = usize::from(reader.u8()?);
        if chains > MAX_RECEIVING_CHAINS {
            return Err(RecordError::Damaged);
        }
        let mut receiving = Vec::with_capacity(chains);
        for _ in 0..chains {
            receiving.push(Box::new(Receiving::read(reader, has_past)?));
        }
        Ok(Self { root, sending, receiving, previous_counter })
    }
}
