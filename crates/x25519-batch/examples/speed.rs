// SPDX-License-Identifier: MIT OR Apache-2.0

//! What agreements take, by backend and size of the batch, and what a signature's point takes, beside `curve25519-dalek`:
//! medians of rounds in which each takes its turn, so that what else the machine does hits all alike.
//!
//! `cargo run --release -p x25519-batch --features precomputed-tables --example speed -- ROUNDS`

#![allow(clippy::print_stdout, reason = "it prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

#[cfg(target_arch = "x86_64")]
use curve25519_dalek::{edwards::EdwardsPoint, montgomery::MontgomeryPoint, scalar::Scalar};
#[cfg(target_arch = "x86_64")]
use x25519_batch::Point;
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
    name: &'static str,
    side: String,
    /// How many results there are.
    len: u8,
    run: Box<dyn Fn()>,
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
    black_box(shared);
}

fn batches() -> impl Iterator<Item = Row> {
    let here = || Kind::ALL.into_iter().filter_map(|kind| Some((kind, Backend::of(kind)?)));
    BATCHES.into_iter().flat_map(move |(name, len, bases)| {
        here().map(move |(kind, backend)| Row {
            name,
            side: format!("{kind:?}"),
            len,
            run: Box::new(move || run(backend, len, bases)),
            times: Vec::new(),
        })
    })
}

/// A key's point, and what verifies a signature by it.
#[cfg(target_arch = "x86_64")]
fn points() -> Vec<Row> {
    let (u, [s, h]) = (BASE, [3, 5].map(|number| Scalar::from_bytes_mod_order([number; 32])));
    let row = |name, side: &str, run| Row { name, side: side.to_owned(), len: 1, run, times: Vec::new() };
    let (Some(lanes), Some(dalek)) = (Point::of_montgomery(&u), MontgomeryPoint(u).to_edwards(0)) else {
        return Vec::new();
    };
    let encoded_in_lanes =
        move || _ = black_box(Point::of_montgomery(black_box(&u)).map(|point| point.encode()));
    let encoded =
        move || _ = black_box(MontgomeryPoint(black_box(u)).to_edwards(0).map(|point| point.compress()));
    let combined_in_lanes = move || _ = black_box(black_box(lanes).combined(s.as_bytes(), h.as_bytes()));
    let combined = move || {
        let sum = EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &black_box(dalek), &s);
        black_box(sum.compress());
    };
    vec![
        row("a point, encoded", "Ifma", Box::new(encoded_in_lanes)),
        row("a point, encoded", "dalek", Box::new(encoded)),
        row("s·B + h·P", "Ifma", Box::new(combined_in_lanes)),
        row("s·B + h·P", "dalek", Box::new(combined)),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn points() -> Vec<Row> {
    Vec::new()
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(101_usize);
    let mut rows: Vec<Row> = batches().chain(points()).collect();
    for _ in 0..rounds {
        for Row { run, times, .. } in &mut rows {
            let started = Instant::now();
            run();
            times.push(started.elapsed());
        }
    }
    println!("| batch | by | µs | µs each | least |\n| --- | --- | ---: | ---: | ---: |");
    for Row { name, side, len, mut times, .. } in rows {
        times.sort_unstable();
        let microseconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64) * 1e6;
        let (median, least) = (microseconds(times.get(rounds / 2)), microseconds(times.first()));
        println!("| {name} | {side} | {median:.1} | {:.1} | {least:.1} |", median / f64::from(len));
    }
}
