// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of a change to the Double Ratchet.
//!
//! ```text
//! sent     = chain
//! received = 0 || place of the receiving chain (1) || step
//!          | 1 || root key (32) || previous counter (4) || ratchet public key (32) || private key (32) || chain
//!              || their ratchet key (32) || chain || step
//! ```
//!
//! The last chain is the receiving one before the message.

use alloc::boxed::Box;

use super::{DoubleRatchet, DoubleReceived, DoubleSent, Received, Receiving, SendingChain, Turn};
use crate::crypto::curve::PublicKey;
use crate::ratchet::chain::ChainKey;
use crate::ratchet::receiving::{ReceivingChain, ReceivingChange};
use crate::ratchet::root::RootKey;
use crate::record::{RecordError, RecordReader, RecordWriter};

impl DoubleRatchet {
    /// Whether a change that was read may be made to this ratchet.
    pub(in crate::ratchet) fn fits_sent(&self, DoubleSent(next): &DoubleSent) -> bool {
        self.sending.chain.index().checked_add(1) == Some(next.index())
    }

    /// Whether a change that was read may be made to this ratchet.
    pub(in crate::ratchet) fn fits_received(&self, DoubleReceived(received): &DoubleReceived) -> bool {
        match received {
            Received::Known { at, change } => {
                self.receiving.get(*at).is_some_and(|known| known.chain.fits(change))
            }
            Received::Turned { receiving, change, .. } => receiving.chain.fits(change),
        }
    }
}

impl DoubleSent {
    pub(in crate::ratchet) fn write(&self, out: &mut RecordWriter) {
        self.0.write(out);
    }

    pub(in crate::ratchet) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        ChainKey::read(reader).map(Self)
    }
}

impl DoubleReceived {
    pub(in crate::ratchet) fn write(&self, out: &mut RecordWriter) {
        match &self.0 {
            Received::Known { at, change } => {
                out.put_u8(0);
                out.put_u8(u8::try_from(*at).unwrap_or(u8::MAX));
                change.write(out);
            }
            Received::Turned { turn, receiving, change } => {
                let Turn { root, sending, previous_counter } = turn.as_ref();
                out.put_u8(1);
                out.put_array(root.as_bytes());
                out.put_u32(*previous_counter);
                sending.write(&sending.chain, out);
                out.put_array(receiving.ratchet_key.as_bytes());
                receiving.chain.next().write(out);
                change.write(out);
            }
        }
    }

    pub(in crate::ratchet) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        Ok(Self(match reader.u8()? {
            0 => Received::Known { at: reader.u8()?.into(), change: ReceivingChange::read(reader)? },
            1 => {
                let (root, previous_counter) = (RootKey::new(reader.secret()?), reader.u32()?);
                let turn = Box::new(Turn { root, previous_counter, sending: SendingChain::read(reader)? });
                let ratchet_key = PublicKey::from_bytes(reader.array()?);
                let chain = ReceivingChain::new(ChainKey::read(reader)?);
                let receiving = Box::new(Receiving { ratchet_key, chain });
                Received::Turned { turn, receiving, change: ReceivingChange::read(reader)? }
            }
            _ => return Err(RecordError::Damaged),
        }))
    }
}
