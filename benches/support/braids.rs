// SPDX-License-Identifier: MIT OR Apache-2.0

//! Two post-quantum ratchets, without the session around them.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::new_without_default,
    missing_docs,
    reason = "a bench, which uses a part"
)]

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::crypto::erasure::{ByteString, Encoder};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::spqr::{Direction, Limits, Spqr};
use subrosa::hazmat::record::{RecordKind, RecordReader, RecordWriter};

/// Two parties of one session.
pub struct Pair {
    pub braids: [Spqr; 2],
    rng: ChaCha20Rng,
}

impl Pair {
    #[must_use]
    pub fn new() -> Self {
        let braid = |direction| Spqr::new(direction, &Secret::new([7; 32]), Limits::default());
        Self { braids: [Direction::A2B, Direction::B2A].map(braid), rng: ChaCha20Rng::seed_from_u64(1) }
    }

    pub fn send(&mut self, from: usize) -> Vec<u8> {
        let [a, b] = &mut self.braids;
        let braid = if from == 0 { a } else { b };
        let sent = braid.send(&mut self.rng).unwrap();
        braid.apply(sent.change);
        sent.message.to_vec()
    }

    pub fn receive(&mut self, to: usize, message: &[u8]) {
        let [a, b] = &mut self.braids;
        let braid = if to == 0 { a } else { b };
        let received = braid.receive(message).unwrap();
        braid.apply(received.change);
    }

    /// Lockstep until it is the turn of a party in the given state to send, or until the other party has
    /// sent the message that will lead out of it.
    pub fn until(&mut self, party: usize, state: &str, arriving: bool) -> Vec<u8> {
        for turn in (0..2).cycle() {
            let [a, b] = &self.braids;
            let here = if party == 0 { a } else { b }.state();
            if !arriving && turn == party && here.is_some_and(|(name, _)| name == state) {
                return Vec::new();
            }
            let message = self.send(turn);
            if arriving && turn != party && here.is_some_and(|(name, _)| name == state) {
                let [a, b] = &self.braids;
                let received = if party == 0 { a } else { b }.receive(&message).unwrap();
                let mut next = copy(if party == 0 { a } else { b });
                next.apply(received.change);
                if next.state().is_some_and(|(name, _)| name != state) {
                    return message;
                }
            }
            self.receive(1 - turn, &message);
        }
        panic!("cycles never end")
    }
}

#[must_use]
pub fn record(braid: &Spqr) -> Vec<u8> {
    let mut writer = RecordWriter::new(RecordKind::Session, 1, 3_000);
    braid.write(None, &mut writer);
    writer.finish().as_bytes().to_vec()
}

#[must_use]
pub fn read(bytes: &[u8]) -> Spqr {
    Spqr::read(&mut RecordReader::open(RecordKind::Session, 1, bytes).unwrap().0).unwrap()
}

#[must_use]
pub fn copy(braid: &Spqr) -> Spqr {
    read(&record(braid))
}

/// Sends chunks of a byte string as long as an encapsulation key, 1,152 bytes.
#[must_use]
pub fn encoder() -> Encoder<36> {
    let mut rows = Box::new([[0; 32]; 36]);
    for (k, byte) in (0u8..=255).cycle().zip(rows.as_flattened_mut()) {
        *byte = k;
    }
    Encoder::new(ByteString::from_rows(rows))
}
