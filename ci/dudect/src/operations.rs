// SPDX-License-Identifier: MIT OR Apache-2.0

//! Primitives, and what is made of them directly: a fixed secret or a random one, the first byte wrong or the last.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subrosa::IdentityKeyPair;
use subrosa::fingerprint::{Fingerprint, FingerprintHash, FingerprintVersion};
use subrosa::hazmat::crypto::kdf::{Label, MacKey};
use subrosa::hazmat::crypto::kem768::{self, ExpandedKey, KeySeed};
use subrosa::hazmat::crypto::xeddsa;
use subrosa::hazmat::ratchet::chain::{ChainKey, MessageKeySeed};
use subrosa::hazmat::ratchet::message_keys::MessageKeys;
use subrosa::hazmat::record::{RecordKey, RecordKind};
use subrosa::keys::{KemKeyPair, KemType, PrivateKey, PublicKey, Secret};

use crate::report::Report;

pub fn run(report: &mut Report) {
    curve(report);
    kem(report);
    derivation(report);
    compares(report);
    records(report);
}

/// 32 bytes: always the same, or each time others.
pub fn secret(random: bool, rng: &mut ChaCha20Rng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    if random { bytes } else { [0x40; 32] }
}

/// `bytes` with the first byte of its last `len` wrong, or the last one.
pub fn damaged(bytes: &[u8], len: usize, first: bool) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    let at = damaged.len() - if first { len } else { 1 };
    damaged[at] ^= 1;
    damaged
}

fn private(random: bool, rng: &mut ChaCha20Rng) -> PrivateKey {
    PrivateKey::decode(&secret(random, rng)).unwrap()
}

fn curve(report: &mut Report) {
    let theirs = PrivateKey::decode(&[0x77; 32]).unwrap().public_key();
    report.alike("X25519, a fixed or a random private key", private, |key| {
        key.diffie_hellman(&theirs).unwrap()
    });
    // 2 is the u-coordinate of a point on the twist.
    let mut twist = [0; 32];
    twist[0] = 2;
    let twist = PublicKey::from_bytes(twist);
    report.alike("the same, with a key on the twist", private, |key| key.diffie_hellman(&twist).unwrap());
    report.alike("X25519, public key of a fixed or a random one", private, |key| key.public_key());
    report.alike(
        "XEdDSA, sign with a fixed or a random key",
        |class, rng| (private(class, rng), ChaCha20Rng::seed_from_u64(rng.next_u64())),
        |(key, rng)| xeddsa::sign(key, &[b"message"], rng),
    );
}

/// What is for this key, or what was damaged and is rejected in silence.
fn kem(report: &mut Report) {
    for kem in [KemType::Kyber1024, KemType::MlKem1024] {
        let pair = KemKeyPair::generate(kem, &mut ChaCha20Rng::seed_from_u64(1));
        report.alike(
            &format!("{kem:?}, decapsulate what is right or rejected"),
            |rejected, rng| {
                let mut bytes = pair.public().encapsulate(rng).0.encode();
                let at = 1 + (rng.next_u32() as usize) % 1_000;
                bytes[at] ^= u8::from(rejected);
                subrosa::keys::KemCiphertext::decode(&bytes).unwrap()
            },
            |ciphertext| pair.secret().decapsulate(ciphertext).unwrap(),
        );
    }
    let key: ExpandedKey = KeySeed::generate(&mut ChaCha20Rng::seed_from_u64(2)).expand();
    let (header, vector) = (key.header(), key.ek_vector());
    report.alike(
        "ML-KEM-768, decapsulate what is right or rejected",
        |rejected, rng| {
            let random = Secret::random(rng);
            let (mut ct1, _) = kem768::encapsulate1(&header, &random);
            let at = (rng.next_u32() as usize) % 900;
            ct1[at] ^= u8::from(rejected);
            (ct1, kem768::encapsulate2(&header, &vector, &random).unwrap())
        },
        |(ct1, ct2)| key.decapsulate(ct1, ct2),
    );
}

fn derivation(report: &mut Report) {
    report.alike(
        "message keys of a fixed or a random seed",
        |class, rng| (MessageKeySeed::new(Secret::new(secret(class, rng))), Secret::new(secret(class, rng))),
        |(seed, post_quantum)| {
            MessageKeys::derive(Label::new("WhisperMessageKeys"), seed, Some(post_quantum))
        },
    );
    report.alike(
        "step of a fixed or a random chain key",
        |class, rng| ChainKey::new(Secret::new(secret(class, rng)), 7),
        |chain| chain.step().unwrap(),
    );
}

fn compares(report: &mut Report) {
    let key = MacKey::new(&[7; 32]);
    let right: [u8; 32] = key.tag(&[b"message"]);
    report.alike(
        "MAC, the first or the last byte wrong",
        |class, _| <[u8; 32]>::try_from(damaged(&right, 32, class)).unwrap(),
        |tag| key.verify(&[b"message"], tag),
    );
    let hash = |byte| FingerprintHash::from_bytes([byte; 64]);
    let ours = Fingerprint::new(FingerprintVersion::ACCOUNT, hash(1), hash(2)).scannable();
    let theirs = Fingerprint::new(FingerprintVersion::ACCOUNT, hash(2), hash(1)).scannable().to_bytes();
    report.alike(
        "scanned fingerprint, the first or the last byte wrong",
        |class, _| damaged(&theirs, 32, class),
        |scanned| ours.compare(scanned).is_err(),
    );
}

fn records(report: &mut Report) {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let record = IdentityKeyPair::generate(&mut rng).record();
    let key = RecordKey::from_bytes(&[8; 32]);
    let sealed = key.seal(&record, b"owner", &mut rng).unwrap();
    let open = |sealed: &mut Vec<u8>| key.open(RecordKind::IdentityKeyPair, b"owner", sealed).unwrap_err();
    let tag = |class: bool, _: &mut ChaCha20Rng| damaged(&sealed, 16, class);
    report.alike("sealed record, the tag's first or last byte wrong", tag, open);
    let whole = |class: bool, _: &mut ChaCha20Rng| damaged(&sealed, sealed.len() - 33, class);
    report.alike("sealed record, its first or last byte wrong", whole, open);
}
