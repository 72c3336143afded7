// SPDX-License-Identifier: MIT OR Apache-2.0

//! HMAC-SHA-256 and HKDF-SHA-256 (RFC 2104, RFC 5869) over fixed arrays.

mod running_mac;

use core::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::secret::Secret;

pub use running_mac::RunningMac;

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
        Self::of_any_len(key)
    }

    /// Prepares a key of any length; of more than 64 bytes it is their hash, as for all HMACs.
    #[must_use]
    pub fn of_any_len(key: &[u8]) -> Self {
        let hashed = (key.len() > 64).then(|| Zeroizing::new(<[u8; 32]>::from(Sha256::digest(key))));
        let key = hashed.as_ref().map_or(key, |hash| hash.as_slice());
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

/// A salt of HKDF-SHA-256, ready to be used several times: its pads are hashed once.
pub struct HkdfSalt(MacKey);

impl HkdfSalt {
    /// Prepares `salt`. HKDF without a salt is HKDF with 32 zero bytes.
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
        const { assert!(N <= 255 * 32, "HKDF-SHA-256 gives at most 8,160 bytes") };
        let (before, Label(label), after) = info;
        let key = MacKey::new(self.0.mac(ikm).as_bytes());
        let mut okm = Secret::zero();
        let mut previous: Option<Secret<32>> = None;
        for (counter, slot) in (1u8..).zip(okm.as_bytes_mut().chunks_mut(32)) {
            let chained = previous.as_ref().map_or(&[][..], |block| block.as_bytes());
            let block = key.mac(&[chained, before, label, after, &[counter]]);
            for (to, from) in slot.iter_mut().zip(block.as_bytes()) {
                *to = *from;
            }
            previous = Some(block);
        }
        okm
    }
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
        }
    }
}
