// SPDX-License-Identifier: MIT OR Apache-2.0

//! What an agreement takes, by backend and size of the batch, beside `curve25519-dalek` one by one: medians of rounds in
//! which each takes its turn, so that what else the machine does hits all alike.
//!
//! `cargo run --release -p x25519-batch --features precomputed-tables --example speed -- ROUNDS`

#![allow(clippy::print_stdout, reason = "it prints")]

use std::time::{Duration, Instant};

use x25519_batch::backend::{Backend, Kind};
use x25519_batch::{Agreement, BASE};

/// Batches: what they are called, how many agreements, and how many of them with the base.
const BATCHES: [(&str, u8, u8); 11] = [
    ("1", 1, 0),
    ("1, public key", 1, 1),
    ("3, one of them a public key", 3, 1),
    ("4", 4, 0),
    ("4 public keys", 4, 4),
    ("8 public keys", 8, 8),
    ("7, two of them public keys", 7, 2),
    ("8", 8, 0),
    ("9", 9, 0),
    ("64", 64, 0),
    ("64 public keys", 64, 64),
];

struct Row {
    kind: Kind,
    backend: Backend,
    batch: (&'static str, u8, u8),
    times: Vec<Duration>,
}

/// A batch of scalars and points that are anything.
fn run(backend: Backend, len: u8, bases: u8) {
    let scalars: Vec<[u8; 32]> = (0..len).map(|number| [number + 1; 32]).collect();
    let mut shared = vec![[0; 32]; len.into()];
    let mut agreements: Vec<_> = scalars
        .iter()
        .zip(&mut shared)
        .zip(0..)
        .map(|((scalar, shared), number)| {
            let point = if number < bases { &BASE } else { scalar };
            Agreement { scalar, point, shared }
        })
        .collect();
    backend.agree_many(&mut agreements);
    std::hint::black_box(shared);
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(101_usize);
    let here = || Kind::ALL.into_iter().filter_map(|kind| Some((kind, Backend::of(kind)?)));
    let mut rows: Vec<Row> = BATCHES
        .into_iter()
        .flat_map(|batch| here().map(move |(kind, backend)| Row { kind, backend, batch, times: Vec::new() }))
        .collect();
    for _ in 0..rounds {
        for row in &mut rows {
            let started = Instant::now();
            run(row.backend, row.batch.1, row.batch.2);
            row.times.push(started.elapsed());
        }
    }
    println!("| batch | backend | µs | µs each | least |\n| --- | --- | ---: | ---: | ---: |");
    for Row { kind, batch: (name, len, _), mut times, .. } in rows {
        times.sort_unstable();
        let microseconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64) * 1e6;
        let (median, least) = (microseconds(times.get(rounds / 2)), microseconds(times.first()));
        println!("| {name} | {kind:?} | {median:.1} | {:.1} | {least:.1} |", median / f64::from(len));
    }
}
