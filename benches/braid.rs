// SPDX-License-Identifier: MIT OR Apache-2.0

//! The post-quantum ratchet: an ordinary message, the dearest ones, and what an attacker can make dear.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a benchmark may fail")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use subrosa::hazmat::crypto::erasure::{ByteString, Decoder, Encoder};
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::braid::{Braid, Direction, Limits};
use subrosa::hazmat::record::{RecordKind, RecordReader, RecordWriter};
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPayload};

struct Pair {
    braids: [Braid; 2],
    rng: ChaCha20Rng,
}

impl Pair {
    fn new() -> Self {
        let braid = |direction| Braid::new(direction, &Secret::new([7; 32]), Limits::default());
        Self { braids: [Direction::A2B, Direction::B2A].map(braid), rng: ChaCha20Rng::seed_from_u64(1) }
    }

    fn send(&mut self, from: usize) -> Vec<u8> {
        let [a, b] = &mut self.braids;
        let braid = if from == 0 { a } else { b };
        let sent = braid.send(&mut self.rng).unwrap();
        braid.apply(sent.change);
        sent.message
    }

    fn receive(&mut self, to: usize, message: &[u8]) {
        let [a, b] = &mut self.braids;
        let braid = if to == 0 { a } else { b };
        let received = braid.receive(message).unwrap();
        braid.apply(received.change);
    }

    /// Lockstep until it is the turn of a party in the given state to send, or until the other party has
    /// sent the message that will lead out of it.
    fn until(&mut self, party: usize, state: &str, arriving: bool) -> Vec<u8> {
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

fn record(braid: &Braid) -> Vec<u8> {
    let mut writer = RecordWriter::new(RecordKind::Session, 1, 3_000);
    braid.write(None, &mut writer);
    writer.finish().as_bytes().to_vec()
}

fn read(bytes: &[u8]) -> Braid {
    Braid::read(&mut RecordReader::open(RecordKind::Session, 1, bytes).unwrap().0).unwrap()
}

fn copy(braid: &Braid) -> Braid {
    read(&record(braid))
}

fn averages(c: &mut Criterion) {
    // 87 messages make an epoch; a round is one message each way.
    let mut pair = Pair::new();
    c.bench_function("braid/round of two messages, average", |b| {
        b.iter(|| {
            for from in [0, 1] {
                let message = pair.send(from);
                pair.receive(1 - from, black_box(&message));
            }
        });
    });
    for (name, party, state) in [("Ct1Sampled", 1, "Ct1Sampled"), ("None", 1, "Ct1Acknowledged")] {
        let mut pair = Pair::new();
        pair.until(party, state, false);
        let braid = pair.braids.into_iter().nth(party).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        c.bench_function(&format!("braid/send in {name}, not applied"), |b| {
            b.iter(|| black_box(braid.send(&mut rng).unwrap()));
        });
    }
    let mut pair = Pair::new();
    pair.until(1, "Ct1Sampled", false);
    let message = pair.send(0);
    c.bench_function("braid/receive a chunk in Ct1Sampled, not applied", |b| {
        b.iter(|| black_box(pair.braids[1].receive(&message).unwrap()));
    });
}

fn dearest(c: &mut Criterion) {
    for (party, state) in [(0, "KeysUnsampled"), (1, "HeaderReceived")] {
        let mut pair = Pair::new();
        pair.until(party, state, false);
        let braid = pair.braids.into_iter().nth(party).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        c.bench_function(&format!("braid/send in {state}"), |b| {
            b.iter(|| black_box(braid.send(&mut rng).unwrap()));
        });
    }
    for (party, state) in [(0, "KeysSampled"), (0, "EkSentCt1Received"), (1, "Ct1Acknowledged")] {
        let mut pair = Pair::new();
        let message = pair.until(party, state, true);
        let braid = pair.braids.into_iter().nth(party).unwrap();
        c.bench_function(&format!("braid/receive the last in {state}"), |b| {
            b.iter(|| black_box(braid.receive(&message).unwrap()));
        });
    }
    let braid = Braid::new(Direction::B2A, &Secret::new([7; 32]), Limits::default());
    let jump = BraidMessage { epoch: 1, index: 25_000, payload: BraidPayload::None }.encode();
    c.bench_function("braid/jump of 25,000", |b| b.iter(|| black_box(braid.receive(&jump).unwrap())));
}

fn stored(c: &mut Criterion) {
    let mut pair = Pair::new();
    pair.until(1, "Ct1Sampled", false);
    for _ in 0..20 {
        let message = pair.send(0);
        pair.receive(1, &message);
    }
    let bytes = record(&pair.braids[1]);
    c.bench_function(&format!("braid/write {} bytes", bytes.len()), |b| {
        b.iter(|| {
            let mut writer = RecordWriter::new(RecordKind::Session, 1, 3_000);
            pair.braids[1].write(None, &mut writer);
            black_box(writer.finish())
        });
    });
    c.bench_function("braid/read them", |b| b.iter(|| black_box(read(&bytes))));
}

fn erasure(c: &mut Criterion) {
    let mut rows = Box::new([[0; 32]; 36]);
    for (k, byte) in (0u8..=255).cycle().zip(rows.as_flattened_mut()) {
        *byte = k;
    }
    let encoder = Encoder::new(ByteString::from_rows(rows));
    c.bench_function("erasure/parity chunk of 36", |b| b.iter(|| black_box(encoder.chunk(1_000))));
    for (name, first) in [("none missing", 0), ("1 of 36 missing", 1), ("36 of 36 missing", 36)] {
        c.bench_function(&format!("erasure/decode, {name}"), |b| {
            b.iter_batched(
                || {
                    let mut decoder = Decoder::<36>::new();
                    (first..first + 36).for_each(|index| decoder.add(encoder.chunk(index)));
                    decoder
                },
                |decoder| black_box(decoder.decode()),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, averages, dearest, stored, erasure);
criterion_main!(benches);
