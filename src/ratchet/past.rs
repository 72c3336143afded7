// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a receiving chain knows of the messages behind it, beside the skipped keys: those that are lost, and keys that
//! an older implementation stored ready-made.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use super::message_keys::MessageKeys;
use crate::record::{RecordError, RecordReader, RecordWriter};

/// Number of ranges of lost messages that are told apart. Beyond it the two oldest count as one, with the messages
/// between them.
const MAX_RANGES: usize = 16;
/// Number of ready-made keys that a record may hold.
pub(super) const MAX_READY: usize = 2_000;

/// The reason that there is no key for a message behind the chain, although it was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Its key was given up: too many were skipped.
    Expired,
    /// Its key was never here: the chain was taken up after it, or moved on by hand.
    NeverHeld,
}

/// The past of a chain.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) lost: Lost,
    /// By their counters.
    #[expect(clippy::vec_box, reason = "removing one must move no secrets")]
    pub(super) ready: Vec<Box<(u32, MessageKeys)>>,
}

impl Past {
    pub(super) fn is_empty(&self) -> bool {
        self.lost.0.is_empty() && self.ready.is_empty()
    }

    pub(super) fn ready(&self, counter: u32) -> Option<&MessageKeys> {
        self.ready.iter().find(|ready| ready.0 == counter).map(|ready| &ready.1)
    }

    /// Writes the past with these lost messages, and without the ready keys of message `taken`.
    pub(super) fn write(&self, lost: &Lost, taken: Option<u32>, writer: &mut RecordWriter) {
        writer.put_u8(u8::try_from(lost.0.len()).unwrap_or(u8::MAX));
        for (range, loss) in &lost.0 {
            writer.put_u32(range.start);
            writer.put_u32(range.end);
            writer.put_flag(*loss == Loss::NeverHeld);
        }
        let ready = self.ready.iter().filter(|ready| Some(ready.0) != taken);
        writer.put_count(ready.clone().count());
        for ready in ready {
            let (counter, MessageKeys { cipher_key, mac_key, iv }) = &**ready;
            writer.put_u32(*counter);
            writer.put_array(cipher_key.as_bytes());
            writer.put_array(mac_key.as_bytes());
            writer.put_array(iv.as_bytes());
        }
    }

    /// Reads the past of a chain whose next message is `next`.
    pub(super) fn read(next: u32, reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let ranges = usize::from(reader.u8()?);
        let mut lost = Vec::with_capacity(ranges.min(MAX_RANGES));
        let mut end = 0;
        for _ in 0..ranges {
            let range = reader.u32()?..reader.u32()?;
            if range.start < end || range.is_empty() || range.end > next {
                return Err(RecordError::Damaged);
            }
            end = range.end;
            lost.push((range, if reader.flag()? { Loss::NeverHeld } else { Loss::Expired }));
        }
        let count = reader.count(4 + 32 + 32 + 16)?;
        if ranges > MAX_RANGES || count > MAX_READY {
            return Err(RecordError::Damaged);
        }
        let mut past = Self { lost: Lost(lost), ready: Vec::with_capacity(count) };
        for _ in 0..count {
            let counter = reader.u32()?;
            let keys =
                MessageKeys { cipher_key: reader.secret()?, mac_key: reader.secret()?, iv: reader.secret()? };
            if counter >= next || past.ready.last().is_some_and(|last| last.0 >= counter) {
                return Err(RecordError::Damaged);
            }
            past.ready.push(Box::new((counter, keys)));
        }
        Ok(past)
    }
}

/// The messages behind a chain that were not read and never will be, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost(Vec<(Range<u32>, Loss)>);

impl Lost {
    /// The reason that a message is lost, if it is.
    pub(super) fn find(&self, counter: u32) -> Option<Loss> {
        self.0.iter().find(|(range, _)| range.contains(&counter)).map(|(_, loss)| *loss)
    }

    /// Adds messages. Either all of them are in one range already, or none is in any.
    pub(super) fn add(&mut self, messages: Range<u32>, loss: Loss) {
        // Those that were passed by hand lie behind skipped ones, whose keys are given up later.
        let at = self.0.partition_point(|(range, _)| range.end <= messages.start);
        if messages.is_empty() || self.0.get(at).is_some_and(|(next, _)| next.start < messages.end) {
            return;
        }
        match at.checked_sub(1).and_then(|before| self.0.get_mut(before)) {
            Some((last, of)) if last.end == messages.start && *of == loss => last.end = messages.end,
            _ => self.0.insert(at, (messages, loss)),
        }
        if self.0.len() > MAX_RANGES {
            let (oldest, _) = self.0.remove(0);
            if let Some((next, loss)) = self.0.first_mut() {
                (next.start, *loss) = (oldest.start, Loss::Expired);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_a_kind_are_one_range() {
        let mut lost = Lost::default();
        lost.add(0..3, Loss::NeverHeld);
        lost.add(3..3, Loss::Expired);
        lost.add(3..5, Loss::Expired);
        lost.add(5..6, Loss::Expired);
        lost.add(7..8, Loss::Expired);
        assert_eq!(lost.0, [(0..3, Loss::NeverHeld), (3..6, Loss::Expired), (7..8, Loss::Expired)]);
        let found: Vec<_> = (0..9).map(|counter| lost.find(counter)).collect();
        let (never, gone) = (Some(Loss::NeverHeld), Some(Loss::Expired));
        assert_eq!(found, [never, never, never, gone, gone, gone, None, gone, None]);
    }

    #[test]
    fn the_oldest_ranges_flow_together() {
        let mut lost = Lost::default();
        for at in 0..40 {
            lost.add(2 * at..2 * at + 1, Loss::Expired);
        }
        assert_eq!(lost.0.len(), MAX_RANGES);
        assert_eq!(lost.0[0].0, 0..49);
        assert_eq!(lost.find(49), None);
    }
}
