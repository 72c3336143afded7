// SPDX-License-Identifier: MIT OR Apache-2.0

//! Records: writing and reading sessions, moving them out and in, sealing and opening.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a bench")]

#[path = "support/setting.rs"]
mod setting;

use criterion::{Criterion, criterion_group, criterion_main};
use setting::{Talk, copy, receive, rng};
use subrosa::store::RecordKind;
use subrosa::{Address, DeviceId, RecordKey, Session};

/// Bob's session with as many skipped keys.
fn session(skipped: u32) -> Session {
    let mut talk = Talk::new(4);
    let message = talk.after(skipped);
    receive(&mut talk.bob, &message, &mut talk.rng);
    talk.bob
}

fn plain(c: &mut Criterion) {
    for skipped in [0, 2_000] {
        let session = session(skipped);
        c.bench_function(&format!("write session, {skipped} skipped keys"), |b| b.iter(|| session.record()));
        let record = session.record();
        let (local, remote) = (Address::new("a", DeviceId::PRIMARY), Address::new("b", DeviceId::PRIMARY));
        c.bench_function(&format!("read session, {skipped} skipped keys"), |b| {
            b.iter(|| Session::from_record(record.as_bytes(), local.clone(), remote.clone()).unwrap());
        });
    }
}

/// Moving out to libsignal, and in.
fn libsignal(c: &mut Criterion) {
    for skipped in [0, 2_000] {
        let session = session(skipped);
        c.bench_function(&format!("export session to libsignal, {skipped} skipped keys"), |b| {
            b.iter(|| session.to_libsignal_record());
        });
        let record = session.to_libsignal_record();
        let (local, remote) = (Address::new("a", DeviceId::PRIMARY), Address::new("b", DeviceId::PRIMARY));
        c.bench_function(&format!("import session from libsignal, {skipped} skipped keys"), |b| {
            b.iter(|| Session::from_libsignal_record(&record, local.clone(), remote.clone()).unwrap());
        });
    }
}

fn sealed(c: &mut Criterion) {
    let mut rng = rng();
    let key = RecordKey::generate(&mut rng);
    for skipped in [0, 2_000] {
        let record = copy(&session(skipped)).record();
        let len = record.as_bytes().len();
        c.bench_function(&format!("seal a record of {len} B"), |b| {
            b.iter(|| key.seal(&record, b"owner", &mut rng).unwrap());
        });
        let sealed = key.seal(&record, b"owner", &mut rng).unwrap();
        c.bench_function(&format!("open a record of {len} B"), |b| {
            b.iter(|| key.open(RecordKind::Session, b"owner", &sealed).unwrap());
        });
    }
}

criterion_group!(benches, plain, libsignal, sealed);
criterion_main!(benches);
