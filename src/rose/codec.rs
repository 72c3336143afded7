// SPDX-License-Identifier: MIT OR Apache-2.0

//! The bytes of a message (rose 32 §3.4, §3.5, 33 §2, §5, 34 §3). What is here runs inside of `stack::wiped` of the depth
//! `stack::ROSE`: one wipe for all of a message.
//!
//! ```text
//! single = T (16) || EH (120) || F (32) || C || t (16)        EH = R (16) || encrypted header (88) || tag (16)
//! split  = T (16) || EH (120) || V (48) || F (32) || C || t (16)
//! ```

use alloc::vec::Vec;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::error::ReceiveError;
use crate::crypto::gcm;
use crate::crypto::kdf::{HkdfSalt, Label, MacKey, expand};
use crate::crypto::secret::Secret;
#[cfg(feature = "hazmat")]
use crate::crypto::stack;
use crate::profile::ROSE;
use crate::ratchet::rose::{Expected, HeaderKey};
use crate::wire::rose::header::{self, HEADER_LEN};
use crate::wire::rose::{TAG_LEN, Tag};

/// Bytes of a single message beside `P`.
pub(super) const SINGLE_OVERHEAD: usize = TAG_LEN + EH_LEN + 32 + ROSE.mac_len;
/// Bytes of a split message beside `P`.
pub(super) const SPLIT_OVERHEAD: usize = SINGLE_OVERHEAD + V_LEN;
/// Length of `EH`.
const EH_LEN: usize = 16 + HEADER_LEN + ROSE.mac_len;
/// Length of `V`.
const V_LEN: usize = 32 + ROSE.mac_len;

const R: &[u8] = b"rose1.r\0";
const FRANK: &[u8] = b"rose1.frank\0";
const SHARED: Label = Label::new("rose1.shared\0");

/// `EH`.
pub(super) type EncryptedHeader = [u8; EH_LEN];

/// `Ke`, `Ne`, `Kf`.
#[derive(Debug)]
pub(super) struct BodyKeys {
    key: Secret<32>,
    nonce: Secret<12>,
    pub(super) commitment: Secret<32>,
}

impl BodyKeys {
    fn split(keys: &Secret<76>) -> Self {
        let (key, rest) = keys.split::<32, 44>();
        let (nonce, commitment) = rest.split();
        Self { key, nonce, commitment }
    }

    /// `HKDF(salt = pq, ikm = seed, info = L_body || SHA-256(EH), 76)`.
    pub(super) fn of_message(post_quantum: &Secret<32>, seed: &[u8; 32], eh: &EncryptedHeader) -> Self {
        Self::with_label(&HkdfSalt::new(post_quantum.as_bytes()), seed, ROSE.message, eh)
    }

    /// As [`Self::of_message`], with another salt and label.
    pub(super) fn with_label(salt: &HkdfSalt, seed: &[u8; 32], label: Label, eh: &EncryptedHeader) -> Self {
        Self::split(&salt.derive(&[seed], (&[], label, &Sha256::digest(eh))))
    }

    /// `Expand(prk = B, "rose1.shared\0", 76)`.
    pub(super) fn shared(b: &Secret<32>) -> Self {
        Self::split(&expand(&MacKey::new(b.as_bytes()), (&[], SHARED, &[])))
    }

    /// `F || C || t`.
    pub(super) fn seal_body(&self, padded: &[u8], out: &mut Vec<u8>) {
        let f: [u8; 32] = MacKey::new(self.commitment.as_bytes()).tag(&[FRANK, padded]);
        out.extend_from_slice(&f);
        self.seal(padded, &f, out);
    }

    /// `C || t`.
    fn seal(&self, plaintext: &[u8], associated_data: &[u8], out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(plaintext);
        let buffer = out.get_mut(begin..).unwrap_or_default();
        // No message is too long for AES-GCM.
        let tag = gcm::seal_unwiped(self.key.as_bytes(), self.nonce.as_bytes(), associated_data, buffer);
        out.extend_from_slice(&tag.unwrap_or_default());
    }

    /// `P` out of `F || C || t`.
    pub(super) fn open_body(&self, body: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReceiveError> {
        let (f, sealed) = body.split_first_chunk::<32>().ok_or(ReceiveError::NotAuthentic)?;
        let padded = self.open(sealed, f)?;
        let expected: [u8; 32] = MacKey::new(self.commitment.as_bytes()).tag(&[FRANK, &padded]);
        if expected.ct_eq(f).into() { Ok(padded) } else { Err(ReceiveError::NotAuthentic) }
    }

    fn open(&self, sealed: &[u8], associated_data: &[u8]) -> Result<Zeroizing<Vec<u8>>, ReceiveError> {
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(ReceiveError::NotAuthentic)?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        gcm::open_unwiped(self.key.as_bytes(), self.nonce.as_bytes(), associated_data, &mut plaintext, tag)
            .map_err(|_| ReceiveError::NotAuthentic)?;
        Ok(plaintext)
    }

    /// `V`: the key of a shared part, which begins with `F`.
    pub(super) fn seal_shared_key(&self, b: &Secret<32>, f: &[u8], out: &mut Vec<u8>) {
        self.seal(b.as_bytes(), f, out);
    }
}

/// `F = HMAC(Kf, L_frank || P)`.
pub(super) fn commitment(kf: &[u8; 32], padded: &[u8]) -> [u8; 32] {
    MacKey::new(kf).tag(&[FRANK, padded])
}

/// The encrypted header of a message. `m` is what is encrypted as its body, in parts. Draws `D` (16) before: `draw`.
///
/// ```text
/// R = HMAC(seed, L_r || D || header || M)[0..16]
/// EH = R || AES-256-GCM(H(HK, R), header)
/// ```
pub(super) fn encrypt_header(
    key: &HeaderKey,
    seed: &[u8; 32],
    (header, m): (&[u8; HEADER_LEN], [&[u8]; 2]),
    draw: &[u8; 16],
) -> EncryptedHeader {
    let r: [u8; 16] = MacKey::new(seed).tag(&[R, draw, header, m[0], m[1]]);
    let (key, nonce) = key.message_key(&r);
    let mut out = [0; EH_LEN];
    let (left, rest) = out.split_at_mut(r.len());
    let (middle, tag) = rest.split_at_mut(HEADER_LEN);
    left.copy_from_slice(&r);
    middle.copy_from_slice(header);
    // A header is not too long for AES-GCM.
    tag.copy_from_slice(
        &gcm::seal_unwiped(key.as_bytes(), nonce.as_bytes(), &[], middle).unwrap_or_default(),
    );
    out
}

/// 16 bytes: `D`.
pub(super) fn draw(rng: &mut impl CryptoRng) -> [u8; 16] {
    let mut out = [0; 16];
    rng.fill_bytes(&mut out);
    out
}

/// Returns whether a message's header opens under a header key, whatever its number: what a thief of the key can tell.
#[cfg(feature = "hazmat")]
#[must_use]
pub fn header_opens(key: &[u8; 32], message: &[u8]) -> bool {
    let key = HeaderKey::new(Secret::new(*key));
    stack::wiped(stack::ROSE, || {
        Parts::of(message)
            .is_some_and(|parts| parts.open_header_with(&key, |number| key.tag(number)).is_some())
    })
}

/// A message in its parts, which all messages have.
pub(super) struct Parts<'a> {
    pub(super) tag: &'a Tag,
    pub(super) eh: &'a EncryptedHeader,
    /// `F || C || t`, or `V || F || C || t`.
    pub(super) rest: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let (tag, rest) = message.split_first_chunk::<TAG_LEN>()?;
        let (eh, rest) = rest.split_first_chunk::<EH_LEN>()?;
        Some(Self { tag, eh, rest })
    }

    /// The header, if it opens under a key and its tag is that of its number. All header keys of a trial take the same
    /// way here.
    pub(super) fn open_header(&self, expected: &Expected) -> Option<[u8; HEADER_LEN]> {
        self.open_header_with(&expected.key, |number| expected.tag(number))
    }

    /// [`Self::open_header`], with tags under another key.
    pub(super) fn open_header_with(
        &self,
        key: &HeaderKey,
        tag_of: impl FnOnce(u32) -> Tag,
    ) -> Option<[u8; HEADER_LEN]> {
        let (r, sealed) = self.eh.split_first_chunk::<16>()?;
        let (ciphertext, tag) = sealed.split_first_chunk::<HEADER_LEN>()?;
        let mut header = *ciphertext;
        let (message_key, nonce) = key.message_key(r);
        gcm::open_unwiped(message_key.as_bytes(), nonce.as_bytes(), &[], &mut header, tag.first_chunk()?)
            .ok()?;
        let fits: bool = tag_of(header::number(&header)).ct_eq(self.tag).into();
        fits.then_some(header)
    }

    /// The key of the shared part of a split message, `B`, and that part.
    pub(super) fn open_shared_key(&self, keys: &BodyKeys) -> Result<(Secret<32>, &'a [u8]), ReceiveError> {
        let (v, shared) = self.rest.split_at_checked(V_LEN).ok_or(ReceiveError::NotAuthentic)?;
        let f = shared.first_chunk::<32>().ok_or(ReceiveError::NotAuthentic)?;
        let b = keys.open(v, f)?;
        Ok((Secret::try_from(&b[..]).map_err(|_| ReceiveError::NotAuthentic)?, shared))
    }
}
