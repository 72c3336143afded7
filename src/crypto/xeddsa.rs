// SPDX-License-Identifier: MIT OR Apache-2.0

//! XEdDSA signatures with X25519 keys, exactly as deployed.
//!
//! They differ from the published text in the sign of the public key: the private scalar is not
//! negated; instead the true sign bit of the Edwards point travels in the top bit of the signature.

use core::fmt;

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::curve::{Point, PreparedKey, PrivateKey, PublicKey};
use super::secret::Secret;
use super::stack;

/// Length of a signature in bytes.
pub const SIGNATURE_LEN: usize = 64;

/// A signature: the encoded point `R`, then the scalar `s` with the key's sign bit on top.
pub type Signature = [u8; SIGNATURE_LEN];

/// The prefix of the private key in the nonce hash, so that it cannot be a hash of `R || A || M`.
const NONCE_PREFIX: [u8; 32] = {
    let mut prefix = [0xFF; 32];
    prefix[0] = 0xFE;
    prefix
};

/// Signs the concatenation of `message`'s parts. Draws 64 bytes, so no two signatures are alike. The private key and
/// the message are hashed into the nonce beside them, so that a broken generator alone does not reveal the key.
///
/// ```text
/// a = k mod L          A = a·B            sign = top bit of A
/// r = SHA-512(FE FF×31 || k || M || Z)    R = r·B
/// s = SHA-512(R || A || M)·a + r
/// signature = R || s, with sign in the top bit
/// ```
pub fn sign(key: &PrivateKey, message: &[&[u8]], rng: &mut impl CryptoRng) -> Signature {
    Signer::new(key).sign(message, rng)
}

impl PrivateKey {
    /// Signs the concatenation of `message`'s parts. Draws 64 bytes, so no two signatures are alike.
    ///
    /// ```text
    /// signature = XEdDSA(k, M) = R (32) || s (32), with the sign of A in the top bit
    /// ```
    pub fn sign(&self, message: &[&[u8]], rng: &mut impl CryptoRng) -> Signature {
        sign(self, message, rng)
    }
}

impl PublicKey {
    /// Returns whether `signature` was made with this key's private key, over the concatenation of `message`'s parts.
    ///
    /// ```text
    /// R = s·B − SHA-512(R || A || M)·A
    /// ```
    ///
    /// False for any length but 64 bytes.
    #[must_use]
    pub fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        verify(self, message, signature)
    }
}

/// A private key, ready to sign several messages: its point `A` is computed once.
#[derive(Debug)]
pub struct Signer<'a> {
    key: &'a PrivateKey,
    public: [u8; 32],
}

impl<'a> Signer<'a> {
    /// Prepares `key`.
    #[must_use]
    pub fn new(key: &'a PrivateKey) -> Self {
        let public = stack::wiped(stack::CURVE, || {
            EdwardsPoint::mul_base_clamped(*key.as_bytes()).compress().to_bytes()
        });
        Self { key, public }
    }

    /// A key that was prepared before, with its [point](Self::public). The caller ensures that the two belong together:
    /// a signature under another point would reveal something about the private key.
    #[must_use]
    pub const fn from_parts(key: &'a PrivateKey, public: [u8; 32]) -> Self {
        Self { key, public }
    }

    /// The encoding of `A`, 32 bytes. Public.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// [`sign`] with this key.
    pub fn sign(&self, message: &[&[u8]], rng: &mut impl CryptoRng) -> Signature {
        stack::wiped(stack::CURVE, || self.compute(message, &Secret::random(rng)))
    }

    /// [`sign_with`] with this key.
    #[cfg(any(test, feature = "hazmat", feature = "rose"))]
    #[must_use]
    pub fn sign_with(&self, message: &[&[u8]], random: &Secret<64>) -> Signature {
        stack::wiped(stack::CURVE, || self.compute(message, random))
    }

    fn compute(&self, message: &[&[u8]], random: &Secret<64>) -> Signature {
        let Self { key, public } = self;
        let a = Zeroizing::new(Scalar::from_bytes_mod_order(*key.as_bytes()));

        let mut nonce = Sha512::new_with_prefix(NONCE_PREFIX);
        nonce.update(key.as_bytes());
        for part in message {
            nonce.update(part);
        }
        nonce.update(random.as_bytes());
        let nonce = Zeroizing::new(<[u8; 64]>::from(nonce.finalize()));
        let r = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&nonce));

        let point = EdwardsPoint::mul_base(&r).compress().to_bytes();
        let s = challenge(&point, public, message) * *a + *r;

        let mut signature = [0; SIGNATURE_LEN];
        let (left, right) = signature.split_at_mut(32);
        left.copy_from_slice(&point);
        right.copy_from_slice(s.as_bytes());
        signature[63] = (signature[63] & 0x7F) | (public[31] & 0x80);
        signature
    }
}

/// [`sign`] with the 64 random bytes given by the caller, which must never give the same ones twice.
#[cfg(any(test, feature = "hazmat"))]
#[must_use]
pub fn sign_with(key: &PrivateKey, message: &[&[u8]], random: &Secret<64>) -> Signature {
    Signer::new(key).sign_with(message, random)
}

/// Returns whether `signature` is one by the holder of `key` over the concatenation of `message`'s parts.
///
/// As deployed, a signature of a wrong length is invalid, and `s` need not be below the group order, only below 2^253.
/// Not constant-time in its inputs, all of which are public.
#[must_use]
pub fn verify(key: &PublicKey, message: &[&[u8]], signature: &[u8]) -> bool {
    VerifyingKey::new(key).verify(message, signature)
}

/// [`verify`] that also refuses `s` at or above the group order, and a key that is not reduced or has its top bit set.
#[cfg(feature = "rose")]
#[must_use]
pub fn verify_strict(key: &PublicKey, message: &[&[u8]], signature: &Signature) -> bool {
    let mut s = [0; 32];
    s.copy_from_slice(signature.split_at(32).1);
    s[31] &= 0x7F;
    let canonical = key.is_reduced() && bool::from(Scalar::from_canonical_bytes(s).is_some());
    canonical && verify(key, message, signature)
}

/// A public key, ready to verify several signatures.
#[derive(Clone, Copy)]
pub struct VerifyingKey(Option<Prepared>);

/// The point `A` whose sign bit is 0.
#[derive(Clone, Copy)]
struct Prepared {
    a: Point,
    encoded: [u8; 32],
    /// The encoding of −A: the same except for the sign bit, unless A = −A.
    negated: [u8; 32],
}

impl VerifyingKey {
    /// Prepares `key`. A key that is no point of the curve verifies nothing.
    #[must_use]
    pub fn new(key: &PublicKey) -> Self {
        Self::of(&key.prepare())
    }

    /// Prepares a key that is prepared for agreements.
    #[must_use]
    pub fn of(key: &PreparedKey) -> Self {
        Self(key.point().map(|a| {
            let encoded = a.encode();
            let mut negated = encoded;
            if a != a.negated() {
                negated[31] ^= 0x80;
            }
            Prepared { a, encoded, negated }
        }))
    }

    /// [`verify`] with this key.
    #[must_use]
    pub fn verify(&self, message: &[&[u8]], signature: &[u8]) -> bool {
        let Some(Prepared { a, encoded, negated }) = self.0 else { return false };
        let Ok(signature) = <&Signature>::try_from(signature) else { return false };
        let (Some(point), Some(s)) = (signature.first_chunk::<32>(), signature.last_chunk::<32>()) else {
            return false;
        };
        let mut s = *s;
        let sign = s[31] >> 7;
        s[31] &= 0x7F;
        if s[31] & 0xE0 != 0 {
            return false;
        }
        // h·(−A), not (L − h)·A: for a key with a torsion component the two differ.
        let (minus_a, public) = if sign == 0 { (a.negated(), encoded) } else { (a, negated) };
        let h = challenge(point, &public, message);
        let s = Scalar::from_bytes_mod_order(s);
        minus_a.combined(&s, &h).ct_eq(point).into()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(point) = self;
        f.write_str(if point.is_some() { "VerifyingKey(..)" } else { "VerifyingKey(no point)" })
    }
}

/// `SHA-512(R || A || M) mod L`.
fn challenge(point: &[u8; 32], public: &[u8; 32], message: &[&[u8]]) -> Scalar {
    let mut hash = Sha512::new_with_prefix(point);
    hash.update(public);
    for part in message {
        hash.update(part);
    }
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}
