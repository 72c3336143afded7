// SPDX-License-Identifier: MIT OR Apache-2.0

//! Keys: Curve25519 for agreements and signatures, Kyber-1024 for key encapsulation.
//!
//! Encoded keys begin with a type byte: `05` for Curve25519 (33 bytes), `08` for Kyber-1024 (1,569 bytes).
//!
//! ```
//! use subrosa::keys::{KeyPair, PublicKey};
//! # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::seed_from_u64(1);
//!
//! let pair = KeyPair::generate(&mut rng);
//! assert_eq!(PublicKey::decode(&pair.public().encode())?, *pair.public());
//! # Ok::<(), subrosa::keys::KeyError>(())
//! ```

pub use crate::crypto::curve::{KeyPair, NonContributory, PrivateKey, PublicKey};
pub use crate::crypto::hpke::HpkeError;
pub use crate::crypto::kem::{KemCiphertext, KemKeyPair, KemPublicKey, KemSecretKey, KemType};
pub use crate::crypto::key_error::KeyError;
pub use crate::crypto::secret::Secret;
pub use crate::crypto::xeddsa::{SIGNATURE_LEN, Signature};

/// The operating system's generator of random numbers. It panics if the system has none.
#[cfg(feature = "os-rng")]
#[must_use]
pub const fn os_rng() -> rand_core::UnwrapErr<getrandom::SysRng> {
    rand_core::UnwrapErr(getrandom::SysRng)
}
