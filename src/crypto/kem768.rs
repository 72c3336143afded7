// SPDX-License-Identifier: MIT OR Apache-2.0

//! ML-KEM-768 (FIPS 203) in two halves, as the ML-KEM Braid sends it.
//!
//! ```text
//! encapsulation key = ek_vector (1,152) || ek_seed (32)
//! header            = ek_seed (32) || SHA3-256(encapsulation key) (32)
//! ciphertext        = ct1 (960) || ct2 (128)
//! ```
//!
//! `ct1` and the shared secret need the header only. Between the two halves only the header and 32 random bytes are
//! kept; the rest is derived again. The halves put together are an ordinary ciphertext.
//!
//! Only `provider` knows the library that computes them.

mod provider;
#[cfg(any(feature = "hazmat", feature = "libsignal"))]
mod stored;

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;

use super::secret::Secret;
use super::stack;

#[cfg(any(feature = "hazmat", feature = "libsignal"))]
pub use stored::{encapsulation_that_gives, finish_encapsulation};

/// Length of the header in bytes.
pub const HEADER_LEN: usize = 64;
/// Length of the `ek_vector` in bytes.
pub const EK_VECTOR_LEN: usize = 1152;
/// Length of the first half of a ciphertext in bytes.
pub const CT1_LEN: usize = 960;
/// Length of the second half of a ciphertext in bytes.
pub const CT2_LEN: usize = 128;
/// Length of an expanded decapsulation key in bytes.
pub const EXPANDED_LEN: usize = 2400;
/// Length in bytes of the state between the halves of an encapsulation.
pub const ENCAPSULATION_STATE_LEN: usize = 4 * POLYNOMIAL_LEN + 32;

/// Length in bytes of a polynomial in that state.
const POLYNOMIAL_LEN: usize = 512;

/// The `ek_vector` does not fit the header's hash, or has a coefficient of 3,329 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encapsulation key does not fit its header")]
pub struct BadEncapsulationKey;

/// A decapsulation key: its seed `d || z`, 64 bytes.
pub struct KeySeed(Secret<64>);

impl KeySeed {
    /// A fresh key. Draws 64 bytes in one request.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(Secret::random(rng))
    }

    /// The key of a given seed.
    #[must_use]
    pub const fn from_seed(seed: Secret<64>) -> Self {
        Self(seed)
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> &Secret<64> {
        &self.0
    }

    /// `KeyGen(d || z)`: the expanded key, from which the public halves can be read.
    #[must_use]
    pub fn expand(&self) -> ExpandedKey {
        stack::wiped(stack::KEM, || ExpandedKey(provider::expand(&self.0)))
    }

    pub(crate) const fn duplicate(&self) -> Self {
        Self(self.0.duplicate())
    }
}

impl fmt::Debug for KeySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySeed(..)")
    }
}

/// A decapsulation key in the expanded form of FIPS 203, 2,400 bytes:
/// `dk_pke (1,152) || ek_vector (1,152) || ek_seed (32) || hash (32) || z (32)`.
pub struct ExpandedKey(Box<Secret<EXPANDED_LEN>>);

impl ExpandedKey {
    /// Takes over an expanded key. Its parts are not checked to belong together.
    #[must_use]
    pub const fn new(bytes: Box<Secret<EXPANDED_LEN>>) -> Self {
        Self(bytes)
    }

    /// The 2,400 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; EXPANDED_LEN] {
        self.0.as_bytes()
    }

    /// The header, which is sent first.
    #[must_use]
    pub fn header(&self) -> [u8; HEADER_LEN] {
        self.part::<HEADER_LEN>(2 * EK_VECTOR_LEN)
    }

    /// The `ek_vector`, which is sent next.
    #[must_use]
    pub fn ek_vector(&self) -> [u8; EK_VECTOR_LEN] {
        self.part::<EK_VECTOR_LEN>(EK_VECTOR_LEN)
    }

    /// The shared secret in a ciphertext. A damaged ciphertext gives another secret, no error (implicit
    /// rejection).
    #[must_use]
    pub fn decapsulate(&self, ct1: &[u8; CT1_LEN], ct2: &[u8; CT2_LEN]) -> Secret<32> {
        stack::wiped(stack::KEM, || provider::decapsulate(self.as_bytes(), ct1, ct2))
    }

    pub(crate) fn duplicate(&self) -> Self {
        let mut copy = Box::new(Secret::zero());
        copy.as_bytes_mut().copy_from_slice(self.as_bytes());
        Self(copy)
    }

    fn part<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut part = [0; N];
        for (to, from) in part.iter_mut().zip(self.as_bytes().iter().skip(offset)) {
            *to = *from;
        }
        part
    }
}

impl fmt::Debug for ExpandedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExpandedKey(..)")
    }
}

/// A decapsulation key as it is kept.
#[derive(Debug)]
pub enum DecapsulationKey {
    /// By its seed: a key of our own making.
    Seed(KeySeed),
    /// Expanded: a key that came from another implementation, which does not keep the seed.
    Expanded(ExpandedKey),
}

impl DecapsulationKey {
    /// The expanded key.
    #[must_use]
    pub fn expand(&self) -> ExpandedKey {
        match self {
            Self::Seed(seed) => seed.expand(),
            Self::Expanded(key) => key.duplicate(),
        }
    }

    pub(crate) fn duplicate(&self) -> Self {
        match self {
            Self::Seed(seed) => Self::Seed(seed.duplicate()),
            Self::Expanded(key) => Self::Expanded(key.duplicate()),
        }
    }
}

/// `Encaps1(header, random)`: the first half of the ciphertext and the shared secret.
///
/// The header alone cannot be checked; see [`encapsulate2`].
#[must_use]
pub fn encapsulate1(header: &[u8; HEADER_LEN], random: &Secret<32>) -> ([u8; CT1_LEN], Secret<32>) {
    stack::wiped(stack::KEM, || {
        let (ct1, secret, _) = provider::encapsulate1(header, random);
        (ct1, secret)
    })
}

/// `Encaps2(header, ek_vector, random)`: the second half of the ciphertext.
///
/// # Errors
/// [`BadEncapsulationKey`] if the `ek_vector` is not the one that the header promises, or is not reduced
/// (FIPS 203 §7.2).
pub fn encapsulate2(
    header: &[u8; HEADER_LEN],
    ek_vector: &[u8; EK_VECTOR_LEN],
    random: &Secret<32>,
) -> Result<[u8; CT2_LEN], BadEncapsulationKey> {
    if !provider::fits(header, ek_vector) {
        return Err(BadEncapsulationKey);
    }
    Ok(stack::wiped(stack::KEM, || {
        let (_, _, state) = provider::encapsulate1(header, random);
        provider::encapsulate2(&state, ek_vector)
    }))
}

/// The state between the halves of an encapsulation as libsignal stores it; see [`finish_encapsulation`].
#[cfg(any(feature = "hazmat", feature = "libsignal"))]
#[must_use]
pub fn encapsulation_state(
    header: &[u8; HEADER_LEN],
    random: &Secret<32>,
) -> Box<Secret<ENCAPSULATION_STATE_LEN>> {
    stack::wiped(stack::KEM, || provider::encapsulate1(header, random).2)
}

#[cfg(test)]
mod tests {
    use ml_kem::kem::KeyExport;
    use ml_kem::{B32, DecapsulationKey768, KeyInit as _, Seed};

    use super::*;

    fn key(byte: u8) -> ExpandedKey {
        KeySeed::from_seed(Secret::new([byte; 64])).expand()
    }

    #[test]
    fn both_sides_get_the_secret_of_a_one_piece_encapsulation() {
        for byte in 0..20 {
            let (key, random) = (key(byte), Secret::new([byte ^ 0xAA; 32]));
            let (ct1, secret) = encapsulate1(&key.header(), &random);
            let ct2 = encapsulate2(&key.header(), &key.ek_vector(), &random).unwrap();
            assert_eq!(key.decapsulate(&ct1, &ct2), secret);

            let other = DecapsulationKey768::new(&Seed::from([byte; 64]));
            let public = other.encapsulation_key();
            assert_eq!(public.to_bytes()[..EK_VECTOR_LEN], key.ek_vector());
            assert_eq!(public.to_bytes()[EK_VECTOR_LEN..], key.header()[..32]);
            let (ciphertext, shared) = public.encapsulate_deterministic(&B32::from([byte ^ 0xAA; 32]));
            assert_eq!(ciphertext[..CT1_LEN], ct1);
            assert_eq!(ciphertext[CT1_LEN..], ct2);
            assert_eq!(shared.as_slice(), secret.as_bytes());
        }
    }

    #[test]
    fn a_vector_that_is_not_the_promised_one_is_refused() {
        let (key, random) = (key(1), Secret::new([2; 32]));
        let mut vector = key.ek_vector();
        vector[700] ^= 1;
        assert_eq!(encapsulate2(&key.header(), &vector, &random), Err(BadEncapsulationKey));
    }
}
