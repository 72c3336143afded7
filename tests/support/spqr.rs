// SPDX-License-Identifier: MIT OR Apache-2.0

//! What the tests of the post-quantum ratchet share.

use core::convert::Infallible;
use std::collections::VecDeque;

use rand_core::{SeedableRng, TryCryptoRng, TryRng};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::spqr::{Direction, Limits, MinimumVersion, Spqr, SpqrChange, SpqrError};
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
    pub braid: Spqr,
    /// Whether the ratchet is replaced by what was stored after every step.
    pub reload: bool,
    /// Whether it is replaced by what libsignal would have stored.
    pub through_libsignal: bool,
}

impl Party {
    pub fn send(&mut self, rng: &mut impl rand_core::CryptoRng) -> (Vec<u8>, Option<Secret<32>>) {
        let before = record(&self.braid, None);
        let sent = self.braid.send(rng).unwrap();
        assert_eq!(before, record(&self.braid, None), "sending changes nothing before it is applied");
        self.apply(sent.change);
        (sent.message.to_vec(), sent.key)
    }

    pub fn receive(&mut self, message: &[u8]) -> Result<Option<Secret<32>>, SpqrError> {
        let before = record(&self.braid, None);
        let received = self.braid.receive(message);
        assert_eq!(before, record(&self.braid, None), "receiving changes nothing before it is applied");
        let received = received?;
        self.apply(received.change);
        Ok(received.key)
    }

    fn apply(&mut self, change: SpqrChange) {
        let announced = record(&self.braid, Some(&change));
        self.braid.apply(change);
        let written = record(&self.braid, None);
        assert_eq!(announced, written, "a change is written as it is applied");
        let read = read(&written);
        assert_eq!(record(&read, None), written, "what is written is read");
        if self.reload {
            self.braid = read;
        }
        if self.through_libsignal {
            self.braid = Spqr::from_stored(&self.braid.to_stored()).unwrap();
        }
    }
}

/// The stored form of a ratchet.
pub fn record(braid: &Spqr, change: Option<&SpqrChange>) -> Vec<u8> {
    let mut writer = RecordWriter::new(RecordKind::Session, 1, 3_000);
    braid.write(change, &mut writer);
    writer.finish().as_bytes().to_vec()
}

pub fn read(record: &[u8]) -> Spqr {
    let (mut reader, _) = RecordReader::open(RecordKind::Session, 1, record).unwrap();
    let braid = Spqr::read(&mut reader).unwrap();
    reader.finish().unwrap();
    braid
}

/// Two parties of one session.
pub struct Pair {
    pub a: Party,
    pub b: Party,
    pub rng: rand_chacha::ChaCha20Rng,
}

/// A message on its way: its sender is A?, its bytes, its key.
#[derive(Clone)]
pub struct InFlight {
    pub from_a: bool,
    pub bytes: Vec<u8>,
    pub key: Option<[u8; 32]>,
}

impl Pair {
    pub fn new(seed: u64) -> Self {
        Self::with([MinimumVersion::V1; 2], Limits::default(), seed)
    }

    pub fn with(minima: [MinimumVersion; 2], limits: Limits, seed: u64) -> Self {
        let party = |minimum, direction| Party {
            braid: Spqr::with_minimum(minimum, direction, &Secret::new([0x42; 32]), limits),
            reload: false,
            through_libsignal: false,
        };
        Self {
            a: party(minima[0], Direction::A2B),
            b: party(minima[1], Direction::B2A),
            rng: rand_chacha::ChaCha20Rng::seed_from_u64(seed),
        }
    }

    pub fn party(&mut self, a: bool) -> &mut Party {
        if a { &mut self.a } else { &mut self.b }
    }

    pub fn send(&mut self, from_a: bool) -> InFlight {
        let party = if from_a { &mut self.a } else { &mut self.b };
        let (bytes, key) = party.send(&mut self.rng);
        InFlight { from_a, bytes, key: key.map(|key| *key.as_bytes()) }
    }

    /// Delivers a message and checks that the key is the sender's.
    #[track_caller]
    pub fn deliver(&mut self, message: &InFlight) {
        let key = self.party(!message.from_a).receive(&message.bytes).unwrap();
        assert_eq!(key.map(|key| *key.as_bytes()), message.key);
    }

    /// A sends, B receives, B sends, A receives.
    #[track_caller]
    pub fn lockstep(&mut self) {
        for from_a in [true, false] {
            let message = self.send(from_a);
            self.deliver(&message);
        }
    }

    /// Lockstep until a party is in a state.
    #[track_caller]
    pub fn lockstep_until(&mut self, a: bool, state: &str, epoch: u64) {
        for _ in 0..2_000 {
            for from_a in [true, false] {
                if self.party(a).braid.state() == Some((state, epoch)) {
                    return;
                }
                let message = self.send(from_a);
                self.deliver(&message);
            }
        }
        panic!("never in {state} {epoch}");
    }
}
