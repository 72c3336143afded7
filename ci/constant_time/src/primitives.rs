// SPDX-License-Identifier: MIT OR Apache-2.0

//! L0 and L3: agreement, signing, KEMs, key agreement.

use subrosa::hazmat::agreement::pqxdh::{self, PqxdhSecrets};
use subrosa::hazmat::agreement::{Initiator, Responder};
use subrosa::hazmat::crypto::kem768::{self, ExpandedKey, KeySeed};
use subrosa::hazmat::crypto::xeddsa;
use subrosa::keys::{KemKeyPair, KemSecretKey, KemType, PublicKey, Secret};

use crate::marking::{Marked, peer, plain};
use crate::memcheck::{declassify, mark};
use crate::report::Report;

pub fn run(report: &mut Report) {
    agreement(report);
    signing(report);
    hpke(report);
    kem(report);
    kem768(report);
    key_agreement(report);
}

fn agreement(report: &mut Report) {
    let mut rng = Marked::new(10);
    let key = rng.private_key();
    report.clean("X25519, a public key", || Some(key.public_key().as_bytes().to_vec()));
    report.clean("X25519, a key on the curve", || {
        Some(key.diffie_hellman(&peer(11)).unwrap().as_bytes().to_vec())
    });
    // 2 is the u-coordinate of a point on the twist.
    let mut twist = [0; 32];
    twist[0] = 2;
    report.clean("X25519, a key on the twist", || {
        Some(key.diffie_hellman(&PublicKey::from_bytes(twist)).unwrap().as_bytes().to_vec())
    });
}

fn signing(report: &mut Report) {
    let mut rng = Marked::new(20);
    let key = rng.private_key();
    report.clean("XEdDSA, sign", || Some(xeddsa::sign(&key, &[b"mess", b"age"], &mut rng).to_vec()));
}

fn hpke(report: &mut Report) {
    let mut rng = Marked::new(25);
    let key = rng.private_key();
    let mut public = *key.public_key().as_bytes();
    declassify(&mut public);
    let public = PublicKey::from_bytes(public);
    let mut text = *b"a plaintext";
    mark(&mut text);
    report.clean("HPKE, seal", || public.hpke_seal(b"info", b"aad", &text, &mut rng).ok());
    let sealed = public.hpke_seal(b"info", b"aad", b"a plaintext", &mut plain(26)).unwrap();
    report.clean("HPKE, open", || Some(key.hpke_open(b"info", b"aad", &sealed).unwrap().to_vec()));
    let damaged: Vec<u8> = sealed.iter().map(|byte| byte ^ 1).collect();
    report.clean("HPKE, open what is damaged", || {
        key.hpke_open(b"info", b"aad", &damaged).ok().map(|text| text.to_vec())
    });
}

/// Offsets in a raw secret key of 1,024: `s` comes first, `z` last; what is between them is public.
fn kem(report: &mut Report) {
    for kem in [KemType::Kyber1024, KemType::MlKem1024] {
        let mut rng = plain(30);
        let pair = KemKeyPair::generate(kem, &mut rng);
        let (ciphertext, _) = pair.public().encapsulate(&mut rng);
        let mut raw = pair.secret().encode().as_bytes().to_vec();
        mark(&mut raw[1..=1536]);
        mark(raw.last_chunk_mut::<32>().unwrap());
        let key = KemSecretKey::decode(&raw).unwrap();
        report.clean(&format!("{kem:?}, decapsulate"), || {
            Some(key.decapsulate(&ciphertext).unwrap().as_bytes().to_vec())
        });
        let (other, _) = KemKeyPair::generate(kem, &mut rng).public().encapsulate(&mut rng);
        report.clean(&format!("{kem:?}, decapsulate what is for another"), || {
            Some(key.decapsulate(&other).unwrap().as_bytes().to_vec())
        });
        report.clean(&format!("{kem:?}, encapsulate"), || {
            let (ciphertext, secret) = pair.public().encapsulate(&mut Marked::new(31));
            Some([secret.as_bytes().as_slice(), &ciphertext.encode()].concat())
        });
        report.clean(&format!("{kem:?}, generate"), || {
            Some(KemKeyPair::generate(kem, &mut Marked::new(32)).secret().encode().as_bytes().to_vec())
        });
    }
}

fn kem768(report: &mut Report) {
    let public = KeySeed::generate(&mut plain(40)).expand();
    let random = Secret::random(&mut plain(41));
    let (ct1, _) = kem768::encapsulate1(&public.header(), &random);
    let ct2 = kem768::encapsulate2(&public.header(), &public.ek_vector(), &random).unwrap();
    let mut raw = *public.as_bytes();
    mark(&mut raw[..1152]);
    mark(raw.last_chunk_mut::<32>().unwrap());
    let key = ExpandedKey::new(Box::new(Secret::new(raw)));
    report.clean("ML-KEM-768, decapsulate", || Some(key.decapsulate(&ct1, &ct2).as_bytes().to_vec()));
    let mut damaged = ct1;
    damaged[100] ^= 1;
    report.clean("ML-KEM-768, decapsulate what is damaged", || {
        Some(key.decapsulate(&damaged, &ct2).as_bytes().to_vec())
    });
    let random = Marked::new(42).secret();
    report.clean("ML-KEM-768, encapsulate, first half", || {
        let (ct1, secret) = kem768::encapsulate1(&public.header(), &random);
        Some([secret.as_bytes().as_slice(), &ct1].concat())
    });
    report.clean("ML-KEM-768, encapsulate, second half", || {
        Some(kem768::encapsulate2(&public.header(), &public.ek_vector(), &random).unwrap().to_vec())
    });
    report.clean("ML-KEM-768, generate", || {
        Some(KeySeed::generate(&mut Marked::new(43)).expand().as_bytes().to_vec())
    });
}

fn key_agreement(report: &mut Report) {
    let mut rng = plain(50);
    let kem = KemKeyPair::generate(KemType::Kyber1024, &mut rng);
    let mut rng = Marked::new(51);
    let [identity, base_key, ratchet_key] = [(); 3].map(|()| rng.private_key());
    let initiator = Initiator {
        identity: &identity,
        base_key: &base_key,
        ratchet_key: &ratchet_key,
        their_identity: &peer(52).prepare(),
        their_signed_pre_key: &peer(53).prepare(),
        their_one_time_pre_key: Some(&peer(54)),
    };
    report.clean("PQXDH, initiate", || {
        let (_, shared) = kem.public().encapsulate(&mut rng);
        let secrets = pqxdh::initiate(&initiator.agree().unwrap(), &shared);
        Some(all(&secrets))
    });
    let (ciphertext, _) = kem.public().encapsulate(&mut plain(55));
    let mut raw = kem.secret().encode().as_bytes().to_vec();
    mark(&mut raw[1..=1536]);
    mark(raw.last_chunk_mut::<32>().unwrap());
    let kem = KemSecretKey::decode(&raw).unwrap();
    let mut rng = Marked::new(56);
    let (signed, one_time) = (rng.private_key(), rng.private_key());
    let responder = Responder {
        identity: &identity,
        signed_pre_key: &signed,
        one_time_pre_key: Some(&one_time),
        their_identity: &peer(52),
        their_base_key: &peer(57),
    };
    report.clean("PQXDH, respond", || {
        let secrets = pqxdh::respond(&responder, &kem, &ciphertext.encode()).unwrap();
        Some(all(&secrets))
    });
}

fn all(secrets: &PqxdhSecrets) -> Vec<u8> {
    let PqxdhSecrets { root, chain, braid } = secrets;
    [root, chain, braid].iter().flat_map(|secret| *secret.as_bytes()).collect()
}
