// SPDX-License-Identifier: MIT OR Apache-2.0

//! Accounts: upkeep, uploading, reading back, moving in, and a first message.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a bench")]

#[path = "../tests/support/accounts.rs"]
mod accounts;
#[path = "../tests/support/device.rs"]
mod device;

use accounts::{Holder, Service, stranger};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use device::START;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::account::{self, Counts};
use subrosa::prekey::{OneTimeKemPreKey, OneTimePreKey, SignedPreKey};
use subrosa::{Account, Address, DeviceId, IdentityKeyPair, Session, Trust};

/// 100 prekeys of each kind.
fn limits() -> account::Limits {
    account::Limits::default()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn address() -> Address {
    Address::new("bob", DeviceId::PRIMARY)
}

fn stocked() -> (Holder, Service) {
    let (mut holder, mut service) = (Holder::with_limits("bob", limits(), 1), Service::default());
    holder.maintain(&mut service);
    (holder, service)
}

fn upkeep(c: &mut Criterion) {
    let mut rng = rng();
    let mut account = Account::generate(address(), limits(), &mut rng).unwrap().commit();
    let upload = account.maintain(Counts::default(), START, &mut rng).unwrap().commit();
    account.confirm_uploaded(&upload, START).unwrap().commit();
    for (what, counts) in [
        ("100 one-time and 100 one-time KEM prekeys", Counts::default()),
        ("100 one-time KEM prekeys", Counts { one_time: 100, one_time_kem: 0 }),
        ("100 one-time prekeys", Counts { one_time: 0, one_time_kem: 100 }),
    ] {
        c.bench_function(&format!("maintain: {what}, staged"), |b| {
            assert_eq!(account.plan(counts, START).one_time, 100 - counts.one_time);
            b.iter(|| drop(account.maintain(counts, START, &mut rng).unwrap()));
        });
    }
    let staged = account.maintain(Counts::default(), START, &mut rng).unwrap();
    c.bench_function("the writes of that, 200 prekeys", |b| b.iter(|| staged.writes()));
    staged.commit();
    c.bench_function("plan, 200 prekeys", |b| b.iter(|| account.plan(Counts::default(), START)));
    c.bench_function("upload, 200 prekeys", |b| b.iter(|| account.upload()));
    let upload = account.upload();
    c.bench_function("confirm, 200 prekeys, staged with the writes", |b| {
        b.iter(|| account.confirm_uploaded(&upload, START).unwrap().writes());
    });
}

fn records(c: &mut Criterion) {
    let (holder, _) = stocked();
    let (account, rows) = (&holder.store.account, &holder.store.rows);
    c.bench_function("write the account's record, 200 prekeys", |b| b.iter(|| holder.account.record()));
    c.bench_function("read an account, 200 prekeys", |b| {
        b.iter(|| Account::from_records(address(), account, rows.values(), limits()).unwrap());
    });
    let one_time: Vec<_> =
        holder.account.one_time_pre_keys().map(|key| key.to_libsignal_record().to_vec()).collect();
    let kem: Vec<_> =
        holder.account.one_time_kem_pre_keys().map(|key| key.to_libsignal_record().to_vec()).collect();
    let signed: Vec<_> =
        holder.account.signed_pre_keys().map(|key| key.to_libsignal_record().to_vec()).collect();
    let identity = holder.account.identity().to_libsignal_record();
    c.bench_function("move in with libsignal's records, 200 prekeys", |b| {
        b.iter(|| {
            let identity = IdentityKeyPair::from_libsignal_record(&identity).unwrap();
            let mut import = account::Import::new(address(), identity, 1, START);
            for record in &one_time {
                import.one_time_pre_key(OneTimePreKey::from_libsignal_record(record).unwrap()).unwrap();
            }
            for record in &kem {
                let key = OneTimeKemPreKey::from_libsignal_record(record).unwrap();
                import.one_time_kem_pre_key(key).unwrap();
            }
            for record in &signed {
                import.signed_pre_key(SignedPreKey::from_libsignal_record(record).unwrap()).unwrap();
            }
            import.finish(limits(), &mut rng()).unwrap()
        });
    });
}

fn receive(c: &mut Criterion) {
    let (mut holder, mut service) = stocked();
    let (from, message) = stranger(service.bundle(&holder), &holder.address, 1);
    let message = message.message();
    let mut rng = rng();
    c.bench_function("receive a first message, 200 prekeys, staged with the writes", |b| {
        b.iter_batched(
            || Session::new(address(), from.clone()),
            |mut session| {
                holder.account.receive(&mut session, &message, Trust::Anyone, &mut rng).unwrap().writes()
            },
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, upkeep, records, receive);
criterion_main!(benches);
