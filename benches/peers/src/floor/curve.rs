// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519, of two makers.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;
use graviola::key_agreement::x25519::{PublicKey, StaticPrivateKey};

/// An implementation of X25519.
pub trait Curve: 'static {
    /// A private key, ready for use.
    type Private;

    /// A private key that has been in use for long.
    fn load(private: [u8; 32]) -> Self::Private;

    /// A new key pair: one product with the base point.
    fn generate(private: [u8; 32]) -> (Self::Private, [u8; 32]);

    /// One product with another point.
    fn agree(private: &Self::Private, public: &[u8; 32]) -> [u8; 32];
}

/// curve25519-dalek: its ladder, and its table of the base point.
pub struct Dalek;

impl Curve for Dalek {
    type Private = [u8; 32];

    fn load(private: [u8; 32]) -> [u8; 32] {
        private
    }

    fn generate(private: [u8; 32]) -> ([u8; 32], [u8; 32]) {
        (private, EdwardsPoint::mul_base_clamped(private).to_montgomery().to_bytes())
    }

    fn agree(private: &[u8; 32], public: &[u8; 32]) -> [u8; 32] {
        MontgomeryPoint(*public).mul_clamped(*private).to_bytes()
    }
}

/// graviola: the assembly of s2n-bignum.
pub struct Graviola;

impl Curve for Graviola {
    type Private = StaticPrivateKey;

    fn load(private: [u8; 32]) -> Self::Private {
        StaticPrivateKey::from_array(&private)
    }

    fn generate(private: [u8; 32]) -> (Self::Private, [u8; 32]) {
        let private = Self::load(private);
        let public = private.public_key().as_bytes();
        (private, public)
    }

    fn agree(private: &Self::Private, public: &[u8; 32]) -> [u8; 32] {
        private.diffie_hellman(&PublicKey::from_array(public)).unwrap().as_bytes()
    }
}
