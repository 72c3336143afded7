// SPDX-License-Identifier: MIT OR Apache-2.0

//! The KEMs as `libcrux-ml-kem` computes them. It wipes nothing, so secrets are moved into our own
//! types at once.

use alloc::boxed::Box;

use libcrux_ml_kem::{MlKemCiphertext, MlKemKeyPair, MlKemPrivateKey, MlKemPublicKey, kyber1024, mlkem1024};
use zeroize::Zeroize;

use super::{CIPHERTEXT_LEN, KemType, PUBLIC_LEN, SECRET_LEN};
use crate::crypto::secret::Secret;

pub(super) fn generate(kem: KemType, seed: &Secret<64>) -> (Box<Secret<SECRET_LEN>>, [u8; PUBLIC_LEN]) {
    let pair: MlKemKeyPair<SECRET_LEN, PUBLIC_LEN> = match kem {
        KemType::Kyber1024 => kyber1024::generate_key_pair(*seed.as_bytes()),
        KemType::MlKem1024 => mlkem1024::generate_key_pair(*seed.as_bytes()),
    };
    let (secret, public) = pair.into_parts();
    let mut raw = <[u8; SECRET_LEN]>::from(secret);
    let mut secret = Box::new(Secret::zero());
    secret.as_bytes_mut().copy_from_slice(&raw);
    raw.zeroize();
    (secret, public.into())
}

pub(super) fn encapsulate(
    kem: KemType,
    public: &[u8; PUBLIC_LEN],
    random: &Secret<32>,
) -> ([u8; CIPHERTEXT_LEN], Secret<32>) {
    let public = MlKemPublicKey::from(public);
    let (ciphertext, shared) = match kem {
        KemType::Kyber1024 => kyber1024::encapsulate(&public, *random.as_bytes()),
        KemType::MlKem1024 => mlkem1024::encapsulate(&public, *random.as_bytes()),
    };
    (ciphertext.into(), Secret::new(shared))
}

pub(super) fn decapsulate(
    kem: KemType,
    secret: &[u8; SECRET_LEN],
    ciphertext: &[u8; CIPHERTEXT_LEN],
) -> Secret<32> {
    let ciphertext = MlKemCiphertext::from(ciphertext);
    let secret = MlKemPrivateKey::from(secret);
    Secret::new(match kem {
        KemType::Kyber1024 => kyber1024::decapsulate(&secret, &ciphertext),
        KemType::MlKem1024 => mlkem1024::decapsulate(&secret, &ciphertext),
    })
}
