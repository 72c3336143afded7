// SPDX-License-Identifier: MIT OR Apache-2.0

//! Kyber-1024 as deployed.

use hex_literal::hex;
use sha2::{Digest, Sha256};
use subrosa::hazmat::crypto::kem::{KemCiphertext, KemKeyPair, KemPublicKey, KemSecretKey, KemType};
use subrosa::keys::KeyError;

use crate::known_answers::{seq, source};
use crate::rng::Source;

/// The pair of d = 00…1f, z = 20…3f.
fn fixed(kem: KemType) -> KemKeyPair {
    KemKeyPair::generate(kem, &mut source(&seq::<64>(0)))
}

#[test]
fn kyber_1024() {
    let pair = fixed(KemType::Kyber1024);
    let secret = pair.secret().encode();
    let digests = [
        (
            &pair.public().encode()[..],
            hex!("24ed6cde38849be6ef02d0fb2e2fc4d259c3b52053c88c24a30f6873673e42c1"),
        ),
        (secret.as_bytes(), hex!("0d1fb5b954af9741e034a14893d5c421a8b350c596c1e2447f6eaae24db532c3")),
    ];
    for (encoded, digest) in digests {
        assert_eq!((encoded[0], Sha256::digest(&encoded[1..]).as_slice()), (8, digest.as_slice()));
    }

    let (ciphertext, shared) = pair.public().encapsulate(&mut source(&seq::<32>(0x40)));
    assert_eq!(
        Sha256::digest(&ciphertext.encode()[1..]).as_slice(),
        hex!("34532e76d0de579ed4add1a1669e968684f7ec0af0559170e57fd15b67f00627")
    );
    let expected = hex!("66cd15c09e372fe64522aea8c8086844999ce7f16565b4a043680bf0bc95083b");
    assert_eq!(*shared.as_bytes(), expected);
    assert_eq!(*pair.secret().decapsulate(&ciphertext).unwrap().as_bytes(), expected);

    let mut damaged = ciphertext.encode();
    damaged[1] ^= 1;
    let rejected = pair.secret().decapsulate(&KemCiphertext::decode(&damaged).unwrap()).unwrap();
    assert_eq!(
        *rejected.as_bytes(),
        hex!("e8f9773ff14d4961b1e6d297048a609db7c9ca400229753af60d82efcf09aa1d")
    );
}

#[test]
fn kem_public_keys_compare_by_type_and_bytes() {
    let [key, again] = [(); 2].map(|()| fixed(KemType::Kyber1024));
    assert_eq!(key.public(), again.public());
    let mut other_type = key.public().encode();
    other_type[0] = fixed(KemType::MlKem1024).public().encode()[0];
    let other_type = KemPublicKey::decode(&other_type).unwrap();
    let other_bytes = KemKeyPair::generate(KemType::Kyber1024, &mut source(&seq::<64>(1)));
    assert_ne!(*key.public(), other_type);
    assert_ne!(key.public(), other_bytes.public());
}

#[test]
fn b1_round_trip_and_sizes() {
    for (kem, kind) in [(KemType::Kyber1024, 0x08), (KemType::MlKem1024, 0x0A)] {
        let mut rng = source(&seq::<96>(7));
        let pair = KemKeyPair::generate(kem, &mut rng);
        assert_eq!(rng.waiting(), 32, "key generation draws 64 bytes");
        let (ciphertext, shared) = pair.public().encapsulate(&mut rng);
        assert_eq!((rng.waiting(), rng.system_draws()), (0, 0), "encapsulation draws 32 bytes");

        let (public, secret) = (pair.public().encode(), pair.secret().encode());
        assert_eq!((public.len(), secret.as_bytes().len(), ciphertext.encode().len()), (1569, 3169, 1569));
        assert_eq!([public[0], secret.as_bytes()[0], ciphertext.encode()[0]], [kind; 3]);

        let secret = KemSecretKey::decode(secret.as_bytes()).unwrap();
        let ciphertext = KemCiphertext::decode(&ciphertext.encode()).unwrap();
        assert_eq!(secret.decapsulate(&ciphertext).unwrap(), shared);
    }
}

#[test]
fn b2_stored_keys_are_kept_unchanged() {
    let pair = fixed(KemType::Kyber1024);
    let (public, secret) = (pair.public().encode(), pair.secret().encode());
    assert_eq!(KemPublicKey::decode(&public).unwrap().encode(), public);
    assert_eq!(KemSecretKey::decode(secret.as_bytes()).unwrap().encode(), secret);

    let pair = KemKeyPair::from_parts(
        KemSecretKey::decode(secret.as_bytes()).unwrap(),
        KemPublicKey::decode(&public).unwrap(),
    )
    .unwrap();
    let (ciphertext, shared) = pair.public().encapsulate(&mut Source::default());
    assert_eq!(pair.secret().decapsulate(&ciphertext).unwrap(), shared);

    // Nothing inside is looked at.
    assert_eq!(KemPublicKey::decode(&[8; 1569]).unwrap().encode(), [8; 1569]);
    let mut all_ones = [0xFF; 1569];
    all_ones[0] = 8;
    let key = KemPublicKey::decode(&all_ones).unwrap();
    key.encapsulate(&mut Source::default());
    assert_eq!(KemSecretKey::decode(&[8; 3169]).unwrap().encode().as_bytes(), &[8; 3169]);
}

#[test]
fn b3_bad_keys_are_refused() {
    for length in [0, 1567, 1569, 3168] {
        let encoded = [&[8], &vec![1; length][..]].concat();
        assert_eq!(KemPublicKey::decode(&encoded), Err(KeyError::BadKeyLength(length + 1)));
    }
    for length in [0, 1568, 3167, 3169] {
        let encoded = [&[8], &vec![1; length][..]].concat();
        assert_eq!(KemSecretKey::decode(&encoded).unwrap_err(), KeyError::BadKeyLength(length + 1));
    }
    for kind in (0..=0xFF).filter(|kind| ![8, 10].contains(kind)) {
        assert_eq!(KemPublicKey::decode(&[kind; 1569]), Err(KeyError::BadKeyType(kind)));
        assert_eq!(KemSecretKey::decode(&[kind; 3169]).unwrap_err(), KeyError::BadKeyType(kind));
    }
    assert_eq!(KemPublicKey::decode(&[]), Err(KeyError::NoKeyType));
    assert_eq!(KemSecretKey::decode(&[]).unwrap_err(), KeyError::NoKeyType);

    let (kyber, ml_kem) = (fixed(KemType::Kyber1024), fixed(KemType::MlKem1024));
    let secret = KemSecretKey::decode(kyber.secret().encode().as_bytes()).unwrap();
    let public = KemPublicKey::decode(&ml_kem.public().encode()).unwrap();
    assert_eq!(KemKeyPair::from_parts(secret, public).unwrap_err(), KeyError::WrongKeyType(8));
}

#[test]
fn b4_bad_ciphertexts_are_refused() {
    let (kyber, ml_kem) = (fixed(KemType::Kyber1024), fixed(KemType::MlKem1024));
    let (ciphertext, shared) = kyber.public().encapsulate(&mut Source::default());
    assert_eq!(ml_kem.secret().decapsulate(&ciphertext), Err(KeyError::WrongKeyType(8)));

    let encoded = ciphertext.encode();
    assert_eq!(KemCiphertext::decode(&[]), Err(KeyError::NoKeyType));
    assert_eq!(KemCiphertext::decode(&[7; 1569]), Err(KeyError::BadKeyType(7)));
    assert_eq!(KemCiphertext::decode(&encoded[..1568]), Err(KeyError::BadCiphertextLength(1568)));
    assert_eq!(
        KemCiphertext::decode(&[&encoded[..], &[0]].concat()),
        Err(KeyError::BadCiphertextLength(1570))
    );
    for at in [1, 2, 784, 1408, 1409, 1568] {
        let mut damaged = encoded;
        damaged[at] ^= 0x10;
        let other = kyber.secret().decapsulate(&KemCiphertext::decode(&damaged).unwrap()).unwrap();
        assert_ne!(other, shared, "byte {at}");
    }
}
