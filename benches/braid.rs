// SPDX-License-Identifier: MIT OR Apache-2.0

//! The post-quantum ratchet: an ordinary message, the dearest ones, and what an attacker can make dear.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub, reason = "a benchmark may fail")]

#[path = "support/braids.rs"]
mod braids;

use std::hint::black_box;

use braids::{Pair, encoder, read, record};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use subrosa::hazmat::crypto::erasure::Decoder;
use subrosa::hazmat::crypto::secret::Secret;
use subrosa::hazmat::ratchet::spqr::{Direction, Limits, Spqr};
use subrosa::hazmat::record::{RecordKind, RecordWriter};
use subrosa::hazmat::wire::braid_message::{BraidMessage, BraidPayload};

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
    let braid = Spqr::new(Direction::B2A, &Secret::new([7; 32]), Limits::default());
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
    let encoder = encoder();
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
