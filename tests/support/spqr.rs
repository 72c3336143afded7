// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the tests of the post-quantum ratchet share.

use core::convert::Infallible;
use std::collections::VecDeque;

use rand_core::{TryCryptoRng, TryRng};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::braid::{Braid, BraidChange, BraidError};
use subrosa::hazmat::record::{RecordKind, RecordReader, RecordWriter};

/// Gives out recorded draws, and insists that each is asked for whole, in one request.
#[derive(Default)]
pub struct Draws(pub VecDeque<Vec<u8>>);

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("a number was drawn")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("a number was drawn")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let draw = self.0.pop_front().expect("no draw was recorded here");
        bytes.copy_from_slice(&draw);
        Ok(())
    }
}

impl TryCryptoRng for Draws {}

/// One party, whose every step is checked: a change is written as it will be applied, a failure changes
/// nothing, and what is written can be read.
pub struct Party {
    pub braid: Braid,
    /// Whether the ratchet is replaced by what was stored after every step.
    pub reload: bool,
}

impl Party {
    pub fn send(&mut self, rng: &mut impl rand_core::CryptoRng) -> (Vec<u8>, Option<Secret<32>>) {
        let before = record(&self.braid, None);
        let sent = self.braid.send(rng).unwrap();
        assert_eq!(before, record(&self.braid, None), "sending changes nothing before it is applied");
        self.apply(sent.change);
        (sent.message, sent.key)
    }

    pub fn receive(&mut self, message: &[u8]) -> Result<Option<Secret<32>>, BraidError> {
        let before = record(&self.braid, None);
        let received = self.braid.receive(message);
        assert_eq!(before, record(&self.braid, None), "receiving changes nothing before it is applied");
        let received = received?;
        self.apply(received.change);
        Ok(received.key)
    }

    fn apply(&mut self, change: BraidChange) {
        let announced = record(&self.braid, Some(&change));
        self.braid.apply(change);
        let written = record(&self.braid, None);
        assert_eq!(announced, written, "a change is written as it is applied");
        let read = read(&written);
        assert_eq!(record(&read, None), written, "what is written is read");
        if self.reload {
            self.braid = read;
        }
    }
}

/// The stored form of a ratchet.
pub fn record(braid: &Braid, change: Option<&BraidChange>) -> Vec<u8> {
    let mut writer = RecordWriter::new(RecordKind::Session, 1, 3_000);
    braid.write(change, &mut writer);
    writer.finish().as_bytes().to_vec()
}

pub fn read(record: &[u8]) -> Braid {
    let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, record).unwrap();
    let braid = Braid::read(&mut reader).unwrap();
    reader.finish().unwrap();
    braid
}
