// SPDX-License-Identifier: MIT OR Apache-2.0

//! Attachments: the layout of the blob, any cut of it, any damage to it, what memory it takes, and readers and
//! writers.

mod damage;
mod layout;
mod memory;
mod recorded;
mod streams;

use crate::attachment::Cut;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::attachment::{
    AttachmentEncryptor, AttachmentError, AttachmentKey, AttachmentManifest, AttachmentVerifier, ChunkSize,
};
use subrosa::keys::Secret;

/// Pieces and buffers of 4 KiB.
const PAGES: Cut<'_> = Cut { pieces: &[4_096], buffers: &[4_096] };

/// A key, what is encrypted under it, and what comes of that.
struct Sealed {
    key: AttachmentKey,
    plaintext: Vec<u8>,
    blob: Vec<u8>,
    manifest: AttachmentManifest,
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

/// Encrypts in pieces, always with the same randomness.
fn encrypt_cut(
    key: &AttachmentKey,
    plaintext: &[u8],
    chunk_size: u32,
    cut: Cut<'_>,
) -> (Vec<u8>, AttachmentManifest) {
    crate::attachment::encrypt(AttachmentEncryptor::new(key, size(chunk_size), &mut chacha()), plaintext, cut)
}

fn seal(plaintext: Vec<u8>, chunk_size: u32) -> Sealed {
    let key = AttachmentKey::new(&Secret::new(std::array::from_fn(|at| u8::try_from(at).unwrap())));
    let (blob, manifest) = encrypt_cut(&key, &plaintext, chunk_size, PAGES);
    Sealed { key, plaintext, blob, manifest }
}

fn decrypt(sealed: &Sealed, blob: &[u8], cut: Cut<'_>) -> (Vec<u8>, Option<AttachmentError>) {
    crate::attachment::decrypt(&sealed.key, &sealed.manifest, blob, cut)
}

/// The first pass over a blob whose message has no incremental MAC.
fn verify(sealed: &Sealed, blob: &[u8], cut: Cut<'_>) -> Result<AttachmentManifest, AttachmentError> {
    let AttachmentManifest { digest, plaintext_len, .. } = sealed.manifest;
    crate::attachment::verify(AttachmentVerifier::new(&sealed.key, digest, plaintext_len), blob, cut)
}
