// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments: the layout of the blob, any cut of it, any damage to it, and readers and writers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "attachments/damage.rs"]
mod damage;
#[path = "attachments/layout.rs"]
mod layout;
#[allow(dead_code, reason = "shared with the interop peer, which uses all of it")]
#[path = "../examples/peer/rng.rs"]
mod rng;
#[path = "attachments/streams.rs"]
mod streams;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::{
    AttachmentDecryptor, AttachmentEncryptor, AttachmentError, AttachmentKey, AttachmentManifest,
    AttachmentVerifier, ChunkSize, Secret,
};

/// A key, what is encrypted under it, and what comes of that.
struct Sealed {
    key: AttachmentKey,
    plaintext: Vec<u8>,
    blob: Vec<u8>,
    manifest: AttachmentManifest,
}

/// The next of some lengths, in turn, and for ever.
fn cuts(lens: &[usize]) -> impl Iterator<Item = usize> {
    lens.iter().copied().cycle()
}

fn size(chunk_size: u32) -> ChunkSize {
    ChunkSize::new(chunk_size).unwrap()
}

fn chacha() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(0)
}

/// Some bytes of which no eight come twice.
fn random(len: usize) -> Vec<u8> {
    let mut plaintext = vec![0; len];
    chacha().fill_bytes(&mut plaintext);
    plaintext
}

/// Encrypts with pieces of plaintext and buffers of these lengths.
fn encrypt_cut(
    key: &AttachmentKey,
    plaintext: &[u8],
    chunk_size: u32,
    pieces: &[usize],
    buffers: &[usize],
) -> (Vec<u8>, AttachmentManifest) {
    let mut encryptor = AttachmentEncryptor::new(key, size(chunk_size), &mut chacha());
    let (mut blob, mut left, mut pieces, mut buffers) = (Vec::new(), plaintext, cuts(pieces), cuts(buffers));
    while !left.is_empty() {
        let mut piece = left.split_off(..pieces.next().unwrap().min(left.len())).unwrap();
        while !piece.is_empty() {
            let mut buffer = vec![0xEE; buffers.next().unwrap()];
            let written = encryptor.update(&mut piece, &mut buffer);
            assert!(piece.is_empty() || written == buffer.len(), "it stops for a reason");
            blob.extend_from_slice(&buffer[..written]);
        }
    }
    let mut end = encryptor.finish();
    loop {
        let mut buffer = vec![0xEE; buffers.next().unwrap()];
        match end.read(&mut buffer) {
            0 => return (blob, end.manifest().unwrap()),
            written => blob.extend_from_slice(&buffer[..written]),
        }
    }
}

fn seal(plaintext: Vec<u8>, chunk_size: u32) -> Sealed {
    let key = AttachmentKey::new(&Secret::new(std::array::from_fn(|at| u8::try_from(at).unwrap())));
    let (blob, manifest) = encrypt_cut(&key, &plaintext, chunk_size, &[4_096], &[4_096]);
    Sealed { key, plaintext, blob, manifest }
}

/// Decrypts with pieces of the blob and buffers of these lengths. What came out before an error is given, too.
fn decrypt_cut(
    key: &AttachmentKey,
    manifest: &AttachmentManifest,
    blob: &[u8],
    pieces: &[usize],
    buffers: &[usize],
) -> (Vec<u8>, Option<AttachmentError>) {
    let mut decryptor = AttachmentDecryptor::new(key, manifest.clone()).unwrap();
    let (mut out, mut left, mut pieces, mut buffers) = (Vec::new(), blob, cuts(pieces), cuts(buffers));
    while !left.is_empty() {
        let mut piece = left.split_off(..pieces.next().unwrap().min(left.len())).unwrap();
        while !piece.is_empty() {
            let mut buffer = vec![0; buffers.next().unwrap()];
            match decryptor.update(&mut piece, &mut buffer) {
                Ok(written) => out.extend_from_slice(&buffer[..written]),
                Err(error) => {
                    assert!(buffer.iter().all(|byte| *byte == 0), "nothing is written before an error");
                    assert_eq!(decryptor.update(&mut piece, &mut buffer), Err(error), "it stays refused");
                    assert_eq!(decryptor.finish().map(drop), Err(error), "it stays refused");
                    return (out, Some(error));
                }
            }
        }
    }
    match decryptor.finish() {
        Ok(end) => out.extend_from_slice(&end),
        Err(error) => return (out, Some(error)),
    }
    (out, None)
}

fn decrypt(sealed: &Sealed, blob: &[u8]) -> (Vec<u8>, Option<AttachmentError>) {
    decrypt_cut(&sealed.key, &sealed.manifest, blob, &[4_096], &[4_096])
}

/// The manifest that a verifier makes of a blob, in pieces of these lengths.
fn verify_cut(
    sealed: &Sealed,
    mut blob: &[u8],
    pieces: &[usize],
) -> Result<AttachmentManifest, AttachmentError> {
    let AttachmentManifest { digest, plaintext_len, .. } = sealed.manifest;
    let mut verifier = AttachmentVerifier::new(&sealed.key, digest, plaintext_len);
    for len in cuts(pieces) {
        verifier.update(blob.split_off(..len.min(blob.len())).unwrap());
        if blob.is_empty() {
            break;
        }
    }
    verifier.finish()
}
