// SPDX-License-Identifier: MIT OR Apache-2.0

//! HMAC-SHA-256 and HKDF-SHA-256 (RFC 2104, RFC 5869) over fixed arrays.

use core::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::secret::Secret;

/// The purpose of a derivation: HKDF's `info`. Each is a constant of the module that derives.
#[derive(Clone, Copy, Debug)]
pub struct Label(&'static [u8]);

impl Label {
    /// A label of ASCII text, without terminator.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(text.as_bytes())
    }
}

/// More output was asked for than HKDF-SHA-256 gives, which is 8,160 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("output too long for HKDF")]
pub struct OutputTooLong;

/// `HKDF(salt, ikm, label, N)`: extract and expand. Without a salt it is 32 zero bytes.
///
/// `N` is at most 8,160 bytes; more does not compile.
#[must_use]
pub fn hkdf<const N: usize>(salt: Option<&[u8; 32]>, ikm: &[u8], label: Label) -> Secret<N> {
    const { assert!(N <= 255 * 32, "HKDF-SHA-256 gives at most 8,160 bytes") };
    let mut okm = Secret::zero();
    let expanded = hkdf_into(salt.map_or(&[], <[u8; 32]>::as_slice), ikm, label.0, okm.as_bytes_mut());
    debug_assert!(expanded.is_ok(), "the length was checked when this was compiled");
    okm
}

/// HKDF with salt, `info` and length known at run time only; fills `okm`. An empty salt is the same as
/// 32 zero bytes.
///
/// # Errors
/// [`OutputTooLong`] if `okm` is longer than 8,160 bytes.
pub fn hkdf_into(salt: &[u8], ikm: &[u8], info: &[u8], okm: &mut [u8]) -> Result<(), OutputTooLong> {
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, okm).map_err(|_| OutputTooLong)
}

/// HMAC-SHA-256 under a 32-byte key, ready to be used several times: the key's pads are hashed once.
pub struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// Prepares `key`.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let mut block = Zeroizing::new([0; 64]);
        for (slot, byte) in block.iter_mut().zip(key) {
            *slot = *byte;
        }
        Self(Hmac::new((&*block).into()))
    }

    /// The MAC of the concatenation of `parts`.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> Secret<32> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        Secret::new(mac.finalize().into_bytes().into())
    }

    /// The first `N` bytes of the MAC of the concatenation of `parts`. Public from here on.
    #[must_use]
    pub fn tag<const N: usize>(&self, parts: &[&[u8]]) -> [u8; N] {
        const { assert!(N <= 32, "a MAC has 32 bytes") };
        let mut tag = [0; N];
        tag.copy_from_slice(self.mac(parts).as_bytes().split_at(N).0);
        tag
    }

    /// Whether `tag` is the beginning of the MAC of `parts`, compared in constant time.
    #[must_use]
    pub fn verify<const N: usize>(&self, parts: &[&[u8]], tag: &[u8; N]) -> bool {
        self.tag::<N>(parts).ct_eq(tag).into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}
