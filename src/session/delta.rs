// SPDX-License-Identifier: MIT OR Apache-2.0

//! What one message changes in a session, for stores that append.
//!
//! ```text
//! content = generation after the change (8) || 0 (sent) or 1 (received) || change of the ratchets
//! ```

use super::{Change, Session, SessionChange, Slot};
use crate::address::Address;
use crate::ratchet::triple;
use crate::record::{Record, RecordError, RecordKind, RecordReader, RecordWriter};
use crate::staged::sealed::Sealed as _;

/// Newest format of the records.
const RECORD_VERSION: u8 = 1;

/// Enough for a turn of the ratchet and a step of the post-quantum one. More is allocated if a state is replaced, or
/// keys were skipped.
const USUAL_LEN: usize = 512;

impl Session {
    /// Reads a session from its last whole record and the deltas that were stored after it, oldest first. Deltas
    /// from before the record are passed over.
    ///
    /// # Errors
    /// [`RecordError`]; `MissingDelta` if one is missing between two others, or between the record and the first.
    pub fn from_record_and_deltas(
        record: &[u8],
        deltas: impl IntoIterator<Item = impl AsRef<[u8]>>,
        local: Address,
        remote: Address,
    ) -> Result<Self, RecordError> {
        let mut session = Self::from_record(record, local.clone(), remote.clone())?;
        let before = session.generation;
        for delta in deltas {
            session.take_delta(delta.as_ref())?;
        }
        if session.generation != before {
            // A delta that was damaged may have left anything behind: what can't be read was never stored.
            Self::from_record(session.record().as_bytes(), local, remote)?;
        }
        Ok(session)
    }

    fn take_delta(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        let (mut reader, _) = RecordReader::open(RecordKind::SessionDelta, RECORD_VERSION, bytes)?;
        let generation = reader.u64()?;
        // Generations go around, so that half of them are before any.
        match generation.wrapping_sub(self.generation) {
            1 => {}
            0 | 0x8000_0000_0000_0000.. => return Ok(()),
            _ => return Err(RecordError::MissingDelta),
        }
        let received = reader.flag()?;
        let change = triple::Change::read(&mut reader, received)?;
        reader.finish()?;
        let state = self.current.as_deref().ok_or(RecordError::Damaged)?;
        if !state.ratchet.fits(&change) {
            return Err(RecordError::Damaged);
        }
        let change = if received { Change::Received(Slot::Current, change) } else { Change::Sent(change) };
        self.apply(SessionChange(change));
        Ok(())
    }

    /// What `change` changes, unless it changes more than the current session's ratchets.
    pub(super) fn delta(&self, change: &SessionChange) -> Option<Record> {
        let (received, change) = match &change.0 {
            Change::Sent(change) => (false, change),
            Change::Received(Slot::Current, change) => (true, change),
            _ => return None,
        };
        if !change.has_delta() {
            return None;
        }
        let mut writer = RecordWriter::new(RecordKind::SessionDelta, RECORD_VERSION, USUAL_LEN);
        writer.put_u64(self.generation.wrapping_add(1));
        writer.put_flag(received);
        change.write(&mut writer);
        Some(writer.finish())
    }
}
