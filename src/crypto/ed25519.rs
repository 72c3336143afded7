// SPDX-License-Identifier: MIT OR Apache-2.0

//! Ed25519 forms of Curve25519 keys, and plain Ed25519 signatures by them (RFC 8032 §5.1; OMEMO facts §2, §3).

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::Scalar;
use rand_core::CryptoRng;
use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::curve::{PrivateKey, PublicKey};
use super::secret::Secret;
use super::stack;
use super::xeddsa::{SIGNATURE_LEN, Signature, Signer};

/// An encoded point: y, and the sign of x in the top bit.
pub type EdwardsKey = [u8; 32];

/// The Curve25519 scalar of an Ed25519 seed: the clamped first half of SHA-512(seed).
#[must_use]
pub fn scalar_of_seed(seed: &Secret<32>) -> PrivateKey {
    PrivateKey::from_secret(&halves(seed).0)
}

fn halves(seed: &Secret<32>) -> (Secret<32>, Secret<32>) {
    stack::wiped(stack::OPERATION, || {
        let hash = Secret::<64>::new(Sha512::digest(seed.as_bytes()).into());
        hash.split::<32, 32>()
    })
}

/// The Edwards form of a private key's public one, with its true sign.
#[must_use]
pub fn public_of(key: &PrivateKey) -> EdwardsKey {
    *Signer::new(key).public()
}

/// Signs the concatenation of `message`'s parts with a scalar: XEdDSA without the bit on top, which plain Ed25519
/// verifies. Draws 64 bytes.
pub fn sign(key: &PrivateKey, message: &[&[u8]], rng: &mut impl CryptoRng) -> Signature {
    let mut signature = Signer::new(key).sign(message, rng);
    signature[SIGNATURE_LEN - 1] &= 0x7F;
    signature
}

/// Signs with a seed, as RFC 8032 §5.1.6 has it.
#[cfg(feature = "hazmat")]
#[must_use]
pub fn sign_with_seed(seed: &Secret<32>, message: &[&[u8]]) -> Signature {
    stack::wiped(stack::CURVE, || {
        let (scalar, prefix) = halves(seed);
        let key = PrivateKey::from_secret(&scalar);
        let a = Zeroizing::new(Scalar::from_bytes_mod_order(*key.as_bytes()));
        let public = EdwardsPoint::mul_base(&a).compress().to_bytes();
        let mut nonce = Sha512::new_with_prefix(prefix.as_bytes());
        for part in message {
            nonce.update(part);
        }
        let nonce = Zeroizing::new(<[u8; 64]>::from(nonce.finalize()));
        let r = Zeroizing::new(Scalar::from_bytes_mod_order_wide(&nonce));
        let point = EdwardsPoint::mul_base(&r).compress().to_bytes();
        let s = challenge(&point, &public, message) * *a + *r;
        let mut signature = [0; SIGNATURE_LEN];
        let (left, right) = signature.split_at_mut(32);
        left.copy_from_slice(&point);
        right.copy_from_slice(s.as_bytes());
        signature
    })
}

/// Returns whether `signature` is one under `key`, strictly: `s` is reduced, the key is canonical and of large order,
/// and so is `R`. False for any length but 64 bytes.
#[must_use]
pub fn verify(key: &EdwardsKey, message: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(signature) = <&Signature>::try_from(signature) else { return false };
    let (Some(r), Some(s)) = (signature.first_chunk::<32>(), signature.last_chunk::<32>()) else {
        return false;
    };
    let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s)) else { return false };
    let Some(a) = decompress(key).filter(|a| !a.is_small_order()) else { return false };
    let small = CompressedEdwardsY(*r).decompress().is_some_and(|r| r.is_small_order());
    if small {
        return false;
    }
    let h = challenge(r, key, message);
    EdwardsPoint::vartime_double_scalar_mul_basepoint(&h, &-a, &s).compress().as_bytes().ct_eq(r).into()
}

/// The point of a canonical encoding.
fn decompress(key: &EdwardsKey) -> Option<EdwardsPoint> {
    CompressedEdwardsY(*key).decompress().filter(|point| point.compress().as_bytes() == key)
}

/// Whether a point lies in the prime-order subgroup and is not its neutral element.
fn is_prime_order(point: &EdwardsPoint) -> bool {
    !point.is_small_order() && point.is_torsion_free()
}

/// The Curve25519 form, if `key` is canonical and of prime order.
///
/// ```text
/// u = (1 + y) / (1 − y)
/// ```
#[must_use]
pub fn to_curve(key: &EdwardsKey) -> Option<PublicKey> {
    let point = decompress(key).filter(is_prime_order)?;
    Some(PublicKey::from_bytes(point.to_montgomery().to_bytes()))
}

/// The Edwards form with that sign, if there is a point with this u-coordinate. Bit 255 is ignored.
///
/// ```text
/// y = (u − 1) / (u + 1)
/// ```
#[must_use]
pub fn from_curve(key: &PublicKey, sign: u8) -> Option<EdwardsKey> {
    MontgomeryPoint(*key.as_bytes()).to_edwards(sign & 1).map(|point| point.compress().to_bytes())
}

/// The canonical form of a Curve25519 key, if it is of prime order.
#[must_use]
pub fn canonical(key: &PublicKey) -> Option<PublicKey> {
    from_curve(key, 0).and_then(|edwards| to_curve(&edwards))
}

/// The private key `±k` whose Edwards form has that sign.
#[cfg(feature = "hazmat")]
#[must_use]
pub fn with_sign(key: &PrivateKey, sign: u8) -> Secret<32> {
    if public_of(key)[31] >> 7 == sign & 1 {
        return Secret::new(*key.as_bytes());
    }
    let k = Zeroizing::new(Scalar::from_bytes_mod_order(*key.as_bytes()));
    let negated = Zeroizing::new(-*k);
    Secret::new(negated.to_bytes())
}

fn challenge(point: &[u8; 32], public: &[u8; 32], message: &[&[u8]]) -> Scalar {
    let mut hash = Sha512::new_with_prefix(point);
    hash.update(public);
    for part in message {
        hash.update(part);
    }
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}
