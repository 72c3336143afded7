// SPDX-License-Identifier: MIT OR Apache-2.0

//! The stored form of a change to the epoch chains.
//!
//! ```text
//! change  = flag (1) [|| added] || flag (1) [|| step]
//! added   = root (32) || chain key for sending (32) || chain key for receiving (32)
//! step    = 0 || epoch (8) || counter (4) || chain key (32)
//!         | 1 || epoch (8) || index (4)
//!         | 2 || epoch (8) || counter (4) || chain key (32) || number of skipped keys (4) || key (32)*
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::record::{RecordError, RecordReader, RecordWriter};

use super::link::{Link, ReceiveStep, first_skipped};
use super::{AddedEpoch, Chain, ChainChange, ChainStep};

impl Chain {
    /// Whether a change that was read may be made to this chain.
    pub(in crate::ratchet::braid) fn fits(&self, change: &ChainChange) -> bool {
        match &change.step {
            None => true,
            Some(ChainStep::Send { epoch, counter, next: _ }) => {
                let next = self.link(*epoch).ok().and_then(|link| link.send.counter.checked_add(1));
                self.can_send(*epoch) && next == Some(*counter)
            }
            Some(ChainStep::Receive { epoch, step }) => {
                let receive = self.link(*epoch).map(|link| &link.receive);
                receive.is_ok_and(|receive| match step {
                    ReceiveStep::Take(index) => receive.old_keys.get(*index).is_some(),
                    ReceiveStep::Advance { counter, next: _, skipped } => {
                        first_skipped(*counter, skipped) > receive.counter
                    }
                })
            }
        }
    }
}

impl ChainChange {
    pub(in crate::ratchet::braid) fn write(&self, out: &mut RecordWriter) {
        let Self { added, step } = self;
        out.put_flag(added.is_some());
        if let Some(AddedEpoch { root, link }) = added {
            out.put_array(root.as_bytes());
            // A new link has sent nothing, so that its chain key is there.
            out.put_array(link.send.next.as_ref().map_or(&[0; 32], |next| next.as_bytes()));
            out.put_array(link.receive.next.as_bytes());
        }
        out.put_flag(step.is_some());
        match step {
            None => {}
            Some(ChainStep::Send { epoch, counter, next }) => {
                put_head(0, *epoch, *counter, out);
                out.put_array(next.as_bytes());
            }
            Some(ChainStep::Receive { epoch, step: ReceiveStep::Take(index) }) => {
                put_head(1, *epoch, *index, out);
            }
            Some(ChainStep::Receive { epoch, step: ReceiveStep::Advance { counter, next, skipped } }) => {
                put_head(2, *epoch, *counter, out);
                out.put_array(next.as_bytes());
                out.put_count(skipped.len());
                for key in skipped {
                    out.put_array(key.as_bytes());
                }
            }
        }
    }

    pub(in crate::ratchet::braid) fn read(reader: &mut RecordReader<'_>) -> Result<Self, RecordError> {
        let added = if reader.flag()? {
            let (root, send, receive) = (reader.secret()?, reader.secret()?, reader.secret()?);
            Some(AddedEpoch { root, link: Box::new(Link::new(send, receive)) })
        } else {
            None
        };
        let step = if reader.flag()? { Some(read_step(reader)?) } else { None };
        Ok(Self { added, step })
    }
}

fn put_head(tag: u8, epoch: u64, counter: u32, out: &mut RecordWriter) {
    out.put_u8(tag);
    out.put_u64(epoch);
    out.put_u32(counter);
}

fn read_step(reader: &mut RecordReader<'_>) -> Result<ChainStep, RecordError> {
    let (tag, epoch, counter) = (reader.u8()?, reader.u64()?, reader.u32()?);
    let step = match tag {
        0 => return Ok(ChainStep::Send { epoch, counter, next: reader.secret()? }),
        1 => ReceiveStep::Take(counter),
        2 => {
            let next = reader.secret()?;
            let count = reader.count(32)?;
            let mut skipped = Vec::with_capacity(count);
            for _ in 0..count {
                skipped.push(reader.secret()?);
            }
            ReceiveStep::Advance { counter, next, skipped }
        }
        _ => return Err(RecordError::Damaged),
    };
    Ok(ChainStep::Receive { epoch, step })
}

#[cfg(test)]
mod tests {
    use super::super::{Direction, Limits};
    use super::*;
    use crate::crypto::secret::Secret;
    use crate::record::RecordKind;

    fn pair() -> [Chain; 2] {
        [Direction::A2B, Direction::B2A].map(|direction| Chain::start(&[7; 32], direction, Limits::default()))
    }

    fn send(chain: &mut Chain, epoch: u64) -> u32 {
        let (step, counter, _) = chain.send_key(epoch).unwrap();
        chain.apply(ChainChange { added: None, step: Some(step) });
        counter
    }

    /// A step once more.
    fn again(change: &ChainChange) -> ChainChange {
        let mut out = RecordWriter::new(RecordKind::SessionDelta, 1, 0);
        change.write(&mut out);
        let record = out.finish();
        let (mut reader, _) = RecordReader::open(RecordKind::SessionDelta, 1, record.as_bytes()).unwrap();
        ChainChange::read(&mut reader).unwrap()
    }

    /// Whether a step of a message fits, and fits no more once it was made.
    fn fits_once(chain: &mut Chain, step: ChainStep) -> bool {
        let change = ChainChange { added: None, step: Some(step) };
        let fits = chain.fits(&change);
        chain.apply(again(&change));
        fits && !chain.fits(&change)
    }

    #[test]
    fn a_step_fits_once() {
        let [mut a, mut b] = pair();
        assert!(a.fits(&ChainChange::default()));
        for _ in 0..3 {
            let (step, ..) = a.send_key(0).unwrap();
            assert!(fits_once(&mut a, step));
        }
        for index in [1, 3, 2] {
            let (step, _) = b.receive_key(0, index).unwrap();
            assert!(fits_once(&mut b, step), "{index}");
        }
    }

    #[test]
    fn what_skips_sends_in_another_epoch_or_was_taken_does_not_fit() {
        let [mut a, mut b] = pair();
        let later = {
            let [mut ahead, _] = pair();
            send(&mut ahead, 0);
            ahead.send_key(0).unwrap().0
        };
        assert!(!a.fits(&ChainChange { added: None, step: Some(later) }), "the second is not the first");
        let of_the_first_epoch = a.send_key(0).unwrap().0;
        for chain in [&mut a, &mut b] {
            let added = chain.next_epoch(&[8; 32]);
            chain.apply(ChainChange { added: Some(added), step: None });
        }
        send(&mut a, 1);
        assert_eq!([0, 1, 2].map(|epoch| a.can_send(epoch)), [false, true, false]);
        assert!(!a.fits(&ChainChange { added: None, step: Some(of_the_first_epoch) }), "an older epoch");
        for (epoch, counter) in [(0, 1), (2, 1), (1, 1), (1, 3)] {
            let step = ChainStep::Send { epoch, counter, next: Secret::zero() };
            assert!(!a.fits(&ChainChange { added: None, step: Some(step) }), "{epoch} {counter}");
        }
        for step in [ReceiveStep::Take(1), ReceiveStep::Take(0)] {
            let step = ChainStep::Receive { epoch: 0, step };
            assert!(!b.fits(&ChainChange { added: None, step: Some(step) }), "nothing was skipped");
        }
        let (mut step, _) = b.receive_key(0, 1).unwrap();
        if let ChainStep::Receive { epoch, .. } = &mut step {
            *epoch = 2;
        }
        assert!(!b.fits(&ChainChange { added: None, step: Some(step) }), "there is no such epoch");
    }
}
