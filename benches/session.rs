// SPDX-License-Identifier: MIT OR Apache-2.0

//! Messages on a session of version 4 that is acknowledged. Decrypting includes parsing, and both include
//! the commit; what the record costs is in `records.rs`.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a bench")]

#[path = "support/setting.rs"]
mod setting;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use setting::{Talk, copy, receive, rng, send};

/// How many skipped keys a receiving chain keeps.
const KEPT: u32 = 2_000;

/// Few enough that sessions with thousands of skipped keys fit into memory.
const FEW: BatchSize = BatchSize::NumIterations(64);

fn messages(c: &mut Criterion) {
    for len in [64, 1024] {
        let plaintext = vec![b'x'; len];
        let mut talk = Talk::new(4);
        c.bench_function(&format!("encrypt {len} B"), |b| {
            b.iter(|| black_box(send(&mut talk.alice, &plaintext, &mut talk.rng)));
        });
        let mut talk = Talk::new(4);
        let mut rng = rng();
        c.bench_function(&format!("decrypt {len} B in order"), |b| {
            b.iter_batched(
                || send(&mut talk.alice, &plaintext, &mut talk.rng),
                |message| receive(&mut talk.bob, &message, &mut rng),
                BatchSize::SmallInput,
            );
        });
    }
}

/// Each side sends one message: two steps of the Diffie-Hellman ratchet.
fn ping_pong(c: &mut Criterion) {
    let mut talk = Talk::new(4);
    c.bench_function("two DH ratchet steps, 1 KiB each way", |b| {
        b.iter(|| {
            let there = send(&mut talk.alice, &[b'x'; 1024], &mut talk.rng);
            receive(&mut talk.bob, &there, &mut talk.rng);
            let back = send(&mut talk.bob, &[b'x'; 1024], &mut talk.rng);
            receive(&mut talk.alice, &back, &mut talk.rng);
        });
    });
}

fn skips(c: &mut Criterion) {
    let mut group = c.benchmark_group("decrypt after a skip");
    for skipped in [250, 2_000, 2_500, 24_999] {
        let mut talk = Talk::new(4);
        let message = talk.after(skipped);
        let mut rng = rng();
        group.throughput(Throughput::Elements(skipped.into()));
        group.bench_function(skipped.to_string(), |b| {
            b.iter_batched(
                || copy(&talk.bob),
                |mut bob| {
                    receive(&mut bob, &message, &mut rng);
                    bob
                },
                FEW,
            );
        });
    }
    group.finish();
}

fn skipped_keys(c: &mut Criterion) {
    let mut talk = Talk::new(4);
    let old: Vec<Vec<u8>> = (0..KEPT).map(|_| send(&mut talk.alice, &[b'x'; 64], &mut talk.rng)).collect();
    let newest = talk.after(0);
    let mut rng = rng();
    receive(&mut talk.bob, &newest, &mut rng);

    let middle = old.get(old.len() / 2).unwrap();
    c.bench_function(&format!("decrypt with one of {KEPT} skipped keys"), |b| {
        b.iter_batched(
            || copy(&talk.bob),
            |mut bob| {
                receive(&mut bob, middle, &mut rng);
                bob
            },
            FEW,
        );
    });
    c.bench_function(&format!("decrypt 64 B in order, {KEPT} skipped keys held"), |b| {
        b.iter_batched(
            || send(&mut talk.alice, &[b'x'; 64], &mut talk.rng),
            |message| receive(&mut talk.bob, &message, &mut rng),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, messages, ping_pong, skips, skipped_keys);
criterion_main!(benches);
