// SPDX-License-Identifier: MIT OR Apache-2.0

//! The KEMs of prekeys by the crate `ml-kem`. Kyber-1024 is its ML-KEM-1024 with the hashing of the third round around it.

use ml_kem::Decapsulate;
use ml_kem::ml_kem_1024::{Ciphertext, DecapsulationKey, EncapsulationKey};
use sha3::{Digest, Sha3_256};
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use subrosa::hazmat::crypto::kem::KemType;

pub fn encapsulate(kem: KemType, key: &EncapsulationKey, random: &[u8; 32]) -> (Ciphertext, [u8; 32]) {
    let message = if kem == KemType::MlKem1024 { *random } else { Sha3_256::digest(random).into() };
    let (ciphertext, shared) = key.encapsulate_deterministic(&message.into());
    let secret = finish(kem, &shared, &ciphertext);
    (ciphertext, secret)
}

pub fn decapsulate(kem: KemType, key: &DecapsulationKey, ciphertext: &Ciphertext) -> [u8; 32] {
    finish(kem, &key.decapsulate(ciphertext), ciphertext)
}

/// `SHAKE256(K || SHA3-256(ciphertext), 32)` for Kyber.
fn finish(kem: KemType, shared: &[u8], ciphertext: &[u8]) -> [u8; 32] {
    if kem == KemType::MlKem1024 {
        return shared.try_into().expect("32 bytes");
    }
    let mut secret = [0; 32];
    let mut hash = Shake256::default();
    hash.update(shared);
    hash.update(&Sha3_256::digest(ciphertext));
    hash.finalize_xof().read(&mut secret);
    secret
}
