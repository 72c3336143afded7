// SPDX-License-Identifier: MIT OR Apache-2.0

//! HPKE (RFC 9180) in base mode, single-shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
//!
//! Anyone can seal to a public key; the sender is not authenticated. Keys are serialised as the RFC says, without a
//! type byte.
//!
//! ```text
//! LabeledExtract(salt, label, ikm)   = HKDF-Extract(salt, "HPKE-v1" || suite || label || ikm)
//! LabeledExpand(prk, label, info, L) = HKDF-Expand(prk, L (2) || "HPKE-v1" || suite || label || info, L)
//! suite = "KEM" || 0020 in the KEM, "HPKE" || 0020 || 0001 || 0002 elsewhere
//! ```

use alloc::vec::Vec;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::curve::{KeyPair, NonContributory, PrivateKey, PublicKey};
use super::gcm::{self, NONCE_LEN, NotAuthentic, TAG_LEN};
use super::mac::MacKey;
use super::secret::Secret;
use super::stack;

/// Length of the encapsulated key in bytes.
pub const ENC_LEN: usize = 32;

/// Bytes that sealing adds: the encapsulated key and the tag.
pub const OVERHEAD: usize = ENC_LEN + TAG_LEN;

/// The type byte of this suite in the official client's form.
const TYPE: u8 = 0x01;

const VERSION: &[u8] = b"HPKE-v1";
/// DHKEM(X25519, HKDF-SHA256).
const KEM: Suite = Suite(b"KEM\x00\x20");
/// The suite: that KEM, HKDF-SHA256, AES-256-GCM.
const HPKE: Suite = Suite(b"HPKE\x00\x20\x00\x01\x00\x02");
/// The mode without pre-shared key and sender key.
const MODE_BASE: u8 = 0x00;

/// The reason why HPKE sealed or opened nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HpkeError {
    /// The input ends before the encapsulated key does. Carries its length in bytes.
    #[error("{0} bytes are too short for HPKE")]
    TooShort(usize),
    /// The type byte is not `01`, the only suite there is.
    #[error("unknown HPKE suite {0:#04x}")]
    UnknownType(u8),
    /// The recipient's key, or the encapsulated one, has low order.
    #[error(transparent)]
    NonContributory(#[from] NonContributory),
    /// The tag does not fit: another key, `info` or associated data, or damage. When sealing: the input is too long for
    /// AES-GCM.
    #[error("HPKE authentication failed")]
    NotAuthentic,
}

impl From<NotAuthentic> for HpkeError {
    fn from(_: NotAuthentic) -> Self {
        Self::NotAuthentic
    }
}

impl PublicKey {
    /// Seals `plaintext` to the holder of this key. Draws 32 bytes.
    ///
    /// ```text
    /// (skE, pkE) = a fresh key pair
    /// sealed = pkE (32) || AES-256-GCM(key, nonce, aad, plaintext) || tag (16)
    /// ```
    ///
    /// # Errors
    /// [`HpkeError`]: `NonContributory` if this key has low order, `NotAuthentic` if the input is too long for AES-GCM.
    pub fn hpke_seal(
        &self,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, HpkeError> {
        stack::wiped(stack::OPERATION, || seal(self, &KeyPair::generate(rng), &[], (info, aad), plaintext))
    }

    /// [`hpke_seal`](Self::hpke_seal) in the official client's form, which begins with the type of the suite.
    ///
    /// ```text
    /// 01 || pkE (32) || ciphertext || tag (16)
    /// ```
    ///
    /// # Errors
    /// As [`hpke_seal`](Self::hpke_seal).
    pub fn hpke_seal_typed(
        &self,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, HpkeError> {
        stack::wiped(stack::OPERATION, || {
            seal(self, &KeyPair::generate(rng), &[TYPE], (info, aad), plaintext)
        })
    }
}

impl PrivateKey {
    /// Opens bytes that [`PublicKey::hpke_seal`] sealed to this key's public key.
    ///
    /// ```text
    /// pkE (32) || ciphertext || tag (16) = sealed
    /// plaintext = AES-256-GCM-Open(key, nonce, aad, ciphertext || tag)
    /// ```
    ///
    /// # Errors
    /// [`HpkeError`], in this order: `TooShort`, `NonContributory`, `NotAuthentic`.
    pub fn hpke_open(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
        stack::wiped(stack::OPERATION, || open(self, (info, aad), sealed))
    }

    /// Opens bytes that [`PublicKey::hpke_seal_typed`] sealed.
    ///
    /// # Errors
    /// [`HpkeError`], in this order: `TooShort` for empty input, `UnknownType`, then as [`hpke_open`](Self::hpke_open).
    pub fn hpke_open_typed(
        &self,
        info: &[u8],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
        match sealed.split_first() {
            None => Err(HpkeError::TooShort(0)),
            Some((&TYPE, sealed)) => self.hpke_open(info, aad, sealed),
            Some((kind, _)) => Err(HpkeError::UnknownType(*kind)),
        }
    }
}

/// `SealBase` with the given ephemeral pair, behind `prefix`.
fn seal(
    recipient: &PublicKey,
    ephemeral: &KeyPair,
    prefix: &[u8],
    (info, aad): (&[u8], &[u8]),
    plaintext: &[u8],
) -> Result<Vec<u8>, HpkeError> {
    let enc = ephemeral.public();
    let shared = shared_secret(&ephemeral.private().diffie_hellman(recipient)?, enc, recipient);
    let (key, nonce) = HPKE.key_schedule(&shared, info);
    // Exactly as large as needed: growing would leave the plaintext behind.
    let mut out = Vec::with_capacity(prefix.len().saturating_add(OVERHEAD).saturating_add(plaintext.len()));
    out.extend_from_slice(prefix);
    out.extend_from_slice(enc.as_bytes());
    out.extend_from_slice(plaintext);
    let body = out.get_mut(prefix.len() + ENC_LEN..).unwrap_or_default();
    let tag = gcm::seal(key.as_bytes(), nonce.as_bytes(), aad, body)?;
    out.extend_from_slice(&tag);
    Ok(out)
}

/// `OpenBase`.
fn open(
    recipient: &PrivateKey,
    (info, aad): (&[u8], &[u8]),
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
    let (enc, rest) = sealed.split_first_chunk::<ENC_LEN>().ok_or(HpkeError::TooShort(sealed.len()))?;
    let enc = PublicKey::from_bytes(*enc);
    let shared = shared_secret(&recipient.diffie_hellman(&enc)?, &enc, &recipient.public_key());
    let (key, nonce) = HPKE.key_schedule(&shared, info);
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(HpkeError::NotAuthentic)?;
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    gcm::open(key.as_bytes(), nonce.as_bytes(), aad, &mut plaintext, tag)?;
    Ok(plaintext)
}

/// The KEM's `ExtractAndExpand`.
///
/// ```text
/// prk    = LabeledExtract("", "eae_prk", DH)
/// shared = LabeledExpand(prk, "shared_secret", pkE || pkR, 32)
/// ```
fn shared_secret(dh: &Secret<32>, enc: &PublicKey, recipient: &PublicKey) -> Secret<32> {
    let prk = KEM.extract(&MacKey::ZERO, b"eae_prk", dh.as_bytes());
    KEM.expand(&prk, b"shared_secret", &[enc.as_bytes(), recipient.as_bytes()])
}

/// The prefix of a derivation's labels, after the version.
pub(super) struct Suite(pub(super) &'static [u8]);

impl Suite {
    /// Key and nonce of the first message.
    ///
    /// ```text
    /// context = 00 || LabeledExtract("", "psk_id_hash", "") || LabeledExtract("", "info_hash", info)
    /// secret  = LabeledExtract(shared, "secret", "")
    /// key     = LabeledExpand(secret, "key", context, 32)
    /// nonce   = LabeledExpand(secret, "base_nonce", context, 12)
    /// ```
    pub(super) fn key_schedule(&self, shared: &Secret<32>, info: &[u8]) -> (Secret<32>, Secret<NONCE_LEN>) {
        let psk_id_hash = self.extract(&MacKey::ZERO, b"psk_id_hash", &[]);
        let info_hash = self.extract(&MacKey::ZERO, b"info_hash", info);
        let context: &[&[u8]] = &[&[MODE_BASE], psk_id_hash.as_bytes(), info_hash.as_bytes()];
        let secret = self.extract(&MacKey::new(shared.as_bytes()), b"secret", &[]);
        (self.expand(&secret, b"key", context), self.expand(&secret, b"base_nonce", context))
    }

    /// `LabeledExtract`.
    fn extract(&self, salt: &MacKey, label: &[u8], ikm: &[u8]) -> Secret<32> {
        salt.mac(&[VERSION, self.0, label, ikm])
    }

    /// `LabeledExpand` of at most one block, with `info` in up to three parts.
    fn expand<const N: usize>(&self, prk: &Secret<32>, label: &[u8], info: &[&[u8]]) -> Secret<N> {
        const { assert!(N <= 32, "one block") };
        let [.., high, low] = N.to_be_bytes();
        let part = |at: usize| info.get(at).copied().unwrap_or_default();
        let length = [high, low];
        let parts = [&length, VERSION, self.0, label, part(0), part(1), part(2), &[1]];
        let block = MacKey::new(prk.as_bytes()).mac(&parts);
        let mut out = Secret::zero();
        for (to, from) in out.as_bytes_mut().iter_mut().zip(block.as_bytes()) {
            *to = *from;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// RFC 9180, appendix A.1.1: `skRm` and `skEm`. The KEM there is this one, the AEAD is not.
    const RECIPIENT: [u8; 32] = hex!("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8");
    const EPHEMERAL: [u8; 32] = hex!("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736");

    fn key(bytes: [u8; 32]) -> PrivateKey {
        PrivateKey::from_secret(&Secret::new(bytes))
    }

    /// `pkEm`, `pkRm` and `shared_secret` there.
    #[test]
    fn kem_of_rfc_9180() {
        let (recipient, ephemeral) = (key(RECIPIENT), key(EPHEMERAL));
        let [enc, public] = [&ephemeral, &recipient].map(PrivateKey::public_key);
        assert_eq!(enc.as_bytes(), &hex!("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"));
        assert_eq!(
            public.as_bytes(),
            &hex!("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
        );
        let shared = hex!("fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc");
        for dh in [ephemeral.diffie_hellman(&public), recipient.diffie_hellman(&enc)] {
            assert_eq!(shared_secret(&dh.unwrap(), &enc, &public).as_bytes(), &shared);
        }
    }

    /// With the keys of the RFC, computed on 2026-11-29 with the npm packages `@hpke/core` and `@hpke/dhkem-x25519`.
    #[test]
    fn known_answers_of_another_implementation() {
        let (recipient, ephemeral) = (key(RECIPIENT), KeyPair::from_private(key(EPHEMERAL)));
        let cases: [[&[u8]; 4]; 3] = [
            [b"", b"", b"", &hex!("54a49987be6be6dc37cdf0c911263ef4")],
            [
                b"Ode on a Grecian Urn",
                b"Count-0",
                b"Beauty is truth, truth beauty",
                &hex!(
                    "090b7dc225419f7da9e8b460becfbb96a26c7964d79b8010d397fa838530a32a397b14f5776db19ff5e57734e0"
                ),
            ],
            [
                &[b'i'; 100],
                &[b'a'; 64],
                &[b'p'; 70],
                &hex!(
                    "0422f206f644701bd9ee43dc2638373cbce305a55355e6dcad2164ed5d9d12404cc6bd61f89b3a3f60f48f57348e33"
                    "7936517da66087d78aed3b3fe46c02a78a554fa4212d9b7df1ad2abffa4b40c83422b736b12921"
                ),
            ],
        ];
        for [info, aad, plaintext, body] in cases {
            let sealed = seal(&recipient.public_key(), &ephemeral, &[], (info, aad), plaintext).unwrap();
            assert_eq!(sealed, [ephemeral.public().as_bytes(), body].concat());
            assert_eq!(recipient.hpke_open(info, aad, &sealed).unwrap().as_slice(), plaintext);
        }
    }

    /// Sealed on 2026-11-29 by the Python package `cryptography` 48, which knows no associated data.
    #[test]
    fn what_another_implementation_sealed_is_opened() {
        let sealed = hex!(
            "0bcb4861dd119678cfe7b225a41b592589f3eabeba4e5f63ec6dc85e7c9c263f42aee1901f0e354164cd53c88e8d9176"
            "43d6744b0e1ce4489b0bafbe949c6fb7f53fde16add3b893e63724a01f"
        );
        let opened = key(RECIPIENT).hpke_open(b"Ode on a Grecian Urn", b"", &sealed).unwrap();
        assert_eq!(opened.as_slice(), b"Beauty is truth, truth beauty");
    }

    #[test]
    fn every_change_is_refused() {
        let (recipient, mut rng) = (key(RECIPIENT), ChaCha20Rng::seed_from_u64(1));
        let sealed = recipient.public_key().hpke_seal(b"info", b"aad", b"text", &mut rng).unwrap();
        assert_eq!(sealed.len(), OVERHEAD + 4);
        let open = |sealed: &[u8]| recipient.hpke_open(b"info", b"aad", sealed);
        assert_eq!(open(&sealed).unwrap().as_slice(), b"text");
        for at in 0..8 * sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            assert_eq!(open(&damaged), Err(HpkeError::NotAuthentic), "bit {at}");
        }
        for len in 0..sealed.len() {
            let refused = if len < ENC_LEN { HpkeError::TooShort(len) } else { HpkeError::NotAuthentic };
            assert_eq!(open(&sealed[..len]), Err(refused), "{len} bytes");
        }
        for (info, aad) in [(&b"infos"[..], &b"aad"[..]), (b"info", b"aaa"), (b"infoaad", b""), (b"", b"")] {
            assert_eq!(recipient.hpke_open(info, aad, &sealed), Err(HpkeError::NotAuthentic));
        }
        let other = key([7; 32]);
        assert_eq!(other.hpke_open(b"info", b"aad", &sealed), Err(HpkeError::NotAuthentic));
    }

    #[test]
    fn the_typed_form_begins_with_its_type() {
        let recipient = key(RECIPIENT);
        let [bare, typed] = [false, true].map(|typed| {
            let (key, mut rng) = (recipient.public_key(), ChaCha20Rng::seed_from_u64(1));
            if typed {
                key.hpke_seal_typed(b"info", b"aad", b"text", &mut rng).unwrap()
            } else {
                key.hpke_seal(b"info", b"aad", b"text", &mut rng).unwrap()
            }
        });
        assert_eq!(typed, [&[0x01], &bare[..]].concat());
        let open = |sealed: &[u8]| recipient.hpke_open_typed(b"info", b"aad", sealed);
        assert_eq!(open(&typed).unwrap().as_slice(), b"text");
        assert_eq!(open(&[]), Err(HpkeError::TooShort(0)));
        for kind in [0, 2, 5, 0xFF] {
            assert_eq!(open(&[&[kind], &bare[..]].concat()), Err(HpkeError::UnknownType(kind)));
        }
        assert_eq!(open(&typed[..ENC_LEN]), Err(HpkeError::TooShort(ENC_LEN - 1)));
    }

    #[test]
    fn keys_of_low_order_are_refused() {
        let (recipient, mut rng) = (key(RECIPIENT), ChaCha20Rng::seed_from_u64(1));
        let zero = PublicKey::from_bytes([0; 32]);
        let refused = Err(HpkeError::NonContributory(NonContributory));
        assert_eq!(zero.hpke_seal(b"", b"", b"text", &mut rng), refused);
        assert_eq!(recipient.hpke_open(b"", b"", &[0; 60]).map(|text| text.to_vec()), refused);
    }
}
