// SPDX-License-Identifier: MIT OR Apache-2.0

//! Keys and ciphertexts as they come in bundles, messages and stores. Those of a KEM are also used.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use subrosa::IdentityKey;
use subrosa::keys::{KemCiphertext, KemPublicKey, KemSecretKey, PrivateKey, PublicKey};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = PublicKey::decode(bytes) {
        assert_eq!(key.encode(), bytes[..33]);
        assert_eq!(IdentityKey::decode(bytes), Ok(IdentityKey::new(key)));
        let _ = (key.is_canonical(), PrivateKey::decode(&[1; 32]).map(|ours| ours.diffie_hellman(&key)));
    }
    if let Ok(key) = PrivateKey::decode(bytes) {
        let again = PrivateKey::decode(key.as_bytes()).unwrap();
        assert_eq!(again.as_bytes(), key.as_bytes());
    }
    if let Ok(key) = KemPublicKey::decode(bytes) {
        assert_eq!(key.encode(), bytes);
        let _ = key.encapsulate(&mut ChaCha20Rng::seed_from_u64(0));
    }
    if let Ok(key) = KemSecretKey::decode(bytes) {
        assert_eq!(key.encode().as_bytes(), bytes);
    }
    if let Ok(ciphertext) = KemCiphertext::decode(bytes) {
        assert_eq!(ciphertext.encode(), bytes);
    }
});
