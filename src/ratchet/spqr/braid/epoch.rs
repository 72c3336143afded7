// SPDX-License-Identifier: MIT OR Apache-2.0

//! The common part of all states of one epoch.

use core::fmt;

use crate::crypto::kdf::HkdfSalt;
use crate::crypto::secret::Secret;
use crate::ratchet::spqr::profile::Profile;

use super::authenticator::Authenticator;

/// The number of an epoch, from 1, and the authenticator in it.
pub(in crate::ratchet::spqr) struct Epoch {
    pub(in crate::ratchet::spqr) number: u64,
    pub(in crate::ratchet::spqr) authenticator: Authenticator,
}

impl Epoch {
    /// Epoch 1 of two parties that share `auth_key`.
    #[must_use]
    pub(in crate::ratchet::spqr) fn first(profile: Profile, auth_key: &[u8]) -> Self {
        Self { number: 1, authenticator: Authenticator::of(profile, auth_key) }
    }

    /// Derives the epoch secret from the KEM's shared secret, and mixes it into the authenticator.
    ///
    /// ```text
    /// epoch secret = HKDF(salt = 0, ikm = shared secret, "…:SCKA Key" || epoch, 32)
    /// ```
    pub(in crate::ratchet::spqr) fn agree(&mut self, shared_secret: &Secret<32>) -> Secret<32> {
        let info = self.number.to_be_bytes();
        let label = self.authenticator.profile().labels().epoch_secret;
        let secret: Secret<32> = HkdfSalt::ZERO.derive(&[shared_secret.as_bytes()], (&[], label, &info));
        self.authenticator.update(self.number, secret.as_bytes());
        secret
    }

    /// The epoch after this one. Only the authenticator is carried over.
    pub(in crate::ratchet::spqr) fn next(self) -> Self {
        Self { number: self.number.saturating_add(1), authenticator: self.authenticator }
    }

    pub(in crate::ratchet::spqr) const fn duplicate(&self) -> Self {
        Self { number: self.number, authenticator: self.authenticator.duplicate() }
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, authenticator: _ } = self;
        write!(f, "Epoch({number}, ..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answer() {
        let mut epoch = Epoch::first(Profile::Signal, &[]);
        assert_eq!(
            epoch.agree(&Secret::new([0x66; 32])).as_bytes(),
            &hex_literal::hex!("10abe3c6bcc24ad566890f5763e18983c865edb2754e64a726f55db2c0abeaa2")
        );
    }
}
