// SPDX-License-Identifier: MIT OR Apache-2.0

//! Key encapsulation keys and ciphertexts with their type bytes: Kyber-1024 (round 3), the deployed one, and
//! ML-KEM-1024 (FIPS 203).
//!
//! Both share sizes, encodings and lattice arithmetic; they differ in how seeds and secrets are hashed. Only `provider`
//! knows the library that computes them.

mod provider;

use alloc::boxed::Box;
use core::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use super::key_error::KeyError;
use super::secret::Secret;
use super::stack;

/// Length of a raw public key in bytes.
const PUBLIC_LEN: usize = 1568;
/// Length of a raw secret key in bytes.
const SECRET_LEN: usize = 3168;
/// Length of a raw ciphertext in bytes.
const CIPHERTEXT_LEN: usize = 1568;

/// A key encapsulation mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KemType {
    /// Round-3 CRYSTALS-Kyber, type byte `0x08`: the one that deployed clients use.
    Kyber1024,
    /// FIPS 203, type byte `0x0A`. Today's official client does not know it.
    MlKem1024,
}

impl KemType {
    /// The byte in front of encoded keys and ciphertexts.
    #[must_use]
    pub const fn type_byte(self) -> u8 {
        match self {
            Self::Kyber1024 => 0x08,
            Self::MlKem1024 => 0x0A,
        }
    }

    const fn from_type_byte(byte: u8) -> Option<Self> {
        match byte {
            0x08 => Some(Self::Kyber1024),
            0x0A => Some(Self::MlKem1024),
            _ => None,
        }
    }
}

/// Splits the type byte off.
fn split_type(bytes: &[u8]) -> Result<(KemType, &[u8]), KeyError> {
    let (&byte, raw) = bytes.split_first().ok_or(KeyError::NoKeyType)?;
    KemType::from_type_byte(byte).map(|kem| (kem, raw)).ok_or(KeyError::BadKeyType(byte))
}

/// A boxed copy of `raw`, if it has the length `N`.
fn boxed<const N: usize>(raw: &[u8]) -> Option<Box<[u8; N]>> {
    // Checked before copying: a peer's may have any length.
    if raw.len() != N {
        return None;
    }
    Box::<[u8]>::from(raw).try_into().ok()
}

/// An encapsulation key: 1,568 bytes, 1,569 encoded.
///
/// As deployed, only type and length are checked: coefficients are reduced silently.
#[derive(Clone)]
pub struct KemPublicKey {
    kem: KemType,
    raw: Box<[u8; PUBLIC_LEN]>,
}

impl KemPublicKey {
    /// Length of the encoded form: type byte and raw key.
    pub const ENCODED_LEN: usize = 1 + PUBLIC_LEN;

    /// Reads the encoded form.
    ///
    /// # Errors
    /// [`KeyError`]: empty, unknown type, wrong length, in this order.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let (kem, raw) = split_type(bytes)?;
        boxed(raw).map(|raw| Self { kem, raw }).ok_or(KeyError::BadKeyLength(bytes.len()))
    }

    /// The encoded form, 1,569 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::ENCODED_LEN] {
        let mut out = [self.kem.type_byte(); Self::ENCODED_LEN];
        out[1..].copy_from_slice(self.raw.as_slice());
        out
    }

    /// The mechanism of the key.
    #[must_use]
    pub const fn kem_type(&self) -> KemType {
        self.kem
    }

    /// A fresh shared secret for the holder of the secret key, and the ciphertext that carries it.
    /// Draws 32 bytes.
    pub fn encapsulate(&self, rng: &mut impl CryptoRng) -> (KemCiphertext, Secret<32>) {
        stack::wiped(stack::KEM, || {
            let random = Secret::random(rng);
            let (raw, secret) = provider::encapsulate(self.kem, &self.raw, &random);
            (KemCiphertext { kem: self.kem, raw: Box::new(raw) }, secret)
        })
    }
}

impl PartialEq for KemPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.kem == other.kem && bool::from(self.raw.as_slice().ct_eq(other.raw.as_slice()))
    }
}

impl Eq for KemPublicKey {}

impl fmt::Debug for KemPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KemPublicKey({:?})", self.kem)
    }
}

/// A decapsulation key: 3,168 bytes, 3,169 encoded.
pub struct KemSecretKey {
    kem: KemType,
    raw: Box<Secret<SECRET_LEN>>,
}

impl KemSecretKey {
    /// Length of the encoded form: type byte and raw key.
    pub const ENCODED_LEN: usize = 1 + SECRET_LEN;

    /// Reads the encoded form. As deployed, the hash inside is not checked.
    ///
    /// # Errors
    /// [`KeyError`]: empty, unknown type, wrong length, in this order.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let (kem, raw) = split_type(bytes)?;
        let raw: &[u8; SECRET_LEN] = raw.try_into().map_err(|_| KeyError::BadKeyLength(bytes.len()))?;
        let mut key = Self { kem, raw: Box::new(Secret::zero()) };
        key.raw.as_bytes_mut().copy_from_slice(raw);
        Ok(key)
    }

    /// The encoded form, 3,169 bytes, in memory that is wiped when dropped.
    #[must_use]
    pub fn encode(&self) -> Box<Secret<{ Self::ENCODED_LEN }>> {
        let mut out = Box::new(Secret::new([self.kem.type_byte(); Self::ENCODED_LEN]));
        out.as_bytes_mut()[1..].copy_from_slice(self.raw.as_bytes());
        out
    }

    /// The mechanism of the key.
    #[must_use]
    pub const fn kem_type(&self) -> KemType {
        self.kem
    }

    /// The shared secret inside `ciphertext`. A damaged ciphertext gives another secret, no error
    /// (implicit rejection).
    ///
    /// # Errors
    /// [`KeyError::WrongKeyType`] if the ciphertext is of the other mechanism.
    pub fn decapsulate(&self, ciphertext: &KemCiphertext) -> Result<Secret<32>, KeyError> {
        if ciphertext.kem != self.kem {
            return Err(KeyError::WrongKeyType(ciphertext.kem.type_byte()));
        }
        Ok(stack::wiped(stack::KEM, || provider::decapsulate(self.kem, self.raw.as_bytes(), &ciphertext.raw)))
    }
}

impl fmt::Debug for KemSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kem, raw: _ } = self;
        write!(f, "KemSecretKey({kem:?}, ..)")
    }
}

/// A decapsulation key beside its encapsulation key.
#[derive(Debug)]
pub struct KemKeyPair {
    secret: KemSecretKey,
    public: KemPublicKey,
}

impl KemKeyPair {
    /// A fresh pair; draws 64 bytes (the seeds `d` and `z`).
    pub fn generate(kem: KemType, rng: &mut impl CryptoRng) -> Self {
        stack::wiped(stack::KEM, || {
            let (secret, public) = provider::generate(kem, &Secret::random(rng));
            Self {
                secret: KemSecretKey { kem, raw: secret },
                public: KemPublicKey { kem, raw: Box::new(public) },
            }
        })
    }

    /// A pair from separately stored halves. They are not checked to belong together.
    ///
    /// # Errors
    /// [`KeyError::WrongKeyType`] if they are of different types.
    pub fn from_parts(secret: KemSecretKey, public: KemPublicKey) -> Result<Self, KeyError> {
        if secret.kem == public.kem {
            Ok(Self { secret, public })
        } else {
            Err(KeyError::WrongKeyType(secret.kem.type_byte()))
        }
    }

    /// The secret half.
    #[must_use]
    pub const fn secret(&self) -> &KemSecretKey {
        &self.secret
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &KemPublicKey {
        &self.public
    }
}

/// An encapsulated secret: 1,568 bytes, 1,569 encoded.
#[derive(Clone, PartialEq, Eq)]
pub struct KemCiphertext {
    kem: KemType,
    raw: Box<[u8; CIPHERTEXT_LEN]>,
}

impl KemCiphertext {
    /// Length of the encoded form: type byte and raw ciphertext.
    pub const ENCODED_LEN: usize = 1 + CIPHERTEXT_LEN;

    /// Reads the encoded form.
    ///
    /// # Errors
    /// [`KeyError`]: empty, unknown type, wrong length, in this order.
    pub fn decode(bytes: &[u8]) -> Result<Self, KeyError> {
        let (kem, raw) = split_type(bytes)?;
        boxed(raw).map(|raw| Self { kem, raw }).ok_or(KeyError::BadCiphertextLength(bytes.len()))
    }

    /// The encoded form, 1,569 bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::ENCODED_LEN] {
        let mut out = [self.kem.type_byte(); Self::ENCODED_LEN];
        out[1..].copy_from_slice(self.raw.as_slice());
        out
    }
}

impl fmt::Debug for KemCiphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KemCiphertext({:?})", self.kem)
    }
}
