// SPDX-License-Identifier: MIT OR Apache-2.0

//! An attachment under any cut, and a blob, list of MACs or digest with any damage: what comes out is plaintext of
//! chunks that came whole, and the end is reached only without damage.

#![no_main]

#[path = "../../tests/support/attachment.rs"]
mod attachment;

use arbitrary::Arbitrary;
use attachment::Cut;
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::attachment::{
    AttachmentEncryptor, AttachmentKey, AttachmentManifest, AttachmentVerifier, ChunkSize, IncrementalMac,
};

#[derive(Arbitrary, Debug)]
struct Input {
    /// Modulo 4,096.
    len: u16,
    chunk_size: u16,
    /// Lengths of pieces and buffers, in turn.
    pieces: Vec<u8>,
    buffers: Vec<u8>,
    damages: Vec<Damage>,
}

#[derive(Arbitrary, Debug)]
enum Damage {
    Flip {
        at: u16,
        bit: u8,
    },
    Insert {
        at: u16,
        byte: u8,
    },
    Remove {
        at: u16,
        count: u8,
    },
    Cut {
        at: u16,
    },
    /// A chunk comes once more, in another place.
    Copy {
        chunk: u8,
        before: u8,
    },
    Swap {
        a: u8,
        b: u8,
    },
    FlipMac {
        at: u16,
        bit: u8,
    },
    CutMacs {
        count: u8,
    },
    RepeatMac {
        number: u8,
    },
    FlipDigest {
        at: u8,
        bit: u8,
    },
    OtherChunkSize {
        by: u8,
    },
}

/// Lengths of at least 1.
fn lens(lens: &[u8]) -> Vec<usize> {
    let lens = if lens.is_empty() { &[63] } else { lens };
    lens.iter().map(|len| usize::from(*len) + 1).collect()
}

fuzz_target!(|input: Input| {
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    let key = AttachmentKey::generate(&mut rng);
    let plaintext: Vec<u8> = (0..input.len % 4_096).map(|at| (at % 251) as u8).collect();
    let chunk_size = ChunkSize::new(u32::from(input.chunk_size) + 1).unwrap();
    let (pieces, buffers) = (lens(&input.pieces), lens(&input.buffers));
    let cut = Cut { pieces: &pieces, buffers: &buffers };
    let other_cut = Cut { pieces: &buffers, buffers: &pieces };
    let encryptor = AttachmentEncryptor::new(&key, chunk_size, &mut rng);
    let (blob, manifest) = attachment::encrypt(encryptor, &plaintext, cut);
    assert_eq!(blob.len() as u64, AttachmentEncryptor::blob_len(plaintext.len() as u64));

    let (mut damaged, mut claimed) = (blob.clone(), manifest.clone());
    for damage in input.damages.iter().take(20) {
        damage.apply(&mut damaged, &mut claimed);
    }
    // What is the same in front of the first damage.
    let same = blob.iter().zip(&damaged).take_while(|(a, b)| a == b).count();
    let authentic = same / chunk_size.get() as usize * chunk_size.get() as usize;
    let (out, error) = attachment::decrypt(&key, &claimed, &damaged, other_cut);
    assert!(plaintext.starts_with(&out));
    if error.is_none() {
        // Chunks that are larger than the blob may be of any size.
        let same_macs = claimed.incremental_mac.as_bytes() == manifest.incremental_mac.as_bytes();
        assert!(damaged == blob && claimed.digest == manifest.digest && same_macs && out == plaintext);
    } else if damaged != blob && claimed.incremental_mac == manifest.incremental_mac {
        assert!(out.len() <= authentic.saturating_sub(16));
    } else {
        assert!(damaged != blob || claimed != manifest);
    }

    let verifier = AttachmentVerifier::new(&key, claimed.digest, plaintext.len() as u64);
    match attachment::verify(verifier, &damaged, cut) {
        Ok(verified) => {
            assert!(damaged == blob && claimed.digest == manifest.digest);
            assert_eq!(attachment::decrypt(&key, &verified, &damaged, cut), (plaintext, None));
        }
        Err(_) => assert!(damaged != blob || claimed.digest != manifest.digest),
    }
});

impl Damage {
    fn apply(&self, blob: &mut Vec<u8>, manifest: &mut AttachmentManifest) {
        let chunk_size = manifest.incremental_mac.chunk_size();
        let mut macs = manifest.incremental_mac.as_bytes().to_vec();
        let place = |at: u16, len: usize| usize::from(at) % len.max(1);
        let mut chunks: Vec<Vec<u8>> = blob.chunks(chunk_size.get() as usize).map(<[u8]>::to_vec).collect();
        let chunk = |number: u8, count: usize| usize::from(number) % count.max(1);
        let mut by = 0;
        match *self {
            Self::Flip { at, bit } => flip(blob, usize::from(at), bit),
            Self::Insert { at, byte } => blob.insert(place(at, blob.len()), byte),
            Self::Remove { at, count } => {
                let from = place(at, blob.len());
                blob.drain(from..(from + usize::from(count)).min(blob.len()));
            }
            Self::Cut { at } => blob.truncate(place(at, blob.len())),
            Self::Copy { chunk: number, before } => {
                let (number, before) = (chunk(number, chunks.len()), chunk(before, chunks.len()));
                if let Some(copied) = chunks.get(number).cloned() {
                    chunks.insert(before, copied);
                }
                *blob = chunks.concat();
            }
            Self::Swap { a, b } => {
                let (a, b) = (chunk(a, chunks.len()), chunk(b, chunks.len()));
                if !chunks.is_empty() {
                    chunks.swap(a, b);
                }
                *blob = chunks.concat();
            }
            Self::FlipMac { at, bit } => flip(&mut macs, usize::from(at), bit),
            Self::CutMacs { count } => macs.truncate(macs.len().saturating_sub(32 * usize::from(count))),
            Self::RepeatMac { number } => {
                let mac = macs.as_chunks::<32>().0.get(usize::from(number)).copied();
                macs.extend(mac.into_iter().flatten());
            }
            Self::FlipDigest { at, bit } => flip(&mut manifest.digest, usize::from(at) % 32, bit),
            Self::OtherChunkSize { by: more } => by = u32::from(more),
        }
        let chunk_size = ChunkSize::new(chunk_size.get() + by).unwrap();
        manifest.incremental_mac = IncrementalMac::from_bytes(chunk_size, &macs).unwrap();
    }
}

fn flip(bytes: &mut [u8], at: usize, bit: u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << (bit % 8);
    }
}
