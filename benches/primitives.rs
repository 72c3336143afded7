// SPDX-License-Identifier: MIT OR Apache-2.0

//! The floor: primitive operations that no session can do without.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::hazmat::crypto::cbc;
use subrosa::hazmat::crypto::kdf::{Label, MacKey, hkdf};
use subrosa::hazmat::crypto::xeddsa;
use subrosa::hazmat::ratchet::chain::ChainKey;
use subrosa::hazmat::ratchet::message_keys::MessageKeys;
use subrosa::keys::{KemKeyPair, KemType, KeyPair, PrivateKey, Secret};

fn curve(c: &mut Criterion) {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let (ours, theirs) = (PrivateKey::generate(&mut rng), KeyPair::generate(&mut rng));
    c.bench_function("X25519, variable base", |b| {
        b.iter(|| ours.diffie_hellman(black_box(theirs.public())).unwrap());
    });
    c.bench_function("X25519, fixed base", |b| b.iter(|| black_box(&ours).public_key()));
    c.bench_function("check that a base key is canonical", |b| {
        b.iter(|| black_box(theirs.public()).is_canonical());
    });
    let message = theirs.public().encode();
    c.bench_function("XEdDSA sign 33 B", |b| b.iter(|| xeddsa::sign(&ours, &[&message], &mut rng)));
    let signature = xeddsa::sign(&ours, &[&message], &mut rng);
    let public = ours.public_key();
    c.bench_function("XEdDSA verify 33 B", |b| {
        b.iter(|| xeddsa::verify(black_box(&public), &[&message], &signature));
    });
}

fn kem(c: &mut Criterion) {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    c.bench_function("Kyber-1024 key generation", |b| {
        b.iter(|| KemKeyPair::generate(KemType::Kyber1024, &mut rng));
    });
    let pair = KemKeyPair::generate(KemType::Kyber1024, &mut rng);
    c.bench_function("Kyber-1024 encapsulation", |b| b.iter(|| pair.public().encapsulate(&mut rng)));
    let (ciphertext, _) = pair.public().encapsulate(&mut rng);
    c.bench_function("Kyber-1024 decapsulation", |b| {
        b.iter(|| pair.secret().decapsulate(black_box(&ciphertext)).unwrap());
    });
}

fn symmetric(c: &mut Criterion) {
    let chain = ChainKey::new(Secret::new([1; 32]), 0);
    c.bench_function("chain step", |b| b.iter(|| black_box(&chain).step().unwrap()));
    let (seed, _) = chain.step().unwrap();
    c.bench_function("message keys", |b| {
        b.iter(|| MessageKeys::derive(Label::new("WhisperMessageKeys"), black_box(&seed), None));
    });
    c.bench_function("HKDF 32 to 64 B", |b| {
        b.iter(|| hkdf::<64>(Some(&[1; 32]), black_box(&[2; 32]), Label::new("label")));
    });
    for len in [64, 1024] {
        let plaintext = vec![b'x'; len];
        let (key, iv, mac_key) = ([1; 32], [2; 16], [3; 32]);
        let mut sealed = Vec::new();
        c.bench_function(&format!("CBC and HMAC, encrypt {len} B"), |b| {
            b.iter(|| {
                sealed.clear();
                cbc::encrypt_into(&key, &iv, black_box(&plaintext), &mut sealed);
                MacKey::new(&mac_key).tag::<8>(&[&sealed])
            });
        });
        c.bench_function(&format!("CBC and HMAC, decrypt {len} B"), |b| {
            b.iter(|| {
                let tag = MacKey::new(&mac_key).tag::<8>(&[black_box(&sealed)]);
                (tag, cbc::decrypt(&key, &iv, &sealed).unwrap())
            });
        });
    }
}

criterion_group!(benches, curve, kem, symmetric);
criterion_main!(benches);
