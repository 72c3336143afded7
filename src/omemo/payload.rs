// SPDX-License-Identifier: MIT OR Apache-2.0

//! The payload of a stanza, encrypted once under a key of its own; the sessions carry its key material (OMEMO facts
//! §13).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::crypto::cbc;
use crate::crypto::gcm128;
use crate::crypto::kdf::{Label, MacKey, hkdf};
use crate::crypto::secret::Secret;

const LABEL: Label = Label::new("OMEMO Payload");

/// A payload can't be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The key material has another length.
    #[error("key material of another length")]
    BadKeyMaterial,
    /// Legacy: there is no payload, or the initialisation vector has neither 12 nor 16 bytes.
    #[error("no payload, or an initialisation vector of another length")]
    BadPayload,
    /// The payload is not the one that the key material belongs to.
    #[error("the payload is not authentic")]
    NotAuthentic,
}

/// A sealed payload.
pub struct Sealed {
    /// The content of `<payload>`, before base64.
    pub payload: Vec<u8>,
    /// What each device gets through its session: 48 bytes, legacy 32.
    pub key_material: Zeroizing<Vec<u8>>,
    /// Legacy: the content of `<iv>`, 12 bytes.
    pub iv: Option<[u8; 12]>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { payload, key_material: _, iv: _ } = self;
        write!(f, "Sealed({} bytes)", payload.len())
    }
}

/// The payload of version 2.
///
/// ```text
/// enc || auth || iv = HKDF(0×32, key, "OMEMO Payload", 80)
/// payload           = AES-256-CBC(enc, iv, envelope)
/// key material      = key || HMAC(auth, payload)[0..16]
/// ```
#[derive(Debug)]
pub struct Two;

impl Two {
    /// The key material of an empty message, which has no payload.
    pub const EMPTY: [u8; 32] = [0; 32];

    /// Seals an SCE envelope. Draws 32 bytes.
    pub fn seal(envelope: &[u8], rng: &mut impl CryptoRng) -> Sealed {
        let key = Secret::<32>::random(rng);
        let (cipher_key, mac_key, iv) = keys(&key);
        let mut payload = Vec::with_capacity(cbc::encrypted_len(envelope.len()));
        cbc::encrypt_into(cipher_key.as_bytes(), iv.as_bytes(), envelope, &mut payload);
        let tag = MacKey::new(mac_key.as_bytes()).tag::<16>(&[&payload]);
        Sealed { payload, key_material: joined(key.as_bytes(), &tag), iv: None }
    }

    /// Opens a payload.
    ///
    /// # Errors
    /// [`PayloadError`].
    pub fn open(payload: &[u8], key_material: &[u8]) -> Result<Zeroizing<Vec<u8>>, PayloadError> {
        let (key, tag) = key_material.split_first_chunk::<32>().ok_or(PayloadError::BadKeyMaterial)?;
        let tag = tag.try_into().map_err(|_| PayloadError::BadKeyMaterial)?;
        let (cipher_key, mac_key, iv) = keys(&Secret::new(*key));
        if !MacKey::new(mac_key.as_bytes()).verify::<16>(&[payload], tag) {
            return Err(PayloadError::NotAuthentic);
        }
        cbc::decrypt(cipher_key.as_bytes(), iv.as_bytes(), payload).map_err(|_| PayloadError::NotAuthentic)
    }
}

fn keys(key: &Secret<32>) -> (Secret<32>, Secret<32>, Secret<16>) {
    let (cipher_key, rest) = hkdf::<80>(None, key.as_bytes(), LABEL).split::<32, 48>();
    let (mac_key, iv) = rest.split();
    (cipher_key, mac_key, iv)
}

fn joined(key: &[u8], tag: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(key.len() + tag.len()));
    out.extend_from_slice(key);
    out.extend_from_slice(tag);
    out
}

/// The payload of the legacy version.
///
/// ```text
/// payload || tag = AES-128-GCM(key, iv, text)
/// key material   = key || tag
/// ```
#[derive(Debug)]
pub struct Legacy;

impl Legacy {
    /// Seals a text. Draws 16 bytes for the key, and 12 for the initialisation vector. An empty text gives an empty
    /// payload, which readers take for none.
    pub fn seal(text: &[u8], rng: &mut impl CryptoRng) -> Sealed {
        let key = Secret::<16>::random(rng);
        let mut iv = [0; 12];
        rng.fill_bytes(&mut iv);
        let mut payload = text.to_vec();
        // A text is shorter than GCM's limit of 64 GiB.
        let tag = gcm128::seal(key.as_bytes(), &iv, &mut payload).unwrap_or_default();
        Sealed { payload, key_material: joined(key.as_bytes(), &tag), iv: Some(iv) }
    }

    /// The key material of an empty message (a key transport), 16 bytes, and its initialisation vector. Draws 12 bytes
    /// for that, then 16.
    pub fn empty(rng: &mut impl CryptoRng) -> ([u8; 12], Zeroizing<Vec<u8>>) {
        let mut iv = [0; 12];
        rng.fill_bytes(&mut iv);
        let key = Secret::<16>::random(rng);
        (iv, joined(key.as_bytes(), &[]))
    }

    /// Opens a payload. The initialisation vector has 12 bytes, or 16 from older clients; key material of 16 bytes has
    /// its tag at the payload's end, from the oldest.
    ///
    /// # Errors
    /// [`PayloadError`].
    pub fn open(payload: &[u8], iv: &[u8], key_material: &[u8]) -> Result<Zeroizing<Vec<u8>>, PayloadError> {
        let (key, tag) = key_material.split_first_chunk::<16>().ok_or(PayloadError::BadKeyMaterial)?;
        let (payload, tag) = match <[u8; 16]>::try_from(tag) {
            Ok(tag) => (payload, tag),
            Err(_) if tag.is_empty() => {
                let (payload, tag) = payload.split_last_chunk::<16>().ok_or(PayloadError::BadPayload)?;
                (payload, *tag)
            }
            Err(_) => return Err(PayloadError::BadKeyMaterial),
        };
        if payload.is_empty() || ![12, 16].contains(&iv.len()) {
            return Err(PayloadError::BadPayload);
        }
        let mut text = Zeroizing::new(payload.to_vec());
        gcm128::open(key, iv, &mut text, &tag).map_err(|_| PayloadError::NotAuthentic)?;
        Ok(text)
    }
}

/// The letters of [padding].
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text of SCE's `<rpad/>` (XEP-0420 §6): as much as an envelope of `len` bytes without it needs to reach `minimum`,
/// and 0 to 200 characters more. Draws 4 bytes for their number, and one for each.
pub fn padding(len: usize, minimum: usize, rng: &mut impl CryptoRng) -> String {
    let mut drawn = [0; 4];
    rng.fill_bytes(&mut drawn);
    let more = usize::try_from(u32::from_le_bytes(drawn) % 201).unwrap_or_default();
    let mut text = alloc::vec![0; minimum.saturating_sub(len) + more];
    rng.fill_bytes(&mut text);
    text.iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte & 63)))
        .map(|letter| char::from(*letter))
        .collect()
}
