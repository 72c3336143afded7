// SPDX-License-Identifier: MIT OR Apache-2.0

//! Keys, ciphertexts and secrets of prekeys.

use arbitrary::Arbitrary;
use ml_kem::ml_kem_1024::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{ExpandedKeyEncoding, KeyExport};
use sha3::{Digest, Sha3_256};
use subrosa::hazmat::crypto::kem::{KemCiphertext, KemKeyPair, KemPublicKey, KemSecretKey, KemType};

use super::kyber;
use super::patches::{Given, Patches, seed};

#[derive(Arbitrary, Debug)]
pub struct Input {
    kyber: bool,
    seed: [u8; 8],
    random: [u8; 8],
    public: Patches,
    secret: Patches,
    /// Whether the hash in the secret key is made to fit again.
    rehash: bool,
    ciphertext: Patches,
}

pub fn check(input: &Input) {
    let kem = if input.kyber { KemType::Kyber1024 } else { KemType::MlKem1024 };
    let pair = generate(kem, &seed(input.seed));
    let random: [u8; 32] = seed(input.random)[..32].try_into().unwrap();

    let mut public = pair.public().encode();
    input.public.apply(&mut public[1..]);
    let (mut ciphertext, shared) = encapsulate(kem, &public, &random);

    let mut secret = *pair.secret().encode().as_bytes();
    input.secret.apply(&mut secret[1..]);
    if input.rehash {
        let hash = Sha3_256::digest(&secret[1 + 1536..][..1568]);
        secret[1 + 1536 + 1568..][..32].copy_from_slice(&hash);
    }
    let arrived = decapsulate(kem, &secret, &ciphertext);
    if secret == *pair.secret().encode().as_bytes() && public == pair.public().encode() {
        assert_eq!(arrived, shared);
    }
    input.ciphertext.apply(&mut ciphertext[1..]);
    decapsulate(kem, &secret, &ciphertext);
}

/// A pair from a seed, which is also theirs.
fn generate(kem: KemType, seed: &[u8; 64]) -> KemKeyPair {
    let mut rng = Given(seed);
    let pair = KemKeyPair::generate(kem, &mut rng);
    assert!(rng.0.is_empty());
    let ours = pair.secret().encode();
    let theirs = match kem {
        KemType::MlKem1024 => DecapsulationKey::from_seed((*seed).into()),
        _ => DecapsulationKey::from_expanded_bytes(ours.as_bytes()[1..].try_into().unwrap()).unwrap(),
    };
    assert_eq!(ours.as_bytes()[1..], theirs.to_expanded_bytes()[..]);
    assert_eq!(pair.public().encode()[1..], theirs.encapsulation_key().to_bytes()[..]);
    pair
}

/// Encapsulates, and compares if they take the key.
fn encapsulate(kem: KemType, public: &[u8], random: &[u8; 32]) -> ([u8; 1569], [u8; 32]) {
    let key = KemPublicKey::decode(public).unwrap();
    let (ciphertext, secret) = key.encapsulate(&mut Given(random));
    let (ciphertext, secret) = (ciphertext.encode(), *secret.as_bytes());
    let theirs = EncapsulationKey::new(public[1..].try_into().unwrap());
    assert_eq!(theirs.is_ok(), is_reduced(&public[1..1 + 1536]));
    if let Ok(theirs) = theirs {
        let (their_ciphertext, their_secret) = kyber::encapsulate(kem, &theirs, random);
        assert_eq!(ciphertext[1..], their_ciphertext[..]);
        assert_eq!(secret, their_secret);
    }
    (ciphertext, secret)
}

/// Decapsulates, and compares if they take the key.
fn decapsulate(kem: KemType, secret: &[u8], ciphertext: &[u8]) -> [u8; 32] {
    let key = KemSecretKey::decode(secret).unwrap();
    let ours = *key.decapsulate(&KemCiphertext::decode(ciphertext).unwrap()).unwrap().as_bytes();
    let theirs = DecapsulationKey::from_expanded_bytes(secret[1..].try_into().unwrap());
    if let Ok(theirs) = theirs {
        let ciphertext: Ciphertext = ciphertext[1..].try_into().unwrap();
        assert_eq!(ours, kyber::decapsulate(kem, &theirs, &ciphertext));
    }
    ours
}

/// Whether all coefficients, 12 bits each, are below 3,329.
pub fn is_reduced(bytes: &[u8]) -> bool {
    bytes.chunks_exact(3).all(|three| {
        let [a, b, c] = [three[0], three[1], three[2]].map(u32::from);
        (a | (b & 0x0F) << 8) < 3329 && (b >> 4 | c << 4) < 3329
    })
}
