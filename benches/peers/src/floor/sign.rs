// SPDX-License-Identifier: MIT OR Apache-2.0

//! XEdDSA: its two products, its conversions and its SHA-512.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use sha2::{Digest, Sha512};

/// A private key whose point has been computed.
pub struct Signer {
    key: [u8; 32],
    scalar: Scalar,
    public: [u8; 32],
}

impl Signer {
    pub fn new(key: [u8; 32]) -> Self {
        let public = EdwardsPoint::mul_base_clamped(key).compress().to_bytes();
        Self { key, scalar: Scalar::from_bytes_mod_order(clamp_integer(key)), public }
    }

    pub fn sign(&self, message: &[u8], random: &[u8; 64]) -> [u8; 64] {
        let nonce = Sha512::new_with_prefix([0xFF; 32]).chain_update(self.key).chain_update(message);
        let nonce = Scalar::from_bytes_mod_order_wide(&nonce.chain_update(random).finalize().into());
        let point = EdwardsPoint::mul_base(&nonce).compress().to_bytes();
        let s = challenge(&point, &self.public, message) * self.scalar + nonce;
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&point);
        signature[32..].copy_from_slice(s.as_bytes());
        signature[63] |= self.public[31] & 0x80;
        signature
    }
}

/// A public key, converted.
pub struct Verifier {
    negated: EdwardsPoint,
    encoded: [u8; 32],
}

impl Verifier {
    /// Converts a Montgomery point and encodes it.
    pub fn new(public: &[u8; 32]) -> Self {
        let point = MontgomeryPoint(*public).to_edwards(0).unwrap();
        Self { negated: -point, encoded: point.compress().to_bytes() }
    }

    /// Without the check that makes signatures of keys with the other sign right: that costs nothing.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let (point, s) = signature.split_at(32);
        let mut scalar = [0; 32];
        scalar.copy_from_slice(s);
        let sign = scalar[31] & 0x80;
        scalar[31] &= 0x7F;
        let mut public = self.encoded;
        public[31] |= sign;
        let negated = if sign == 0 { self.negated } else { -self.negated };
        let challenge = challenge(point, &public, message);
        let s = Scalar::from_bytes_mod_order(scalar);
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&challenge, &negated, &s).compress().as_bytes()
            == point
    }
}

fn challenge(point: &[u8], public: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new_with_prefix(point).chain_update(public).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_verifies_and_an_altered_one_does_not() {
        for first in 0..8 {
            let mut key = [0x5A; 32];
            key[0] = first;
            let public = EdwardsPoint::mul_base_clamped(key).to_montgomery().to_bytes();
            let mut signature = Signer::new(key).sign(b"message", &[3; 64]);
            assert!(Verifier::new(&public).verify(b"message", &signature));
            signature[40] ^= 1;
            assert!(!Verifier::new(&public).verify(b"message", &signature));
        }
    }
}
