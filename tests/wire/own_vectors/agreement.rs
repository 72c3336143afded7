// SPDX-License-Identifier: MIT OR Apache-2.0

//! Key agreement, each value on the way.

use serde_json::{Value, json};
use subrosa::IdentityKeyPair;
use subrosa::hazmat::agreement::{Agreements, Initiator, Responder, pqxdh, x3dh};
use subrosa::keys::{KemKeyPair, KeyPair};

use crate::own_vectors::parties::{PreKeys, identity, key_pair, text};
use crate::own_vectors::stream::Stream;

pub fn cases() -> Vec<Value> {
    [(3, true), (3, false), (4, true), (4, false)].map(|(version, one_time)| case(version, one_time)).into()
}

fn case(version: u8, one_time: bool) -> Value {
    let name = format!(
        "{}, {} one-time prekey",
        if version == 3 { "X3DH" } else { "PQXDH" },
        if one_time { "with" } else { "without" }
    );
    let mut stream = Stream::new(&format!("subrosa vectors 1: {name}"));
    let (alice, bob) = (IdentityKeyPair::generate(&mut stream), IdentityKeyPair::generate(&mut stream));
    let pre_keys = PreKeys::generate(&bob, &mut stream);
    let base_key = KeyPair::generate(&mut stream);
    stream.drawn();

    let (signed, one_time_key) = (pre_keys.signed.key_pair(), pre_keys.one_time.key_pair());
    let initiator = Initiator {
        identity: alice.private(),
        base_key: base_key.private(),
        ratchet_key: base_key.private(),
        their_identity: &bob.public().public_key().prepare(),
        their_signed_pre_key: &signed.public().prepare(),
        their_one_time_pre_key: one_time.then(|| one_time_key.public()),
    };
    let agreements = initiator.agree().unwrap();
    let responder = Responder {
        identity: bob.private(),
        signed_pre_key: signed.private(),
        one_time_pre_key: one_time.then(|| one_time_key.private()),
        their_identity: alice.public().public_key(),
        their_base_key: base_key.public(),
    };
    let mut agreed = vec![
        alice.private().diffie_hellman(signed.public()).unwrap(),
        base_key.private().diffie_hellman(bob.public().public_key()).unwrap(),
        base_key.private().diffie_hellman(signed.public()).unwrap(),
    ];
    if one_time {
        agreed.push(base_key.private().diffie_hellman(one_time_key.public()).unwrap());
    }
    let agreed: Vec<String> = agreed.iter().map(|secret| hex::encode(secret.as_bytes())).collect();
    let mut out = json!({
        "name": name,
        "seed": format!("subrosa vectors 1: {name}"),
        "version": version,
        "IK_A": identity(&alice),
        "IK_B": identity(&bob),
        "EK_A": key_pair(&base_key),
        "prekeys": pre_keys.describe(version),
        "uses_one_time": one_time,
        "DH": agreed,
    });
    let mut secret = "ff".repeat(32) + &agreed.concat();
    if version == 3 {
        let (ours, theirs) = (x3dh::initiate(&agreements), x3dh::respond(&responder).unwrap());
        assert_eq!(ours.root.as_bytes(), theirs.root.as_bytes());
        out["root"] = text(ours.root.as_bytes());
        out["chain"] = text(ours.chain.as_bytes());
    } else {
        secret += &post_quantum(&mut out, (&agreements, &responder), pre_keys.kem.key_pair(), &mut stream);
    }
    out["S"] = json!(secret);
    out
}

/// What PQXDH adds; gives the KEM's secret.
fn post_quantum(
    out: &mut Value,
    (agreements, responder): (&Agreements, &Responder<'_>),
    kem: &KemKeyPair,
    stream: &mut Stream,
) -> String {
    let (ciphertext, shared) = kem.public().encapsulate(stream);
    let ours = pqxdh::initiate(agreements, &shared);
    let theirs = pqxdh::respond(responder, kem.secret(), &ciphertext.encode()).unwrap();
    assert_eq!(ours.root.as_bytes(), theirs.root.as_bytes());
    let shared = hex::encode(shared.as_bytes());
    out["random"] = json!(stream.drawn());
    out["kem_ciphertext"] = text(ciphertext.encode());
    out["ss"] = json!(shared);
    out["root"] = text(ours.root.as_bytes());
    out["chain"] = text(ours.chain.as_bytes());
    out["auth_key"] = text(ours.braid.as_bytes());
    shared
}
