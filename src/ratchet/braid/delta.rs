// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of a change to the post-quantum ratchet.
//!
//! ```text
//! change = 0 (nothing) | 1 || flag whether the version is settled (1) || step || change of the chains
//! step   = 0 (none) | 1 (next chunk) | 2 || index (2) || chunk (32) | 3 || state
//! ```

use crate::crypto::erasure::Chunk;
use crate::record::{RecordError, RecordReader, RecordWriter};

use super::chain::ChainChange;
use super::state::{State, Step};
use super::{Braid, BraidChange, Change, RatchetChange};

impl Braid {
    /// Whether a change that was read may be made to this ratchet.
    pub(in crate::ratchet) fn fits(&self, change: &BraidChange) -> bool {
        match (&self.0, &change.0) {
            (None, Change::Nothing) => true,
            (Some(ratchet), Change::On(change)) => {
                ratchet.state.fits(&change.step)
                    && ratchet.chain.as_ref().is_some_and(|chain| chain.fits(&change.chain_change))
            }
            _ => false,
        }
    }
}

impl State {
    fn fits(&self, step: &Step) -> bool {
        match (self, step) {
            (
                Self::KeysUnsampled(_)
                | Self::EkSentCt1Received(_)
                | Self::NoHeaderReceived(_)
                | Self::HeaderReceived(_)
                | Self::Ct1Acknowledged(_),
                Step::Advanced,
            ) => false,
            (_, Step::Same | Step::Next(_) | Step::Advanced) => true,
            (Self::HeaderSent(state), Step::Collected(chunk)) => state.ct1.decode_with(*chunk).is_none(),
            (Self::EkSentCt1Received(state), Step::Collected(chunk)) => {
                state.ct2.decode_with(*chunk).is_none()
            }
            (Self::NoHeaderReceived(state), Step::Collected(chunk)) => {
                state.header.decode_with(*chunk).is_none()
            }
            (Self::Ct1Sampled(state), Step::Collected(chunk)) => state.ek.decode_with(*chunk).is_none(),
            (Self::Ct1Acknowledged(state), Step::Collected(chunk)) => state.ek.decode_with(*chunk).is_none(),
            (_, Step::Collected(_)) => false,
        }
    }
}

impl BraidChange {
    /// Whether the change has a stored form: not if the ratchet begins or is switched off with it.
    pub(in crate::ratchet) const fn has_delta(&self) -> bool {
        match &self.0 {
            Change::Nothing => true,
            Change::Off => false,
            Change::On(change) => change.started.is_none(),
        }
    }

    pub(in crate::ratchet) fn write(&self, out: &mut RecordWriter) {
        let Change::On(RatchetChange { step, started: _, chain_change, settled }) = &self.0 else {
            return out.put_u8(0);
        };
        out.put_u8(1);
        out.put_flag(*settled);
        match step {
            Step::Same => out.put_u8(0),
            Step::Advanced => out.put_u8(1),
            Step::Collected(Chunk { index, data }) => {
                out.put_u8(2);
                out.put_u16(*index);
                out.put_array(data);
            }
            Step::Next(state) => {
                out.put_u8(3);
                state.write(&Step::Same, out);
            }
        }
        chain_change.write(out);
    }

    pub(in crate::ratchet) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        match reader.u8()? {
            0 => return Ok(Self::default()),
            1 => {}
            _ => return Err(RecordError::Damaged),
        }
        let settled = reader.flag()?;
        let step = match reader.u8()? {
            0 => Step::Same,
            1 => Step::Advanced,
            2 => Step::Collected(Chunk { index: reader.u16()?, data: reader.array()? }),
            3 => Step::Next(State::read(reader)?),
            _ => return Err(RecordError::Damaged),
        };
        let chain_change = ChainChange::read(reader)?;
        Ok(Self::on(RatchetChange { step, started: None, chain_change, settled }))
    }
}
