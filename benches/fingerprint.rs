// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints, beside the hashing that they can not do without.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha512};
use subrosa::IdentityKeyPair;
use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintIterations, FingerprintVersion};

fn fingerprint(c: &mut Criterion) {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let [ours, theirs] = [(); 2].map(|()| IdentityKeyPair::generate(&mut rng));
    let hash = |id, of: &IdentityKeyPair| {
        FingerprintHash::compute(FingerprintIterations::DEPLOYED, black_box(id), of.public())
    };
    c.bench_function("floor: 2 x 5,200 x SHA-512 of 97 B", |b| {
        b.iter(|| {
            let mut input = [0; 97];
            for _ in 0..2 * 5_200 {
                let hash = Sha512::digest(input);
                input[..64].copy_from_slice(&hash);
            }
            input
        });
    });
    c.bench_function("fingerprint of two parties, both forms", |b| {
        b.iter(|| {
            let (ours, theirs) = (hash(&[1; 16], &ours), hash(&[2; 16], &theirs));
            let fingerprint = Fingerprint::new(FingerprintVersion::ACCOUNT, ours, theirs);
            (fingerprint.displayable(), fingerprint.scannable().to_bytes())
        });
    });
    let (ours, theirs) = (hash(&[1; 16], &ours), hash(&[2; 16], &theirs));
    c.bench_function("fingerprint of kept hashes, both forms", |b| {
        b.iter(|| {
            let fingerprint = Fingerprint::new(FingerprintVersion::ACCOUNT, black_box(ours), theirs);
            (fingerprint.displayable(), fingerprint.scannable().to_bytes())
        });
    });
    let at_us = Fingerprint::new(FingerprintVersion::ACCOUNT, ours, theirs).scannable();
    let scanned = Fingerprint::new(FingerprintVersion::ACCOUNT, theirs, ours).scannable().to_bytes();
    c.bench_function("compare a scanned fingerprint", |b| {
        b.iter(|| at_us.compare(black_box(&scanned)).unwrap());
    });
}

criterion_group!(benches, fingerprint);
criterion_main!(benches);
