// SPDX-License-Identifier: MIT OR Apache-2.0

//! Beginning a session: verifying a bundle, initiating, accepting the first message.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a bench")]

#[path = "support/setting.rs"]
mod setting;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use setting::{FirstMessage, NOW, bundle, devices, rng};
use subrosa::session::Config;
use subrosa::{Session, Trust};

fn verify(c: &mut Criterion) {
    let [_, mut bob] = devices(4);
    let bundle = bundle(&mut bob, 4);
    c.bench_function("verify bundle", |b| {
        b.iter_batched(
            || bundle.clone(),
            |bundle| bundle.verify(Trust::Anyone).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn initiate(c: &mut Criterion) {
    for version in [4, 3] {
        let [alice, mut bob] = devices(version);
        let bundle = bundle(&mut bob, version);
        let (config, mut rng) = (Config::new(&alice.identity, 1).with_policy(alice.policy), rng());
        let fresh = || {
            let session = Session::new(alice.address.clone(), bob.address.clone());
            (session, bundle.clone().verify(Trust::Anyone).unwrap())
        };
        c.bench_function(&format!("initiate, version {version}"), |b| {
            b.iter_batched(
                fresh,
                |(mut session, bundle)| {
                    session.initiate(&config, bundle, NOW, &mut rng).unwrap().commit();
                    session
                },
                BatchSize::SmallInput,
            );
        });
    }
}

fn accept(c: &mut Criterion) {
    for version in [4, 3] {
        let first = FirstMessage::new(version);
        let mut rng = rng();
        let keys = first.keys();
        c.bench_function(&format!("accept with first decrypt, version {version}"), |b| {
            b.iter(|| first.accept(&keys, &mut rng));
        });
    }
}

criterion_group!(benches, verify, initiate, accept);
criterion_main!(benches);
