// SPDX-License-Identifier: MIT OR Apache-2.0

//! ML-KEM-768 and ML-KEM-1024 (FIPS 203) over plain arrays, with keys by their seeds `d || z`.
//!
//! The library below wipes nothing, so every operation runs over stack that is wiped afterwards.

use libcrux_ml_kem::{MlKemCiphertext, MlKemPublicKey};

use super::secret::Secret;
use super::stack;

/// A key of [`ml_kem_768`]: 1,184 bytes.
pub const PUBLIC_768_LEN: usize = 1184;
/// A ciphertext of [`ml_kem_768`]: 1,088 bytes.
pub const CIPHERTEXT_768_LEN: usize = 1088;
/// A key of [`ml_kem_1024`]: 1,568 bytes.
pub const PUBLIC_1024_LEN: usize = 1568;
/// A ciphertext of [`ml_kem_1024`]: 1,568 bytes.
pub const CIPHERTEXT_1024_LEN: usize = 1568;

macro_rules! parameter_set {
    ($module:ident, $library:ident, $public:ident, $ciphertext:ident, $name:literal) => {
        #[doc = concat!($name, " (FIPS 203).")]
        pub mod $module {
            use libcrux_ml_kem::$library as library;

            use super::*;

            /// The encapsulation key of a seed.
            #[must_use]
            pub fn public_key(seed: &Secret<64>) -> [u8; $public] {
                stack::wiped(stack::KEM, || {
                    library::generate_key_pair(*seed.as_bytes()).into_parts().1.into()
                })
            }

            /// Returns whether all coefficients are reduced (FIPS 203 §7.2).
            #[must_use]
            pub fn is_reduced(key: &[u8; $public]) -> bool {
                library::validate_public_key(&MlKemPublicKey::from(key))
            }

            /// The ciphertext and the shared secret of 32 random bytes.
            #[must_use]
            pub fn encapsulate(key: &[u8; $public], random: &Secret<32>) -> ([u8; $ciphertext], Secret<32>) {
                stack::wiped(stack::KEM, || {
                    let (ciphertext, shared) =
                        library::encapsulate(&MlKemPublicKey::from(key), *random.as_bytes());
                    (ciphertext.into(), Secret::new(shared))
                })
            }

            /// The shared secret in a ciphertext. A damaged one gives another secret, no error.
            #[must_use]
            pub fn decapsulate(seed: &Secret<64>, ciphertext: &[u8; $ciphertext]) -> Secret<32> {
                stack::wiped(stack::KEM_OF_SEED, || {
                    let (secret, _) = library::generate_key_pair(*seed.as_bytes()).into_parts();
                    Secret::new(library::decapsulate(&secret, &MlKemCiphertext::from(ciphertext)))
                })
            }
        }
    };
}

parameter_set!(ml_kem_768, mlkem768, PUBLIC_768_LEN, CIPHERTEXT_768_LEN, "ML-KEM-768");
parameter_set!(ml_kem_1024, mlkem1024, PUBLIC_1024_LEN, CIPHERTEXT_1024_LEN, "ML-KEM-1024");
