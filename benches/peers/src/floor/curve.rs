// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519, of two makers.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;

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

/// aws-lc through aws-lc-rs: assembly.
#[cfg(feature = "asm-floor")]
pub struct AwsLc;

#[cfg(feature = "asm-floor")]
impl Curve for AwsLc {
    type Private = aws_lc_rs::agreement::PrivateKey;

    fn load(private: [u8; 32]) -> Self::Private {
        Self::Private::from_private_key(&aws_lc_rs::agreement::X25519, &private).unwrap()
    }

    fn generate(private: [u8; 32]) -> (Self::Private, [u8; 32]) {
        let private = Self::load(private);
        let public = private.compute_public_key().unwrap();
        (private, public.as_ref().try_into().unwrap())
    }

    fn agree(private: &Self::Private, public: &[u8; 32]) -> [u8; 32] {
        use aws_lc_rs::agreement::{UnparsedPublicKey, X25519, agree};
        let public = UnparsedPublicKey::new(&X25519, public);
        agree(private, public, (), |shared| shared.try_into().map_err(|_| ())).unwrap()
    }
}
