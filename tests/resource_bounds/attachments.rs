// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments, and the lists of MACs that come with them.

use std::io::Write;

use subrosa::attachment::{
    AttachmentDecryptor, AttachmentEncryptor, AttachmentKey, AttachmentManifest, AttachmentVerifier,
    AttachmentWriter, ChunkSize, IncrementalMac, IncrementalMacVerifier,
};
use subrosa::keys::Secret;

use super::ledger::{Bound, LARGE, Ledger, told};
use super::setting::rng;

/// What the length of the largest chunk is.
const CHUNK: usize = 2 << 20;

pub fn bounds(ledger: &mut Ledger) {
    ledger.kind("attachment", Bound { times: 0, plus: 2 * CHUNK + (16 << 10), stack: 32 << 10 });
    streams(ledger);
    ledger.kind("attachment with a MAC for each byte", Bound { times: 2, plus: 16 << 10, stack: 32 << 10 });
    small_chunks(ledger);
    ledger.kind("incremental MAC", Bound { times: 1, plus: 4 << 10, stack: 32 << 10 });
    lists(ledger);
}

fn key() -> AttachmentKey {
    AttachmentKey::new(&Secret::new([7; 64]))
}

fn encrypted(len: usize, chunk: u32) -> (Vec<u8>, AttachmentManifest) {
    let chunk = ChunkSize::new(chunk).unwrap();
    let encryptor = AttachmentEncryptor::new(&key(), chunk, &mut rng());
    let mut writer = AttachmentWriter::new(Vec::new(), encryptor);
    writer.write_all(&vec![b'x'; len]).unwrap();
    writer.finish().unwrap()
}

/// Decrypts it, and forgets the plaintext.
fn decrypt(mut blob: &[u8], manifest: &AttachmentManifest) -> String {
    let mut decryptor = match AttachmentDecryptor::new(&key(), manifest.clone()) {
        Ok(decryptor) => decryptor,
        Err(error) => return format!("{error:?}"),
    };
    let mut buffer = [0; 4_096];
    while !blob.is_empty() {
        if let Err(error) = decryptor.update(&mut blob, &mut buffer) {
            return format!("{error:?}");
        }
    }
    told(decryptor.finish())
}

fn streams(ledger: &mut Ledger) {
    let len = 32 * LARGE;
    for chunk in [1 << 16, CHUNK] {
        let costs = [len / 2, len].map(|len| {
            let (mut blob, manifest) = encrypted(len, u32::try_from(chunk).unwrap());
            let cost = ledger.attempt("decrypted", blob.len(), "Ok", || decrypt(&blob, &manifest));
            let longer = AttachmentManifest { plaintext_len: u64::MAX, ..manifest.clone() };
            ledger.attempt("claims 2^64 bytes", blob.len(), "TooShort", || decrypt(&blob, &longer));
            *blob.last_mut().unwrap() ^= 1;
            ledger.attempt("forged end", blob.len(), "Mismatch", || decrypt(&blob, &manifest));
            ledger.attempt("verified, forged", blob.len(), "BadMac", || {
                let mut verifier = AttachmentVerifier::new(&key(), manifest.digest, manifest.plaintext_len);
                verifier.update(&blob);
                told(verifier.finish())
            });
            cost
        });
        ledger.compare("decrypted", costs[0], costs[1]);
    }
    let (blob, manifest) = encrypted(1_000, u32::MAX);
    ledger.attempt("chunks of 4 GiB", blob.len(), "ChunkTooLarge", || decrypt(&blob, &manifest));
}

fn small_chunks(ledger: &mut Ledger) {
    let costs = [LARGE / 2, LARGE].map(|len| {
        let (blob, manifest) = encrypted(len, 1);
        let list = manifest.incremental_mac.as_bytes().len();
        ledger.attempt("decrypted", blob.len() + list, "Ok", || decrypt(&blob, &manifest))
    });
    ledger.compare("decrypted", costs[0], costs[1]);
}

fn lists(ledger: &mut Ledger) {
    let one = ChunkSize::new(1).unwrap();
    let read = |bytes: &[u8]| told(IncrementalMac::from_bytes(one, bytes));
    ledger.growing_from(LARGE / 2, "a million MACs", "Ok", |len| vec![7; 32 * len], read);
    ledger.growing("not whole", "NotAn", |len| vec![7; len + 1], read);
    let check = |bytes: &[u8]| {
        let mac = IncrementalMac::from_bytes(one, bytes).unwrap();
        let mut verifier = IncrementalMacVerifier::new(&[7; 32], mac);
        told(verifier.update(&[1; 1_000]))
    };
    ledger.growing_from(LARGE / 2, "a million forged MACs", "Mismatch", |len| vec![7; 32 * len], check);
}
