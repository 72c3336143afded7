// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fingerprints of two parties.

use serde_json::{Value, json};
use subrosa::IdentityKeyPair;
use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintIterations, FingerprintVersion};

use crate::own_vectors::parties::text;
use crate::own_vectors::stream::Stream;

pub fn cases() -> Vec<Value> {
    let uuid =
        |last| [&[0xa1, 0xb2, 0xc3, 0xd4, 0, 1, 0x40, 2, 0x80, 3, 0, 0, 0, 0, 0][..], &[last]].concat();
    vec![
        case("account, as deployed", 5_200, FingerprintVersion::ACCOUNT, [uuid(0x0a), uuid(0x0b)]),
        case("few iterations", 2, FingerprintVersion(0), [b"+15550100".to_vec(), b"+15550101".to_vec()]),
        case("an identifier without bytes", 3, FingerprintVersion(300), [Vec::new(), b"x".to_vec()]),
    ]
}

fn case(name: &str, iterations: u32, version: FingerprintVersion, identifiers: [Vec<u8>; 2]) -> Value {
    let seed = format!("subrosa vectors 1: fingerprint, {name}");
    let mut stream = Stream::new(&seed);
    let count = FingerprintIterations::new(iterations).unwrap();
    let parties = identifiers.map(|identifier| {
        let key = *IdentityKeyPair::generate(&mut stream).public();
        let hash = FingerprintHash::compute(count, &identifier, &key);
        (identifier, key, hash)
    });
    let [alice, bob] = &parties;
    let (ours, theirs) =
        (Fingerprint::new(version, alice.2, bob.2), Fingerprint::new(version, bob.2, alice.2));
    let scanned = theirs.scannable().to_bytes();
    ours.scannable().compare(&scanned).unwrap();
    assert_eq!(ours.displayable().as_str(), theirs.displayable().as_str());
    let shown = parties.iter().map(|(identifier, key, hash)| {
        json!({ "identifier": hex::encode(identifier), "IK": hex::encode(key.encode()), "hash": hex::encode(hash.as_bytes()) })
    });
    json!({
        "name": name,
        "seed": seed,
        "iterations": iterations,
        "version": version.0,
        "alice": shown.clone().next(),
        "bob": shown.clone().nth(1),
        "digits": ours.displayable().as_str(),
        "scannable": { "alice": text(ours.scannable().to_bytes()), "bob": text(scanned) },
    })
}
