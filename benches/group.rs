// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sender keys. Decrypting includes parsing, and both include the commit; what records cost is on its own.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a bench")]

#[path = "support/groups.rs"]
mod groups;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use groups::{after_skip, copy, learn, lose, pair, receive, send, sender};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::group::{DistributionId, ReceiverKeys, SenderKey};

/// Few enough that thousands of skipped keys each fit into memory.
const FEW: BatchSize = BatchSize::NumIterations(64);

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(3)
}

fn keys(c: &mut Criterion) {
    let mut rng = rng();
    let id = DistributionId::from_bytes([0xD1; 16]);
    c.bench_function("generate a sender key", |b| b.iter(|| SenderKey::generate(id, &mut rng)));
    let key = SenderKey::generate(id, &mut rng);
    c.bench_function("write, parse and learn a distribution message", |b| {
        b.iter(|| {
            let mut keys = ReceiverKeys::new(sender(), id);
            learn(&mut keys, &key);
            keys
        });
    });
}

fn messages(c: &mut Criterion) {
    for len in [64, 1024] {
        let plaintext = vec![b'x'; len];
        let (mut key, _) = pair();
        let mut rng = rng();
        c.bench_function(&format!("encrypt {len} B"), |b| {
            b.iter(|| black_box(send(&mut key, &plaintext, &mut rng)));
        });
        let (mut key, mut keys) = pair();
        c.bench_function(&format!("decrypt {len} B in order"), |b| {
            b.iter_batched(
                || send(&mut key, &plaintext, &mut rng),
                |message| receive(&mut keys, &message),
                BatchSize::SmallInput,
            );
        });
    }
}

fn skips(c: &mut Criterion) {
    let mut group = c.benchmark_group("decrypt after a skip");
    for skipped in [250, 2_000, 2_500, 25_000] {
        let (mut key, keys) = pair();
        lose(&mut key, skipped);
        let message = send(&mut key, &[b'x'; 64], &mut rng());
        group.throughput(Throughput::Elements(skipped.into()));
        group.bench_function(skipped.to_string(), |b| {
            b.iter_batched(
                || copy(&keys),
                |mut keys| {
                    receive(&mut keys, &message);
                    keys
                },
                FEW,
            );
        });
    }
    group.finish();

    let (mut key, mut keys) = pair();
    let old = send(&mut key, &[b'x'; 64], &mut rng());
    lose(&mut key, 1_999);
    let newest = send(&mut key, &[b'x'; 64], &mut rng());
    receive(&mut keys, &newest);
    c.bench_function("decrypt with one of 2,000 skipped keys", |b| {
        b.iter_batched(
            || copy(&keys),
            |mut keys| {
                receive(&mut keys, &old);
                keys
            },
            FEW,
        );
    });
}

fn records(c: &mut Criterion) {
    let (key, _) = pair();
    c.bench_function("write a sender key", |b| b.iter(|| key.record()));
    for skipped in [0, 2_000] {
        let keys = after_skip(skipped);
        c.bench_function(&format!("write receiver keys, {skipped} skipped"), |b| b.iter(|| keys.record()));
        let record = keys.record();
        c.bench_function(&format!("read receiver keys, {skipped} skipped"), |b| {
            b.iter(|| ReceiverKeys::from_record(record.as_bytes(), sender()).unwrap());
        });
        let record = keys.to_libsignal_record();
        let format = keys.format();
        c.bench_function(&format!("import receiver keys from libsignal, {skipped} skipped"), |b| {
            b.iter(|| ReceiverKeys::from_libsignal_record(&record, sender(), format).unwrap());
        });
    }
}

criterion_group!(benches, keys, messages, skips, records);
criterion_main!(benches);
