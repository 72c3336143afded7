// SPDX-License-Identifier: MIT OR Apache-2.0

//! The hash of one party.

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use super::error::FingerprintError;
use crate::identity::IdentityKey;

/// A fixed number of the format, hashed first. It is not the fingerprint's version.
const FORMAT: [u8; 2] = [0, 0];

/// Number of times that SHA-512 is applied for the hash of one party: 2 to 1,000,000. Both sides must use the same
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FingerprintIterations(u32);

impl FingerprintIterations {
    /// 5,200, as in Signal's apps.
    pub const DEPLOYED: Self = Self(5_200);
    /// The fewest.
    pub const MIN: Self = Self(2);
    /// The most.
    pub const MAX: Self = Self(1_000_000);

    /// A number of iterations.
    ///
    /// # Errors
    /// [`FingerprintError::Iterations`] unless `count` is 2 to 1,000,000.
    pub const fn new(count: u32) -> Result<Self, FingerprintError> {
        if Self::MIN.0 <= count && count <= Self::MAX.0 {
            Ok(Self(count))
        } else {
            Err(FingerprintError::Iterations(count))
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The hash of one party's identifier and identity key, 64 bytes. Public.
///
/// It stays the same for as long as these do, so it can be kept beside the identity key and used for all
/// conversations.
#[derive(Clone, Copy, Debug)]
pub struct FingerprintHash([u8; 64]);

impl FingerprintHash {
    /// Computes the hash, which takes `iterations` times SHA-512 of one block.
    ///
    /// `identifier` may have any length; see [`FingerprintVersion`](super::FingerprintVersion) for the convention.
    ///
    /// ```text
    /// h_1     = SHA-512(00 00 || key || identifier || key)
    /// h_{i+1} = SHA-512(h_i || key)
    /// hash    = h_iterations
    /// ```
    #[must_use]
    pub fn compute(iterations: FingerprintIterations, identifier: &[u8], key: &IdentityKey) -> Self {
        let key = key.encode();
        let first = Sha512::new_with_prefix(FORMAT).chain_update(key).chain_update(identifier);
        let mut hash = first.chain_update(key).finalize();
        let mut input = [0; 64 + IdentityKey::ENCODED_LEN];
        input[64..].copy_from_slice(&key);
        for _ in 1..iterations.get() {
            input[..64].copy_from_slice(&hash);
            hash = Sha512::digest(input);
        }
        Self(hash.into())
    }

    /// A hash that was kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// The first `N` bytes: 30 of them are displayed, 32 are scanned.
    pub(super) fn first<const N: usize>(&self) -> [u8; N] {
        const { assert!(N <= 64, "a hash has 64 bytes") };
        let mut first = [0; N];
        first.copy_from_slice(self.0.split_at(N).0);
        first
    }
}

/// In constant time.
impl PartialEq for FingerprintHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for FingerprintHash {}
