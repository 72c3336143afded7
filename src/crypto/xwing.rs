// SPDX-License-Identifier: MIT OR Apache-2.0

//! X-Wing (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768 as one KEM; and HPKE (RFC 9180) with it: base mode,
//! single shot, HKDF-SHA-256, AES-256-GCM.
//!
//! ```text
//! d || z || sk_X = SHAKE-256(seed, 96)
//! pk = pk_M (1184) || pk_X (32)
//! ct = ct_M (1088) || ct_X (32)
//! ss = SHA3-256(ss_M || ss_X || ct_X || pk_X || "\.//^\")
//! ```

use alloc::vec::Vec;
use core::fmt;

use libcrux_sha3::{sha256, shake256};
use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::curve::{KeyPair, NonContributory, PrivateKey, PublicKey};
use super::gcm::{self, NotAuthentic, TAG_LEN};
use super::hpke::Suite;
use super::ml_kem::{CIPHERTEXT_768_LEN, PUBLIC_768_LEN, ml_kem_768};
use super::secret::Secret;
use super::stack;

/// Length of a public key in bytes.
pub const PUBLIC_LEN: usize = PUBLIC_768_LEN + 32;
/// Length of an encapsulation in bytes.
pub const ENC_LEN: usize = CIPHERTEXT_768_LEN + 32;
/// Bytes that sealing adds: the encapsulation and the tag.
pub const OVERHEAD: usize = ENC_LEN + TAG_LEN;

const LABEL: [u8; 6] = [0x5C, 0x2E, 0x2F, 0x2F, 0x5E, 0x5C];
/// X-Wing (`647a`), HKDF-SHA-256, AES-256-GCM.
const HPKE: Suite = Suite(b"HPKE\x64\x7a\x00\x01\x00\x02");

/// A public key: 1,216 bytes. Its ML-KEM half is checked by [`is_reduced`](Self::is_reduced) alone.
#[derive(Clone, PartialEq, Eq)]
pub struct XWingPublicKey(pub [u8; PUBLIC_LEN]);

impl XWingPublicKey {
    /// Returns whether the ML-KEM half is reduced (FIPS 203 §7.2).
    #[must_use]
    pub fn is_reduced(&self) -> bool {
        ml_kem_768::is_reduced(self.halves().0)
    }

    fn halves(&self) -> (&[u8; PUBLIC_768_LEN], PublicKey) {
        let (mut x, (ml_kem, curve)) = ([0; 32], self.0.split_at(PUBLIC_768_LEN));
        x.copy_from_slice(curve);
        // Both parts have their length by construction.
        (ml_kem.first_chunk().unwrap_or(&[0; PUBLIC_768_LEN]), PublicKey::from_bytes(x))
    }

    /// The encapsulation and the shared secret of 64 random bytes: 32 for ML-KEM, then an X25519 private key.
    ///
    /// # Errors
    /// [`NonContributory`] if the X25519 half has low order.
    pub fn encapsulate(&self, eseed: &Secret<64>) -> Result<([u8; ENC_LEN], Secret<32>), NonContributory> {
        let (ml_kem, curve) = self.halves();
        let (m, x) = eseed.split::<32, 32>();
        let ephemeral = KeyPair::from_private(PrivateKey::from_secret(&x));
        let ss_x = ephemeral.private().diffie_hellman(&curve)?;
        let (ct_m, ss_m) = ml_kem_768::encapsulate(ml_kem, &m);
        let mut enc = [0; ENC_LEN];
        let (left, right) = enc.split_at_mut(CIPHERTEXT_768_LEN);
        left.copy_from_slice(&ct_m);
        right.copy_from_slice(ephemeral.public().as_bytes());
        Ok((enc, combine((&ss_m, &ss_x), ephemeral.public(), &curve)))
    }

    /// Seals `plaintext` with 64 random bytes, which must never serve twice: `enc (1120) || ciphertext || tag (16)`.
    ///
    /// # Errors
    /// [`NotAuthentic`] if the X25519 half has low order, or the input is too long for AES-GCM.
    pub fn seal(&self, info: &[u8], plaintext: &[u8], eseed: &Secret<64>) -> Result<Vec<u8>, NotAuthentic> {
        stack::wiped(stack::OPERATION, || {
            let (enc, shared) = self.encapsulate(eseed).map_err(|_| NotAuthentic)?;
            let (key, nonce) = HPKE.key_schedule(&shared, info);
            let mut out = Vec::with_capacity(OVERHEAD.saturating_add(plaintext.len()));
            out.extend_from_slice(&enc);
            out.extend_from_slice(plaintext);
            let body = out.get_mut(ENC_LEN..).unwrap_or_default();
            let tag = gcm::seal(key.as_bytes(), nonce.as_bytes(), &[], body)?;
            out.extend_from_slice(&tag);
            Ok(out)
        })
    }
}

impl fmt::Debug for XWingPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("XWingPublicKey(..)")
    }
}

/// A private key: its seed of 32 bytes. The public half is kept beside it.
pub struct XWingKey {
    seed: Secret<32>,
    public: XWingPublicKey,
}

impl XWingKey {
    /// A fresh key: 32 bytes from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_seed(Secret::random(rng))
    }

    /// The key of a seed.
    #[must_use]
    pub fn from_seed(seed: Secret<32>) -> Self {
        let (ml_kem, curve) = expand(&seed);
        let mut public = [0; PUBLIC_LEN];
        let (left, right) = public.split_at_mut(PUBLIC_768_LEN);
        left.copy_from_slice(&ml_kem_768::public_key(&ml_kem));
        right.copy_from_slice(curve.public_key().as_bytes());
        Self { seed, public: XWingPublicKey(public) }
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &XWingPublicKey {
        &self.public
    }

    /// The shared secret in an encapsulation.
    ///
    /// # Errors
    /// [`NonContributory`] if its X25519 half has low order.
    pub fn decapsulate(&self, enc: &[u8; ENC_LEN]) -> Result<Secret<32>, NonContributory> {
        let (ml_kem, curve) = expand(&self.seed);
        let (mut x, (ct_m, ct_x)) = ([0; 32], enc.split_at(CIPHERTEXT_768_LEN));
        x.copy_from_slice(ct_x);
        let ct_x = PublicKey::from_bytes(x);
        let ss_x = curve.diffie_hellman(&ct_x)?;
        let ss_m = ml_kem_768::decapsulate(&ml_kem, ct_m.first_chunk().unwrap_or(&[0; CIPHERTEXT_768_LEN]));
        Ok(combine((&ss_m, &ss_x), &ct_x, &self.public.halves().1))
    }

    /// Opens what [`XWingPublicKey::seal`] sealed.
    ///
    /// # Errors
    /// [`NotAuthentic`].
    pub fn open(&self, info: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
        stack::wiped(stack::OPERATION, || {
            let (enc, rest) = sealed.split_first_chunk::<ENC_LEN>().ok_or(NotAuthentic)?;
            let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(NotAuthentic)?;
            let shared = self.decapsulate(enc).map_err(|_| NotAuthentic)?;
            let (key, nonce) = HPKE.key_schedule(&shared, info);
            let mut plaintext = Zeroizing::new(ciphertext.to_vec());
            gcm::open(key.as_bytes(), nonce.as_bytes(), &[], &mut plaintext, tag)?;
            Ok(plaintext)
        })
    }
}

impl fmt::Debug for XWingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed: _, public: _ } = self;
        f.write_str("XWingKey(..)")
    }
}

/// `d || z` and the X25519 private key.
fn expand(seed: &Secret<32>) -> (Secret<64>, PrivateKey) {
    stack::wiped(stack::KEM, || {
        let mut expanded = shake256::<96>(seed.as_bytes());
        let (ml_kem, x) = Secret::new(expanded).split::<64, 32>();
        expanded.zeroize();
        (ml_kem, PrivateKey::from_secret(&x))
    })
}

fn combine(secrets: (&Secret<32>, &Secret<32>), ct_x: &PublicKey, pk_x: &PublicKey) -> Secret<32> {
    let (ss_m, ss_x) = secrets;
    let mut input = Zeroizing::new([0; 4 * 32 + LABEL.len()]);
    let parts = [&ss_m.as_bytes()[..], ss_x.as_bytes(), ct_x.as_bytes(), pk_x.as_bytes(), &LABEL];
    input.iter_mut().zip(parts.iter().copied().flatten()).for_each(|(to, from)| *to = *from);
    stack::wiped(stack::KEM, || Secret::new(sha256(&*input)))
}
