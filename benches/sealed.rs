// SPDX-License-Identifier: MIT OR Apache-2.0

//! Sealed sender, for group messages of 1 KiB of text; beside each operation the primitive ones that it can't do without.
//! `cargo bench -p subrosa-benches --bench sealed --features parallel` seals for many on all cores.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a bench")]

#[path = "support/sealing.rs"]
mod sealing;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sealing::{NOW, Sealing, parse, rng, split};
use subrosa::hazmat::crypto::{gcm_siv, xeddsa};
use subrosa::keys::{KeyPair, PrivateKey};
use subrosa::sealed::server::SentMessage;

const MANY: u32 = 10_000;

fn one(c: &mut Criterion) {
    let sealing = Sealing::new(1);
    c.bench_function("seal v1", |b| b.iter(|| sealing.seal_v1()));
    for (name, sealed) in [("v1", sealing.seal_v1()), ("v2", sealing.seal_v2())] {
        c.bench_function(&format!("open {name}"), |b| b.iter(|| sealing.open(&sealed)));
        c.bench_function(&format!("open {name} and verify the sender"), |b| {
            b.iter(|| sealing.verify(sealing.open(&sealed)));
        });
    }
    c.bench_function("verify a sender certificate", |b| {
        let (certificate, trust) = (&sealing.cast.certificate, sealing.cast.trust());
        b.iter_batched(
            || certificate.clone(),
            |certificate| certificate.verify(&trust, NOW).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn many(c: &mut Criterion) {
    let cores = if cfg!(feature = "parallel") { "all cores" } else { "one core" };
    let mut group = c.benchmark_group(format!("seal v2 on {cores}"));
    group.sample_size(10);
    for count in [1, 10, 100, 1_000, MANY] {
        let sealing = Sealing::new(count);
        let recipients = sealing.recipients();
        group.throughput(Throughput::Elements(count.into()));
        group
            .bench_function(format!("{count} recipients"), |b| b.iter(|| sealing.seal_for_many(&recipients)));
    }
    group.finish();
}

fn service(c: &mut Criterion) {
    let sealing = Sealing::new(MANY);
    let sent = sealing.seal_for_many(&sealing.recipients());
    let mut group = c.benchmark_group(format!("the service, {MANY} recipients of two devices"));
    group.throughput(Throughput::Elements(MANY.into()));
    group.bench_function("parse", |b| b.iter(|| parse(black_box(&sent))));
    let parsed = SentMessage::parse(&sent).unwrap();
    group.bench_function("split", |b| b.iter(|| split(black_box(&parsed))));
    group.finish();
}

/// The primitive operations, and nothing around them.
fn floor(c: &mut Criterion) {
    let mut group = c.benchmark_group("floor");
    let mut rng = rng();
    let ours = [PrivateKey::generate(&mut rng), PrivateKey::generate(&mut rng)];
    let theirs = KeyPair::generate(&mut rng);
    group.bench_function("v1: a key pair and two agreements", |b| {
        b.iter(|| {
            let ephemeral = KeyPair::generate(&mut rng);
            [ephemeral.private(), &ours[0]].map(|key| key.diffie_hellman(black_box(theirs.public())).unwrap())
        });
    });
    let others = [*theirs.public(), ours[1].public_key()];
    group.bench_function("opening v1: two agreements", |b| {
        b.iter(|| others.map(|key| ours[0].diffie_hellman(black_box(&key)).unwrap()));
    });
    group.bench_function("v2, for each recipient: two agreements with one key", |b| {
        b.iter(|| {
            let theirs = black_box(theirs.public()).prepare();
            [&ours[0], &ours[1]].map(|key| key.diffie_hellman_with(&theirs).unwrap())
        });
    });
    let signatures = [0, 1].map(|_| xeddsa::sign(theirs.private(), &[&[7; 200]], &mut rng));
    group.bench_function("a certificate: two signatures verified", |b| {
        b.iter(|| {
            signatures.map(|signature| xeddsa::verify(black_box(theirs.public()), &[&[7; 200]], &signature))
        });
    });
    let mut buffer = vec![0; 1_300];
    group.bench_function("v2, once: AES-256-GCM-SIV of 1,300 B", |b| {
        b.iter(|| gcm_siv::seal(&[1; 32], &[0; 12], &[], black_box(&mut buffer)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, one, many, service, floor);
criterion_main!(benches);
