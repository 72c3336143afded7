// SPDX-License-Identifier: MIT OR Apache-2.0

//! The bytes of a blob, against parts that are put together here; and lengths.

use hex_literal::hex;
use sha2::{Digest, Sha256};
use subrosa::attachment::{
    AttachmentDecryptor, AttachmentEncryptor, AttachmentError, AttachmentKey, AttachmentManifest, ChunkSize,
    IncrementalMac, IncrementalMacBuilder,
};
use subrosa::hazmat::crypto::cbc;
use subrosa::hazmat::crypto::kdf::MacKey;
use subrosa::keys::Secret;

use crate::attachment::Cut;
use crate::attachments::{PAGES, Sealed, chacha, decrypt, random, seal, size, verify};
use crate::rng;

/// A key of all different bytes, and its halves.
fn key() -> (AttachmentKey, [u8; 32], [u8; 32]) {
    let bytes: [u8; 64] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let (cipher, mac) = bytes.split_first_chunk().unwrap();
    (AttachmentKey::new(&Secret::new(bytes)), *cipher, mac.try_into().unwrap())
}

/// An authentic blob of any ciphertext and any MAC at the end, and its manifest.
fn made_by_hand(ciphertext: &[u8], mac: Option<[u8; 32]>, plaintext_len: u64) -> Sealed {
    let (key, _, mac_key) = key();
    let mut blob = [&[7; 16], ciphertext].concat();
    let good = MacKey::new(&mac_key).tag(&[&blob]);
    blob.extend_from_slice(&mac.unwrap_or(good));
    let mut macs = IncrementalMacBuilder::new(&mac_key, size(100));
    macs.update(&blob);
    let digest = Sha256::digest(&blob).into();
    let manifest = AttachmentManifest { digest, plaintext_len, incremental_mac: macs.finish() };
    Sealed { key, plaintext: Vec::new(), blob, manifest }
}

fn encrypted(plaintext: &[u8]) -> Vec<u8> {
    let mut ciphertext = Vec::new();
    cbc::encrypt_into(&key().1, &[7; 16], plaintext, &mut ciphertext);
    ciphertext
}

#[test]
fn blob_is_iv_ciphertext_and_mac() {
    let (_, cipher_key, mac_key) = key();
    for len in [0, 1, 541, 542, 1_000, 70_000] {
        let sealed = seal(random(len), 4_096);
        assert_eq!(sealed.key.to_secret().as_bytes()[..32], cipher_key);
        assert_eq!(sealed.key.to_secret().as_bytes()[32..], mac_key);
        let (iv, rest) = sealed.blob.split_first_chunk().unwrap();
        let (ciphertext, mac) = rest.split_last_chunk().unwrap();
        assert!(MacKey::new(&mac_key).verify::<32>(&[iv, ciphertext], mac));
        let padded = cbc::decrypt(&cipher_key, iv, ciphertext).unwrap();
        let (plaintext, padding) = padded.split_at(len);
        assert_eq!(
            (plaintext, padded.len() as u64),
            (&sealed.plaintext[..], AttachmentEncryptor::padded_len(len as u64))
        );
        assert!(padding.iter().all(|byte| *byte == 0));
        let AttachmentManifest { digest, plaintext_len, incremental_mac } = &sealed.manifest;
        assert_eq!(*digest, <[u8; 32]>::from(Sha256::digest(&sealed.blob)));
        assert_eq!(*plaintext_len, len as u64);
        let mut macs = IncrementalMacBuilder::new(&mac_key, size(4_096));
        macs.update(&sealed.blob);
        assert_eq!(*incremental_mac, macs.finish());
        assert_eq!(sealed.blob.len() as u64, AttachmentEncryptor::blob_len(len as u64));
    }
}

/// Made with OpenSSL of the same key, IV and plaintext.
#[test]
fn known_answer() {
    let mut iv = rng::Source::default();
    iv.feed(&std::array::from_fn::<_, 16, _>(|at| 0xF0 + u8::try_from(at).unwrap()));
    let mut encryptor = AttachmentEncryptor::new(&key().0, ChunkSize::SMALLEST, &mut iv);
    let (mut blob, mut plaintext) = ([0; 592], b"plaintext".as_slice());
    let written = encryptor.update(&mut plaintext, &mut blob);
    let mut end = encryptor.finish();
    assert_eq!(end.read(&mut blob[written..]), 592 - written);
    let begins = hex!(
        "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff7ba94944a3b2ac3e415ded019f773e97dfdf87349ec488d54276326b3dfbab25"
    );
    assert_eq!(blob[..48], begins);
    assert_eq!(blob[560..], hex!("6f7ee69e9909c3e289e7c7570ca227755c1a1b47b0c09d68c26498ad804ae14c"));
    let digest = hex!("f9b8159288972d6d81160a024db572d22c4caff51b5aa601353277a08c1822d4");
    assert_eq!(end.manifest().unwrap().digest, digest);
}

/// As it is described, in floating-point numbers. They are exact enough up to some hundred GB.
#[test]
fn buckets_match_the_floating_point_formula() {
    let described = |len: u64| {
        let exponent = (len as f64).ln() / 1.05f64.ln();
        (1.05f64.powf(exponent.ceil()).floor() as u64).max(541)
    };
    let mut len = 1;
    while len < 300_000_000_000 {
        let padded = AttachmentEncryptor::padded_len(len);
        assert!(len <= padded && (padded == 541 || padded as f64 <= len as f64 * 1.05), "{len}");
        for near in len.saturating_sub(2).max(1)..len + 3 {
            assert_eq!(AttachmentEncryptor::padded_len(near), described(near), "{near}");
        }
        // The borders, and some lengths between them.
        len = if padded > len + 5 { len + (padded - len) / 2 } else { padded + 1 };
    }
    assert_eq!(AttachmentEncryptor::padded_len(0), 541);
    assert_eq!([541, 542, 100_000_000].map(AttachmentEncryptor::padded_len), [541, 568, 102_224_512]);
}

#[test]
fn plaintext_round_trips_around_all_borders() {
    let lens = (0..70).chain(500..600).chain(620..700).chain(4_000..4_120);
    for len in lens {
        let sealed = seal(random(len), 64);
        let (plaintext, error) = decrypt(&sealed, &sealed.blob, PAGES);
        assert!(plaintext == sealed.plaintext && error.is_none(), "{len}: {error:?}");
        assert_eq!(
            verify(&sealed, &sealed.blob, Cut { pieces: &[99], ..PAGES }).unwrap().digest,
            sealed.manifest.digest
        );
    }
    let blob_len = AttachmentEncryptor::blob_len(700) as u32;
    for chunk_size in (1..70).chain(blob_len - 50..blob_len + 50) {
        let sealed = seal(random(700), chunk_size);
        let (plaintext, error) = decrypt(&sealed, &sealed.blob, PAGES);
        assert!(plaintext == sealed.plaintext && error.is_none(), "chunks of {chunk_size}: {error:?}");
    }
}

#[test]
fn any_padding_bytes_are_accepted() {
    // No zeros at all, and far more than there should be.
    for (len, zeros) in [(0, 0), (5, 0), (16, 0), (33, 7), (100, 5_000)] {
        let plaintext = random(len);
        let padded = [&plaintext[..], &vec![0; zeros]].concat();
        let sealed = made_by_hand(&encrypted(&padded), None, len as u64);
        assert_eq!(decrypt(&sealed, &sealed.blob, PAGES), (plaintext, None));
    }
}

#[test]
fn authentic_but_malformed_blob_is_the_senders_mistake() {
    let good = encrypted(&[1; 300]);
    let of = |ciphertext: &[u8], mac, len| {
        let sealed = made_by_hand(ciphertext, mac, len);
        let (plaintext, error) = decrypt(&sealed, &sealed.blob, PAGES);
        assert!(error.is_none() || plaintext.len() < 300);
        assert!(plaintext.iter().all(|byte| *byte == 1), "nothing but plaintext comes out");
        error
    };
    assert_eq!(of(&good, None, 300), None);
    assert_eq!(of(&good, Some([0; 32]), 300), Some(AttachmentError::BadMac));
    for len in [301, 304, 305, 1_000, u64::MAX] {
        assert_eq!(of(&good, None, len), Some(AttachmentError::TooShort));
    }
    // Blocks without padding: zeros at the end, and a number that the bytes before do not repeat.
    for end in [[0; 16], [17; 16], [255; 16], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 4]] {
        let unpadded = [&[1; 288][..], &end].concat();
        let mut ciphertext = encrypted(&unpadded);
        ciphertext.truncate(304);
        assert_eq!(of(&ciphertext, None, 288), Some(AttachmentError::BadPadding));
    }
    for len in [0, 15, 17, 303, 305] {
        let ciphertext: Vec<u8> = good.iter().copied().cycle().take(len).collect();
        assert_eq!(of(&ciphertext, None, 0), Some(AttachmentError::Malformed), "{len}");
    }
    let mut sealed = made_by_hand(&good, None, 300);
    sealed.manifest.digest[0] ^= 1;
    assert_eq!(decrypt(&sealed, &sealed.blob, PAGES).1, Some(AttachmentError::BadDigest));
}

#[test]
fn too_short_blob_is_refused() {
    let (_, _, mac_key) = key();
    for len in 0..64 {
        let blob = vec![3; len];
        let mut macs = IncrementalMacBuilder::new(&mac_key, size(40));
        macs.update(&blob);
        let digest = Sha256::digest(&blob).into();
        let manifest = AttachmentManifest { digest, plaintext_len: 0, incremental_mac: macs.finish() };
        let sealed = Sealed { key: key().0, plaintext: Vec::new(), blob, manifest };
        let refused = decrypt(&sealed, &sealed.blob, Cut { pieces: &[7], buffers: &[7] });
        assert_eq!(refused, (Vec::new(), Some(AttachmentError::Malformed)), "{len}");
    }
}

#[test]
fn hostile_chunk_size_allocates_nothing() {
    for chunk_size in [(2 << 20) + 1, u32::MAX] {
        let incremental_mac = IncrementalMac::from_bytes(size(chunk_size), &[0; 32]).unwrap();
        let manifest = AttachmentManifest { digest: [0; 32], plaintext_len: 1, incremental_mac };
        let refused = AttachmentDecryptor::new(&key().0, manifest).map(drop);
        assert_eq!(refused, Err(AttachmentError::ChunkTooLarge(chunk_size)));
    }
}

#[test]
fn manifest_before_the_end_is_refused() {
    let (key, ..) = key();
    let blob_len = AttachmentEncryptor::blob_len(20) as usize;
    for room in [0, 1, 100, blob_len - 33, blob_len - 1] {
        let mut encryptor = AttachmentEncryptor::new(&key, ChunkSize::SMALLEST, &mut chacha());
        let mut plaintext: &[u8] = &[1; 20];
        let written = encryptor.update(&mut plaintext, &mut vec![0; room]);
        let mut end = encryptor.finish();
        assert_eq!(end.read(&mut vec![0; room - written]), room - written);
        assert_eq!(end.manifest().map(drop), Err(AttachmentError::Unfinished), "{room}");
    }
}
