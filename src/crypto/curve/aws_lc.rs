// SPDX-License-Identifier: MIT OR Apache-2.0

//! X25519 by `aws-lc-rs`: in assembly where there is some. `curve25519-dalek` computes the keys that it refuses.

use core::fmt;
use std::sync::{Arc, Mutex};

use aws_lc_rs::agreement::{self, UnparsedPublicKey, X25519};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::montgomery::MontgomeryPoint;

use crate::crypto::secret::Secret;

/// The library's form of the private key, once it was needed: making it costs as much as the public key. The library
/// wipes it when it is dropped.
///
/// Neither a `OnceLock` nor a `RwLock`: an absent value, or padding, would carry stale stack bytes, which may be
/// secret, into long-lived memory. Locked while the key is made and while a pointer is copied, not while it is used.
pub(super) struct Handle(Mutex<Option<Arc<agreement::PrivateKey>>>);

impl Handle {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn key(&self, private: &Secret<32>) -> Option<Arc<agreement::PrivateKey>> {
        let mut kept = self.0.lock().ok()?;
        if kept.is_none() {
            *kept = agreement::PrivateKey::from_private_key(&X25519, private.as_bytes()).ok().map(Arc::new);
        }
        kept.clone()
    }

    /// The public key of a private one.
    pub(super) fn public_key(&self, private: &Secret<32>) -> [u8; 32] {
        self.key(private)
            .and_then(|key| key.compute_public_key().ok())
            .and_then(|public| public.as_ref().try_into().ok())
            .unwrap_or_else(|| MontgomeryPoint::mul_base_clamped(*private.as_bytes()).to_bytes())
    }

    /// X25519; all zero if the public key is of low order.
    pub(super) fn agree(&self, private: &Secret<32>, theirs: &Prepared) -> Secret<32> {
        let shared = self.key(private).and_then(|key| {
            let theirs = UnparsedPublicKey::new(&X25519, theirs.0.as_bytes());
            agreement::agree(&key, theirs, (), |shared| Secret::try_from(shared).map_err(|_| ())).ok()
        });
        // It gives no shared secret for keys of low order.
        shared.unwrap_or_else(|| Secret::new(theirs.0.mul_clamped(*private.as_bytes()).to_bytes()))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("Handle(..)")
    }
}

/// A public key, prepared for X25519: as it is.
#[derive(Clone, Copy)]
pub(super) struct Prepared(MontgomeryPoint);

impl Prepared {
    pub(super) const fn new(u: [u8; 32]) -> Self {
        Self(MontgomeryPoint(u))
    }

    /// The point with the key's u-coordinate whose sign bit is 0, if there is one.
    pub(super) fn edwards(&self) -> Option<EdwardsPoint> {
        self.0.to_edwards(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small numbers, of which half are on the twist and some of low order; and points derived from them.
    #[test]
    fn both_libraries_agree() {
        let mut u = [0; 32];
        for number in 0..=255 {
            u[0] = number;
            let (private, handle) = (Secret::new([number ^ 0x55; 32]), Handle::new());
            let expected = MontgomeryPoint::mul_base_clamped(*private.as_bytes()).to_bytes();
            assert_eq!(handle.public_key(&private), expected);
            for u in [u, Handle::new().public_key(&Secret::new(u)), [number; 32], [0xFF; 32]] {
                let expected = Secret::new(MontgomeryPoint(u).mul_clamped(*private.as_bytes()).to_bytes());
                assert_eq!(handle.agree(&private, &Prepared::new(u)), expected, "{u:02x?}");
                assert_eq!(Handle::new().agree(&private, &Prepared::new(u)), expected, "{u:02x?}");
            }
        }
    }
}
