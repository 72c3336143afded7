// SPDX-License-Identifier: MIT OR Apache-2.0

//! L0 against known answers of the deployed protocol, and its behaviour scenario by scenario. A test is
//! named after its scenario (`a1`, `b1`, …) where it has one.

mod derivation;
mod kem;
mod keys;
mod signatures;

use hex_literal::hex;
use subrosa::hazmat::crypto::curve::PrivateKey;

/// The `N` bytes n, n + 1, …
fn seq<const N: usize>(n: u8) -> [u8; N] {
    core::array::from_fn(|i| n.wrapping_add(u8::try_from(i).expect("short")))
}

/// A source of just these bytes.
fn source(bytes: &[u8]) -> crate::rng::Source {
    let mut source = crate::rng::Source::default();
    source.feed(bytes);
    source
}

/// The named keys of the known answers: name, private key, public key.
const KEYS: [(&str, [u8; 32], [u8; 33]); 6] = [
    (
        "IKa",
        hex!("101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e6f"),
        hex!("05d89e3bad79437dbed9f843418304f460ff05c7fe81fe4a9577a804cb9367ff66"),
    ),
    (
        "EKa",
        hex!("303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"),
        hex!("0534e42d4af5ef94a07a3a84201b889d4cd1a743cb27b11b6a10438a8feb8e5847"),
    ),
    (
        "Ra",
        hex!("505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f"),
        hex!("05392d174a38b3b1beafaf1fe824870841c5fa531bc6eafdb6402c124664488c1c"),
    ),
    (
        "IKb",
        hex!("707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e4f"),
        hex!("0523b7bb8c91ae008711fb12846780bcdf1e065f821bdfec49f57e7c7dcd4c4823"),
    ),
    (
        "SPKb",
        hex!("909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadae6f"),
        hex!("059fd7ad6dcff4298dd3f96d5b1b2af910a0535b1488d7f8fabb349a982880b615"),
    ),
    (
        "OPKb",
        hex!("b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdce4f"),
        hex!("053f3e5f6d86926c9c128cf84581574f96840d98ee5ab53b1ec3b76e2bb25b945e"),
    ),
];

fn key(name: &str) -> PrivateKey {
    let (_, private, _) = KEYS.iter().find(|key| key.0 == name).expect("a named key");
    PrivateKey::decode(private).unwrap()
}
