// SPDX-License-Identifier: MIT OR Apache-2.0

//! However a blob is cut, and whatever befalls it on its way.

use proptest::prelude::*;
use proptest::sample::Index;
use subrosa::attachment::{AttachmentEncryptor, AttachmentError, AttachmentKey};
use subrosa::keys::Secret;

use crate::attachment::{self, Cut};
use crate::attachments::{PAGES, Sealed, decrypt, encrypt_cut, random, seal, size, verify};
use crate::cases::config;

/// Lengths of pieces or buffers, of which none is 0.
fn lens() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(prop_oneof![1..20usize, 1..300usize, 1..5_000usize], 1..6)
}

fn chunk_size() -> impl Strategy<Value = u32> {
    prop_oneof![1..40u32, 1..2_000u32, Just(65_536)]
}

/// What may befall a blob.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Drop(Index),
    Repeat(Index),
    Cut(Index),
    Append(Vec<u8>),
    Prepend(u8),
    /// Two pieces of one chunk's length change places.
    SwapChunks(Index, Index),
    RepeatChunk(Index),
    DropChunk(Index),
    SwapBytes(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8u8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        at().prop_map(Damage::Drop),
        at().prop_map(Damage::Repeat),
        at().prop_map(Damage::Cut),
        proptest::collection::vec(any::<u8>(), 1..100).prop_map(Damage::Append),
        any::<u8>().prop_map(Damage::Prepend),
        (at(), at()).prop_map(|(a, b)| Damage::SwapChunks(a, b)),
        at().prop_map(Damage::RepeatChunk),
        at().prop_map(Damage::DropChunk),
        (at(), at()).prop_map(|(a, b)| Damage::SwapBytes(a, b)),
    ]
}

impl Damage {
    fn apply(&self, blob: &[u8], chunk_size: usize) -> Vec<u8> {
        let (mut bytes, len) = (blob.to_vec(), blob.len());
        let mut chunks: Vec<&[u8]> = blob.chunks(chunk_size).collect();
        let count = chunks.len();
        match self {
            Self::Flip(at, bit) => bytes[at.index(len)] ^= 1 << bit,
            Self::Drop(at) => drop(bytes.splice(at.index(len)..=at.index(len), [])),
            Self::Repeat(at) => bytes.insert(at.index(len), blob[at.index(len)]),
            Self::Cut(at) => bytes.truncate(at.index(len)),
            Self::Append(more) => bytes.extend_from_slice(more),
            Self::Prepend(byte) => bytes.insert(0, *byte),
            Self::SwapBytes(a, b) => bytes.swap(a.index(len), b.index(len)),
            Self::SwapChunks(a, b) => {
                chunks.swap(a.index(count), b.index(count));
                bytes = chunks.concat();
            }
            Self::RepeatChunk(at) => {
                chunks.insert(at.index(count), chunks[at.index(count)]);
                bytes = chunks.concat();
            }
            Self::DropChunk(at) => {
                chunks.remove(at.index(count));
                bytes = chunks.concat();
            }
        }
        bytes
    }
}

/// A damaged blob is refused, and all that comes out before is plaintext of chunks before the damage.
fn refused(sealed: &Sealed, damaged: &[u8], cut: Cut<'_>) -> AttachmentError {
    let same = sealed.blob.iter().zip(damaged).take_while(|(a, b)| a == b).count();
    let chunk_size = sealed.manifest.incremental_mac.chunk_size().get() as usize;
    let authentic = same / chunk_size * chunk_size;
    let (out, error) = decrypt(sealed, damaged, cut);
    assert!(sealed.plaintext.starts_with(&out), "what comes out is plaintext");
    assert!(out.len() <= authentic.saturating_sub(16), "{} bytes, of {authentic} authentic ones", out.len());
    let error = error.expect("damage is refused");
    assert!(is_of_the_list(error), "{error}");
    error
}

/// Whether the incremental MAC says so, before the end is reached.
fn is_of_the_list(error: AttachmentError) -> bool {
    use AttachmentError::{DataTooLong, DataTooShort, Mismatch};
    matches!(error, Mismatch | DataTooLong | DataTooShort)
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn any_cut_gives_the_same(
        len in prop_oneof![0..700usize, 0..20_000usize],
        chunk_size in chunk_size(),
        (pieces, buffers, more_pieces, more_buffers) in (lens(), lens(), lens(), lens()),
    ) {
        let cut = Cut { pieces: &pieces, buffers: &buffers };
        let other_cut = Cut { pieces: &more_pieces, buffers: &more_buffers };
        let sealed = seal(random(len), chunk_size);
        let (blob, manifest) = encrypt_cut(&sealed.key, &sealed.plaintext, chunk_size, cut);
        prop_assert!(blob == sealed.blob);
        prop_assert_eq!(&manifest, &sealed.manifest);
        let (plaintext, error) = decrypt(&sealed, &blob, other_cut);
        prop_assert_eq!(error, None);
        prop_assert!(plaintext == sealed.plaintext);

        let verified = Sealed { manifest: verify(&sealed, &blob, other_cut).unwrap(), ..sealed };
        let (plaintext, error) = decrypt(&verified, &blob, cut);
        prop_assert_eq!(error, None);
        prop_assert!(plaintext == verified.plaintext);
    }

    #[test]
    fn damage_is_refused_before_any_of_it_is_given_out(
        len in prop_oneof![0..700usize, 0..20_000usize],
        chunk_size in prop_oneof![1..40u32, 1..2_000u32],
        (pieces, buffers) in (lens(), lens()),
        damages in proptest::collection::vec(damage(), 1..4),
    ) {
        let sealed = seal(random(len), chunk_size);
        let damaged = damages.iter().fold(sealed.blob.clone(), |blob, damage| {
            if blob.is_empty() { blob } else { damage.apply(&blob, chunk_size as usize) }
        });
        prop_assume!(damaged != sealed.blob);
        let cut = Cut { pieces: &pieces, buffers: &buffers };
        refused(&sealed, &damaged, cut);
        prop_assert!(verify(&sealed, &damaged, cut).is_err());
    }

    /// The manifest is authentic, but should anybody damage it, then the attachment is refused just the same.
    #[test]
    fn any_other_manifest_is_refused(
        len in 0..3_000usize,
        chunk_size in 1..900u32,
        at in any::<Index>(),
        bit in 0..8u8,
        change in 0..4u8,
    ) {
        let mut sealed = seal(random(len), chunk_size);
        let manifest = &mut sealed.manifest;
        let mut macs = manifest.incremental_mac.as_bytes().to_vec();
        match change {
            0 => manifest.digest[at.index(32)] ^= 1 << bit,
            1 => {
                let at = at.index(macs.len());
                macs[at] ^= 1 << bit;
            }
            2 => drop(macs.drain(..32)),
            _ => macs.extend_from_within(macs.len() - 32..),
        }
        manifest.incremental_mac = subrosa::attachment::IncrementalMac::from_bytes(size(chunk_size), &macs).unwrap();
        let (out, error) = decrypt(&sealed, &sealed.blob, PAGES);
        prop_assert!(error.is_some() && sealed.plaintext.starts_with(&out));
        prop_assert!(change == 0 || error.is_some_and(is_of_the_list));
    }
}

#[test]
fn every_flipped_bit_of_a_blob_is_refused() {
    let sealed = seal(random(40), 100);
    for at in 0..sealed.blob.len() {
        for bit in 0..8 {
            let mut damaged = sealed.blob.clone();
            damaged[at] ^= 1 << bit;
            let error = refused(&sealed, &damaged, PAGES);
            assert_eq!(error, AttachmentError::Mismatch);
        }
        refused(&sealed, &sealed.blob[..at], PAGES);
        let error = verify(&sealed, &sealed.blob[..at], PAGES).unwrap_err();
        let expected = if at.is_multiple_of(16) && at >= 64 {
            AttachmentError::BadMac
        } else {
            AttachmentError::Malformed
        };
        assert_eq!(error, expected);
    }
}

/// A MAC of the list is the MAC of a shorter blob, too: who had the list could cut the blob there, and put that
/// MAC at its end. Then the list and the digest tell.
#[test]
fn blob_cut_at_a_chunk_with_its_mac_is_refused() {
    let sealed = seal(random(4_000), 1_024);
    let macs: &[[u8; 32]] = sealed.manifest.incremental_mac.as_bytes().as_chunks().0;
    for (number, mac) in macs.iter().enumerate() {
        let Some(cut) = sealed.blob.get(..(number + 1) * 1_024) else { break };
        let forged = [cut, mac].concat();
        refused(&sealed, &forged, PAGES);
        assert_eq!(verify(&sealed, &forged, PAGES), Err(AttachmentError::BadDigest));
    }
}

#[test]
fn wrong_keys_are_refused() {
    let sealed = seal(random(5_000), 1_024);
    for half in 0..2 {
        let mut bytes = *sealed.key.to_secret().as_bytes();
        bytes[half * 32] ^= 1;
        let key = AttachmentKey::new(&Secret::new(bytes));
        let (out, error) = attachment::decrypt(&key, &sealed.manifest, &sealed.blob, PAGES);
        if half == 1 {
            assert_eq!((out.len(), error), (0, Some(AttachmentError::Mismatch)));
        } else {
            // No MAC speaks of the other half, which comes in the same message. Only the padding may tell.
            assert!(!sealed.plaintext.starts_with(&out) || error.is_some());
        }
    }
    let other = seal(random(5_000), 1_024);
    assert!(other.blob == sealed.blob, "only the randomness makes them differ");
    assert_eq!(AttachmentEncryptor::blob_len(5_000), sealed.blob.len() as u64);
}

/// What was verified in the first pass is verified again in the second.
#[test]
fn change_between_two_passes_is_refused() {
    let sealed = seal(random(300_000), 1 << 16);
    let manifest = verify(&sealed, &sealed.blob, PAGES).unwrap();
    assert_eq!(manifest, sealed.manifest, "the deployed chunk size");
    let second = Sealed { manifest, ..sealed };
    for at in [0, 16, 70_000, 200_000, second.blob.len() - 1] {
        let mut damaged = second.blob.clone();
        damaged[at] ^= 1;
        refused(&second, &damaged, PAGES);
    }
}
