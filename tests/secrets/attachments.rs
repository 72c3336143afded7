// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments: their plaintexts and keys are wiped, and they are never in memory as a whole.

use std::io::{self, Read, Write};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::attachment::{
    AttachmentDecryptor, AttachmentEncryptor, AttachmentKey, AttachmentManifest, AttachmentReader,
    AttachmentVerifier, AttachmentWriter, ChunkSize,
};

use super::debug::Shown;
use super::heap::Watch;

fn random(len: usize, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn encrypt(key: &AttachmentKey, plaintext: &[u8], rng: &mut ChaCha20Rng) -> (Vec<u8>, AttachmentManifest) {
    let encryptor = AttachmentEncryptor::new(key, ChunkSize::SMALLEST, rng);
    let mut writer = AttachmentWriter::new(Vec::new(), encryptor);
    writer.write_all(plaintext).unwrap();
    writer.finish().unwrap()
}

pub fn show(shown: &mut Shown, rng: &mut ChaCha20Rng) {
    let key = AttachmentKey::generate(rng);
    shown.secret("attachment key", key.to_secret().as_bytes());
    shown.show("AttachmentKey", &key);
    let plaintext = random(100_001, rng);
    shown.secret("attachment", &plaintext);
    let mut encryptor = AttachmentEncryptor::new(&key, ChunkSize::SMALLEST, rng);
    encryptor.update(&mut plaintext.as_slice(), &mut vec![0; 200_000]);
    shown.show("AttachmentEncryptor", &encryptor);
    shown.show("AttachmentEnd", &encryptor.finish());

    let encryptor = AttachmentEncryptor::new(&key, ChunkSize::SMALLEST, rng);
    let mut writer = AttachmentWriter::new(Vec::new(), encryptor);
    writer.write_all(&plaintext).unwrap();
    shown.show("AttachmentWriter", &writer);
    let (blob, manifest) = writer.finish().unwrap();
    let mut verifier = AttachmentVerifier::new(&key, manifest.digest, manifest.plaintext_len);
    verifier.update(&blob);
    shown.show("AttachmentVerifier", &verifier);
    let mut decryptor = AttachmentDecryptor::new(&key, manifest.clone()).unwrap();
    decryptor.update(&mut blob.as_slice(), &mut [0; 50]).unwrap();
    shown.show("AttachmentDecryptor", &decryptor);
    let mut reader = AttachmentReader::new(blob.as_slice(), &key, manifest).unwrap();
    reader.read_exact(&mut vec![0; 90_000]).unwrap();
    shown.show("AttachmentReader", &reader);
}

#[test]
fn attachments_are_wiped_and_never_whole() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (key, plaintext) = (AttachmentKey::generate(&mut rng), random(1 << 20, &mut rng));
    let (blob, manifest) = encrypt(&key, &plaintext, &mut rng);
    let watch = Watch::begin();
    watch.secret("attachment key", key.to_secret().as_bytes());
    watch.secret("attachment", &plaintext);
    watch.over(|| {
        let again = Box::new(AttachmentKey::new(&key.to_secret()));
        let encryptor = AttachmentEncryptor::new(&again, ChunkSize::SMALLEST, &mut rng);
        let mut writer = Box::new(AttachmentWriter::new(io::sink(), encryptor));
        for piece in plaintext.chunks(1_001) {
            writer.write_all(piece).unwrap();
            assert!(watch.live_bytes() < 24 << 10, "16 KiB and the MACs");
        }
        drop((again, writer));

        drop(Box::new(AttachmentDecryptor::new(&key, manifest.clone()).unwrap()));
        let mut decryptor = AttachmentDecryptor::new(&key, manifest.clone()).unwrap();
        let mut out = [0; 50];
        decryptor.update(&mut blob.as_slice(), &mut out).unwrap();
        assert_eq!(out, plaintext[..50]);
        drop(Box::new(decryptor));

        let mut reader = Box::new(AttachmentReader::new(blob.as_slice(), &key, manifest.clone()).unwrap());
        let mut out = [0; 1_001];
        for expected in plaintext.chunks(1_001) {
            reader.read_exact(&mut out[..expected.len()]).unwrap();
            assert!(out.starts_with(expected));
            assert!(watch.live_bytes() < 160 << 10, "16 KiB, a chunk, at its end another one, and the MACs");
        }
        assert_eq!(reader.read(&mut out).unwrap(), 0);
        drop(reader);
    });
    watch.assert_nothing_freed();
}
