// SPDX-License-Identifier: MIT OR Apache-2.0

//! HKDF-SHA-256 (RFC 5869) over fixed arrays.

use core::fmt;

use hkdf::Hkdf;
use sha2::Sha256;

pub use super::mac::MacKey;
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
    salt.map_or(HkdfSalt::ZERO, HkdfSalt::new).derive(&[ikm], (&[], label, &[]))
}

/// HKDF with salt, `info` and length known at run time only; fills `okm`. An empty salt is the same as
/// 32 zero bytes.
///
/// # Errors
/// [`OutputTooLong`] if `okm` is longer than 8,160 bytes.
pub fn hkdf_into(salt: &[u8], ikm: &[u8], info: &[u8], okm: &mut [u8]) -> Result<(), OutputTooLong> {
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, okm).map_err(|_| OutputTooLong)
}

/// A salt of HKDF-SHA-256, ready to be used several times: its pads are hashed once.
pub struct HkdfSalt(MacKey);

impl HkdfSalt {
    /// 32 zero bytes: HKDF without a salt.
    pub const ZERO: Self = Self(MacKey::ZERO);

    /// Prepares `salt`.
    #[must_use]
    pub fn new(salt: &[u8; 32]) -> Self {
        Self(MacKey::new(salt))
    }

    /// `HKDF(salt, ikm, info, N)`, where `ikm` and `info` are given in parts: `info` as a number or other
    /// public bytes, a label, and more of such bytes.
    ///
    /// `N` is at most 8,160 bytes; more does not compile.
    #[must_use]
    pub fn derive<const N: usize>(&self, ikm: &[&[u8]], info: (&[u8], Label, &[u8])) -> Secret<N> {
        expand(&MacKey::new(self.0.mac(ikm).as_bytes()), info)
    }
}

/// `HKDF-Expand(prk, info, N)` of a prepared key, with `info` as in [`HkdfSalt::derive`].
#[must_use]
pub fn expand<const N: usize>(key: &MacKey, info: (&[u8], Label, &[u8])) -> Secret<N> {
    const { assert!(N <= 255 * 32, "HKDF-SHA-256 gives at most 8,160 bytes") };
    let (before, Label(label), after) = info;
    let mut okm = Secret::zero();
    let mut previous: Option<Secret<32>> = None;
    for (counter, slot) in (1..=u8::MAX).zip(okm.as_bytes_mut().chunks_mut(32)) {
        let chained = previous.as_ref().map_or(&[][..], |block| block.as_bytes());
        let block = key.mac(&[chained, before, label, after, &[counter]]);
        for (to, from) in slot.iter_mut().zip(block.as_bytes()) {
            *to = *from;
        }
        previous = Some(block);
    }
    okm
}

impl fmt::Debug for HkdfSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HkdfSalt(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepared_salt_derives_what_hkdf_derives() {
        let info = Label::new("some info");
        let parts = (&b"so"[..], Label::new("me in"), &b"fo"[..]);
        for salt in [[0; 32], [7; 32]] {
            let prepared = HkdfSalt::new(&salt);
            assert_eq!(prepared.derive::<32>(&[b"secret"], parts), hkdf(Some(&salt), b"secret", info));
            assert_eq!(prepared.derive::<50>(&[b"sec", b"ret"], parts), hkdf(Some(&salt), b"secret", info));
            assert_eq!(prepared.derive::<96>(&[b"secret", b""], parts), hkdf(Some(&salt), b"secret", info));
            // All that there is.
            let mut all = [0; 255 * 32];
            hkdf_into(&salt, b"secret", b"some info", &mut all).unwrap();
            assert_eq!(prepared.derive::<{ 255 * 32 }>(&[b"secret"], parts).as_bytes(), &all);
            assert_eq!(hkdf_into(&salt, b"secret", b"", &mut [0; 255 * 32 + 1]), Err(OutputTooLong));
        }
    }
}
