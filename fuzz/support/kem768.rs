// SPDX-License-Identifier: MIT OR Apache-2.0

//! Keys, ciphertexts and secrets of the braid.

use arbitrary::Arbitrary;
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{Decapsulate, ExpandedKeyEncoding, KeyExport};
use sha3::{Digest, Sha3_256};
use subrosa::hazmat::crypto::kem768::{
    CT1_LEN, CT2_LEN, EK_VECTOR_LEN, EXPANDED_LEN, ExpandedKey, HEADER_LEN, KeySeed, encapsulate1,
    encapsulate2, encapsulation_state, encapsulation_that_gives, finish_encapsulation,
};
use subrosa::hazmat::crypto::secret::Secret;

use super::kem1024::is_reduced;
use super::patches::{Patches, seed};

#[derive(Arbitrary, Debug)]
pub struct Input {
    seed: [u8; 8],
    random: [u8; 8],
    ek_vector: Patches,
    header: Patches,
    secret: Patches,
    /// Whether the hashes in header and secret key are made to fit again.
    rehash: bool,
    ciphertext: Patches,
}

pub fn check(input: &Input) {
    let seed_bytes = seed(input.seed);
    let key = KeySeed::from_seed(Secret::new(seed_bytes)).expand();
    let theirs = DecapsulationKey::from_seed(seed_bytes.into());
    assert_eq!(key.as_bytes()[..], theirs.to_expanded_bytes()[..]);
    let public = theirs.encapsulation_key().to_bytes();
    assert_eq!([&key.ek_vector()[..], &key.header()[..32]].concat(), public[..]);
    assert_eq!(key.header()[32..], Sha3_256::digest(public)[..]);

    let (mut ek_vector, mut header) = (key.ek_vector(), key.header());
    input.ek_vector.apply(&mut ek_vector);
    input.header.apply(&mut header);
    if input.rehash {
        let hash = hash(&ek_vector, &header);
        header[32..].copy_from_slice(&hash);
    }
    let random: [u8; 32] = seed(input.random)[..32].try_into().unwrap();
    let (mut ciphertext, shared) = encapsulate(&header, &ek_vector, &random);

    let mut secret = *key.as_bytes();
    input.secret.apply(&mut secret);
    if input.rehash {
        let hash = Sha3_256::digest(&secret[EK_VECTOR_LEN..][..EK_VECTOR_LEN + 32]);
        secret[2 * EK_VECTOR_LEN + 32..][..32].copy_from_slice(&hash);
    }
    let arrived = decapsulate(&secret, &ciphertext);
    let sound = secret == *key.as_bytes() && ek_vector == key.ek_vector() && header == key.header();
    assert!(!sound || arrived == shared);
    input.ciphertext.apply(&mut ciphertext);
    decapsulate(&secret, &ciphertext);
}

fn hash(ek_vector: &[u8; EK_VECTOR_LEN], header: &[u8; HEADER_LEN]) -> [u8; 32] {
    Sha3_256::digest([&ek_vector[..], &header[..32]].concat()).into()
}

/// Encapsulates in two halves, with either way to the second one, and compares if the key is good. The second half
/// of one that is not is zero.
fn encapsulate(
    header: &[u8; HEADER_LEN],
    ek_vector: &[u8; EK_VECTOR_LEN],
    random: &[u8; 32],
) -> ([u8; CT1_LEN + CT2_LEN], [u8; 32]) {
    let secret_random = Secret::new(*random);
    let (ct1, shared) = encapsulate1(header, &secret_random);
    let ct2 = encapsulate2(header, ek_vector, &secret_random);
    let public: Vec<u8> = [&ek_vector[..], &header[..32]].concat();
    let theirs = EncapsulationKey::new(public[..].try_into().unwrap());
    assert_eq!(theirs.is_ok(), is_reduced(ek_vector));
    assert_eq!(ct2.is_ok(), theirs.is_ok() && hash(ek_vector, header) == header[32..]);

    let state = encapsulation_state(header, &secret_random);
    let finished = finish_encapsulation(state.as_bytes(), ek_vector);
    assert_eq!(finished.is_some(), theirs.is_ok());
    if let (Ok(ct2), Ok(theirs)) = (&ct2, theirs) {
        let (ciphertext, their_shared) = theirs.encapsulate_deterministic(&(*random).into());
        assert_eq!([&ct1[..], &ct2[..]].concat(), ciphertext[..]);
        assert_eq!(shared.as_bytes()[..], their_shared[..]);
        assert_eq!(finished, Some(*ct2));
        assert_eq!(finish_encapsulation(&encapsulation_that_gives(ct2), ek_vector), Some(*ct2));
    }
    let mut whole = [0; CT1_LEN + CT2_LEN];
    whole[..CT1_LEN].copy_from_slice(&ct1);
    whole[CT1_LEN..].copy_from_slice(&ct2.unwrap_or([0; CT2_LEN]));
    (whole, *shared.as_bytes())
}

/// Decapsulates, and compares if they take the key.
fn decapsulate(secret: &[u8; EXPANDED_LEN], ciphertext: &[u8; CT1_LEN + CT2_LEN]) -> [u8; 32] {
    let (ct1, ct2) = ciphertext.split_first_chunk().unwrap();
    let key = ExpandedKey::new(Box::new(Secret::new(*secret)));
    let ours = *key.decapsulate(ct1, ct2.try_into().unwrap()).as_bytes();
    if let Ok(theirs) = DecapsulationKey::from_expanded_bytes(secret[..].try_into().unwrap()) {
        let ciphertext: Ciphertext = ciphertext[..].try_into().unwrap();
        assert_eq!(ours[..], theirs.decapsulate(&ciphertext)[..]);
    }
    ours
}
