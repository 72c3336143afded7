// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments of 16 MiB, beside the primitives that they are made of.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a bench")]

use std::hint::black_box;
use std::io::{self, Write};

use aes::Aes256;
use aes::cipher::{KeyIvInit, StreamCipher};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use ctr::Ctr32BE;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use subrosa::attachment::{
    AttachmentDecryptor, AttachmentEncryptor, AttachmentKey, AttachmentManifest, AttachmentReader,
    AttachmentVerifier, AttachmentWriter, ChunkSize,
};
use subrosa::hazmat::crypto::cbc::{CbcDecryptor, CbcEncryptor};
use subrosa::hazmat::crypto::kdf::MacKey;

const LEN: usize = 16 << 20;

/// What is encrypted or decrypted at once.
const PIECE: usize = 1 << 14;

fn group(c: &mut Criterion) -> BenchmarkGroup<'_, WallTime> {
    let mut group = c.benchmark_group("attachment");
    group.throughput(Throughput::Bytes(LEN as u64)).sample_size(20);
    group
}

fn floor(c: &mut Criterion) {
    let (mut group, key, iv) = (group(c), [1; 32], [2; 16]);
    let (data, mut out) = (vec![7; LEN], vec![0; PIECE]);
    group.bench_function("floor: AES-256-CBC, encrypt", |b| {
        b.iter(|| {
            let mut cipher = CbcEncryptor::new(&key, &iv);
            for piece in data.chunks(PIECE) {
                black_box(cipher.encrypt(piece, &mut out));
            }
        });
    });
    group.bench_function("floor: AES-256-CBC, decrypt", |b| {
        b.iter(|| {
            let mut cipher = CbcDecryptor::new(&key, &iv);
            for piece in data.chunks(PIECE) {
                black_box(cipher.decrypt(piece, &mut out));
            }
        });
    });
    group.bench_function("floor: AES-256-CTR", |b| {
        b.iter(|| {
            let mut cipher = Ctr32BE::<Aes256>::new(&key.into(), &iv.into());
            data.chunks(PIECE).for_each(|piece| cipher.apply_keystream_b2b(piece, &mut out));
        });
    });
    group.bench_function("floor: HMAC-SHA-256", |b| {
        b.iter(|| MacKey::new(&key).tag::<32>(&[black_box(&data)]));
    });
    group.bench_function("floor: SHA-256", |b| b.iter(|| Sha256::digest(black_box(&data))));
}

fn encrypt(key: &AttachmentKey, plaintext: &[u8], mut take: impl FnMut(&[u8])) -> AttachmentManifest {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let mut encryptor = AttachmentEncryptor::new(key, ChunkSize::for_len(LEN as u64), &mut rng);
    let (mut out, mut left) = (vec![0; PIECE], plaintext);
    while !left.is_empty() {
        let written = encryptor.update(&mut left, &mut out);
        take(&out[..written]);
    }
    let mut end = encryptor.finish();
    loop {
        match end.read(&mut out) {
            0 => return end.manifest().unwrap(),
            written => take(&out[..written]),
        }
    }
}

fn attachment(c: &mut Criterion) {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    // A length that is a bucket, so that there is no padding to speak of.
    let plaintext = vec![7; usize::try_from(AttachmentEncryptor::padded_len(LEN as u64)).unwrap()];
    let key = AttachmentKey::generate(&mut rng);
    let mut blob = Vec::new();
    let manifest = encrypt(&key, &plaintext, |piece| blob.extend_from_slice(piece));
    let mut group = group(c);
    group.throughput(Throughput::Bytes(plaintext.len() as u64));
    group.bench_function("encrypt", |b| {
        b.iter(|| encrypt(&key, &plaintext, |piece| assert!(!black_box(piece).is_empty())));
    });
    group.bench_function("decrypt", |b| {
        b.iter(|| {
            let mut decryptor = AttachmentDecryptor::new(&key, manifest.clone()).unwrap();
            let (mut out, mut left) = (vec![0; PIECE], blob.as_slice());
            while !left.is_empty() {
                black_box(decryptor.update(&mut left, &mut out).unwrap());
            }
            decryptor.finish().unwrap()
        });
    });
    group.bench_function("verify, the pass before decrypting without an incremental MAC", |b| {
        b.iter(|| {
            let mut verifier = AttachmentVerifier::new(&key, manifest.digest, manifest.plaintext_len);
            verifier.update(&blob);
            verifier.finish().unwrap()
        });
    });
    group.bench_function("encrypt through a writer", |b| {
        b.iter(|| {
            let encryptor = AttachmentEncryptor::new(&key, ChunkSize::for_len(LEN as u64), &mut rng);
            let mut writer = AttachmentWriter::new(io::sink(), encryptor);
            plaintext.chunks(PIECE).for_each(|piece| writer.write_all(piece).unwrap());
            writer.finish().unwrap()
        });
    });
    group.bench_function("decrypt through a reader", |b| {
        b.iter(|| {
            let mut reader = AttachmentReader::new(blob.as_slice(), &key, manifest.clone()).unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap()
        });
    });
}

criterion_group!(benches, floor, attachment);
criterion_main!(benches);
