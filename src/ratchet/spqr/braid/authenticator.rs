// SPDX-License-Identifier: MIT OR Apache-2.0

//! The ratcheted authenticator: binds headers and ciphertexts to all secrets before them.

use core::fmt;

use subtle::ConstantTimeEq;

use crate::crypto::kdf::{HkdfSalt, MacKey};
use crate::crypto::kem768::{CT1_LEN, CT2_LEN, HEADER_LEN};
use crate::crypto::secret::Secret;
use crate::ratchet::spqr::profile::Profile;

/// Length of a MAC in bytes.
pub const MAC_LEN: usize = 32;

/// A root key and a MAC key.
///
/// ```text
/// root || mac = HKDF(salt = 0, ikm = root || key, info = "…:Authenticator Update" || epoch, 64)
/// ```
///
/// Epochs are 64-bit big-endian integers. Within an epoch the header's MAC comes first, then the update with
/// the epoch secret, then the ciphertext's MAC.
pub struct Authenticator {
    profile: Profile,
    root: Secret<32>,
    mac: Secret<32>,
}

impl Authenticator {
    /// Begins with the secret that both sides share, of any length: zero keys, updated with it in epoch 1.
    #[cfg(any(test, feature = "hazmat"))]
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self::of(Profile::Signal, key)
    }

    /// [`Self::new`] with a profile's labels.
    pub(super) fn of(profile: Profile, key: &[u8]) -> Self {
        let mut new = Self::with_keys(profile, Secret::zero(), Secret::zero());
        new.update(1, key);
        new
    }

    /// The two keys as they were stored.
    #[cfg(any(feature = "hazmat", feature = "libsignal"))]
    #[must_use]
    pub const fn from_keys(root: Secret<32>, mac: Secret<32>) -> Self {
        Self::with_keys(Profile::Signal, root, mac)
    }

    /// [`Self::from_keys`] of a profile.
    pub(in crate::ratchet::spqr) const fn with_keys(
        profile: Profile,
        root: Secret<32>,
        mac: Secret<32>,
    ) -> Self {
        Self { profile, root, mac }
    }

    /// The profile whose labels are used.
    pub(in crate::ratchet::spqr) const fn profile(&self) -> Profile {
        self.profile
    }

    /// The root key.
    #[must_use]
    pub const fn root(&self) -> &Secret<32> {
        &self.root
    }

    /// The MAC key.
    #[must_use]
    pub const fn mac(&self) -> &Secret<32> {
        &self.mac
    }

    /// Mixes `key` into both keys.
    pub fn update(&mut self, epoch: u64, key: &[u8]) {
        let ikm = [&self.root.as_bytes()[..], key];
        let keys: Secret<64> =
            HkdfSalt::ZERO.derive(&ikm, (&[], self.profile.labels().update, &epoch.to_be_bytes()));
        (self.root, self.mac) = keys.split();
    }

    /// `HMAC(mac, "…:ekheader" || epoch || header)`.
    #[must_use]
    pub fn header_mac(&self, epoch: u64, header: &[u8; HEADER_LEN]) -> [u8; MAC_LEN] {
        MacKey::new(self.mac.as_bytes()).tag(&[self.profile.labels().header, &epoch.to_be_bytes(), header])
    }

    /// `HMAC(mac, "…:ciphertext" || epoch || ct1 || ct2)`.
    #[must_use]
    pub fn ciphertext_mac(&self, epoch: u64, ct1: &[u8; CT1_LEN], ct2: &[u8; CT2_LEN]) -> [u8; MAC_LEN] {
        MacKey::new(self.mac.as_bytes()).tag(&[
            self.profile.labels().ciphertext,
            &epoch.to_be_bytes(),
            ct1,
            ct2,
        ])
    }

    /// Returns whether `mac` is the header's, compared in constant time.
    #[must_use]
    pub fn verify_header(&self, epoch: u64, header: &[u8; HEADER_LEN], mac: &[u8; MAC_LEN]) -> bool {
        self.header_mac(epoch, header).ct_eq(mac).into()
    }

    /// Returns whether `mac` is the ciphertext's, compared in constant time.
    #[must_use]
    pub fn verify_ciphertext(
        &self,
        epoch: u64,
        ct1: &[u8; CT1_LEN],
        ct2: &[u8; CT2_LEN],
        mac: &[u8; MAC_LEN],
    ) -> bool {
        self.ciphertext_mac(epoch, ct1, ct2).ct_eq(mac).into()
    }

    pub(super) const fn duplicate(&self) -> Self {
        Self { profile: self.profile, root: self.root.duplicate(), mac: self.mac.duplicate() }
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authenticator(..)")
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    #[test]
    fn known_answers() {
        let key: [u8; 32] = core::array::from_fn(|k| u8::try_from(k).unwrap());
        let mut authenticator = Authenticator::new(&key);
        assert_eq!(
            authenticator.root.as_bytes(),
            &hex!("eae875be1b0c8ce16b6c7b67a9d4b49f476d93eaf152676b82bd4a1993211a05")
        );
        assert_eq!(
            authenticator.mac.as_bytes(),
            &hex!("0d54710b71cef4864e8339471177d3699162c711907b0c5593ce569a0b43c30e")
        );
        let mac = hex!("a863ba097931d6b57598fa6fb2c13cb1bb0d01af88179fc73311d42f64518c5e");
        assert!(authenticator.verify_header(1, &[0xAA; 64], &mac));
        assert!(!authenticator.verify_header(2, &[0xAA; 64], &mac));
        authenticator.update(1, &[0x55; 32]);
        assert_eq!(
            authenticator.root.as_bytes(),
            &hex!("4a54b844316ad53638c5354777eb1db00d20c5721a443513fe752d7a278dba72")
        );
        assert_eq!(
            authenticator.mac.as_bytes(),
            &hex!("e78901e262374142767ed31037d556a64159d7793873e4afb960717089e28079")
        );
        let mac = hex!("e245871c85aefd34628c5ec7cb62ee753dcdb9c40ebcceffbfa062232c3f5154");
        assert!(authenticator.verify_ciphertext(1, &[0xBB; 960], &[0xBB; 128], &mac));
    }
}
